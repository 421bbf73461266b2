//! How mail is sent, and to whom.

use std::sync::{Arc, Mutex, MutexGuard};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eidetic_deploy::Secret;
use eidetic_model::Timestamp;
use eidetic_store::{StoreError, control::ControlStore};
use lettre::{message::Mailbox, transport::smtp::client::Certificate};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::daily::{DailyState, Trouble};
use crate::deployment::vault::Vault;

/// How mail is sent, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// Whether there is a mail every day.
    pub daily: bool,
    /// At which hour it is sent, 0 to 23, in UTC.
    #[schema(maximum = 23)]
    pub hour_utc: u8,
    /// The name or address of the mail server.
    pub host: String,
    /// Its port.
    #[schema(minimum = 1)]
    pub port: u16,
    /// How the connection is encrypted.
    pub security: Security,
    /// As whom the server signs in there; empty: it does not.
    pub user: String,
    /// From whom the mail is: `name@example.com` or `Name <name@example.com>`.
    pub sender: String,
    /// To whom it goes: up to 50, each as `sender`.
    pub recipients: Vec<String>,
    /// Certificates (PEM) of authorities that are trusted for the mail server, beside those that
    /// the computer trusts.
    pub trusted_certificates: String,
    /// Where the console is, for the links in the mail: `https://host:9443`; empty: no links.
    pub console_url: String,
}

/// How the connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// It is not.
    None,
    /// It begins in the clear and must become encrypted before anything else is said (STARTTLS).
    #[default]
    StartTls,
    /// It is encrypted from its beginning.
    Tls,
}

/// What becomes of the password that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordChange {
    /// It stays.
    Stays,
    /// It is this from now on.
    Becomes(Secret),
}

/// The settings that are kept, and whether there is a password with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptMail {
    /// The settings.
    pub settings: MailSettings,
    /// Whether a password is kept with them.
    pub has_password: bool,
}

/// Why settings were not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Fields have values that they cannot have.
    #[error("the settings of mail are not possible")]
    Fields(Vec<(String, String)>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The settings of mail, and how sending goes. Cheap to clone.
#[derive(Clone)]
pub struct Mail(Arc<Shared>);

struct Shared {
    vault: Vault,
    /// Of two changes at once, the second is made to what the first left.
    changes: tokio::sync::Mutex<()>,
    changed: Notify,
    trouble: Mutex<Option<Trouble>>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    settings: MailSettings,
    /// The sealed password, in base64.
    password: Option<String>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            daily: false,
            hour_utc: 6,
            host: String::new(),
            port: 587,
            security: Security::StartTls,
            user: String::new(),
            sender: String::new(),
            recipients: Vec::new(),
            trusted_certificates: String::new(),
            console_url: String::new(),
        }
    }
}

impl MailSettings {
    /// Whether mail can be sent with them. Where it cannot, the fields and what is wrong with them.
    ///
    /// # Errors
    ///
    /// If it cannot.
    pub fn check(&self) -> Result<(), Vec<(String, String)>> {
        let mut wrong = Vec::new();
        let mut say = |field: &str, what: &str| wrong.push((field.to_owned(), what.to_owned()));
        if self.hour_utc > 23 {
            say("hour_utc", "must be 0 to 23");
        }
        let is_host = |c: char| c.is_alphanumeric() || "-._:".contains(c);
        if self.host.is_empty() || self.host.len() > 253 || !self.host.chars().all(is_host) {
            say("host", "must be the name or address of the mail server");
        }
        if self.port == 0 {
            say("port", "must be 1 to 65535");
        }
        if !self.user.is_empty() && self.security == Security::None {
            say(
                "security",
                "must be `start_tls` or `tls` with a user: a password is not sent in the clear",
            );
        }
        if self.user.len() > MAX_TEXT {
            say("user", "is too long");
        }
        if let Err(problem) = mailbox(&self.sender) {
            say("sender", &problem);
        }
        if !(1..=MAX_RECIPIENTS).contains(&self.recipients.len()) {
            say("recipients", "must be 1 to 50 addresses");
        }
        for (place, recipient) in self.recipients.iter().take(MAX_RECIPIENTS).enumerate() {
            if let Err(problem) = mailbox(recipient) {
                say(&format!("recipients[{place}]"), &problem);
            }
        }
        if self.trusted().is_err() {
            say("trusted_certificates", "must be certificates in PEM");
        }
        let url = &self.console_url;
        let is_url = url.starts_with("https://") && !url.contains(char::is_whitespace);
        if !url.is_empty() && (!is_url || url.len() > MAX_TEXT) {
            say("console_url", "must begin with https://");
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The authorities that are trusted beside those of the computer.
    pub(super) fn trusted(&self) -> Result<Option<Certificate>, ()> {
        let text = self.trusted_certificates.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > MAX_CERTIFICATES || !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(());
        }
        Certificate::from_pem(text.as_bytes())
            .map(Some)
            .map_err(drop)
    }

    /// A password that was given for one server and user is not sent to another, nor to one that
    /// other authorities vouch for.
    fn bound(&self) -> Vec<u8> {
        let parts = [&self.host, &self.user, &self.trusted_certificates];
        parts.map(String::as_bytes).join(&0)
    }
}

/// The sender or a recipient as it was written.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    if text.len() > MAX_TEXT {
        return Err("is too long".to_owned());
    }
    let parsed = text.trim().parse();
    parsed.map_err(|_| "must be a mail address, such as name@example.com".to_owned())
}

