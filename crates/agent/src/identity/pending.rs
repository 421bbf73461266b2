//! An enrolment that an installer asked for, at rest until the service has done it: the server may
//! not be reachable while a computer is set up.

use anyhow::Context as _;
use eidetic_wire::EnrolmentTicket;
use serde::{Deserialize, Serialize};

use crate::{secrets::Secrets, server_address::ServerAddress};

/// Where to enrol, and with which token. Kept among the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingEnrolment {
    /// The server.
    pub(crate) server: ServerAddress,
    /// The one-time right to enrol.
    pub(crate) ticket: EnrolmentTicket,
    /// Whether this computer is a copy: it must not show the identity that it has, which is the
    /// first one's.
    pub(crate) is_copy: bool,
}

impl PendingEnrolment {
    /// The one that waits, if there is one.
    pub(crate) fn read(secrets: &dyn Secrets) -> anyhow::Result<Option<Self>> {
        let Some(kept) = secrets.read(NAME)? else {
            return Ok(None);
        };
        let kept: Kept = serde_json::from_slice(&kept).context("it is damaged")?;
        Ok(Some(Self {
            server: kept.server.parse()?,
            ticket: kept.token.parse()?,
            is_copy: kept.is_copy,
        }))
    }

    /// Keeps it, in the place of an older one.
    pub(crate) fn write(&self, secrets: &dyn Secrets) -> anyhow::Result<()> {
        let kept = Kept {
            server: self.server.to_string(),
            token: self.ticket.to_text(),
            is_copy: self.is_copy,
        };
        secrets.write(NAME, &serde_json::to_vec(&kept)?)
    }

    /// Forgets the one that waits.
    pub(crate) fn forget(secrets: &dyn Secrets) -> anyhow::Result<()> {
        secrets.forget(NAME)
    }
}

const NAME: &str = "enrolment";

#[derive(Serialize, Deserialize)]
struct Kept {
    server: String,
    token: String,
    #[serde(default)]
    is_copy: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::SecretFiles;

    #[test]
    fn enrolment_waits_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::in_folder(folder.path().join("secrets"));
        assert_eq!(PendingEnrolment::read(&secrets).unwrap(), None);
        let pending = PendingEnrolment {
            server: "[::1]:9005".parse().unwrap(),
            ticket: EnrolmentTicket::new(b"authority", [7; 32]),
            is_copy: true,
        };
        pending.write(&secrets).unwrap();
        assert_eq!(PendingEnrolment::read(&secrets).unwrap(), Some(pending));
        PendingEnrolment::forget(&secrets).unwrap();
        PendingEnrolment::forget(&secrets).unwrap();
        assert_eq!(PendingEnrolment::read(&secrets).unwrap(), None);
    }
}
