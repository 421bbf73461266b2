//! Running commands as root.

use std::time::Duration;

use crate::{
    Account, DeployError, Refusal, Secret,
    commands::shell,
    connection::{Connection, Output},
};

/// How commands are run as root.
#[derive(Clone, Debug)]
pub(crate) enum Privilege {
    /// The account is root.
    Root,
    /// `sudo` asks for nothing.
    Sudo,
    /// `sudo` asks for this password.
    SudoWithPassword(Secret),
}

impl Privilege {
    /// Finds out.
    pub(crate) async fn find(
        connection: &Connection,
        account: &Account,
        is_root: bool,
        has_sudo: bool,
    ) -> Result<Self, DeployError> {
        if is_root {
            return Ok(Self::Root);
        }
        let refused = |reason| DeployError::NoRight {
            user: account.user.clone(),
            reason,
        };
        if !has_sudo {
            return Err(refused(Refusal::NoSudo));
        }
        let free = Self::Sudo
            .run(connection, ATTEMPT, "true", "", LIMIT)
            .await?;
        if free.code == Some(0) {
            return Ok(Self::Sudo);
        }
        if needs_terminal(&free) {
            return Err(refused(Refusal::TerminalNeeded));
        }
        let Some(password) = account.with.sudo_password() else {
            let reason = match is_not_allowed(&free) {
                true => Refusal::NotAllowed,
                false => Refusal::PasswordNeeded,
            };
            return Err(refused(reason));
        };
        let privilege = Self::SudoWithPassword(password.clone());
        let tried = privilege
            .run(connection, ATTEMPT, "true", "", LIMIT)
            .await?;
        match tried.code {
            Some(0) => Ok(privilege),
            _ if is_not_allowed(&tried) => Err(refused(Refusal::NotAllowed)),
            _ if needs_terminal(&tried) => Err(refused(Refusal::TerminalNeeded)),
            _ => Err(refused(Refusal::PasswordWrong)),
        }
    }

    /// Runs a script as root, with this on its standard input.
    pub(crate) async fn run(
        &self,
        connection: &Connection,
        attempt: &'static str,
        script: &str,
        input: &str,
        limit: Duration,
    ) -> Result<Output, DeployError> {
        let script = shell(script);
        let (command, input) = match self {
            Self::Root => (script, Secret::new(input)),
            Self::Sudo => (format!("LC_ALL=C sudo -n {script}"), Secret::new(input)),
            // `-k`: the password is asked for whatever sudo remembers, so that it is read by sudo
            // and by nobody else. What follows it on the standard input is for the script.
            Self::SudoWithPassword(password) => {
                let input = Secret::new(format!("{}\n{input}", password.reveal()));
                (format!("LC_ALL=C sudo -k -S -p \"\" {script}"), input)
            }
        };
        let command = match self {
            Self::Root => command,
            Self::Sudo | Self::SudoWithPassword(_) => format!("env {command}"),
        };
        connection
            .run(attempt, &command, input.reveal(), limit)
            .await
    }
}

fn is_not_allowed(output: &Output) -> bool {
    let said = &output.complaint;
    said.contains("not in the sudoers")
        || said.contains("may not run")
        || said.contains("not allowed")
}

fn needs_terminal(output: &Output) -> bool {
    output.complaint.contains("must have a tty")
}

const ATTEMPT: &str = "asking for the right to install";
const LIMIT: Duration = Duration::from_secs(60);
