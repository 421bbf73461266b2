//! Every way in which it fails, with what to do about it.

use ldap3::{LdapError, LdapResult};

use crate::{Fingerprint, managed_password::ManagedPasswordError};

/// Why a directory was not asked, or gave no answer. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The server's name is none.
    #[error("{0:?} is no name or address of a server")]
    Host(String),
    /// The certificates that were given are none.
    #[error("the authority's certificate cannot be read, PEM text is taken: {0}")]
    Certificate(String),
    /// The name means no address.
    #[error(
        "no address is known for {host:?}: check its name, or name it by its address ({reason})"
    )]
    NoAddress {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Nothing answers.
    #[error(
        "nothing answers at {address}: check the port (636 for LDAPS, 389 for StartTLS), that the \
         server is on, and that no firewall is between ({reason})"
    )]
    Unreachable {
        /// The address and port.
        address: String,
        /// What the network said.
        reason: String,
    },
    /// The connection cannot be encrypted.
    #[error(
        "the server at {address} speaks no TLS there, and nothing is asked in the open: {advice} \
         ({reason})"
    )]
    NoTls {
        /// The address and port.
        address: String,
        /// What to try.
        advice: &'static str,
        /// What it said instead.
        reason: String,
    },
    /// Another certificate than before.
    #[error(
        "the server's certificate is another one than before: it was {pinned}, now it is {shown}. \
         If it was renewed, forget the old one and try again, or give the authority's certificate; \
         if not, somebody may be pretending to be this server, and nothing was sent to it"
    )]
    CertificateChanged {
        /// That which was kept.
        pinned: Fingerprint,
        /// That which it shows now.
        shown: Fingerprint,
    },
    /// A certificate that the authority did not make.
    #[error(
        "the server's certificate ({shown}) is not of the authority whose certificate was given: \
         give that of the authority that made it, or none to keep the server's own"
    )]
    OtherAuthority {
        /// The certificate.
        shown: Fingerprint,
    },
    /// A certificate for another name.
    #[error(
        "the server's certificate is not for the name {host:?}: name the server as its certificate \
         does"
    )]
    OtherName {
        /// The name that was asked for.
        host: String,
    },
    /// A certificate whose time is over or has not come.
    #[error("the server's certificate {0}: renew it there, and check both clocks")]
    NotNow(&'static str),
    /// A certificate with something else wrong.
    #[error("the server's certificate cannot be used: {0}")]
    BadCertificate(String),
    /// The account is not let in.
    #[error("the directory does not let {user:?} in: {reason}")]
    NotLetIn {
        /// The account.
        user: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The directory does not say what it is for.
    #[error(
        "the directory does not say which domain it has: give the base, such as DC=corp,DC=example"
    )]
    NoBase,
    /// There is no such container.
    #[error("there is no container {dn:?}, or the account may not see it{closest}")]
    NoContainer {
        /// Its name.
        dn: String,
        /// How far there is something.
        closest: String,
    },
    /// Not the name of a container.
    #[error("{0:?} is no distinguished name, such as OU=Servers,DC=corp,DC=example")]
    NoName(String),
    /// Another server has it.
    #[error("{0:?} is in another domain, which another server has: add a directory for it")]
    Elsewhere(String),
    /// More computers than are taken.
    #[error("there are more than {0} computers in it: name containers with fewer")]
    TooMany(usize),
    /// The account may not.
    #[error("the account may not read this: {0}")]
    NoRight(String),
    /// The directory refuses for a reason of its own.
    #[error("the directory refused: {0}")]
    Refused(String),
    /// What answers makes no sense.
    #[error("what answers at {address} is no directory that can be spoken with: {reason}")]
    NotLdap {
        /// The address and port.
        address: String,
        /// What was wrong.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection to the directory broke: {0}")]
    Lost(String),
    /// It did not answer in time.
    #[error("the directory did not answer within {0} seconds")]
    TooLong(u64),
    /// There is no such managed account.
    #[error("there is no group Managed Service Account {0:?} in the directory")]
    NoManagedAccount(String),
    /// The directory keeps the password to itself.
    #[error(
        "the directory does not give the password of {account:?} to {reader:?}: put that account, or \
         a group that it is in, into PrincipalsAllowedToRetrieveManagedPassword of {account:?}"
    )]
    NoManagedPassword {
        /// The managed account.
        account: String,
        /// Who asked.
        reader: String,
    },
    /// The directory gives a password that makes no sense.
    #[error("the password of the managed account cannot be read: {0}")]
    ManagedPassword(#[from] ManagedPasswordError),
}

