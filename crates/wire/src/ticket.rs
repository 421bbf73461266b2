//! Enrolment tickets: what an administrator gives to a new agent.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// A one-time right to enrol, with what is needed to know the server.
///
/// As text: `eidetic1.` and base64url of the SHA-256 of the authority's certificate (32 bytes)
/// and the secret (32 bytes). The hash makes the agent refuse any other server, before it tells
/// the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentTicket {
    authority_sha256: [u8; 32],
    secret: [u8; 32],
}

/// The text is not an enrolment token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an enrolment token: it begins with `eidetic1.` and is given by `eidetic-server token`"
)]
pub struct TicketError;

impl EnrolmentTicket {
    /// A ticket for the server whose authority has this certificate (DER), with a random secret.
    pub fn new(authority_certificate: &[u8], secret: [u8; 32]) -> Self {
        Self {
            authority_sha256: Sha256::digest(authority_certificate).into(),
            secret,
        }
    }

    /// SHA-256 of the certificate (DER) of the authority that signed the server's.
    pub const fn authority_sha256(&self) -> &[u8; 32] {
        &self.authority_sha256
    }

    /// SHA-256 of the secret: what the server keeps.
    pub fn secret_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }

    /// The text that the administrator hands over. Whoever has it can enrol one agent.
    pub fn to_text(&self) -> String {
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&self.authority_sha256);
        bytes[32..].copy_from_slice(&self.secret);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for EnrolmentTicket {
    type Err = TicketError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(TicketError)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TicketError)?;
        let (authority, secret) = bytes.split_at_checked(32).ok_or(TicketError)?;
        Ok(Self {
            authority_sha256: authority.try_into().map_err(|_| TicketError)?,
            secret: secret.try_into().map_err(|_| TicketError)?,
        })
    }
}

/// A secret: nothing of it is shown.
impl fmt::Debug for EnrolmentTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnrolmentTicket(..)")
    }
}

const PREFIX: &str = "eidetic1.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_read_back_and_other_texts_refused() {
        let ticket = EnrolmentTicket::new(b"certificate", [7; 32]);
        assert_eq!(ticket.to_text().parse(), Ok(ticket.clone()));
        let cut = &ticket.to_text()[..40];
        for wrong in ["", "eidetic1.", "eidetic2.AAAA", cut] {
            assert_eq!(
                wrong.parse::<EnrolmentTicket>(),
                Err(TicketError),
                "{wrong}"
            );
        }
    }
}
