//! The promises about certificates.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};

use eidetic_model::{AgentId, Timestamp};
use rcgen::{CertificateParams, KeyPair};
use rustls::{CertificateError, Error, server::danger::ClientCertVerifier as _};
use rustls_pki_types::{CertificateDer, UnixTime};
use tempfile::TempDir;
use uuid::Uuid;

use super::*;

#[test]
fn the_authority_is_made_once_and_only_its_account_can_read_it() {
    let folder = TempDir::new().unwrap();
    let pki = folder.path().join("pki");
    let first = Authority::open(&pki, now()).unwrap();
    let second = Authority::open(&pki, now()).unwrap();
    assert_eq!(first.certificate(), second.certificate());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&pki), 0o700);
    assert_eq!(mode(&pki.join("authority.key")), 0o600);
}

#[test]
fn a_damaged_or_missing_key_is_named() {
    let folder = TempDir::new().unwrap();
    let _made = Authority::open(folder.path(), now()).unwrap();
    let key = folder.path().join("authority.key");
    let refused = || {
        Authority::open(folder.path(), now())
            .err()
            .unwrap()
            .to_string()
    };

    fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert!(refused().ends_with("its key is not the one in authority.key"));
    fs::write(&key, "no key").unwrap();
    assert!(refused().contains("authority.key is not usable"));
    fs::remove_file(&key).unwrap();
    assert!(refused().contains("authority.key is not usable: it is missing"));
}

#[test]
fn an_agent_gets_a_certificate_with_its_id_and_is_known_by_it() {
    let authority = authority();
    let signed = authority.sign_agent(&request(), agent(), now()).unwrap();
    let read = AgentCertificate::read(&signed.certificate).unwrap();
    assert_eq!(read.agent, agent());
    assert_eq!(read.serial, signed.serial);
    let in_a_year = now().saturating_add(Duration::from_secs(365 * 86_400));
    assert_eq!(read.expires, in_a_year);
    assert_eq!(verify(&authority, &signed.certificate, now()), Ok(()));
    let again = authority.sign_agent(&request(), agent(), now()).unwrap();
    assert_ne!(again.serial, signed.serial);
}

#[test]
fn an_expired_certificate_passes_the_handshake_to_be_refused_by_name() {
    let authority = authority();
    let signed = authority.sign_agent(&request(), agent(), now()).unwrap();
    let later = now().saturating_add(Duration::from_secs(400 * 86_400));
    assert_eq!(verify(&authority, &signed.certificate, later), Ok(()));
    assert!(AgentCertificate::read(&signed.certificate).unwrap().expires < later);
}

#[test]
fn certificates_of_others_are_refused_even_expired_ones() {
    let (ours, theirs) = (authority(), authority());
    let signed = theirs.sign_agent(&request(), agent(), now()).unwrap();
    let later = now().saturating_add(Duration::from_secs(400 * 86_400));
    for at in [now(), later] {
        let refused = verify(&ours, &signed.certificate, at).unwrap_err();
        assert!(matches!(refused, Error::InvalidCertificate(_)), "{refused}");
    }
}

#[test]
fn the_servers_own_certificate_is_not_an_agents() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::open(folder.path(), now()).unwrap();
    let server = own(&authority, folder.path(), &["eidetic-server"], now());
    let refused = verify(&authority, &server.certificate(), now()).unwrap_err();
    assert!(matches!(
        refused,
        Error::InvalidCertificate(
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. }
        )
    ));
    assert_eq!(
        AgentCertificate::read(&server.certificate()),
        Err(AgentCertificateError)
    );
}

#[test]
fn a_forged_request_is_refused() {
    let authority = authority();
    let mut forged = request();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    for bytes in [&forged[..], b"", b"garbage"] {
        let refused = authority.sign_agent(bytes, agent(), now());
        assert!(matches!(refused, Err(AgentRequestError::Invalid(_))));
    }
}

#[test]
fn the_servers_certificate_stays_until_it_expires_soon_or_has_other_names() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::open(folder.path(), now()).unwrap();
    let names = ["localhost", "127.0.0.1", "::1"];
    let made = own(&authority, folder.path(), &names, now());
    let again = own(&authority, folder.path(), &names, now());
    assert_eq!(made.certificate(), again.certificate());

    let soon = now().saturating_add(Duration::from_secs(370 * 86_400));
    made.renew(&authority, soon).unwrap();
    assert_ne!(made.certificate(), again.certificate());

    let renamed = own(&authority, folder.path(), &["localhost", "host"], soon);
    assert_ne!(made.certificate(), renamed.certificate());
}

#[test]
fn the_operators_certificate_is_taken_and_a_wrong_key_refused() {
    let folder = TempDir::new().unwrap();
    let authority = Authority::open(folder.path(), now()).unwrap();
    let _made = own(&authority, folder.path(), &["localhost"], now());
    let chain = folder.path().join("gateway.pem");
    let key = folder.path().join("gateway.key");
    assert!(ServerCertificate::operators(&chain, &key).is_ok());

    let wrong = folder.path().join("authority.key");
    let refused = ServerCertificate::operators(&chain, &wrong).unwrap_err();
    assert!(refused.to_string().contains("authority.key is not usable"));
    let missing = ServerCertificate::operators(&folder.path().join("none.pem"), &key).unwrap_err();
    assert!(missing.to_string().contains("none.pem"));
}

fn own(authority: &Authority, folder: &Path, names: &[&str], at: Timestamp) -> ServerCertificate {
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    ServerCertificate::own(authority, folder, "gateway", &names, at).unwrap()
}

fn verify(authority: &Authority, certificate: &[u8], at: Timestamp) -> Result<(), Error> {
    let verifier = AgentCertificateVerifier::new(authority.certificate()).unwrap();
    let at = UnixTime::since_unix_epoch(at.saturating_since(Timestamp::default()));
    verifier
        .verify_client_cert(&CertificateDer::from(certificate), &[], at)
        .map(|_verified| ())
}

fn authority() -> Authority {
    Authority::open(TempDir::new().unwrap().path(), now()).unwrap()
}

fn request() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::default();
    params.serialize_request(&key).unwrap().der().to_vec()
}

fn agent() -> AgentId {
    AgentId::from_uuid(Uuid::from_u128(7))
}

fn now() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().unwrap()
}
