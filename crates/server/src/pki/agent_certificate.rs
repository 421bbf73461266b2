//! What an agent's certificate says.

use eidetic_model::{AgentId, Timestamp};
use x509_parser::certificate::X509Certificate;

/// What an agent's certificate says. That the authority signed it is the TLS handshake's to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentCertificate {
    /// The agent.
    pub agent: AgentId,
    /// The certificate's serial number.
    pub serial: Vec<u8>,
    /// When it expires.
    pub expires: Timestamp,
}

/// A certificate of this authority that is not an agent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate is not an agent's")]
pub struct AgentCertificateError;

impl AgentCertificate {
    /// Reads a certificate (DER).
    ///
    /// # Errors
    ///
    /// If it is not an agent's.
    pub fn read(certificate: &[u8]) -> Result<Self, AgentCertificateError> {
        let (_, certificate) =
            x509_parser::parse_x509_certificate(certificate).map_err(|_| AgentCertificateError)?;
        let agent = common_name(&certificate)
            .and_then(|name| name.parse().ok())
            .ok_or(AgentCertificateError)?;
        let expires = certificate.validity().not_after.timestamp();
        Ok(Self {
            agent,
            serial: certificate.raw_serial().to_vec(),
            expires: Timestamp::from_unix_micros(expires.saturating_mul(1_000_000)),
        })
    }
}

fn common_name<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a str> {
    let mut names = certificate.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?;
    names.next().is_none().then_some(name)
}
