//! `eidetic-agent enrol`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::Context as _;

use super::ServerArguments;
use crate::{
    identity::{Enrolment, Identity, PendingEnrolment, enrol},
    os,
    secrets::SecretFiles,
    state_folder::StateFolder,
};

/// Enrols this computer.
pub(super) async fn run(
    folder: &StateFolder,
    server: ServerArguments,
    replace: bool,
) -> anyhow::Result<()> {
    let ticket = token(server.token)?.trim().parse()?;
    let secrets = SecretFiles::in_folder(folder.secrets());
    let until_now = match Identity::read(&folder.identity(), &secrets) {
        // One that is damaged is what is to be replaced.
        Err(_) if replace => None,
        read => read?,
    };
    if !replace && let Some(identity) = until_now {
        anyhow::bail!(
            "this computer is enrolled with {} already; `--replace` enrols it again",
            identity.server
        );
    }
    let identity = enrol(Enrolment {
        server: server.server,
        ticket,
        computer_name: os::computer_name(),
        operating_system: os::operating_system(),
        until_now,
    })
    .await?;
    identity.write(&folder.identity(), &secrets)?;
    // What an installer asked for before would replace it.
    PendingEnrolment::forget(&secrets)?;
    tell(&identity);
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "the answer to the person at the terminal"
)]
fn tell(identity: &Identity) {
    println!(
        "enrolled with {} as agent {}",
        identity.server, identity.agent
    );
}

/// The token: as it was given, or from the standard input, where no other account can read it.
fn token(given: Option<String>) -> anyhow::Result<String> {
    match given {
        Some(token) if token != "-" => Ok(token),
        Some(_) => read_token(),
        None if io::stdin().is_terminal() => {
            ask_for_token().context("failed to ask for the token")?;
            read_token()
        }
        None => anyhow::bail!(
            "a token is needed: `--token -` reads it from the standard input, \
             and the environment variable EIDETIC_TOKEN is looked at"
        ),
    }
}

fn read_token() -> anyhow::Result<String> {
    let mut token = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_TOKEN)
        .read_line(&mut token)
        .context("failed to read the token")?;
    Ok(token)
}

fn ask_for_token() -> io::Result<()> {
    let mut terminal = io::stderr().lock();
    terminal.write_all(b"Token: ")?;
    terminal.flush()
}

/// More is no token.
const LONGEST_TOKEN: u64 = 4_096;
