//! Whose certificate a directory's server must show.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use sha2::{Digest as _, Sha256};

use crate::DirectoryError;

/// By what a directory's server is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By a certificate of one of these authorities, in the server's name; as PEM text. The server's
    /// own certificate may stand here too.
    Authorities(String),
    /// By this certificate, whatever is in it.
    Pinned(Fingerprint),
    /// By whatever it shows: this is the first time.
    First,
}

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// What came of looking at a certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub fingerprint: Option<Fingerprint>,
    pub problem: Option<CertificateProblem>,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CertificateProblem {
    Changed { pinned: Fingerprint },
    OtherName,
    Expired,
    NotYetValid,
    OtherAuthority,
    Unusable(String),
}

pub(crate) type SharedSeen = Arc<Mutex<Seen>>;

/// How to speak TLS with the server, and where it is written down what it showed.
pub(crate) fn tls_config(
    trust: &Trust,
    host: &str,
) -> Result<(Arc<ClientConfig>, SharedSeen), DirectoryError> {
    let provider = Arc::new(ring::default_provider());
    let host = host.to_owned();
    let name = ServerName::try_from(host.clone()).map_err(|_| DirectoryError::Host(host))?;
    let seen = SharedSeen::default();
    let verifier = Verifier {
        rule: Rule::new(trust, &provider)?,
        name,
        provider: provider.clone(),
        seen: seen.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| DirectoryError::Certificate(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok((Arc::new(config), seen))
}

/// Takes the name from here and not from the connection, writes down what it saw, and knows pins.
#[derive(Debug)]
struct Verifier {
    rule: Rule,
    name: ServerName<'static>,
    provider: Arc<CryptoProvider>,
    seen: SharedSeen,
}

#[derive(Debug)]
enum Rule {
    Authorities {
        verifier: Arc<WebPkiServerVerifier>,
        given: Vec<CertificateDer<'static>>,
    },
    Pinned(Fingerprint),
    First,
}

impl Rule {
    fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, DirectoryError> {
        let text = match trust {
            Trust::Pinned(fingerprint) => return Ok(Self::Pinned(*fingerprint)),
            Trust::First => return Ok(Self::First),
            Trust::Authorities(text) => text,
        };
        let given = certificates(text)?;
        let mut roots = RootCertStore::empty();
        for certificate in &given {
            let added = roots.add(certificate.clone());
            added.map_err(|error| DirectoryError::Certificate(error.to_string()))?;
        }
        let roots = Arc::new(roots);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| DirectoryError::Certificate(error.to_string()))?;
        Ok(Self::Authorities { verifier, given })
    }
}

impl Trust {
    /// Says what is wrong with the certificates before they are used.
    ///
    /// # Errors
    ///
    /// If they are none.
    pub fn check(&self) -> Result<(), DirectoryError> {
        Rule::new(self, &Arc::new(ring::default_provider())).map(drop)
    }
}

fn certificates(text: &str) -> Result<Vec<CertificateDer<'static>>, DirectoryError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(DirectoryError::Certificate(
            "there is no certificate in it".to_owned(),
        )),
        Err(error) => Err(DirectoryError::Certificate(error.to_string())),
    }
}

impl Verifier {
    fn look(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), CertificateProblem> {
        match &self.rule {
            Rule::First => Ok(()),
            Rule::Pinned(pinned) if *pinned == Fingerprint::of(shown) => Ok(()),
            Rule::Pinned(pinned) => Err(CertificateProblem::Changed { pinned: *pinned }),
            Rule::Authorities { given, .. } if given.iter().any(|given| given == shown) => Ok(()),
            Rule::Authorities { verifier, .. } => verifier
                .verify_server_cert(shown, between, &self.name, ocsp, now)
                .map(drop)
                .map_err(problem_of),
        }
    }
}

fn problem_of(error: Error) -> CertificateProblem {
    let Error::InvalidCertificate(error) = error else {
        return CertificateProblem::Unusable(error.to_string());
    };
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateProblem::OtherName
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            CertificateProblem::Expired
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateProblem::NotYetValid
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            CertificateProblem::OtherAuthority
        }
        other => CertificateProblem::Unusable(Error::InvalidCertificate(other).to_string()),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let looked = self.look(shown, between, ocsp, now);
        let mut seen = self
            .seen
            .lock()
            .expect("nothing panics while it holds this lock");
        seen.fingerprint = Some(Fingerprint::of(shown));
        match looked {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(problem) => {
                seen.problem = Some(problem);
                let refused = CertificateError::ApplicationVerificationFailure;
                Err(Error::InvalidCertificate(refused))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}

impl Fingerprint {
    fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate.as_ref()).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Fingerprint {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, hex::FromHexError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}
