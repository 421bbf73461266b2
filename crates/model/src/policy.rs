//! What an agent is asked to do. A [`Policy`] that exists is valid.

use std::time::Duration;

use crate::{
    ApplicationSelection, Notification, NotificationProblem, Prerequisites, RuleProblem,
    UserSelection,
};

/// What an agent records, and what it may cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// INVARIANT: every value is within the range that [`Policy::new`] states.
    parts: PolicyParts,
}

/// The values of a policy, which may still be out of range. The default is a good policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyParts {
    /// What of a session is recorded.
    pub recording: Recording,
    /// What users are told when the recording of their session begins, if anything.
    pub notification: Option<Notification>,
    /// Whose sessions are recorded.
    pub users: UserSelection,
    /// In front of which windows the screen is recorded.
    pub applications: ApplicationSelection,
    /// When the recording of the screen stops.
    pub limits: ScreenLimits,
    /// What of the screen may be lost for the sake of size.
    pub quality: Quality,
    /// Whether the screen is recorded in shades of grey.
    pub grayscale: bool,
    /// The ceiling for frames a second, 1 to 30.
    pub max_frames_per_second: u8,
    /// The ceiling for a recorder's processor time, in percent of one core, 1 to 100.
    pub max_cpu_percent: u8,
    /// How long without input counts as idle: 10 seconds to a day, in whole seconds.
    pub idle_after: Duration,
    /// How many title changes of one window in a second become records of their own, 1 to 100;
    /// the rest are counted in the next record.
    pub max_titles_per_second: u16,
    /// The spool's limits.
    pub spool: SpoolLimits,
    /// What is done about prerequisites that are unmet.
    pub prerequisites: Prerequisites,
}

/// What of a session is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recording {
    /// Nothing: the session is not monitored.
    Off,
    /// Activity records only.
    MetadataOnly,
    /// Activity records and the screen.
    Screen,
}

/// When the recording of a session's screen stops. Activity records go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenLimits {
    /// So long after the session's recording began: whole minutes, up to a week.
    pub stop_after: Option<Duration>,
    /// After so long without input, until there is input again: whole minutes, up to a day.
    pub stop_when_idle_for: Option<Duration>,
    /// While the monitored computer's disk has fewer free bytes; 0 for never.
    pub stop_below_free_bytes: u64,
}

/// The ladder between quality and size, from the largest recordings to the smallest. Text is
/// legible at every step; what gets smaller is film and photographs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Nothing is lost: every frame comes back pixel by pixel, whatever it takes.
    Lossless,
    /// Everything exactly, except film and photographs while they move.
    #[default]
    High,
    /// The same, with film and photographs at a smaller rate.
    Medium,
    /// Film and photographs at the smallest rate, and never exactly.
    Low,
}

/// How much of the monitored computer's disk the spool may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpoolLimits {
    /// The spool never grows over this many bytes.
    pub max_bytes: u64,
    /// The spool takes nothing more once the disk has fewer free bytes than this.
    pub min_free_bytes: u64,
}

/// A value that a policy cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Frames a second out of range.
    #[error("max_frames_per_second is {0}, must be between 1 and 30")]
    FramesPerSecond(u8),
    /// The share of a core out of range.
    #[error("max_cpu_percent is {0}, must be between 1 and 100")]
    CpuPercent(u8),
    /// The idle time out of range.
    #[error("idle_after_secs is {0}, must be between 10 and 86400")]
    IdleAfterSecs(u64),
    /// Titles a second out of range.
    #[error("max_titles_per_second is {0}, must be between 1 and 100")]
    TitlesPerSecond(u16),
    /// The spool's size too small to work.
    #[error("spool_max_bytes is {0}, must be at least {min}", min = Policy::MIN_SPOOL_BYTES)]
    SpoolMaxBytes(u64),
    /// The recording would stop at once, or never within reason.
    #[error("stop_after_minutes is {0}, must be between 1 and 10080")]
    StopAfterMinutes(u64),
    /// The time without input is out of range.
    #[error("stop_when_idle_minutes is {0}, must be between 1 and 1440")]
    StopWhenIdleMinutes(u64),
    /// More free bytes than a disk has.
    #[error("stop_below_free_bytes is {0}, must be at most {max}", max = Policy::MAX_FREE_BYTES)]
    StopBelowFreeBytes(u64),
    /// The message to users.
    #[error("notify_text {0}")]
    NotifyText(NotificationProblem),
    /// The message would close before it is read, or stay for ever.
    #[error("notify_closes_after_secs is {0}, must be between 5 and 3600")]
    NotifyClosesAfterSecs(u64),
    /// A rule for users or applications.
    #[error("{list}: {problem}")]
    Rule {
        /// The list, such as `users.except`.
        list: &'static str,
        /// What is wrong.
        problem: RuleProblem,
    },
}

impl Policy {
    /// The smallest limit for the spool: less could not hold one segment and its records.
    pub const MIN_SPOOL_BYTES: u64 = 16 << 20;

