//! A connection that is encrypted, whose server is the right one, and that is signed in.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tracing::debug;

use crate::{
    Answer, Credentials, Directory, DirectoryError, Fingerprint, Security,
    trust::{CertificateProblem, Seen, tls_config},
};

/// An open connection.
pub(crate) struct Connection {
    ldap: Ldap,
    certificate: Fingerprint,
}

impl Connection {
    /// Connects, encrypts, and signs in.
    pub async fn open(
        directory: &Directory,
        credentials: &Credentials,
    ) -> Result<Self, DirectoryError> {
        let (config, seen) = tls_config(&directory.trust, &directory.host)?;
        let (stream, address) = connect(directory).await?;
        let stream = stream.into_std().map_err(|error| lost(&error))?;
        let settings = LdapConnSettings::new()
            .set_conn_timeout(ANSWER_WITHIN)
            .set_config(config)
            .set_starttls(directory.security == Security::StartTls)
            .set_std_stream(StdStream::Tcp(stream));
        let scheme = match directory.security {
            Security::Ldaps => "ldaps",
            Security::StartTls => "ldap",
        };
        // The name only becomes what the server is told; it is compared in `trust`.
        let told = match directory.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(_)) => "directory.invalid",
            _ => &directory.host,
        };
        let opened = LdapConnAsync::with_settings(settings, &format!("{scheme}://{told}")).await;
        let seen = seen
            .lock()
            .expect("nothing panics while it holds this lock")
            .clone();
        let (connection, ldap) =
            opened.map_err(|error| not_opened(error, directory, address, &seen))?;
        let certificate = seen
            .fingerprint
            .ok_or_else(|| not_ldap(address, "it showed no certificate"))?;
        tokio::spawn(async move {
            if let Err(error) = connection.drive().await {
                debug!(%error, "the connection to a directory ended");
            }
        });
        let mut connection = Self { ldap, certificate };
        connection.sign_in(credentials, address).await?;
        Ok(connection)
    }

    async fn sign_in(
        &mut self,
        credentials: &Credentials,
        address: SocketAddr,
    ) -> Result<(), DirectoryError> {
        let user = &credentials.user;
        // An empty password is no sign-in at all (RFC 4513, section 5.1.2), and is not refused.
        if credentials.password.is_empty() {
            return Err(DirectoryError::NotLetIn {
                user: user.clone(),
                reason: "its password is empty".to_owned(),
            });
        }
        let answer = self.ldap().simple_bind(user, &credentials.password).await;
        let answer = answer.map_err(|error| match error {
            LdapError::Timeout { .. } => DirectoryError::TooLong(ANSWER_WITHIN.as_secs()),
            other => not_ldap(address, &other.to_string()),
        })?;
        match answer.rc {
            0 => Ok(()),
            _ => Err(DirectoryError::not_let_in(&answer, user)),
        }
    }

    /// For the next question, which is answered in time or not at all.
    pub fn ldap(&mut self) -> &mut Ldap {
        self.ldap.with_timeout(ANSWER_WITHIN)
    }

    /// Says goodbye and hands over what the server said.
    pub async fn answer<T>(
        mut self,
        value: Result<T, DirectoryError>,
    ) -> Result<Answer<T>, DirectoryError> {
        let _gone_already = self.ldap.unbind().await;
        Ok(Answer {
            value: value?,
            certificate: self.certificate,
        })
    }
}

async fn connect(directory: &Directory) -> Result<(TcpStream, SocketAddr), DirectoryError> {
    let host = &directory.host;
    let no_address = |reason: String| DirectoryError::NoAddress {
        host: host.clone(),
        reason,
    };
    let addresses = timeout(CONNECT_WITHIN, lookup_host((&**host, directory.port)));
    let addresses: Vec<_> = match addresses.await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => return Err(no_address(error.to_string())),
        Err(_) => return Err(no_address("the name service does not answer".to_owned())),
    };
    let mut failed = no_address("it has none".to_owned());
    for address in addresses {
        let reason = match timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok((stream, address)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} seconds", CONNECT_WITHIN.as_secs()),
        };
        failed = DirectoryError::Unreachable {
            address: address.to_string(),
            reason,
        };
    }
    Err(failed)
}

fn not_opened(
    error: LdapError,
    directory: &Directory,
    address: SocketAddr,
    seen: &Seen,
) -> DirectoryError {
    if let (Some(problem), Some(shown)) = (&seen.problem, seen.fingerprint) {
        return wrong_certificate(problem, shown, directory);
    }
    let no_tls = |reason: String| DirectoryError::NoTls {
        address: address.to_string(),
        advice: match directory.security {
            Security::Ldaps => {
                "give the server a certificate, or use StartTLS if this is the port for that"
            }
            Security::StartTls => {
                "give the server a certificate, or use LDAPS if this is the port for that"
            }
        },
        reason,
    };
    match error {
        LdapError::Timeout { .. } => no_tls("it does not answer".to_owned()),
        LdapError::LdapResult { result } => no_tls(result.to_string()),
        LdapError::Io { source } => no_tls(source.to_string()),
        other => no_tls(other.to_string()),
    }
}

fn wrong_certificate(
    problem: &CertificateProblem,
    shown: Fingerprint,
    directory: &Directory,
) -> DirectoryError {
    match problem {
        CertificateProblem::Changed { pinned } => DirectoryError::CertificateChanged {
            pinned: *pinned,
            shown,
        },
        CertificateProblem::OtherName => DirectoryError::OtherName {
            host: directory.host.clone(),
        },
        CertificateProblem::Expired => DirectoryError::NotNow("has expired"),
        CertificateProblem::NotYetValid => DirectoryError::NotNow("is not valid yet"),
        CertificateProblem::OtherAuthority => DirectoryError::OtherAuthority { shown },
        CertificateProblem::Unusable(reason) => DirectoryError::BadCertificate(reason.clone()),
    }
}

fn not_ldap(address: SocketAddr, reason: &str) -> DirectoryError {
    DirectoryError::NotLdap {
        address: address.to_string(),
        reason: reason.to_owned(),
    }
}

fn lost(error: &io::Error) -> DirectoryError {
    DirectoryError::Lost(error.to_string())
}

const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The longest that a directory takes for one answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(30);
