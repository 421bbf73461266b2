//! A real OpenLDAP, asked as a directory of computers.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod asking;
mod managed;
mod refusing;

use eidetic_directory::{Credentials, Directory, Security, Trust};
use eidetic_testkit::PrivateDirectory;

/// The directory by LDAPS, known by its authority.
fn by_ldaps(server: &PrivateDirectory) -> Directory {
    Directory {
        host: "localhost".to_owned(),
        port: server.ldaps_port(),
        security: Security::Ldaps,
        trust: Trust::Authorities(server.authority().to_owned()),
        base: None,
    }
}

/// The directory by StartTLS, known by what it shows first.
fn by_starttls(server: &PrivateDirectory) -> Directory {
    Directory {
        host: "127.0.0.1".to_owned(),
        port: server.starttls_port(),
        security: Security::StartTls,
        trust: Trust::First,
        base: None,
    }
}

fn reader() -> Credentials {
    account(PrivateDirectory::READER, PrivateDirectory::PASSWORD)
}

fn account(user: &str, password: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: password.to_owned().into(),
    }
}
