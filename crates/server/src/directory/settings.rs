//! How each directory is asked, as it is kept in the control data.

use eidetic_directory::{Directory, Security, Trust};
use eidetic_search::fold;
use eidetic_store::{StoreError, control::ControlStore};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a directory is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectorySettings {
    /// What plans and people call it.
    pub name: String,
    /// The name or address of its server.
    pub server: String,
    /// The port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SecurityWord,
    /// The certificate of the authority that made the server's, as PEM text.
    pub authority: Option<String>,
    /// The SHA-256 of the certificate that the server showed first, where no authority is given.
    pub pinned: Option<String>,
    /// The distinguished name under which everything is, if the directory does not say.
    pub base: Option<String>,
    /// The name of the account with which it is asked.
    pub account: String,
    /// How often it is asked.
    pub refresh_minutes: u32,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecurityWord {
    /// From its first byte: LDAPS, port 636.
    Ldaps,
    /// From the moment on at which it is asked for: StartTLS, port 389.
    Starttls,
}

/// All directories.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoredDirectories {
    directories: Vec<DirectorySettings>,
}

impl DirectorySettings {
    /// The directory, as it is asked.
    pub(super) fn directory(&self) -> Directory {
        let pinned = self.pinned.as_deref().and_then(|text| text.parse().ok());
        let trust = match (&self.authority, pinned) {
            (Some(authority), _) => Trust::Authorities(authority.clone()),
            (None, Some(pinned)) => Trust::Pinned(pinned),
            (None, None) => Trust::First,
        };
        Directory {
            host: self.server.clone(),
            port: self.port,
            security: match self.security {
                SecurityWord::Ldaps => Security::Ldaps,
                SecurityWord::Starttls => Security::StartTls,
            },
            trust,
            base: self.base.clone(),
        }
    }

    /// Whether it is the same server, whose certificate is known by what it showed first.
    pub(super) fn is_same_server(&self, other: &Self) -> bool {
        fold(&self.server) == fold(&other.server) && self.port == other.port
    }
}

impl StoredDirectories {
    pub(super) async fn load(control: &dyn ControlStore) -> Result<Self, StoreError> {
        match control.setting(SETTING).await? {
            None => Ok(Self::default()),
            Some((_, text)) => serde_json::from_str(&text).map_err(|error| StoreError::Damaged {
                what: "directories".to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    pub(super) async fn save(&self, control: &dyn ControlStore) -> Result<(), StoreError> {
        let text = serde_json::to_string(self).map_err(|error| StoreError::Failed {
            attempt: "write directories as JSON",
            source: Box::new(error),
        })?;
        control.put_setting(SETTING, &text).await.map(drop)
    }

    pub(super) fn into_list(self) -> Vec<DirectorySettings> {
        self.directories
    }

    pub(super) fn named(&self, name: &str) -> Option<&DirectorySettings> {
        let name = fold(name);
        self.directories.iter().find(|it| fold(&it.name) == name)
    }

    pub(super) fn named_mut(&mut self, name: &str) -> Option<&mut DirectorySettings> {
        let name = fold(name);
        let mut all = self.directories.iter_mut();
        all.find(|it| fold(&it.name) == name)
    }

    /// Keeps a directory, in place of one of that name.
    pub(super) fn put(&mut self, settings: DirectorySettings) {
        self.remove(&settings.name);
        self.directories.push(settings);
        self.directories.sort_by_cached_key(|it| fold(&it.name));
    }

    /// Forgets a directory. Whether there was one.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.directories.len();
        let name = fold(name);
        self.directories.retain(|it| fold(&it.name) != name);
        self.directories.len() < before
    }
}

const SETTING: &str = "directories";
