//! The last policy from the server, so that a start without the server follows it too.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use eidetic_model::{Policy, PolicyParts, Quality, Recording, SpoolLimits};
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
    let default = PolicyParts::default();
    let policy = Policy::new(PolicyParts {
        recording: if file.record_screen {
            Recording::Screen
        } else {
            Recording::MetadataOnly
        },
        quality: match file.quality {
            None => default.quality,
            Some(word) => Quality::ALL
                .into_iter()
                .find(|quality| quality.as_str() == word)
                .with_context(|| format!("unknown quality {word:?}"))?,
        },
        grayscale: file.grayscale.unwrap_or(default.grayscale),
        max_frames_per_second: file.max_frames_per_second,
        max_cpu_percent: file.max_cpu_percent.unwrap_or(default.max_cpu_percent),
        idle_after: Duration::from_secs(file.idle_after_secs),
        max_titles_per_second: file.max_titles_per_second,
        spool: SpoolLimits {
            max_bytes: file.spool_max_bytes,
            min_free_bytes: file.spool_min_free_bytes,
        },
    })?;
    Ok(Some((file.revision, policy)))
}

/// Keeps the policy.
pub(crate) fn write(path: &Path, revision: u64, policy: &Policy) -> anyhow::Result<()> {
    let file = PolicyFile {
        revision,
        record_screen: policy.recording() == Recording::Screen,
        quality: Some(policy.quality().as_str().to_owned()),
        grayscale: Some(policy.grayscale()),
        max_cpu_percent: Some(policy.max_cpu_percent()),
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
    /// These three are missing in files of older agents.
    quality: Option<String>,
    grayscale: Option<bool>,
    max_cpu_percent: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        assert_eq!(read(&path).unwrap(), None);
        let policy = Policy::new(PolicyParts {
            quality: Quality::Medium,
            grayscale: true,
            max_cpu_percent: 40,
            ..PolicyParts::default()
        })
        .unwrap();
        write(&path, 7, &policy).unwrap();
        assert_eq!(read(&path).unwrap(), Some((7, policy)));
        std::fs::write(&path, "revision = \"many\"").unwrap();
        assert!(read(&path).is_err());
    }

    #[test]
    fn a_file_of_an_older_agent_means_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.toml");
        let old = "revision = 7\nrecord_screen = true\nmax_frames_per_second = 4\n\
            idle_after_secs = 300\nmax_titles_per_second = 4\n\
            spool_max_bytes = 2147483648\nspool_min_free_bytes = 1073741824\n";
        std::fs::write(&path, old).unwrap();
        assert_eq!(read(&path).unwrap(), Some((7, Policy::default())));
    }
}
