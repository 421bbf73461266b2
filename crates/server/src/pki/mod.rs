//! The server's own certificate authority: certificates for agents and for the server itself.
//!
//! In `<data folder>/pki`, which only the server's account can enter:
//!
//! | file | what |
//! |---|---|
//! | `authority.pem`, `authority.key` | the authority, made at the first start, valid for 20 years |
//! | `gateway.pem`, `gateway.key` | the certificate that agents see |
//! | `console.pem`, `console.key` | the certificate that browsers see, unless the operator has his own |
//!
//! The server's certificates are valid for 397 days and made anew 30 days before they expire.

mod agent_certificate;
mod authority;
mod error;
mod files;
mod server_certificate;
#[cfg(test)]
mod tests;
mod verifier;

/// Files that only the server's account can read.
pub mod private_file {
    pub use super::files::{private_folder, read, unusable, write_private};
}

pub use agent_certificate::{AgentCertificate, AgentCertificateError};
pub use authority::{AgentRequestError, Authority, SignedCertificate};
pub use error::PkiError;
pub use server_certificate::ServerCertificate;
pub use verifier::AgentCertificateVerifier;
