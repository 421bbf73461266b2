//! Accounts for collecting data, known computers and deployments, as clients see them.

use eidetic_deploy::{Account as DeployAccount, HostKey, Secret, SignInWith};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize as _;

use crate::{
    api::problem::{ApiError, ApiResult},
    deployment::{
        accounts::{AccountKind, StoredAccount},
        jobs::{Action, ComputerKind, Job, State, StepLine},
    },
};

/// The accounts with which the server signs in on other computers. What is secret of them is shown
/// to nobody.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CollectingAccounts {
    /// The accounts, by name.
    pub accounts: Vec<CollectingAccount>,
}

/// An account, without what is secret of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CollectingAccount {
    /// What plans and people call it.
    pub name: String,
    /// The user's name on the computers.
    pub user: String,
    /// How it signs in: `password`, `ssh_key` or `managed_service_account`.
    pub kind: &'static str,
    /// The directory that has its password, if it is a group Managed Service Account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub directory: Option<String>,
}

/// What came of trying an account.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AccountTest {
    /// Whether it can be used.
    pub is_good: bool,
    /// The kind of failure, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<&'static str>,
    /// What failed and what to do about it; or what was found.
    pub message: String,
}

/// An account and its secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectingAccountRequest {
    /// What plans and people call it: 1 to 100 characters; case does not count.
    pub name: String,
    /// The user's name on the computers.
    pub user: String,
    /// His password. Either this or `private_key` or `managed_by_directory`.
    #[serde(default)]
    #[schema(write_only)]
    pub password: Option<String>,
    /// His private key, as OpenSSH or PEM text.
    #[serde(default)]
    #[schema(write_only)]
    pub private_key: Option<String>,
    /// What the private key is encrypted with, if it is.
    #[serde(default)]
    #[schema(write_only)]
    pub passphrase: Option<String>,
    /// What `sudo` is told where it asks, beside a private key.
    #[serde(default)]
    #[schema(write_only)]
    pub sudo_password: Option<String>,
    /// For a group Managed Service Account, whose password nobody gives or stores: the name of the
    /// directory that has it. Its user is written `DOMAIN\account$`. In place of `password` and
    /// `private_key`.
    #[serde(default)]
    pub managed_by_directory: Option<String>,
}

/// Which account is meant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountName {
    /// Its name.
    pub name: String,
}

/// The computers that were spoken with by SSH.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KnownComputers {
    /// The computers.
    pub computers: Vec<KnownComputer>,
}

/// A computer and the key by which it was known first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KnownComputer {
    /// Its name or address, and the port of its SSH server.
    pub computer: String,
    /// The algorithm of its key.
    pub algorithm: String,
    /// The SHA-256 of its key, as `ssh-keygen -l` shows it.
    pub fingerprint: String,
}

/// Which computer is meant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComputerName {
    /// Its name or address, and the port of its SSH server: `host:22`.
    pub computer: String,
}

/// What is to be done on computers.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeploymentRequest {
    /// Their names or addresses: 1 to 500.
    pub computers: Vec<String>,
    /// With which account. Default: for each computer that which its plan has for it.
    #[serde(default)]
    pub account: Option<String>,
    /// `install` installs the agent, or upgrades it where it is older; `remove` removes it and
    /// leaves what it has not sent; `purge` removes that too.
    #[serde(default = "install")]
    #[schema(value_type = String)]
    pub action: Action,
    /// What they are: `linux` is reached by SSH, `windows` by SMB (File and Printer Sharing).
    /// Without it, what answers on each of them says so; with a `port` alone it is `linux`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub system: Option<ComputerKind>,
    /// The port on which they are reached. Default: 22 for Linux, 445 for Windows.
    #[serde(default)]
    pub port: Option<u16>,
}

/// What is done on other computers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Deployments {
    /// The latest first.
    pub deployments: Vec<DeploymentJob>,
}

/// What is done on one computer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentJob {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// The computer.
    pub computer: String,
    /// `linux` or `windows`, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub system: Option<ComputerKind>,
    /// The port on which it is reached, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The name of the account.
    pub account: String,
    /// What is done: `install`, `remove` or `purge`.
    #[schema(value_type = String)]
    pub action: Action,
    /// Who asked for it.
    pub asked_by: String,
    /// When.
    pub created_us: i64,
    /// `waiting`, `running`, `retrying`, `done`, `failed` or `cancelled`.
    pub state: &'static str,
    /// The kind of failure, if it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What failed, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at_us: Option<i64>,
    /// How often it was begun.
    pub attempts: u32,
    /// What was done in the last attempt, in order.
    pub steps: Vec<DeploymentStep>,
    /// The id of the agent, once the server has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid)]
    pub agent_id: Option<String>,
}

