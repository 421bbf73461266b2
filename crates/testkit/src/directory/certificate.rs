//! Certificates that a directory's server shows, good and bad.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

/// What a directory's server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryCertificate {
    /// One for `localhost` and `127.0.0.1`, of the authority.
    Good,
    /// One for another name.
    OtherName,
    /// One whose time is over.
    Expired,
    /// None: it speaks no TLS.
    None,
}

/// All as PEM.
pub(super) struct Made {
    pub authority: String,
    pub server: Option<(String, String)>,
}

impl DirectoryCertificate {
    pub(super) fn make(self) -> anyhow::Result<Made> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let names = match self {
            Self::OtherName => vec!["elsewhere.example".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        };
        let mut params = CertificateParams::new(names)?;
        if self == Self::Expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate()?;
        let server = params.signed_by(&key, &authority)?;
        Ok(Made {
            authority: authority.pem(),
            server: (self != Self::None).then(|| (server.pem(), key.serialize_pem())),
        })
    }
}