impl DirectoryError {
    /// A word for the kind of failure, which stays the same.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Host(_) | Self::NoAddress { .. } => "no_address",
            Self::Certificate(_) => "authority_unreadable",
            Self::Unreachable { .. } => "unreachable",
            Self::NoTls { .. } => "no_tls",
            Self::CertificateChanged { .. } => "certificate_changed",
            Self::OtherAuthority { .. } => "certificate_authority",
            Self::OtherName { .. } => "certificate_name",
            Self::NotNow(_) => "certificate_time",
            Self::BadCertificate(_) => "certificate_unusable",
            Self::NotLetIn { .. } => "not_let_in",
            Self::NoBase => "no_base",
            Self::NoContainer { .. } | Self::NoName(_) => "no_container",
            Self::Elsewhere(_) => "elsewhere",
            Self::TooMany(_) => "too_many",
            Self::NoRight(_) => "no_right",
            Self::Refused(_) => "refused",
            Self::NotLdap { .. } => "not_ldap",
            Self::Lost(_) => "connection_lost",
            Self::TooLong(_) => "too_long",
            Self::NoManagedAccount(_) => "no_managed_account",
            Self::NoManagedPassword { .. } => "no_managed_password",
            Self::ManagedPassword(_) => "managed_password_unreadable",
        }
    }

    /// What a library's error means while a directory is asked about `dn`.
    pub(crate) fn of(error: LdapError, dn: &str) -> Self {
        match error {
            LdapError::LdapResult { result } => Self::of_result(&result, dn),
            LdapError::Timeout { .. } => Self::TooLong(crate::connect::ANSWER_WITHIN.as_secs()),
            other => Self::Lost(other.to_string()),
        }
    }

    pub(crate) fn of_result(result: &LdapResult, dn: &str) -> Self {
        let said = said(result);
        match result.rc {
            NO_SUCH_OBJECT => Self::NoContainer {
                dn: dn.to_owned(),
                closest: match &*result.matched {
                    "" => String::new(),
                    matched => format!("; {matched:?} is the closest that is there"),
                },
            },
            INVALID_DN | NAMING_VIOLATION => Self::NoName(dn.to_owned()),
            REFERRAL => Self::Elsewhere(dn.to_owned()),
            INSUFFICIENT_RIGHTS => Self::NoRight(said),
            _ => Self::Refused(said),
        }
    }

    /// Why an account is not let in. Active Directory says it by a number in its text.
    pub(crate) fn not_let_in(result: &LdapResult, user: &str) -> Self {
        let reason = match result.rc {
            INVALID_CREDENTIALS => {
                let code = result.text.split("data ").nth(1);
                let code = code.and_then(|rest| rest.split([',', ' ']).next());
                let known =
                    code.and_then(|code| AD_REASONS.iter().find(|(known, _)| *known == code));
                known
                    .map_or(WRONG_PASSWORD, |(_, reason)| reason)
                    .to_owned()
            }
            INVALID_DN => {
                "it is no name that the directory knows: write user@domain, DOMAIN\\user \
                           or a distinguished name"
                    .to_owned()
            }
            _ => said(result),
        };
        Self::NotLetIn {
            user: user.to_owned(),
            reason,
        }
    }
}

fn said(result: &LdapResult) -> String {
    let mut text: String = result.to_string();
    text.retain(|c| !c.is_control());
    text.chars().take(300).collect()
}

const WRONG_PASSWORD: &str =
    "wrong name or password. Write the name as user@domain, DOMAIN\\user or a distinguished name";

/// What Active Directory means by `data NNN` in its refusal.
const AD_REASONS: &[(&str, &str)] = &[
    ("525", "there is no such user"),
    ("52e", WRONG_PASSWORD),
    ("530", "it may not sign in at this time of day"),
    ("531", "it may not sign in from this computer"),
    ("532", "its password has expired: set another"),
    ("533", "it is disabled"),
    ("701", "it has expired"),
    ("773", "its password must be changed first"),
    ("775", "it is locked after too many wrong passwords"),
];

const REFERRAL: u32 = 10;
const NO_SUCH_OBJECT: u32 = 32;
const INVALID_DN: u32 = 34;
const INVALID_CREDENTIALS: u32 = 49;
const INSUFFICIENT_RIGHTS: u32 = 50;
const NAMING_VIOLATION: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn result(rc: u32, text: &str) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: Vec::new(),
        }
    }

    #[test]
    fn what_active_directory_says_by_numbers_is_said_in_words() {
        let text = "80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, \
                    data 775, v3839";
        let error = DirectoryError::not_let_in(&result(49, text), "svc");
        assert!(error.to_string().contains("is locked"), "{error}");
        let error = DirectoryError::not_let_in(&result(49, ""), "svc");
        assert!(
            error.to_string().contains("wrong name or password"),
            "{error}"
        );
    }
}
