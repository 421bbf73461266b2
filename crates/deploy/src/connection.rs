//! A connection to a computer: signed in, ready to run commands.

use std::{future::Future, sync::Arc, time::Duration};

use russh::{
    ChannelMsg, Disconnect,
    client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse},
    keys::{PrivateKeyWithHashAlg, PublicKeyOrCertificate},
};
use tokio::{sync::mpsc, time::timeout};

use crate::{
    Account, DeployError, HostKey, HostKeyRule, Observer, Reach, Secret, SignInWith, Step, Target,
    account::read_key, network,
};

/// A connection that is signed in.
pub(crate) struct Connection {
    handle: Handle<Client>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Output {
    /// Its exit code; `None` if it was killed.
    pub(crate) code: Option<u32>,
    /// What it printed, cut off where it is too much.
    pub(crate) out: String,
    /// What it complained of, likewise.
    pub(crate) complaint: String,
}

impl Connection {
    /// Connects, checks the computer's key, signs in.
    pub(crate) async fn open(
        target: &Target,
        observer: &dyn Observer,
    ) -> Result<Self, DeployError> {
        let Reach::Ssh { host_key: rule } = &target.reach else {
            return Err(DeployError::Unsupported(
                "it is no computer that is reached by SSH".to_owned(),
            ));
        };
        observer.at(Step::Connecting);
        let stream = network::connect(target).await?;
        let (shown, mut keys) = mpsc::channel(1);
        let client = Client {
            rule: rule.clone(),
            shown,
        };
        let config = Arc::new(client::Config {
            keepalive_interval: Some(Duration::from_secs(15)),
            keepalive_max: 4,
            nodelay: true,
            ..client::Config::default()
        });
        let address = network::address(target);
        let greeted = within(
            "speaking SSH",
            GREETING_LIMIT,
            client::connect_stream(config, stream, client),
        );
        let handle = greeted.await?.map_err(|failure| match failure {
            Failure::HostKeyChanged { pinned, shown } => {
                DeployError::HostKeyChanged { pinned, shown }
            }
            Failure::Ssh(error) => DeployError::NotSsh {
                address,
                reason: error.to_string(),
            },
        })?;
        if let Ok(key) = keys.try_recv() {
            observer.at(Step::HostKey(key));
        }
        observer.at(Step::SigningIn);
        let mut connection = Self { handle };
        within(
            "signing in",
            SIGN_IN_LIMIT,
            connection.sign_in(&target.account),
        )
        .await??;
        Ok(connection)
    }

    /// Runs a command, with this on its standard input.
    pub(crate) async fn run(
        &self,
        attempt: &'static str,
        command: &str,
        input: &str,
        limit: Duration,
    ) -> Result<Output, DeployError> {
        within(attempt, limit, self.run_unlimited(command, input)).await?
    }

    /// A channel that speaks SFTP.
    pub(crate) async fn sftp(&self) -> Result<russh::ChannelStream<client::Msg>, DeployError> {
        let channel = self.handle.channel_open_session().await.map_err(lost)?;
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(lost)?;
        Ok(channel.into_stream())
    }

    /// Says good-bye.
    pub(crate) async fn close(self) {
        let farewell = self.handle.disconnect(Disconnect::ByApplication, "", "en");
        let _best_effort = timeout(Duration::from_secs(2), farewell).await;
    }

