//! The identity at rest: `identity.toml`, and its key among the secrets.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eidetic_model::AgentId;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use crate::{secrets::Secrets, server_address::ServerAddress, state_folder::replace_file};

/// Who this agent is.
#[derive(Clone)]
pub(crate) struct Identity {
    /// The server's name for it.
    pub(crate) agent: AgentId,
    /// The server.
    pub(crate) server: ServerAddress,
    /// The certificate that proves it. X.509.
    pub(crate) certificate: CertificateDer<'static>,
    /// The authority that signed it, and the server's. X.509.
    pub(crate) authority: CertificateDer<'static>,
    /// Its private key. PKCS #8, DER.
    pub(crate) key: Vec<u8>,
}

/// The identity cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// The disk failed, or the rights are missing.
    #[error("{attempt}: {reason:#}")]
    Disk {
        /// What was tried.
        attempt: &'static str,
        /// What the system says.
        reason: anyhow::Error,
    },
    /// It is damaged, or half of it is missing.
    #[error(
        "the identity is damaged ({0}): enrol this computer again with `eidetic-agent enrol --replace`"
    )]
    Damaged(String),
    /// Another version wrote it.
    #[error("identity.toml has format {0}, this agent reads up to {FORMAT}: use a newer agent")]
    TooNew(u32),
}

impl Identity {
    /// The identity in this file; `None` if this computer was not enrolled.
    pub(crate) fn read(path: &Path, secrets: &dyn Secrets) -> Result<Option<Self>, IdentityError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk("failed to read identity.toml")(error.into())),
        };
        let file: IdentityFile = toml::from_str(&text).map_err(damaged)?;
        if file.format > FORMAT {
            return Err(IdentityError::TooNew(file.format));
        }
        let key = secrets
            .read(KEY_NAME)
            .map_err(disk("failed to read the agent's key"))?
            .ok_or_else(|| damaged("its key is missing"))?;
        Ok(Some(Self {
            agent: file.agent_id.parse().map_err(damaged)?,
            server: file.server.parse().map_err(damaged)?,
            certificate: certificate(&file.certificate)?,
            authority: certificate(&file.authority)?,
            key,
        }))
    }

    /// Keeps it.
    pub(crate) fn write(&self, path: &Path, secrets: &dyn Secrets) -> Result<(), IdentityError> {
        let file = IdentityFile {
            format: FORMAT,
            agent_id: self.agent.to_string(),
            server: self.server.to_string(),
            certificate: STANDARD.encode(&self.certificate),
            authority: STANDARD.encode(&self.authority),
        };
        let text = toml::to_string(&file).map_err(damaged)?;
        // The key first: an identity without its key would be damaged. A renewed certificate has
        // the same key.
        let kept = secrets
            .read(KEY_NAME)
            .map_err(disk("failed to read the agent's key"))?;
        if kept.as_deref() != Some(&self.key) {
            secrets
                .write(KEY_NAME, &self.key)
                .map_err(disk("failed to keep the agent's key"))?;
        }
        replace_file(path, text.as_bytes())
            .map_err(|error| disk("failed to write identity.toml")(error.into()))
    }
}

/// The key is a secret: only what everybody may know is shown.
impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("agent", &self.agent)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

fn certificate(text: &str) -> Result<CertificateDer<'static>, IdentityError> {
    STANDARD
        .decode(text)
        .map(CertificateDer::from)
        .map_err(damaged)
}

#[expect(clippy::needless_pass_by_value, reason = "takes errors from map_err")]
fn damaged(reason: impl ToString) -> IdentityError {
    IdentityError::Damaged(reason.to_string())
}

fn disk(attempt: &'static str) -> impl FnOnce(anyhow::Error) -> IdentityError {
    move |reason| IdentityError::Disk { attempt, reason }
}

const FORMAT: u32 = 1;

const KEY_NAME: &str = "identity";

/// Certificates are base64 of DER.
#[derive(Serialize, Deserialize)]
struct IdentityFile {
    format: u32,
    agent_id: String,
    server: String,
    certificate: String,
    authority: String,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::secrets::SecretFiles;

    #[test]
    fn an_identity_is_read_back_and_one_without_its_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.toml");
        let secrets = SecretFiles::in_folder(folder.path().join("secrets"));
        assert!(Identity::read(&path, &secrets).unwrap().is_none());
        let identity = Identity {
            agent: AgentId::from_uuid(Uuid::from_u128(3)),
            server: "host:9004".parse().unwrap(),
            certificate: vec![1, 2].into(),
            authority: vec![3].into(),
            key: vec![4],
        };
        identity.write(&path, &secrets).unwrap();
        let read = Identity::read(&path, &secrets).unwrap().unwrap();
        assert_eq!((read.agent, read.key), (identity.agent, identity.key));
        std::fs::remove_dir_all(folder.path().join("secrets")).unwrap();
        let error = Identity::read(&path, &secrets).unwrap_err().to_string();
        assert!(error.contains("enrol this computer again"), "{error}");
    }
}
