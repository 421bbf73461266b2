//! The authority that signs all certificates of this server.

use std::{path::Path, time::Duration};

use eidetic_model::{AgentId, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PublicKeyData as _, SerialNumber,
};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer, pem::PemObject as _};

use super::{
    PkiError,
    files::{private_folder, read, unusable, write_private},
};

/// The authority that signs all certificates of this server.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that the authority signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCertificate {
    /// X.509, DER.
    pub certificate: Vec<u8>,
    /// Its serial number.
    pub serial: Vec<u8>,
}

/// An agent's request for a certificate cannot be granted.
#[derive(Debug, thiserror::Error)]
pub enum AgentRequestError {
    /// It is not a signed PKCS #10 request.
    #[error("the certificate request is not valid: {0}")]
    Invalid(rcgen::Error),
    /// Its key is of a kind that is not taken.
    #[error("the certificate request has a key of another kind than ECDSA P-256")]
    Key,
    /// Signing failed: not the agent's fault.
    #[error("failed to sign a certificate")]
    Sign(rcgen::Error),
}

/// How long an agent's certificate is valid. Agents renew it well before.
pub const AGENT_VALIDITY: Duration = Duration::from_secs(365 * DAY_SECS);

impl Authority {
    /// The authority in this folder; made at the first start.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written, or is not what it should be.
    pub fn open(folder: &Path, now: Timestamp) -> Result<Self, PkiError> {
        private_folder(folder)?;
        let certificate_path = folder.join("authority.pem");
        let key_path = folder.join("authority.key");
        // The certificate is written last: with it, both are there.
        let (certificate, key) = match (read(&certificate_path)?, read(&key_path)?) {
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return Err(unusable(&key_path, "it is missing")),
            (None, _) => {
                let (certificate, key) = make(now)?;
                write_private(&key_path, &key)?;
                write_private(&certificate_path, &certificate)?;
                (certificate, key)
            }
        };
        let key = KeyPair::from_pem(&key).map_err(|error| unusable(&key_path, &error))?;
        let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())
            .map_err(|error| unusable(&certificate_path, &error))?;
        check_key(&certificate, &key).map_err(|reason| unusable(&certificate_path, &reason))?;
        let issuer = Issuer::from_ca_cert_der(&certificate, key)
            .map_err(|error| unusable(&certificate_path, &error))?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// The authority's own certificate.
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Signs what an agent asks for: of its request, only the key counts.
    ///
    /// # Errors
    ///
    /// If the request is not valid.
    pub fn sign_agent(
        &self,
        request: &[u8],
        agent: AgentId,
        now: Timestamp,
    ) -> Result<SignedCertificate, AgentRequestError> {
        let request = CertificateSigningRequestDer::from(request);
        let request = CertificateSigningRequestParams::from_der(&request)
            .map_err(AgentRequestError::Invalid)?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(AgentRequestError::Key);
        }
        let serial = random_serial();
        let mut params = params(&agent.to_string(), &serial, now, AGENT_VALIDITY);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params
            .signed_by(&request.public_key, &self.issuer)
            .map_err(AgentRequestError::Sign)?;
        Ok(SignedCertificate {
            certificate: certificate.der().to_vec(),
            serial,
        })
    }

    /// A new key and a certificate for a server with these names, both as PEM.
    pub(super) fn sign_server(
        &self,
        names: &[String],
        now: Timestamp,
    ) -> Result<(String, String), PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params("eidetic server", &random_serial(), now, SERVER_VALIDITY);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        for name in names {
            let alternatives = CertificateParams::new(vec![name.clone()])
                .map_err(|_| PkiError::HostName { name: name.clone() })?
                .subject_alt_names;
            params.subject_alt_names.extend(alternatives);
        }
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok((certificate.pem(), key.serialize_pem()))
    }
}

fn make(now: Timestamp) -> Result<(String, String), PkiError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let serial = random_serial();
    let mut params = params("eidetic authority", &serial, now, AUTHORITY_VALIDITY);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn params(name: &str, serial: &[u8], now: Timestamp, validity: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.serial_number = Some(SerialNumber::from_slice(serial));
    let since_epoch = now.saturating_since(Timestamp::default()).min(LATEST);
    let now = rcgen::date_time_ymd(1970, 1, 1) + since_epoch;
    // Agents whose clocks are slow shall be able to connect at once.
    params.not_before = now - CLOCK_TOLERANCE;
    params.not_after = now + validity;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn check_key(certificate: &CertificateDer<'_>, key: &KeyPair) -> Result<(), String> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|error| error.to_string())?;
    if parsed.public_key().subject_public_key.data.as_ref() == key.der_bytes() {
        Ok(())
    } else {
        Err("its key is not the one in authority.key".to_owned())
    }
}

/// Sixteen random bytes that read as a positive number of full length, so that the bytes in a
/// certificate are these bytes.
fn random_serial() -> Vec<u8> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).expect("the operating system gives random bytes");
    serial[0] = serial[0] & 0x3f | 0x40;
    serial.to_vec()
}

const DAY_SECS: u64 = 86_400;
const AUTHORITY_VALIDITY: Duration = Duration::from_secs(20 * 365 * DAY_SECS);
/// Browsers take no longer.
const SERVER_VALIDITY: Duration = Duration::from_secs(397 * DAY_SECS);
/// Certificates can tell years up to 9999 only; a clock that says more is wrong.
const LATEST: Duration = Duration::from_secs(7_900 * 365 * DAY_SECS);
const CLOCK_TOLERANCE: Duration = Duration::from_secs(DAY_SECS);
