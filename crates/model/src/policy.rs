//! What an agent is asked to do. A [`Policy`] that exists is valid.

use std::time::Duration;

/// What an agent records, and what it may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    recording: Recording,
    max_frames_per_second: u8,
    idle_after: Duration,
    max_titles_per_second: u16,
    spool: SpoolLimits,
}

/// Whether the screen is recorded beside the activity records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recording {
    /// Activity records only.
    MetadataOnly,
    /// Activity records and the screen, losslessly.
    Screen,
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
    /// The idle time out of range.
    #[error("idle_after_secs is {0}, must be between 10 and 86400")]
    IdleAfterSecs(u64),
    /// Titles a second out of range.
    #[error("max_titles_per_second is {0}, must be between 1 and 100")]
    TitlesPerSecond(u16),
    /// The spool's size too small to work.
    #[error("spool_max_bytes is {0}, must be at least {min}", min = Policy::MIN_SPOOL_BYTES)]
    SpoolMaxBytes(u64),
}

impl Policy {
    /// The smallest limit for the spool: less could not hold one segment and its records.
    pub const MIN_SPOOL_BYTES: u64 = 16 << 20;

    /// A policy with these values.
    ///
    /// `idle_after` is how long without input counts as idle, in whole seconds; at most
    /// `max_titles_per_second` title changes of one window become records, the rest are counted
    /// in the next record.
    ///
    /// # Errors
    ///
    /// Names the value that is out of range, and the range.
    pub fn new(
        recording: Recording,
        max_frames_per_second: u8,
        idle_after: Duration,
        max_titles_per_second: u16,
        spool: SpoolLimits,
    ) -> Result<Self, PolicyError> {
        if !(1..=30).contains(&max_frames_per_second) {
            return Err(PolicyError::FramesPerSecond(max_frames_per_second));
        }
        if !(10..=86_400).contains(&idle_after.as_secs()) {
            return Err(PolicyError::IdleAfterSecs(idle_after.as_secs()));
        }
        if !(1..=100).contains(&max_titles_per_second) {
            return Err(PolicyError::TitlesPerSecond(max_titles_per_second));
        }
        if spool.max_bytes < Self::MIN_SPOOL_BYTES {
            return Err(PolicyError::SpoolMaxBytes(spool.max_bytes));
        }
        Ok(Self {
            recording,
            max_frames_per_second,
            idle_after: Duration::from_secs(idle_after.as_secs()),
            max_titles_per_second,
            spool,
        })
    }

    /// Whether the screen is recorded.
    pub const fn recording(&self) -> Recording {
        self.recording
    }

    /// The ceiling for frames a second, 1 to 30.
    pub const fn max_frames_per_second(&self) -> u8 {
        self.max_frames_per_second
    }

    /// The least time between two frames.
    pub fn min_frame_interval(&self) -> Duration {
        Duration::from_secs(1) / u32::from(self.max_frames_per_second)
    }

    /// How long without input counts as idle. Whole seconds.
    pub const fn idle_after(&self) -> Duration {
        self.idle_after
    }

    /// How many title changes of one window in a second become records of their own, 1 to 100.
    pub const fn max_titles_per_second(&self) -> u16 {
        self.max_titles_per_second
    }

    /// The spool's limits.
    pub const fn spool(&self) -> SpoolLimits {
        self.spool
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            recording: Recording::Screen,
            max_frames_per_second: 4,
            idle_after: Duration::from_secs(300),
            max_titles_per_second: 4,
            spool: SpoolLimits {
                max_bytes: 2 << 30,
                min_free_bytes: 1 << 30,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(
        frames: u8,
        idle_secs: u64,
        titles: u16,
        max_bytes: u64,
    ) -> Result<Policy, PolicyError> {
        Policy::new(
            Recording::Screen,
            frames,
            Duration::from_secs(idle_secs),
            titles,
            SpoolLimits {
                max_bytes,
                min_free_bytes: 0,
            },
        )
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        assert!(with(4, 300, 4, 1 << 30).is_ok());
        for (result, word) in [
            (with(0, 300, 4, 1 << 30), "max_frames_per_second"),
            (with(31, 300, 4, 1 << 30), "max_frames_per_second"),
            (with(4, 9, 4, 1 << 30), "idle_after_secs"),
            (with(4, 300, 0, 1 << 30), "max_titles_per_second"),
            (with(4, 300, 4, 1), "spool_max_bytes"),
        ] {
            assert!(result.unwrap_err().to_string().starts_with(word));
        }
    }

    #[test]
    fn the_default_is_a_policy_that_could_be_made() {
        let default = Policy::default();
        let made = Policy::new(
            default.recording(),
            default.max_frames_per_second(),
            default.idle_after(),
            default.max_titles_per_second(),
            default.spool(),
        );
        assert_eq!(made, Ok(default));
    }
}
