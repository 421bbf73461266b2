//! A session with a Windows computer: signed in, signed and encrypted.

use std::{fmt::Display, net::SocketAddr, time::Duration};

use smb2::{
    Tree,
    client::{Connection, Session as SmbSession},
    transport::TcpTransport,
    types::Dialect,
};

use super::{explain, wire::Wire};
use crate::{
    Account, DeployError, Observer, Refusal, SignInWith, Step, Target, connection::within, network,
};

/// A session, and with it the connection.
pub(super) struct Session {
    pub(super) connection: Connection,
    user: String,
}

impl Session {
    /// Connects and signs in. Nothing is sent in the clear but who signs in.
    pub(super) async fn open(
        target: &Target,
        observer: &dyn Observer,
    ) -> Result<Self, DeployError> {
        let refused = |reason: &str| DeployError::NotLetIn {
            user: target.account.user.clone(),
            reason: reason.to_owned(),
        };
        let password = match &target.account.with {
            SignInWith::Password(password) => password,
            SignInWith::Key { .. } => {
                return Err(refused(
                    "Windows computers take no SSH key: give the account its password",
                ));
            }
            // Its password is no text, which NTLM here asks for.
            SignInWith::ManagedServiceAccount { .. } => {
                return Err(refused(
                    "a group Managed Service Account cannot install agents yet: choose an account \
                     with a password",
                ));
            }
        };
        observer.at(Step::Connecting);
        let address = network::reach(target).await?;
        let mut connection = connect(target, address).await?;
        observer.at(Step::SigningIn);
        let (domain, user) = domain_and_user(&target.account);
        let signing_in = SmbSession::setup(&mut connection, user, password.reveal(), domain);
        let session = within("signing in", SIGN_IN_LIMIT, signing_in).await?;
        let session = session.map_err(|error| not_let_in(&target.account, &error))?;
        if !connection.should_encrypt() {
            encrypt(&mut connection, &session)?;
        }
        Ok(Self {
            connection,
            user: target.account.user.clone(),
        })
    }

    /// Opens an administrative share.
    pub(super) async fn share(&mut self, name: &'static str) -> Result<Tree, DeployError> {
        let opening = Tree::connect(&mut self.connection, name);
        let opened = within("opening the administrative share", LIMIT, opening).await?;
        opened.map_err(|error| match explain::status(&error) {
            Some(explain::BAD_NETWORK_NAME) => DeployError::NoAdminShare { name },
            Some(explain::ACCESS_DENIED) => self.no_administrator(),
            _ => lost(&error),
        })
    }

    /// The account is none that may install.
    pub(super) fn no_administrator(&self) -> DeployError {
        DeployError::NoRight {
            user: self.user.clone(),
            reason: Refusal::NoAdministrator,
        }
    }
}

/// Encrypts what Windows does not insist on having encrypted: the client may decide (MS-SMB2,
/// section 3.2.4.1.4).
fn encrypt(connection: &mut Connection, session: &SmbSession) -> Result<(), DeployError> {
    let cipher = connection.params().and_then(|params| params.cipher);
    let keys = (&session.encryption_key, &session.decryption_key);
    let (Some(cipher), (Some(encryption), Some(decryption))) = (cipher, keys) else {
        return Err(DeployError::SmbTooOld {
            reason: "it cannot encrypt".to_owned(),
        });
    };
    connection.activate_encryption(encryption.clone(), decryption.clone(), cipher);
    Ok(())
}

async fn connect(target: &Target, address: SocketAddr) -> Result<Connection, DeployError> {
    let not_smb = |reason: String| DeployError::NotSmb {
        address: address.to_string(),
        reason,
    };
    let attempt = "speaking SMB";
    let connecting = TcpTransport::connect(address, GREETING_LIMIT);
    let transport = within(attempt, GREETING_LIMIT, connecting)
        .await?
        .map_err(|error| DeployError::Unreachable {
            address: network::address(target),
            service: target.reach.service(),
            reason: error.to_string(),
        })?;
    let host = address.ip().to_string();
    let negotiating = Wire::over(transport).negotiate(&host);
    let negotiated = within(attempt, GREETING_LIMIT, negotiating).await?;
    let too_old = |reason: &dyn Display| DeployError::SmbTooOld {
        reason: reason.to_string(),
    };
    let connection = negotiated.map_err(|error| match explain::status(&error) {
        Some(explain::NOT_SUPPORTED) => too_old(&"it speaks no version 2 or 3 of SMB"),
        _ => not_smb(error.to_string()),
    })?;
    connection.set_response_timeout(Some(ANSWER_LIMIT));
    match connection.params().map(|params| params.dialect) {
        Some(Dialect::Smb3_1_1) => Ok(connection),
        Some(dialect) => Err(too_old(&format_args!("it speaks {dialect}"))),
        None => Err(not_smb("it agreed on nothing".to_owned())),
    }
}

/// `DOMAIN\user`, `user@domain`, or an account of the computer itself.
fn domain_and_user(account: &Account) -> (&str, &str) {
    match account.user.split_once('\\') {
        Some((".", user)) => ("", user),
        Some((domain, user)) => (domain, user),
        // Windows itself finds the domain of a name with an at sign.
        None => ("", &account.user),
    }
}

fn not_let_in(account: &Account, error: &smb2::Error) -> DeployError {
    let reason = match explain::status(error) {
        Some(status) => explain::sign_in(status),
        None => match error {
            smb2::Error::Disconnected | smb2::Error::Timeout | smb2::Error::Io(_) => {
                return lost(error);
            }
            smb2::Error::GuestSessionRefused { .. } => {
                "it would be let in as a guest only: the name or the password is wrong".to_owned()
            }
            error => error.to_string(),
        },
    };
    DeployError::NotLetIn {
        user: account.user.clone(),
        reason,
    }
}

pub(super) fn lost(error: &smb2::Error) -> DeployError {
    DeployError::Lost(error.to_string())
}

const GREETING_LIMIT: Duration = Duration::from_secs(20);
const SIGN_IN_LIMIT: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(60);
/// The service manager waits half a minute for a service that does not come up.
const ANSWER_LIMIT: Duration = Duration::from_secs(90);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn split(user: &str) -> (String, String) {
        let account = Account {
            user: user.to_owned(),
            with: SignInWith::Password(Secret::new("x")),
        };
        let (domain, user) = domain_and_user(&account);
        (domain.to_owned(), user.to_owned())
    }

    #[test]
    fn accounts_are_named_as_windows_names_them() {
        assert_eq!(split(r"CORP\ann"), ("CORP".into(), "ann".into()));
        assert_eq!(split(r".\ann"), (String::new(), "ann".into()));
        assert_eq!(split("ann"), (String::new(), "ann".into()));
        assert_eq!(split("ann@corp"), (String::new(), "ann@corp".into()));
    }
}
