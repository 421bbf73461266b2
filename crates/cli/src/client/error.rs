//! What can go wrong between this program and a server, and what to do about it.

use rustls::CertificateError;

use super::answers::Problem;

/// A request that failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not one of a server.
    #[error("{0:?} is no address of a server: write it as https://HOST:9443")]
    BadAddress(String),
    /// The file holds no certificate.
    #[error("there is no certificate in it")]
    NoCertificate,
    /// Nothing answers there.
    #[error("the server {address} cannot be reached: {reason}")]
    Unreachable {
        /// The address.
        address: String,
        /// Why, in the system's words.
        reason: String,
    },
    /// The server cannot prove that it is the one.
    #[error(
        "the certificate of {address} is not to be trusted: {reason}. If the server made it \
         itself, fetch pki/authority.pem from the server's data folder and say --ca FILE"
    )]
    NotTrusted {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificate is right, but for another name.
    #[error(
        "the certificate of {address} is for another name: {reason}. Use a name that it has, or \
         add this one to host_names in the server's settings"
    )]
    OtherName {
        /// The address.
        address: String,
        /// Which names it has.
        reason: String,
    },
    /// The one-time password is still in use.
    #[error("the password of {user} must be changed first: sign in to the console at {address}")]
    PasswordChangeRequired {
        /// Who.
        user: String,
        /// The console.
        address: String,
    },
    /// The server refused, and says why.
    #[error("the server says: {0}")]
    Refused(Problem),
    /// The answer is not what the API promises.
    #[error("the server's answer to {path} makes no sense: {reason}")]
    Nonsense {
        /// What was asked for.
        path: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

impl ClientError {
    /// What a failed transport means.
    pub(super) fn transport(address: &str, error: &ureq::Error) -> Self {
        let address = address.to_owned();
        match certificate_error(error) {
            Some(reason @ CertificateError::NotValidForNameContext { .. }) => Self::OtherName {
                address,
                reason: reason.to_string(),
            },
            Some(reason) => Self::NotTrusted {
                address,
                reason: in_words(&reason),
            },
            None => Self::Unreachable {
                address,
                reason: error.to_string(),
            },
        }
    }

    /// The HTTP status, if the server answered with one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            _ => None,
        }
    }
}

fn in_words(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "no authority that is trusted here signed it".to_owned(),
        CertificateError::BadSignature => "another authority signed it".to_owned(),
        reason => reason.to_string(),
    }
}

/// The certificate's fault, wherever in the chain of causes it is told.
fn certificate_error(error: &ureq::Error) -> Option<CertificateError> {
    let of = |error: &rustls::Error| match error {
        rustls::Error::InvalidCertificate(reason) => Some(reason.clone()),
        _ => None,
    };
    match error {
        ureq::Error::Rustls(error) => of(error),
        ureq::Error::Io(error) => {
            let inner = error.get_ref()?;
            inner
                .downcast_ref::<rustls::Error>()
                .or_else(|| inner.source()?.downcast_ref())
                .and_then(of)
        }
        _ => None,
    }
}
