//! One mail, before it goes anywhere.

use std::time::{Duration, SystemTime};

use eidetic_model::Timestamp;
use lettre::{
    Message,
    message::{MultiPart, header::HeaderName, header::HeaderValue},
};

use super::{
    MailError, Stage,
    settings::{MailSettings, mailbox},
};

/// A mail, before it goes anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub plain: String,
    /// The same, as HTML.
    pub html: String,
    /// When it was written.
    pub written: Timestamp,
    /// What it is known by: one that is sent again after a crash has the same.
    pub name: String,
}

/// A mail that says that mail comes.
pub fn test_letter(settings: &MailSettings, written: Timestamp) -> Letter {
    let text = format!(
        "This is a test. The daily mail of Eidetic will come like this, from {} by {} port {}.\n",
        settings.sender, settings.host, settings.port
    );
    Letter {
        subject: "Eidetic: a test".to_owned(),
        html: maud::html! { p { (text.trim()) } }.into_string(),
        plain: text,
        name: format!("test-{}", written.as_unix_micros()),
        written,
    }
}

impl Letter {
    pub(super) fn message(&self, settings: &MailSettings) -> Result<Message, MailError> {
        let wrong = |reason: String| MailError {
            stage: Stage::Settings,
            reason,
        };
        let sender = mailbox(&settings.sender).map_err(wrong)?;
        let id = format!("<{}@{}>", self.name, sender.email.domain());
        let since = u64::try_from(self.written.as_unix_micros()).unwrap_or_default();
        let mut message = Message::builder()
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(since))
            .message_id(Some(id))
            .from(sender)
            .subject(self.subject.clone());
        for recipient in &settings.recipients {
            message = message.to(mailbox(recipient).map_err(wrong)?);
        }
        // RFC 3834: no holiday notices in answer to it.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        message = message.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
        let both = MultiPart::alternative_plain_html(self.plain.clone(), self.html.clone());
        message
            .multipart(both)
            .map_err(|error| wrong(error.to_string()))
    }
}