    /// The most free bytes that can be asked for: every program that reads JSON knows the number.
    pub const MAX_FREE_BYTES: u64 = 1 << 53;

    /// A policy with these values.
    ///
    /// # Errors
    ///
    /// Names the first value that is out of range, and the range.
    pub fn new(parts: PolicyParts) -> Result<Self, PolicyError> {
        if !(1..=30).contains(&parts.max_frames_per_second) {
            return Err(PolicyError::FramesPerSecond(parts.max_frames_per_second));
        }
        if !(1..=100).contains(&parts.max_cpu_percent) {
            return Err(PolicyError::CpuPercent(parts.max_cpu_percent));
        }
        let idle_after_secs = parts.idle_after.as_secs();
        if !(10..=86_400).contains(&idle_after_secs) {
            return Err(PolicyError::IdleAfterSecs(idle_after_secs));
        }
        if !(1..=100).contains(&parts.max_titles_per_second) {
            return Err(PolicyError::TitlesPerSecond(parts.max_titles_per_second));
        }
        if parts.spool.max_bytes < Self::MIN_SPOOL_BYTES {
            return Err(PolicyError::SpoolMaxBytes(parts.spool.max_bytes));
        }
        let limits = parts.limits.checked()?;
        let rule = |(list, problem)| PolicyError::Rule { list, problem };
        parts.users.check().map_err(rule)?;
        parts.applications.check().map_err(rule)?;
        Ok(Self {
            parts: PolicyParts {
                idle_after: Duration::from_secs(idle_after_secs),
                limits,
                ..parts
            },
        })
    }

    /// All values, for a policy that differs in some of them.
    pub fn parts(&self) -> PolicyParts {
        self.parts.clone()
    }

    /// What of a session is recorded.
    pub const fn recording(&self) -> Recording {
        self.parts.recording
    }

    /// What users are told when the recording of their session begins, if anything.
    pub const fn notification(&self) -> Option<&Notification> {
        self.parts.notification.as_ref()
    }

    /// Whose sessions are recorded.
    pub const fn users(&self) -> &UserSelection {
        &self.parts.users
    }

    /// In front of which windows the screen is recorded.
    pub const fn applications(&self) -> &ApplicationSelection {
        &self.parts.applications
    }

    /// When the recording of the screen stops.
    pub const fn limits(&self) -> ScreenLimits {
        self.parts.limits
    }

    /// What of the screen may be lost for the sake of size.
    pub const fn quality(&self) -> Quality {
        self.parts.quality
    }

    /// Whether the screen is recorded in shades of grey.
    pub const fn grayscale(&self) -> bool {
        self.parts.grayscale
    }

    /// The ceiling for frames a second, 1 to 30.
    pub const fn max_frames_per_second(&self) -> u8 {
        self.parts.max_frames_per_second
    }

    /// The least time between two frames.
    pub fn min_frame_interval(&self) -> Duration {
        Duration::from_secs(1) / u32::from(self.parts.max_frames_per_second)
    }

    /// The ceiling for a recorder's processor time, in percent of one core, 1 to 100.
    pub const fn max_cpu_percent(&self) -> u8 {
        self.parts.max_cpu_percent
    }

    /// How long without input counts as idle. Whole seconds.
    pub const fn idle_after(&self) -> Duration {
        self.parts.idle_after
    }

    /// How many title changes of one window in a second become records of their own, 1 to 100.
    pub const fn max_titles_per_second(&self) -> u16 {
        self.parts.max_titles_per_second
    }

    /// What is done about prerequisites that are unmet.
    pub const fn prerequisites(&self) -> Prerequisites {
        self.parts.prerequisites
    }

    /// The spool's limits.
    pub const fn spool(&self) -> SpoolLimits {
        self.parts.spool
    }
}

impl ScreenLimits {
    fn checked(self) -> Result<Self, PolicyError> {
        let stop_after = whole_minutes(self.stop_after, 7 * 24 * 60);
        let stop_when_idle_for = whole_minutes(self.stop_when_idle_for, 24 * 60);
        if self.stop_below_free_bytes > Policy::MAX_FREE_BYTES {
            return Err(PolicyError::StopBelowFreeBytes(self.stop_below_free_bytes));
        }
        Ok(Self {
            stop_after: stop_after.map_err(PolicyError::StopAfterMinutes)?,
            stop_when_idle_for: stop_when_idle_for.map_err(PolicyError::StopWhenIdleMinutes)?,
            stop_below_free_bytes: self.stop_below_free_bytes,
        })
    }
}

impl From<Result<NotificationProblem, u64>> for PolicyError {
    fn from(problem: Result<NotificationProblem, u64>) -> Self {
        match problem {
            Ok(problem) => Self::NotifyText(problem),
            Err(secs) => Self::NotifyClosesAfterSecs(secs),
        }
    }
}

