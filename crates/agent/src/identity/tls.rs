//! What agent and server prove to each other when they connect.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};

use super::Identity;

/// TLS for an agent that has an identity: it shows its certificate, and takes no server but one
/// whose certificate its own authority signed.
pub(crate) fn client_config(identity: &Identity) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    roots.add(identity.authority.clone())?;
    let key = PrivatePkcs8KeyDer::from(identity.key.clone());
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![identity.certificate.clone()], key.into())?;
    Ok(with_http2(config))
}

/// TLS for an agent that has none yet: it takes no server but one whose certificate was signed by
/// the authority whose certificate has this SHA-256. One that is enrolled again shows that server
/// who it was `until_now`.
pub(super) fn enrolling_config(
    authority_sha256: [u8; 32],
    until_now: Option<&Identity>,
) -> Result<ClientConfig, Error> {
    let verifier = PinnedAuthority {
        authority_sha256,
        provider: provider(),
    };
    let config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    // Without a usable one, it is a new agent.
    let with_certificate = until_now
        .filter(|known| is_pinned(&known.authority, &authority_sha256))
        .and_then(|known| {
            let key = PrivatePkcs8KeyDer::from(known.key.clone());
            let chain = vec![known.certificate.clone()];
            config.clone().with_client_auth_cert(chain, key.into()).ok()
        });
    let config = with_certificate.unwrap_or_else(|| config.with_no_client_auth());
    Ok(with_http2(config))
}

/// Verifies a server by its authority's hash: the authority is among the certificates that the
/// server shows, and is then as good as one that was known before.
#[derive(Debug)]
struct PinnedAuthority {
    authority_sha256: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let pinned = intermediates
            .iter()
            .find(|certificate| is_pinned(certificate, &self.authority_sha256))
            .ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))?;
        let mut roots = RootCertStore::empty();
        roots.add(pinned.clone().into_owned())?;
        let provider = Arc::clone(&self.provider);
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Whether a certificate has this SHA-256.
pub(crate) fn is_pinned(certificate: &[u8], sha256: &[u8; 32]) -> bool {
    Sha256::digest(certificate)[..] == sha256[..]
}

fn with_http2(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
