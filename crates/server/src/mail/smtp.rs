//! Hands a mail over to a mail server, and tells what exactly went wrong.

use std::{error::Error, fmt, time::Duration};

use eidetic_deploy::Secret;
use lettre::{
    Message,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail as MailCommand, Rcpt},
        extension::{ClientId, Extension, MailParameter},
    },
};
use tokio::{net::TcpStream, time::timeout};

use super::{
    letter::Letter,
    settings::{MailSettings, Security},
};

/// A mail that was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The recipients that the mail server refused, and what it said.
    pub refused: Vec<(String, String)>,
}

/// At which step it went wrong. Names are in the API: they never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The settings are not possible.
    Settings,
    /// The mail server is not reached.
    Connect,
    /// It does not speak as a mail server does.
    Greet,
    /// The connection does not become encrypted.
    Encrypt,
    /// The user is refused.
    SignIn,
    /// The sender is refused.
    Sender,
    /// All recipients are refused.
    Recipients,
    /// The mail itself is refused.
    Content,
}

/// A mail could not be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", .stage.told())]
pub struct MailError {
    /// At which step.
    pub stage: Stage,
    /// What went wrong there.
    pub reason: String,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Settings,
        Self::Connect,
        Self::Greet,
        Self::Encrypt,
        Self::SignIn,
        Self::Sender,
        Self::Recipients,
        Self::Content,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Connect => "connect",
            Self::Greet => "greet",
            Self::Encrypt => "encrypt",
            Self::SignIn => "sign_in",
            Self::Sender => "sender",
            Self::Recipients => "recipients",
            Self::Content => "content",
        }
    }

    /// What went wrong, in a few words.
    const fn told(self) -> &'static str {
        match self {
            Self::Settings => "the settings are not possible",
            Self::Connect => "the mail server could not be reached",
            Self::Greet => "the mail server did not greet as one",
            Self::Encrypt => "the connection could not be encrypted",
            Self::SignIn => "the mail server did not let the user in",
            Self::Sender => "the mail server refused the sender",
            Self::Recipients => "the mail server refused all recipients",
            Self::Content => "the mail server did not take the mail",
        }
    }

    /// What to do.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Settings => "Correct the settings of the mail.",
            Self::Connect => {
                "See that host and port are right, that the mail server runs, and that no firewall \
                 between this server and it closes the port."
            }
            Self::Greet => {
                "See that the port is one for SMTP: 587 or 25 with STARTTLS or none, 465 with TLS \
                 from the beginning."
            }
            Self::Encrypt => {
                "Port 465 wants TLS from the beginning, 587 and 25 want STARTTLS. The name of the \
                 host has to stand in the mail server's certificate; where it comes from an \
                 authority of your own, give that authority's certificate."
            }
            Self::SignIn => {
                "See that user and password are right, and that the mail server lets this account \
                 send by SMTP; some want a password made for one application."
            }
            Self::Sender => "Give a sender for which this account may send.",
            Self::Recipients => {
                "See that the addresses are right, and that the mail server takes mail for them \
                 from this server."
            }
            Self::Content => "See the mail server's own log for why.",
        }
    }
}

/// Hands a letter over by these settings, within a time.
///
/// # Errors
///
/// If no recipient gets it. The text says at which step it went wrong, and why.
pub async fn send(
    settings: &MailSettings,
    password: Option<&Secret>,
    letter: &Letter,
    within: Duration,
) -> Result<Sent, MailError> {
    settings.check().map_err(|wrong| {
        let lines: Vec<_> = wrong
            .iter()
            .map(|(field, what)| format!("{field} {what}"))
            .collect();
        failed(Stage::Settings, lines.join("; "))
    })?;
    let message = letter.message(settings)?;
    let mut stage = Stage::Connect;
    let done = timeout(within, hand_over(settings, password, &message, &mut stage));
    match done.await {
        Ok(done) => done,
        Err(_) => {
            let waited = format!("no answer within {} seconds", within.as_secs());
            Err(failed(stage, waited))
        }
    }
}

async fn hand_over(
    settings: &MailSettings,
    password: Option<&Secret>,
    message: &Message,
    stage: &mut Stage,
) -> Result<Sent, MailError> {
    reach(settings).await?;
    *stage = Stage::Greet;
    let mut connection = greeted(settings).await?;
    let done = async {
        if let Some(password) = password.filter(|_| !settings.user.is_empty()) {
            *stage = Stage::SignIn;
            sign_in(&mut connection, &settings.user, password).await?;
        }
        *stage = Stage::Content;
        tell(&mut connection, message).await
    };
    let done = done.await;
    connection.abort().await;
    done
}

/// Whether the port is open: told apart from what goes wrong with TLS.
async fn reach(settings: &MailSettings) -> Result<(), MailError> {
    let address = (settings.host.as_str(), settings.port);
    let reached = timeout(CONNECT_LIMIT, TcpStream::connect(address)).await;
    let problem = match reached {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} seconds", CONNECT_LIMIT.as_secs()),
    };
    let place = format!("{} port {}: {problem}", settings.host, settings.port);
    Err(failed(Stage::Connect, place))
}

