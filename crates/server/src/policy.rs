//! The policy as an administrator writes it, and as agents follow it.

use std::time::Duration;

use eidetic_model::{Policy, PolicyError, PolicyParts, Quality, Recording, SpoolLimits};
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
    /// What of the screen may be lost for the sake of size.
    pub quality: QualityStep,
    /// Whether the screen is recorded in shades of grey.
    pub grayscale: bool,
    /// The ceiling for frames a second, 1 to 30.
    #[schema(minimum = 1, maximum = 30)]
    pub max_frames_per_second: u8,
    /// The ceiling for the processor time of a session's recorder, in percent of one core, 1 to
    /// 100. Over it, the recorder lowers the frame rate, down to a frame each two seconds.
    #[schema(minimum = 1, maximum = 100)]
    pub max_cpu_percent: u8,
    /// How many seconds without input count as idle, 10 to 86400.
    #[schema(minimum = 10, maximum = 86_400)]
    pub idle_after_secs: u64,
    /// How many title changes of one window in a second become records of their own, 1 to 100.
    #[schema(minimum = 1, maximum = 100)]
    pub max_titles_per_second: u16,
    /// The most bytes that an agent keeps while the server cannot be reached.
    #[schema(minimum = 16_777_216)]
    pub spool_max_bytes: u64,
    /// An agent keeps nothing more once its disk has fewer free bytes than this.
    pub spool_min_free_bytes: u64,
}

/// The ladder between quality and size, from the largest recordings to the smallest. Text is
/// legible at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QualityStep {
    /// Nothing is lost: every frame comes back pixel by pixel, whatever it takes.
    Lossless,
    /// Text, lines and areas exactly. Film and photographs that move are kept at a bounded rate
    /// and become exact once they stand still for a second. The default.
    High,
    /// As `high`, with film and photographs at a smaller rate.
    Medium,
    /// Film and photographs at the smallest rate; they never become exact.
    Low,
}

impl From<Quality> for QualityStep {
    fn from(quality: Quality) -> Self {
        match quality {
            Quality::Lossless => Self::Lossless,
            Quality::High => Self::High,
            Quality::Medium => Self::Medium,
            Quality::Low => Self::Low,
        }
    }
}

impl From<QualityStep> for Quality {
    fn from(step: QualityStep) -> Self {
        match step {
            QualityStep::Lossless => Self::Lossless,
            QualityStep::High => Self::High,
            QualityStep::Medium => Self::Medium,
            QualityStep::Low => Self::Low,
        }
    }
}

impl PolicyDocument {
    /// What is different in `other`, for a person: each value's name, and its value there.
    pub fn changes_in(&self, other: &Self) -> String {
        let (before, after) = (self.values(), other.values());
        let changed = before.iter().zip(&after).filter(|(old, new)| old != new);
        let words = changed.map(|((name, old), (_, new))| format!("{name} {old} to {new}"));
        words.collect::<Vec<_>>().join(", ")
    }

    fn values(&self) -> [(&'static str, String); 9] {
        // Taken apart, so that a value that is new fails to compile here.
        let Self {
            record_screen,
            quality,
            grayscale,
            max_frames_per_second,
            max_cpu_percent,
            idle_after_secs,
            max_titles_per_second,
            spool_max_bytes,
            spool_min_free_bytes,
        } = self;
        [
            ("record_screen", record_screen.to_string()),
            ("quality", Quality::from(*quality).as_str().to_owned()),
            ("grayscale", grayscale.to_string()),
            ("max_frames_per_second", max_frames_per_second.to_string()),
            ("max_cpu_percent", max_cpu_percent.to_string()),
            ("idle_after_secs", idle_after_secs.to_string()),
            ("max_titles_per_second", max_titles_per_second.to_string()),
            ("spool_max_bytes", spool_max_bytes.to_string()),
            ("spool_min_free_bytes", spool_min_free_bytes.to_string()),
        ]
    }
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
            quality: policy.quality().into(),
            grayscale: policy.grayscale(),
            max_cpu_percent: policy.max_cpu_percent(),
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
        Self::new(PolicyParts {
            recording: if document.record_screen {
                Recording::Screen
            } else {
                Recording::MetadataOnly
            },
            quality: document.quality.into(),
            grayscale: document.grayscale,
            max_frames_per_second: document.max_frames_per_second,
            max_cpu_percent: document.max_cpu_percent,
            idle_after: Duration::from_secs(document.idle_after_secs),
            max_titles_per_second: document.max_titles_per_second,
            spool: SpoolLimits {
                max_bytes: document.spool_max_bytes,
                min_free_bytes: document.spool_min_free_bytes,
            },
        })
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

    #[test]
    fn what_was_stored_before_there_was_quality_means_the_defaults() {
        let stored = r#"{"record_screen": true, "max_frames_per_second": 4,
            "idle_after_secs": 300, "max_titles_per_second": 4,
            "spool_max_bytes": 2147483648, "spool_min_free_bytes": 1073741824}"#;
        let document: PolicyDocument = serde_json::from_str(stored).unwrap();
        assert_eq!(Policy::try_from(&document), Ok(Policy::default()));
    }

    #[test]
    fn every_step_of_the_ladder_is_written_by_its_word_and_comes_back() {
        for quality in Quality::ALL {
            let step = QualityStep::from(quality);
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(text, format!("\"{}\"", quality.as_str()));
            let read: QualityStep = serde_json::from_str(&text).unwrap();
            assert_eq!(Quality::from(read), quality);
        }
    }

    #[test]
    fn changes_are_named_with_what_was_and_what_is() {
        let before = PolicyDocument::default();
        let after = PolicyDocument {
            quality: QualityStep::Low,
            max_cpu_percent: 20,
            ..before.clone()
        };
        let words = "quality high to low, max_cpu_percent 5 to 20";
        assert_eq!(before.changes_in(&after), words);
        assert_eq!(before.changes_in(&before), "");
    }
}
