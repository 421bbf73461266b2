//! The last policy from the server, so that a start without the server follows it too.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use eidetic_model::{Policy, Recording, SpoolLimits};
use serde::{Deserialize, Serialize};

use crate::state_folder::replace_file;

/// The policy and its revision; `None` if none was ever received.
pub(crate) fn read(path: &Path) -> anyhow::Result<Option<(u64, Policy)>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("failed to read the last policy"),
    };
    let file: PolicyFile = toml::from_str(&text).context("failed to parse policy.toml")?;
    let policy = Policy::new(
        if file.record_screen {
            Recording::Screen
        } else {
            Recording::MetadataOnly
        },
        file.max_frames_per_second,
        Duration::from_secs(file.idle_after_secs),
        file.max_titles_per_second,
        SpoolLimits {
            max_bytes: file.spool_max_bytes,
            min_free_bytes: file.spool_min_free_bytes,
        },
    )?;
    Ok(Some((file.revision, policy)))
}

/// Keeps the policy.
pub(crate) fn write(path: &Path, revision: u64, policy: &Policy) -> anyhow::Result<()> {
    let file = PolicyFile {
        revision,
        record_screen: policy.recording() == Recording::Screen,
        max_frames_per_second: policy.max_frames_per_second(),
        idle_after_secs: policy.idle_after().as_secs(),
        max_titles_per_second: policy.max_titles_per_second(),
        spool_max_bytes: policy.spool().max_bytes,
        spool_min_free_bytes: policy.spool().min_free_bytes,
    };
    replace_file(path, toml::to_string(&file)?.as_bytes())?;
    Ok(())
}

#[derive(Serialize, Deserialize)]
struct PolicyFile {
    revision: u64,
    record_screen: bool,
    max_frames_per_second: u8,
    idle_after_secs: u64,
    max_titles_per_second: u16,
    spool_max_bytes: u64,
    spool_min_free_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, 7, &Policy::default()).unwrap();
        assert_eq!(read(&path).unwrap(), Some((7, Policy::default())));
        std::fs::write(&path, "revision = \"many\"").unwrap();
        assert!(read(&path).is_err());
    }
}