async fn greeted(settings: &MailSettings) -> Result<AsyncSmtpConnection, MailError> {
    let me = ClientId::default();
    let tls = match settings.security {
        Security::None => None,
        Security::StartTls | Security::Tls => Some(trust(settings)?),
    };
    let first = tls.clone().filter(|_| settings.security == Security::Tls);
    let stage = match settings.security {
        Security::Tls => Stage::Encrypt,
        Security::None | Security::StartTls => Stage::Greet,
    };
    let address = (settings.host.as_str(), settings.port);
    let connected =
        AsyncSmtpConnection::connect_tokio1(address, Some(GREET_LIMIT), &me, first, None);
    let mut connection = match timeout(GREET_LIMIT, connected).await {
        Ok(connected) => connected.map_err(|error| failed(stage, told(&error)))?,
        Err(_) => {
            let waited = format!("no greeting within {} seconds", GREET_LIMIT.as_secs());
            return Err(failed(stage, waited));
        }
    };
    if let Some(tls) = tls.filter(|_| settings.security == Security::StartTls) {
        if !connection.can_starttls() {
            connection.abort().await;
            let reason = "the mail server does not offer STARTTLS on this port";
            return Err(failed(Stage::Encrypt, reason));
        }
        let encrypted = connection.starttls(tls, &me).await;
        encrypted.map_err(|error| failed(Stage::Encrypt, told(&error)))?;
    }
    Ok(connection)
}

fn trust(settings: &MailSettings) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Ok(Some(certificate)) = settings.trusted() {
        builder = builder.add_root_certificate(certificate);
    }
    let built = builder.build();
    built.map_err(|error| failed(Stage::Encrypt, told(&error)))
}

async fn sign_in(
    connection: &mut AsyncSmtpConnection,
    user: &str,
    password: &Secret,
) -> Result<(), MailError> {
    let mechanisms = [Mechanism::Plain, Mechanism::Login];
    let info = connection.server_info();
    if info.get_auth_mechanism(&mechanisms).is_none() {
        let reason = "it does not offer to sign in with a password on this port";
        return Err(failed(Stage::SignIn, reason));
    }
    let credentials = Credentials::new(user.to_owned(), password.reveal().to_owned());
    let signed_in = connection.auth(&mechanisms, &credentials).await;
    signed_in
        .map(drop)
        .map_err(|error| failed(Stage::SignIn, told(&error)))
}

async fn tell(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<Sent, MailError> {
    let envelope = message.envelope();
    let mut parameters = Vec::new();
    let mut addresses = envelope.from().into_iter().chain(envelope.to());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        let info = connection.server_info();
        if !info.supports_feature(Extension::SmtpUtfEight) {
            let reason = "it does not take addresses with letters beyond ASCII";
            return Err(failed(Stage::Sender, reason));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let sender = MailCommand::new(envelope.from().cloned(), parameters);
    let taken = connection.command(sender).await;
    taken.map_err(|error| failed(Stage::Sender, told(&error)))?;
    let mut sent = Sent::default();
    for recipient in envelope.to() {
        // What is not an answer is an end.
        match connection
            .command(Rcpt::new(recipient.clone(), vec![]))
            .await
        {
            Ok(_) => {}
            Err(error) if error.status().is_some() => {
                sent.refused.push((recipient.to_string(), told(&error)));
            }
            Err(error) => return Err(failed(Stage::Recipients, told(&error))),
        }
    }
    if sent.refused.len() == envelope.to().len() {
        let lines: Vec<_> = sent
            .refused
            .iter()
            .map(|(recipient, reason)| format!("{recipient}: {reason}"))
            .collect();
        return Err(failed(Stage::Recipients, lines.join("; ")));
    }
    let content = async {
        connection.command(Data).await?;
        connection.message(&message.formatted()).await
    };
    let taken = content.await;
    taken.map_err(|error| failed(Stage::Content, told(&error)))?;
    Ok(sent)
}

fn failed(stage: Stage, reason: impl fmt::Display) -> MailError {
    let reason: String = reason
        .to_string()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_REASON)
        .collect();
    MailError { stage, reason }
}

/// What an error says. Those of the mail server begin with its code.
fn told(error: &lettre::transport::smtp::Error) -> String {
    let answer = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => format!("{code} {answer}").trim().to_owned(),
        None if answer.is_empty() => error.to_string(),
        None => answer,
    }
}

const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const GREET_LIMIT: Duration = Duration::from_secs(20);
const MAX_REASON: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_says_what_went_wrong_and_what_to_do() {
        let names: std::collections::BTreeSet<_> =
            Stage::ALL.iter().map(|stage| stage.name()).collect();
        assert_eq!(names.len(), Stage::ALL.len());
        for stage in Stage::ALL {
            assert!(stage.advice().ends_with('.'), "{stage:?}");
        }
        let error = failed(Stage::SignIn, "535 no\r\nway");
        assert_eq!(
            error.to_string(),
            "the mail server did not let the user in: 535 no  way"
        );
    }
}