/// The time in whole minutes; how many they are if that is out of range.
fn whole_minutes(time: Option<Duration>, most: u64) -> Result<Option<Duration>, u64> {
    let Some(time) = time else {
        return Ok(None);
    };
    let minutes = time.as_secs() / 60;
    if (1..=most).contains(&minutes) {
        Ok(Some(Duration::from_secs(minutes * 60)))
    } else {
        Err(minutes)
    }
}

impl Default for PolicyParts {
    fn default() -> Self {
        Self {
            recording: Recording::Screen,
            notification: None,
            users: UserSelection::default(),
            applications: ApplicationSelection::default(),
            limits: ScreenLimits::default(),
            quality: Quality::default(),
            grayscale: false,
            max_frames_per_second: 4,
            max_cpu_percent: 5,
            idle_after: Duration::from_secs(300),
            max_titles_per_second: 4,
            spool: SpoolLimits {
                max_bytes: 2 << 30,
                min_free_bytes: 1 << 30,
            },
            prerequisites: Prerequisites::default(),
        }
    }
}

impl Quality {
    /// Every step, from the largest recordings to the smallest.
    pub const ALL: [Self; 4] = [Self::Lossless, Self::High, Self::Medium, Self::Low];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lossless => "lossless",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ApplicationRule, Selected, ShownPart, UserRule};

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        let good = PolicyParts::default;
        let spool = |max_bytes| SpoolLimits {
            max_bytes,
            min_free_bytes: 0,
        };
        let secs = Duration::from_secs;
        let stop_after = |after| ScreenLimits {
            stop_after: Some(secs(after)),
            ..ScreenLimits::default()
        };
        let idle = |after| ScreenLimits {
            stop_when_idle_for: Some(secs(after)),
            ..ScreenLimits::default()
        };
        let free = |stop_below_free_bytes| ScreenLimits {
            stop_below_free_bytes,
            ..ScreenLimits::default()
        };
        #[rustfmt::skip]
        let cases = [
            (PolicyParts { max_frames_per_second: 0, ..good() }, "max_frames_per_second is 0"),
            (PolicyParts { max_frames_per_second: 31, ..good() }, "max_frames_per_second is 31"),
            (PolicyParts { max_cpu_percent: 0, ..good() }, "max_cpu_percent is 0"),
            (PolicyParts { max_cpu_percent: 101, ..good() }, "max_cpu_percent is 101"),
            (PolicyParts { idle_after: secs(9), ..good() }, "idle_after_secs is 9"),
            (PolicyParts { idle_after: secs(86_401), ..good() }, "idle_after_secs is 86401"),
            (PolicyParts { max_titles_per_second: 0, ..good() }, "max_titles_per_second is 0"),
            (PolicyParts { max_titles_per_second: 101, ..good() }, "max_titles_per_second is 101"),
            (PolicyParts { spool: spool(1), ..good() }, "spool_max_bytes is 1"),
            (PolicyParts { limits: stop_after(59), ..good() }, "stop_after_minutes is 0"),
            (PolicyParts { limits: stop_after(10_081 * 60), ..good() }, "stop_after_minutes is 10081"),
            (PolicyParts { limits: idle(1_441 * 60), ..good() }, "stop_when_idle_minutes is 1441"),
            (PolicyParts { limits: free(u64::MAX), ..good() }, "stop_below_free_bytes is 1844"),
        ];
        for (parts, words) in cases {
            let message = Policy::new(parts).unwrap_err().to_string();
            assert!(message.starts_with(words), "{message}");
            assert!(message.contains(", must be "), "{message}");
        }
    }

    #[test]
    fn the_default_is_a_policy_that_could_be_made() {
        assert_eq!(Policy::new(PolicyParts::default()), Ok(Policy::default()));
    }

    #[test]
    fn every_value_is_kept_as_it_was_given() {
        let parts = PolicyParts {
            recording: Recording::MetadataOnly,
            notification: Notification::new("Recorded.", Duration::from_secs(5)).ok(),
            users: UserSelection {
                who: Selected::Listed(vec![UserRule::User("CORP\\*".into())]),
                except: vec![UserRule::Group("admins".into())],
            },
            applications: ApplicationSelection {
                which: Selected::All,
                except: vec![ApplicationRule {
                    title: "*bank*".into(),
                    description: String::new(),
                }],
                shown: ShownPart::ListedWindows,
            },
            limits: ScreenLimits {
                stop_after: Some(Duration::from_secs(60)),
                stop_when_idle_for: Some(Duration::from_secs(24 * 60 * 60)),
                stop_below_free_bytes: 1 << 30,
            },
            quality: Quality::Low,
            grayscale: true,
            max_frames_per_second: 30,
            max_cpu_percent: 100,
            idle_after: Duration::from_secs(10),
            max_titles_per_second: 100,
            spool: SpoolLimits {
                max_bytes: Policy::MIN_SPOOL_BYTES,
                min_free_bytes: 0,
            },
            prerequisites: Prerequisites::Mend,
        };
        let policy = Policy::new(parts.clone()).unwrap();
        assert_eq!(policy.parts(), parts);
        assert_eq!(policy.min_frame_interval(), Duration::from_secs(1) / 30);
    }
}
