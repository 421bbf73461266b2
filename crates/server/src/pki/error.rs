//! What can go wrong with the server's certificates.

use std::{io, path::PathBuf};

/// A failure that keeps the server from starting. Its text says which file.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file cannot be read or written.
    #[error("failed to {attempt} {path}")]
    File {
        /// What was tried.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A file is there and is not what it should be.
    #[error("{path} is not usable: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A host name that cannot be in a certificate.
    #[error("{name:?} cannot be a host name in a certificate")]
    HostName {
        /// The name.
        name: String,
    },
    /// The cryptographic library refused.
    #[error("failed to make a certificate")]
    Make(#[from] rcgen::Error),
    /// The TLS library refused.
    #[error("failed to set up TLS")]
    Tls(#[from] rustls::Error),
}
