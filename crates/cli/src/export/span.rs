//! Stretches of time.

use std::time::Duration;

use eidetic_model::Timestamp;

/// From one point of time to another, which is not before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The beginning.
    pub from: Timestamp,
    /// The end.
    pub until: Timestamp,
}

impl Span {
    /// How long it is.
    pub fn length(self) -> Duration {
        self.until.saturating_since(self.from)
    }

    /// What both have in common, if that is more than a moment.
    pub fn common(self, other: Self) -> Option<Self> {
        let common = Self {
            from: self.from.max(other.from),
            until: self.until.min(other.until),
        };
        (common.from < common.until).then_some(common)
    }
}
