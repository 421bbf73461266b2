//! How mail is sent, as clients see it.

use eidetic_deploy::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroize as _;

use crate::mail::{KeptMail, MailError, MailSettings, PasswordChange, Sent, daily::Trouble};

/// How the daily mail is sent, and how that goes. The password is shown to nobody.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailShown {
    /// The settings.
    pub settings: MailSettings,
    /// Whether a password is kept.
    pub has_password: bool,
    /// When a daily mail was sent last; absent if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_sent_us: Option<i64>,
    /// When the next one is to be sent; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_us: Option<i64>,
    /// What goes wrong now; absent if nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trouble: Option<MailTrouble>,
}

/// What goes wrong with the daily mail.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailTrouble {
    /// Since when.
    pub since_us: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub again_us: i64,
    /// What went wrong.
    #[serde(flatten)]
    pub problem: MailProblem,
}

/// Why a mail was not sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailProblem {
    /// At which step: `settings`, `connect`, `greet`, `encrypt`, `sign_in`, `sender`, `recipients`
    /// or `content`.
    pub stage: &'static str,
    /// What went wrong.
    pub problem: String,
    /// What to do.
    pub advice: &'static str,
}

/// Settings for mail, with a password or without.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailRequest {
    /// The settings.
    pub settings: MailSettings,
    /// The user's password at the mail server. Without it, the one that is kept stays, if it was
    /// given for the same server and user.
    #[serde(default)]
    #[schema(write_only, format = Password)]
    pub password: Option<String>,
}

/// What became of a test mail.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MailTested {
    /// Whether the mail server took it.
    pub is_sent: bool,
    /// The recipients that it refused, and what it said.
    pub refused: Vec<RefusedRecipient>,
    /// Why it was not sent; absent if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<MailProblem>,
}

/// A recipient that the mail server refused.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RefusedRecipient {
    /// The address.
    pub recipient: String,
    /// What the mail server said.
    pub reason: String,
}

impl MailShown {
    /// What is kept, when a mail was sent last and is sent next, and what goes wrong now.
    pub fn new(
        kept: KeptMail,
        last_sent_us: Option<i64>,
        next_us: Option<i64>,
        trouble: Option<&Trouble>,
    ) -> Self {
        Self {
            settings: kept.settings,
            has_password: kept.has_password,
            last_sent_us,
            next_us,
            trouble: trouble.map(|trouble| MailTrouble {
                since_us: trouble.since.as_unix_micros(),
                attempts: trouble.attempts,
                again_us: trouble.again.as_unix_micros(),
                problem: (&trouble.error).into(),
            }),
        }
    }
}

impl From<&MailError> for MailProblem {
    fn from(error: &MailError) -> Self {
        Self {
            stage: error.stage.name(),
            problem: error.to_string(),
            advice: error.stage.advice(),
        }
    }
}

impl From<Result<Sent, MailError>> for MailTested {
    fn from(tested: Result<Sent, MailError>) -> Self {
        match tested {
            Ok(sent) => Self {
                is_sent: true,
                refused: sent
                    .refused
                    .into_iter()
                    .map(|(recipient, reason)| RefusedRecipient { recipient, reason })
                    .collect(),
                problem: None,
            },
            Err(error) => Self {
                is_sent: false,
                refused: Vec::new(),
                problem: Some((&error).into()),
            },
        }
    }
}

impl MailRequest {
    /// The settings, and what becomes of the password that is kept.
    pub fn read(mut self) -> (MailSettings, PasswordChange) {
        let settings = std::mem::take(&mut self.settings);
        let password = match self.password.take() {
            None => PasswordChange::Stays,
            Some(password) => PasswordChange::Becomes(Secret::new(password)),
        };
        (settings, password)
    }
}

impl Drop for MailRequest {
    fn drop(&mut self) {
        self.password.zeroize();
    }
}
