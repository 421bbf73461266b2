//! Renewing the certificate before it expires.

use std::time::Duration;

use eidetic_model::Timestamp;
use eidetic_wire::proto::{self, gateway_client::GatewayClient};
use rcgen::KeyPair;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::time::timeout;
use tonic::transport::Channel;

use super::{Identity, enrol::certificate_request};

/// The certificate could not be renewed. It is valid still: try again later.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RenewalError {
    /// The server refused, or the connection broke.
    #[error("the server did not renew the certificate: {0}")]
    Refused(String),
    /// The server took too long.
    #[error("the server did not answer")]
    NoAnswer,
    /// The answer is not a certificate for this agent.
    #[error("the server answered with a certificate that is not valid")]
    BadAnswer,
    /// The agent's key is unusable.
    #[error("failed to use the agent's key: {0}")]
    Key(#[from] rcgen::Error),
}

/// Whether less than a third of the certificate's life remains. One that cannot be read is due.
pub(crate) fn is_due(certificate: &[u8], now: Timestamp) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else {
        return true;
    };
    let validity = parsed.validity();
    let (from, until) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    let now = now.as_unix_micros() / 1_000_000;
    until.saturating_sub(now) < until.saturating_sub(from) / 3
}

/// Gets a new certificate for the same key.
pub(crate) async fn renew(identity: &Identity, channel: Channel) -> Result<Identity, RenewalError> {
    let der = PrivatePkcs8KeyDer::from(identity.key.as_slice());
    let key = KeyPair::try_from(&der)?;
    let request = proto::RenewRequest {
        certificate_request: certificate_request(&key)?.into(),
    };
    let mut client = GatewayClient::new(channel);
    let answer = timeout(RENEWAL_LIMIT, client.renew(request))
        .await
        .map_err(|_| RenewalError::NoAnswer)?
        .map_err(|status| RenewalError::Refused(status.message().to_owned()))?
        .into_inner();
    let same_authority =
        answer.authority.is_empty() || answer.authority[..] == identity.authority[..];
    let readable = x509_parser::parse_x509_certificate(&answer.certificate).is_ok();
    if !same_authority || !readable || answer.agent_id[..] != identity.agent.to_bytes() {
        return Err(RenewalError::BadAnswer);
    }
    Ok(Identity {
        certificate: CertificateDer::from(answer.certificate.to_vec()),
        ..identity.clone()
    })
}

/// How long the server may take.
const RENEWAL_LIMIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_is_due_in_the_last_third_of_its_life() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.not_before = date_time_ymd(1970, 1, 1);
        params.not_after = date_time_ymd(1970, 1, 1) + Duration::from_secs(300);
        let certificate = params.self_signed(&key).unwrap();
        let at = |secs: i64| Timestamp::from_unix_micros(secs * 1_000_000);
        assert!(!is_due(certificate.der(), at(199)));
        assert!(is_due(certificate.der(), at(201)));
        assert!(is_due(certificate.der(), at(400)));
        assert!(is_due(b"garbage", at(0)));
    }
}
