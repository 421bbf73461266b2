//! Until when a search may go on.

use std::time::Duration;

use eidetic_model::Clock;

/// Until when a search may go on.
pub(super) struct Deadline<'c>(Option<(&'c dyn Clock, Duration)>);

impl<'c> Deadline<'c> {
    /// After this much more time.
    pub fn after(clock: &'c dyn Clock, time: Duration) -> Self {
        Self(Some((clock, clock.monotonic().saturating_add(time))))
    }

    /// Never.
    pub const fn never() -> Self {
        Self(None)
    }

    /// Whether it is over.
    pub fn is_passed(&self) -> bool {
        self.0.is_some_and(|(clock, end)| clock.monotonic() >= end)
    }
}
