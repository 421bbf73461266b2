//! How much of a wait is left.

use std::time::{Duration, Instant};

/// A moment to wait until. Knows the monotonic clock only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The moment `wait` from now; never, if that is too far away to be told.
    #[expect(
        clippy::disallowed_methods,
        reason = "a wait for the operating system is measured by its clock, not by a simulated one"
    )]
    pub(crate) fn after(wait: Duration) -> Self {
        Self(Instant::now().checked_add(wait))
    }

    /// The earlier of two moments.
    pub(crate) fn or_earlier(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(another)) => Self(Some(one.min(another))),
            (one, another) => Self(one.or(another)),
        }
    }

    /// Whether the moment has come.
    pub(crate) fn is_over(self) -> bool {
        self.left() == Some(Duration::ZERO)
    }

    /// The time until then; `None` if it never comes.
    #[expect(
        clippy::disallowed_methods,
        reason = "a wait for the operating system is measured by its clock, not by a simulated one"
    )]
    pub(crate) fn left(self) -> Option<Duration> {
        self.0
            .map(|moment| moment.saturating_duration_since(Instant::now()))
    }
}

/// Measures how long something has lasted.
#[cfg(windows)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since(Instant);

#[cfg(windows)]
impl Since {
    /// From now on.
    #[expect(
        clippy::disallowed_methods,
        reason = "a wait for the operating system is measured by its clock, not by a simulated one"
    )]
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    /// How long it has lasted.
    pub(crate) fn lasted(self) -> Duration {
        self.0.elapsed()
    }
}