impl Mail {
    /// Mail whose password is sealed by this vault.
    pub fn new(vault: Vault) -> Self {
        Self(Arc::new(Shared {
            vault,
            changes: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            trouble: Mutex::default(),
        }))
    }

    /// The settings that are kept; those of the beginning if there are none.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn kept(&self, control: &dyn ControlStore) -> Result<KeptMail, StoreError> {
        let stored = Stored::load(control).await?;
        Ok(KeptMail {
            has_password: stored.password.is_some(),
            settings: stored.settings,
        })
    }

    /// Keeps settings. A daily mail that is switched on, or gets another hour, is sent at that hour
    /// next, not for the time before.
    ///
    /// # Errors
    ///
    /// If they are not possible, or the store fails.
    pub async fn keep(
        &self,
        control: &dyn ControlStore,
        settings: MailSettings,
        password: PasswordChange,
        now: Timestamp,
    ) -> Result<(), NotKept> {
        // Settings that send nothing may be unfinished.
        if settings.daily {
            settings.check().map_err(NotKept::Fields)?;
        }
        let _alone = self.0.changes.lock().await;
        let before = Stored::load(control).await?;
        let secret = self.secret(&before, &settings, password)?;
        let sealed = secret.map(|secret| {
            let sealed = self
                .0
                .vault
                .seal(secret.reveal().as_bytes(), &settings.bound());
            sealed.map(|sealed| STANDARD.encode(sealed))
        });
        let password = sealed.transpose().map_err(|error| StoreError::Failed {
            attempt: "encrypt the password for mail",
            source: Box::new(error),
        })?;
        let is_new = !before.settings.daily || before.settings.hour_utc != settings.hour_utc;
        if settings.daily && is_new {
            DailyState::nothing_before(now).save(control).await?;
        }
        Stored { settings, password }.save(control).await?;
        self.trouble().take();
        self.0.changed.notify_one();
        Ok(())
    }

    /// The password for these settings: the one that is kept, if it is for the same server and user.
    ///
    /// # Errors
    ///
    /// If there is none for them, or the store fails.
    pub async fn password_for(
        &self,
        control: &dyn ControlStore,
        settings: &MailSettings,
        password: PasswordChange,
    ) -> Result<Option<Secret>, NotKept> {
        let stored = Stored::load(control).await?;
        self.secret(&stored, settings, password)
    }

    fn secret(
        &self,
        stored: &Stored,
        settings: &MailSettings,
        password: PasswordChange,
    ) -> Result<Option<Secret>, NotKept> {
        if settings.user.is_empty() {
            return Ok(None);
        }
        let again = |what: &str| NotKept::Fields(vec![("password".to_owned(), what.to_owned())]);
        match (password, &stored.password) {
            (PasswordChange::Becomes(secret), _) if secret.reveal().is_empty() => {
                Err(again("must not be empty where there is a user"))
            }
            (PasswordChange::Becomes(secret), _) => Ok(Some(secret)),
            (PasswordChange::Stays, None) => Err(again("is needed where there is a user")),
            (PasswordChange::Stays, Some(sealed)) => {
                let sealed = STANDARD.decode(sealed).unwrap_or_default();
                let opened = self.0.vault.open_sealed(&sealed, &settings.bound());
                let opened = opened.ok_or_else(|| {
                    again("has to be given again for another server, user or authority")
                })?;
                let text = String::from_utf8_lossy(&opened).into_owned();
                Ok(Some(Secret::new(text)))
            }
        }
    }

    /// What goes wrong with the daily mail now, if something does.
    pub fn trouble_now(&self) -> Option<Trouble> {
        self.trouble().clone()
    }

    pub(super) fn trouble(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.0
            .trouble
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// Returns when the settings were changed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

impl Stored {
    async fn load(control: &dyn ControlStore) -> Result<Self, StoreError> {
        match control.setting(SETTING).await? {
            None => Ok(Self::default()),
            Some((_, text)) => serde_json::from_str(&text).map_err(|error| damaged(&error)),
        }
    }

    async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).map_err(|error| damaged(&error))?;
        let text = Zeroizing::new(text);
        control.put_setting(SETTING, &text).await.map(drop)
    }
}