    async fn run_unlimited(&self, command: &str, input: &str) -> Result<Output, DeployError> {
        let mut channel = self.handle.channel_open_session().await.map_err(lost)?;
        channel.exec(true, command).await.map_err(lost)?;
        channel.data(input.as_bytes()).await.map_err(lost)?;
        channel.eof().await.map_err(lost)?;
        let (mut out, mut complaint) = (Vec::new(), Vec::new());
        let mut code = None;
        let mut killed = false;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => keep(&mut out, &data),
                ChannelMsg::ExtendedData { data, .. } => keep(&mut complaint, &data),
                ChannelMsg::ExitStatus { exit_status } => code = Some(exit_status),
                ChannelMsg::ExitSignal { .. } => killed = true,
                _ => {}
            }
        }
        if code.is_none() && !killed {
            return Err(DeployError::Lost(
                "it ended before the command did".to_owned(),
            ));
        }
        Ok(Output {
            code,
            out: text(&out),
            complaint: text(&complaint),
        })
    }

    async fn sign_in(&mut self, account: &Account) -> Result<(), DeployError> {
        let refused = |reason: String| DeployError::NotLetIn {
            user: account.user.clone(),
            reason,
        };
        let outcome = match &account.with {
            SignInWith::Password(password) => {
                return self.sign_in_with_password(account, password).await;
            }
            SignInWith::Key {
                key, passphrase, ..
            } => {
                let key = read_key(key, passphrase.as_ref()).map_err(refused)?;
                let hash = self.handle.best_supported_rsa_hash().await;
                let hash = hash.map_err(lost)?.flatten();
                let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
                let user = account.user.clone();
                self.handle.authenticate_publickey(user, key).await
            }
            SignInWith::ManagedServiceAccount { .. } => {
                return Err(refused(
                    "a group Managed Service Account signs in on Windows computers only; choose an \
                     account with a password or an SSH key"
                        .to_owned(),
                ));
            }
        };
        match outcome.map_err(|error| not_answered(account, &error))? {
            AuthResult::Success => Ok(()),
            AuthResult::Failure {
                partial_success: true,
                ..
            } => Err(refused(
                "the computer wants a second proof beside the key, which cannot be given here"
                    .to_owned(),
            )),
            AuthResult::Failure { .. } => Err(refused(
                "the computer does not know this key; check the account's name, and that its \
                 public key is in `.ssh/authorized_keys` there"
                    .to_owned(),
            )),
        }
    }

    async fn sign_in_with_password(
        &mut self,
        account: &Account,
        password: &Secret,
    ) -> Result<(), DeployError> {
        let outcome = self
            .handle
            .authenticate_password(&account.user, password.reveal())
            .await
            .map_err(|error| not_answered(account, &error))?;
        let remaining = match outcome {
            AuthResult::Success => return Ok(()),
            AuthResult::Failure {
                remaining_methods, ..
            } => remaining_methods,
        };
        let refused = |reason: &str| DeployError::NotLetIn {
            user: account.user.clone(),
            reason: reason.to_owned(),
        };
        // Some computers take a password only as the answer to a question.
        let asks = remaining.contains(&russh::MethodKind::KeyboardInteractive);
        if !remaining.contains(&russh::MethodKind::Password) {
            if asks && self.answer_questions(account, password).await? {
                return Ok(());
            }
            if !asks {
                return Err(refused(
                    "the computer takes no passwords from it; use a key, or allow \
                     `PasswordAuthentication` there",
                ));
            }
        }
        Err(refused(
            "the name or the password is wrong, or the account is locked",
        ))
    }

    async fn answer_questions(
        &mut self,
        account: &Account,
        password: &Secret,
    ) -> Result<bool, DeployError> {
        let failed = |error: russh::Error| not_answered(account, &error);
        let mut answer = self
            .handle
            .authenticate_keyboard_interactive_start(&account.user, None)
            .await
            .map_err(failed)?;
        for _ in 0..MOST_QUESTIONS {
            let prompts = match answer {
                KeyboardInteractiveAuthResponse::Success => return Ok(true),
                KeyboardInteractiveAuthResponse::Failure { .. } => return Ok(false),
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => prompts,
            };
            // The password goes to no question whose answer would be shown.
            let answers = prompts.iter().map(|prompt| match prompt.echo {
                true => String::new(),
                false => password.reveal().to_owned(),
            });
            answer = self
                .handle
                .authenticate_keyboard_interactive_respond(answers.collect())
                .await
                .map_err(failed)?;
        }
        Ok(false)
    }
}

/// Work that is given up after a time.
pub(crate) async fn within<T>(
    attempt: &'static str,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, DeployError> {
    timeout(limit, work)
        .await
        .map_err(|_| DeployError::TooLong {
            attempt,
            limit_secs: limit.as_secs(),
        })
}

/// Looks at the computer's key.
struct Client {
    rule: HostKeyRule,
    shown: mpsc::Sender<HostKey>,
}

enum Failure {
    Ssh(russh::Error),
    HostKeyChanged { pinned: HostKey, shown: HostKey },
}

impl From<russh::Error> for Failure {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ssh(error) => error.fmt(f),
            Self::HostKeyChanged { .. } => f.write_str("HostKeyChanged"),
        }
    }
}

impl client::Handler for Client {
    type Error = Failure;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, Failure> {
        let shown = HostKey::new(&key.public_key());
        match &self.rule {
            HostKeyRule::Pinned(pinned) if *pinned != shown => Err(Failure::HostKeyChanged {
                pinned: pinned.clone(),
                shown,
            }),
            HostKeyRule::First | HostKeyRule::Pinned(_) => {
                // Asked again when keys are exchanged again, with nobody listening.
                let _told_before = self.shown.try_send(shown);
                Ok(true)
            }
        }
    }
}

fn not_answered(account: &Account, error: &russh::Error) -> DeployError {
    DeployError::NotLetIn {
        user: account.user.clone(),
        reason: format!("the computer ended the connection while it signed in ({error})"),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(crate) fn lost(error: russh::Error) -> DeployError {
    DeployError::Lost(error.to_string())
}

/// Keeps the end of what is said, where commands say what went wrong.
fn keep(said: &mut Vec<u8>, data: &[u8]) {
    said.extend_from_slice(data);
    let too_much = said.len().saturating_sub(MOST_SAID);
    said.drain(..too_much);
}

fn text(said: &[u8]) -> String {
    String::from_utf8_lossy(said).trim().to_owned()
}

const GREETING_LIMIT: Duration = Duration::from_secs(20);
/// Computers wait seconds before they refuse a password, and ask directories about accounts.
const SIGN_IN_LIMIT: Duration = Duration::from_secs(60);
const MOST_QUESTIONS: usize = 3;
const MOST_SAID: usize = 8 << 10;
