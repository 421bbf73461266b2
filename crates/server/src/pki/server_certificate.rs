//! The certificates that the server shows: its own, made anew in time, or the operator's.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::Duration,
};

use eidetic_model::Timestamp;
use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::ring,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tracing::info;

use super::{
    Authority, PkiError,
    files::{file_error, read, unusable, write_private},
};

/// A certificate that the server shows. TLS configurations hold it and see when it is renewed.
pub struct ServerCertificate {
    current: RwLock<Arc<CertifiedKey>>,
    source: Source,
}

enum Source {
    /// Signed by the server's own authority for these names.
    Own {
        folder: PathBuf,
        file_name: &'static str,
        names: Vec<String>,
    },
    /// The operator's.
    Operator,
}

impl ServerCertificate {
    /// A certificate of the server's own authority for these names, from `<file_name>.pem` and
    /// `.key`; made if it is not there, expires soon or has other names.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written, or a name cannot be in a certificate.
    pub fn own(
        authority: &Authority,
        folder: &Path,
        file_name: &'static str,
        names: &[String],
        now: Timestamp,
    ) -> Result<Self, PkiError> {
        let current = own(authority, folder, file_name, names, now)?;
        Ok(Self {
            current: RwLock::new(Arc::new(current)),
            source: Source::Own {
                folder: folder.to_owned(),
                file_name,
                names: names.to_vec(),
            },
        })
    }

    /// The operator's certificate, its chain and key from PEM files.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or the key is not the certificate's.
    pub fn operators(chain: &Path, key: &Path) -> Result<Self, PkiError> {
        let certificates = read_needed(chain)?;
        let secret = read_needed(key)?;
        let current = certified_key(&certificates, chain, &secret, key)?;
        Ok(Self {
            current: RwLock::new(Arc::new(current)),
            source: Source::Operator,
        })
    }

    /// Makes the certificate anew if it expires soon. To be called once a day.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or written. The certificate stays as it was.
    pub fn renew(&self, authority: &Authority, now: Timestamp) -> Result<(), PkiError> {
        if let Source::Own {
            folder,
            file_name,
            names,
        } = &self.source
        {
            let renewed = own(authority, folder, file_name, names, now)?;
            *self.current.write().expect(NOT_POISONED) = Arc::new(renewed);
        }
        Ok(())
    }

    /// Until when it holds; `None` if it does not say in a way that is understood.
    pub fn expires(&self) -> Option<Timestamp> {
        let certificate = self.certificate();
        let (_, certificate) = x509_parser::parse_x509_certificate(&certificate).ok()?;
        let seconds = certificate.validity().not_after.timestamp();
        Some(Timestamp::from_unix_micros(
            seconds.saturating_mul(1_000_000),
        ))
    }

    /// The certificate itself.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.current.read().expect(NOT_POISONED).cert[0].clone()
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _client: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().expect(NOT_POISONED).clone())
    }
}

/// For calls to agents, which take the certificate that they know the server by.
impl ResolvesClientCert for ServerCertificate {
    fn resolve(
        &self,
        _authorities: &[&[u8]],
        _schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().expect(NOT_POISONED).clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerCertificate(..)")
    }
}

fn own(
    authority: &Authority,
    folder: &Path,
    file_name: &'static str,
    names: &[String],
    now: Timestamp,
) -> Result<CertifiedKey, PkiError> {
    let certificate_path = folder.join(file_name).with_extension("pem");
    let key_path = folder.join(file_name).with_extension("key");
    // An agent that enrols knows only the authority's hash: it needs the certificate itself.
    let with_authority = |mut certified: CertifiedKey| {
        certified.cert.push(authority.certificate().clone());
        certified
    };
    if let (Some(certificate), Some(key)) = (read(&certificate_path)?, read(&key_path)?)
        && let Ok(found) = certified_key(&certificate, &certificate_path, &key, &key_path)
        && still_good(&found.cert[0], authority, names, now)
    {
        return Ok(with_authority(found));
    }
    let (certificate, key) = authority.sign_server(names, now)?;
    // A crash between the two leaves a pair that does not match, which is made anew.
    write_private(&key_path, &key)?;
    write_private(&certificate_path, &certificate)?;
    info!(path = %certificate_path.display(), "server certificate made");
    certified_key(&certificate, &certificate_path, &key, &key_path).map(with_authority)
}

fn certified_key(
    certificates: &str,
    certificates_path: &Path,
    key: &str,
    key_path: &Path,
) -> Result<CertifiedKey, PkiError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(certificates_path, &error))?;
    if chain.is_empty() {
        return Err(unusable(certificates_path, "there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
        .map_err(|error| unusable(key_path, &error))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|error| unusable(key_path, &error))
}

fn still_good(
    certificate: &CertificateDer<'_>,
    authority: &Authority,
    names: &[String],
    now: Timestamp,
) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else {
        return false;
    };
    let Ok((_, issuer)) = x509_parser::parse_x509_certificate(authority.certificate()) else {
        return false;
    };
    let until = Timestamp::from_unix_micros(
        parsed
            .validity()
            .not_after
            .timestamp()
            .saturating_mul(1_000_000),
    );
    until > now.saturating_add(RENEW_BEFORE)
        && parsed.verify_signature(Some(issuer.public_key())).is_ok()
        && names_of(&parsed).as_ref() == names_as_written(names).as_ref()
}

/// The names in a certificate, in a form to compare.
fn names_of(certificate: &x509_parser::certificate::X509Certificate<'_>) -> Option<Vec<String>> {
    let alternatives = certificate.subject_alternative_name().ok()??;
    Some(
        alternatives
            .value
            .general_names
            .iter()
            .map(ToString::to_string)
            .collect(),
    )
}

/// The same form for names that are to be in a certificate.
fn names_as_written(names: &[String]) -> Option<Vec<String>> {
    use x509_parser::extensions::GeneralName;
    names
        .iter()
        .map(|name| match name.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(address)) => {
                Some(GeneralName::IPAddress(&address.octets()).to_string())
            }
            Ok(std::net::IpAddr::V6(address)) => {
                Some(GeneralName::IPAddress(&address.octets()).to_string())
            }
            Err(_) => Some(GeneralName::DNSName(name).to_string()),
        })
        .collect()
}

fn read_needed(path: &Path) -> Result<String, PkiError> {
    read(path)?.ok_or_else(|| file_error("read", path, std::io::ErrorKind::NotFound.into()))
}

const RENEW_BEFORE: Duration = Duration::from_secs(30 * 86_400);
const NOT_POISONED: &str = "nothing panics while it holds this lock";