/// One thing that was done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentStep {
    /// When it began.
    pub at_us: i64,
    /// What.
    pub text: String,
    /// How much of it is done, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

impl Drop for CollectingAccountRequest {
    fn drop(&mut self) {
        self.password.zeroize();
        self.private_key.zeroize();
        self.passphrase.zeroize();
        self.sudo_password.zeroize();
    }
}

impl CollectingAccountRequest {
    /// The account, or what is wrong with it.
    pub fn read(&self) -> ApiResult<(String, DeployAccount)> {
        let name = self.name.trim();
        let user = self.user.trim();
        let mut wrong = Vec::new();
        let mut check = |field: &str, text: &str| {
            if !(1..=100).contains(&text.chars().count()) || text.chars().any(char::is_control) {
                let message = "must have 1 to 100 characters, and no control character";
                wrong.push((field.to_owned(), message.to_owned()));
            }
        };
        check("name", name);
        check("user", user);
        let secret = |text: &String| Secret::new(text.as_str());
        let managed = &self.managed_by_directory;
        let (field, with) = match (&self.password, &self.private_key, managed) {
            (None, None, Some(directory)) => {
                if !user.ends_with('$') {
                    let message = "must end with $, as in DOMAIN\\account$";
                    wrong.push(("user".to_owned(), message.to_owned()));
                }
                let directory = directory.trim().to_owned();
                let with = SignInWith::ManagedServiceAccount { directory };
                ("managed_by_directory", with)
            }
            (Some(password), None, None) => ("password", SignInWith::Password(secret(password))),
            (None, Some(key), None) => {
                let with = SignInWith::Key {
                    key: secret(key),
                    passphrase: self.passphrase.as_ref().map(secret),
                    sudo_password: self.sudo_password.as_ref().map(secret),
                };
                ("private_key", with)
            }
            _ => {
                let message =
                    "give a password, a private key, or the directory of a managed account";
                wrong.push(("password".to_owned(), message.to_owned()));
                return Err(ApiError::fields(wrong));
            }
        };
        if let Err(message) = with.check() {
            wrong.push((field.to_owned(), message));
        }
        if !wrong.is_empty() {
            return Err(ApiError::fields(wrong));
        }
        let user = user.to_owned();
        Ok((name.to_owned(), DeployAccount { user, with }))
    }
}

impl From<StoredAccount> for CollectingAccount {
    fn from(account: StoredAccount) -> Self {
        Self {
            name: account.name,
            user: account.user,
            directory: account.directory,
            kind: match account.kind {
                AccountKind::Password => "password",
                AccountKind::SshKey => "ssh_key",
                AccountKind::ManagedServiceAccount => "managed_service_account",
            },
        }
    }
}

impl KnownComputer {
    /// A computer with this key.
    pub fn new(computer: String, key: &HostKey) -> Self {
        Self {
            computer,
            algorithm: key.algorithm(),
            fingerprint: key.fingerprint(),
        }
    }
}

impl From<Job> for DeploymentJob {
    fn from(job: Job) -> Self {
        let (state, failure, retry_at_us) = match job.state {
            State::Waiting => ("waiting", None, None),
            State::Running => ("running", None, None),
            State::Retrying {
                at_us,
                code,
                message,
            } => ("retrying", Some((code, message)), Some(at_us)),
            State::Done => ("done", None, None),
            State::Failed { code, message } => ("failed", Some((code, message)), None),
            State::Cancelled => ("cancelled", None, None),
        };
        let (code, message) = failure.unzip();
        Self {
            id: job.id.to_string(),
            computer: job.order.computer,
            system: job.order.system,
            port: job.order.port,
            account: job.order.account,
            action: job.order.action,
            asked_by: job.order.asked_by,
            created_us: job.created.as_unix_micros(),
            state,
            code,
            message,
            retry_at_us,
            attempts: job.attempts,
            steps: job.steps.into_iter().map(DeploymentStep::from).collect(),
            agent_id: job.agent.map(|agent| agent.to_string()),
        }
    }
}

impl From<StepLine> for DeploymentStep {
    fn from(line: StepLine) -> Self {
        Self {
            at_us: line.at_us,
            text: line.text,
            percent: line.percent,
        }
    }
}

const fn install() -> Action {
    Action::Install
}
