//! The policy as an administrator writes it, and as agents follow it.

use std::time::Duration;

use eidetic_model::{Policy, PolicyError, Recording, SpoolLimits};
use eidetic_store::{StoreError, control::ControlStore};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A policy with its number, which counts up with each change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRevision {
    /// 0 for the built-in policy.
    pub revision: u64,
    /// The policy.
    pub policy: Policy,
}

/// The policy as it is written. What is left out has its default; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PolicyDocument {
    /// Whether the screen is recorded; activity records always are.
    pub record_screen: bool,
    /// The ceiling for frames a second, 1 to 30.
    pub max_frames_per_second: u8,
    /// How many seconds without input count as idle, 10 to 86400.
    pub idle_after_secs: u64,
    /// How many title changes of one window in a second become records of their own, 1 to 100.
    pub max_titles_per_second: u16,
    /// The most bytes that an agent keeps while the server cannot be reached.
    pub spool_max_bytes: u64,
    /// An agent keeps nothing more once its disk has fewer free bytes than this.
    pub spool_min_free_bytes: u64,
}

impl Default for PolicyDocument {
    fn default() -> Self {
        Self::from(&Policy::default())
    }
}

impl From<&Policy> for PolicyDocument {
    fn from(policy: &Policy) -> Self {
        Self {
            record_screen: policy.recording() == Recording::Screen,
            max_frames_per_second: policy.max_frames_per_second(),
            idle_after_secs: policy.idle_after().as_secs(),
            max_titles_per_second: policy.max_titles_per_second(),
            spool_max_bytes: policy.spool().max_bytes,
            spool_min_free_bytes: policy.spool().min_free_bytes,
        }
    }
}

impl TryFrom<&PolicyDocument> for Policy {
    type Error = PolicyError;

    fn try_from(document: &PolicyDocument) -> Result<Self, PolicyError> {
        let recording = if document.record_screen {
            Recording::Screen
        } else {
            Recording::MetadataOnly
        };
        Self::new(
            recording,
            document.max_frames_per_second,
            Duration::from_secs(document.idle_after_secs),
            document.max_titles_per_second,
            SpoolLimits {
                max_bytes: document.spool_max_bytes,
                min_free_bytes: document.spool_min_free_bytes,
            },
        )
    }
}

/// The policy that was stored last, or the built-in one.
///
/// # Errors
///
/// If the store fails, or holds a policy that this server does not understand.
pub async fn load(control: &dyn ControlStore) -> Result<PolicyRevision, StoreError> {
    let Some((revision, text)) = control.setting(SETTING).await? else {
        return Ok(PolicyRevision::default());
    };
    let damaged = |reason: String| StoreError::Damaged {
        what: "policy".to_owned(),
        reason,
    };
    let document: PolicyDocument =
        serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
    let policy = Policy::try_from(&document).map_err(|error| damaged(error.to_string()))?;
    Ok(PolicyRevision { revision, policy })
}

/// Stores a policy and gives its revision.
///
/// # Errors
///
/// If the store fails.
pub async fn save(
    control: &dyn ControlStore,
    policy: Policy,
) -> Result<PolicyRevision, StoreError> {
    let text = serde_json::to_string(&PolicyDocument::from(&policy)).map_err(|error| {
        StoreError::Failed {
            attempt: "write the policy as JSON",
            source: Box::new(error),
        }
    })?;
    let revision = control.put_setting(SETTING, &text).await?;
    Ok(PolicyRevision { revision, policy })
}

const SETTING: &str = "policy";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_has_its_default_and_unknown_keys_are_refused() {
        let document: PolicyDocument = serde_json::from_str(r#"{"idle_after_secs": 60}"#).unwrap();
        let policy = Policy::try_from(&document).unwrap();
        assert_eq!(policy.idle_after(), Duration::from_secs(60));
        assert_eq!(policy.max_frames_per_second(), 4);

        let error = serde_json::from_str::<PolicyDocument>(r#"{"idle": 60}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `idle`"));
    }
}
