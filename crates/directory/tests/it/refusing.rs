//! Each way in which it fails says what it is.

use std::net::Ipv4Addr;

use eidetic_directory::{
    ContainerQuery, Credentials, Directory, DirectoryError, Security, Trust, computers, survey,
};
use eidetic_model::ComputerKind;
use eidetic_testkit::{DirectoryCertificate, PrivateDirectory};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use super::{account, by_ldaps, by_starttls, reader};

async fn code(directory: &Directory, credentials: &Credentials) -> &'static str {
    let error = survey(directory, credentials).await.unwrap_err();
    assert!(!error.to_string().contains(PrivateDirectory::PASSWORD));
    error.code()
}

#[tokio::test]
async fn who_is_not_let_in_and_what_is_not_there_are_told_apart() {
    let server = PrivateDirectory::start().unwrap();
    let directory = by_ldaps(&server);
    let wrong = account(PrivateDirectory::READER, "wrong");
    assert_eq!(code(&directory, &wrong).await, "not_let_in");
    // A server takes it for no sign-in at all, and answers with success.
    let empty = account(PrivateDirectory::READER, "");
    assert_eq!(code(&directory, &empty).await, "not_let_in");
    let no_name = account("no name", "secret");
    assert_eq!(code(&directory, &no_name).await, "not_let_in");

    let in_container = async |container: &str, excluded: &[&str]| {
        let query = ContainerQuery {
            container: Some(container.to_owned()),
            kinds: [ComputerKind::Server].into(),
            excluded: excluded.iter().map(|dn| (*dn).to_owned()).collect(),
        };
        let asked = computers(&directory, &reader(), &query).await;
        asked.unwrap_err()
    };
    let none = in_container("ou=Gone,ou=Servers,dc=corp,dc=example", &[]).await;
    assert_eq!(none.code(), "no_container");
    let closest = "ou=Servers,dc=corp,dc=example";
    assert!(none.to_string().contains(closest), "{none}");
    // What was to be left out would be taken in.
    let renamed = in_container(closest, &["ou=Gone,dc=corp,dc=example"]).await;
    assert_eq!(renamed.code(), "no_container");
    assert_eq!(in_container("Servers", &[]).await.code(), "no_container");
    let elsewhere = in_container("ou=Elsewhere,dc=corp,dc=example", &[]).await;
    assert_eq!(elsewhere.code(), "elsewhere");
}

#[tokio::test]
async fn a_server_with_a_certificate_that_is_not_the_one_hears_no_password() {
    let server = PrivateDirectory::start().unwrap();
    let other = PrivateDirectory::start().unwrap();
    let mut directory = by_ldaps(&server);
    directory.trust = Trust::Authorities(other.authority().to_owned());
    assert_eq!(code(&directory, &reader()).await, "certificate_authority");
    let shown = survey(&by_starttls(&other), &reader()).await.unwrap();
    for mut directory in [by_ldaps(&server), by_starttls(&server)] {
        directory.trust = Trust::Pinned(shown.certificate);
        assert_eq!(code(&directory, &reader()).await, "certificate_changed");
    }
    directory.trust = Trust::Authorities("nothing".to_owned());
    assert_eq!(code(&directory, &reader()).await, "authority_unreadable");

    for (certificate, expected) in [
        (DirectoryCertificate::OtherName, "certificate_name"),
        (DirectoryCertificate::Expired, "certificate_time"),
    ] {
        let server = PrivateDirectory::start_with(certificate, &[]).unwrap();
        assert_eq!(code(&by_ldaps(&server), &reader()).await, expected);
    }
}

#[tokio::test]
async fn where_nothing_is_encrypted_nothing_is_asked() {
    let server = PrivateDirectory::start_with(DirectoryCertificate::None, &[]).unwrap();
    assert_eq!(code(&by_starttls(&server), &reader()).await, "no_tls");
    assert_eq!(code(&by_ldaps(&server), &reader()).await, "no_tls");
    let server = PrivateDirectory::start().unwrap();
    let mut swapped = by_ldaps(&server);
    swapped.port = server.starttls_port();
    let error = survey(&swapped, &reader()).await.unwrap_err();
    assert!(error.to_string().contains("use StartTLS"), "{error}");
}

#[tokio::test]
async fn where_no_directory_is_it_is_said_so() {
    let closed = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut directory = Directory {
        host: "127.0.0.1".to_owned(),
        port: closed.local_addr().unwrap().port(),
        security: Security::Ldaps,
        trust: Trust::First,
        base: None,
    };
    drop(closed);
    assert_eq!(code(&directory, &reader()).await, "unreachable");
    directory.host = "no-such-computer.invalid".to_owned();
    assert_eq!(code(&directory, &reader()).await, "no_address");
    directory.host = "no name".to_owned();
    assert_eq!(code(&directory, &reader()).await, "no_address");
}

#[tokio::test]
async fn answers_that_make_no_sense_end_the_question_only() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let directory = Directory {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        security: Security::StartTls,
        trust: Trust::First,
        base: None,
    };
    let nonsense = tokio::spawn(async move {
        // An HTTP server; a message with nothing in it; one whose number is no number.
        let answers: [&[u8]; 3] = [
            b"HTTP/1.1 400\r\n\r\n",
            &[0x30, 0],
            &[0x30, 4, 4, 0, 0x78, 0],
        ];
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(answer).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    for _ in 0..3 {
        let error = survey(&directory, &reader()).await.unwrap_err();
        let expected = matches!(
            error,
            DirectoryError::NoTls { .. } | DirectoryError::NotLdap { .. }
        );
        assert!(expected, "{error:?}");
    }
    nonsense.await.unwrap();
}