pub(super) fn damaged(error: &serde_json::Error) -> StoreError {
    StoreError::Damaged {
        what: "settings of mail".to_owned(),
        // Not what the reader says: it may quote what it read.
        reason: format!("at column {}", error.column()),
    }
}

const SETTING: &str = "mail";
const MAX_RECIPIENTS: usize = 50;
const MAX_TEXT: usize = 300;
const MAX_CERTIFICATES: usize = 100 << 10;

#[cfg(test)]
mod tests {
    use eidetic_store::control::SqliteControl;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_767_225_600_000_000);

    fn settings() -> MailSettings {
        MailSettings {
            daily: true,
            host: "mail.example.com".into(),
            user: "eidetic".into(),
            sender: "Eidetic <eidetic@example.com>".into(),
            recipients: vec!["anna@example.com".into()],
            ..MailSettings::default()
        }
    }

    fn wrong(change: impl FnOnce(&mut MailSettings)) -> Vec<String> {
        let mut settings = settings();
        change(&mut settings);
        let wrong = settings.check().err().unwrap_or_default();
        wrong.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn every_field_that_cannot_be_is_named() {
        assert_eq!(wrong(|_| {}), [""; 0]);
        assert_eq!(wrong(|s| s.hour_utc = 24), ["hour_utc"]);
        assert_eq!(wrong(|s| s.host = "a b".into()), ["host"]);
        assert_eq!(wrong(|s| s.port = 0), ["port"]);
        assert_eq!(wrong(|s| s.security = Security::None), ["security"]);
        assert_eq!(wrong(|s| s.sender = "nobody".into()), ["sender"]);
        let injected = "a@example.com\r\nBcc: b@example.com";
        assert_eq!(wrong(|s| s.sender = injected.into()), ["sender"]);
        assert_eq!(wrong(|s| s.recipients.clear()), ["recipients"]);
        assert_eq!(wrong(|s| s.recipients.push("x".into())), ["recipients[1]"]);
        assert_eq!(
            wrong(|s| s.trusted_certificates = "no PEM".into()),
            ["trusted_certificates"]
        );
        assert_eq!(
            wrong(|s| s.console_url = "javascript:alert(1)".into()),
            ["console_url"]
        );
    }

    #[tokio::test]
    async fn the_password_is_kept_sealed_and_goes_to_no_other_server() {
        let control = SqliteControl::in_memory().unwrap();
        let mail = Mail::new(Vault::new([5; 32]));
        let password = PasswordChange::Becomes(Secret::new("hunter2"));
        mail.keep(&control, settings(), password, NOW)
            .await
            .unwrap();
        let (_, text) = control.setting(SETTING).await.unwrap().unwrap();
        assert!(!text.contains("hunter2"));
        assert!(mail.kept(&control).await.unwrap().has_password);

        let with = async |change: fn(&mut MailSettings)| {
            let mut settings = settings();
            change(&mut settings);
            let stays = PasswordChange::Stays;
            mail.password_for(&control, &settings, stays).await
        };
        let same = with(|s| s.sender = "b@example.com".into()).await.unwrap();
        assert_eq!(same.unwrap().reveal(), "hunter2");
        assert!(with(|s| s.host = "evil.example.com".into()).await.is_err());
        assert!(with(|s| s.user = "other".into()).await.is_err());
        assert!(with(|s| s.user.clear()).await.unwrap().is_none());
        let other = Mail::new(Vault::new([6; 32]));
        let stays = PasswordChange::Stays;
        let opened = other.password_for(&control, &settings(), stays).await;
        assert!(opened.is_err());
    }
}
