//! Tells when nobody is there.

use std::time::Duration;

use super::session_clock::Now;
use eidetic_model::Timestamp;

/// Follows how long nobody has touched the computer, asking as rarely as the answer allows:
/// while somebody is there, not before the policy's time could have passed.
#[derive(Debug)]
pub(crate) struct IdleTracker {
    idle_after: Duration,
    state: State,
    ask_at: Duration,
}

/// Nobody has been there for the policy's time, or somebody is there again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputChange {
    /// The last input was at this time.
    Stopped {
        /// The last input.
        from: Timestamp,
    },
    /// There was input again.
    Resumed {
        /// The first input known.
        until: Timestamp,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not asked yet.
    Unknown,
    Active,
    Idle,
}

impl IdleTracker {
    /// Counts as idle after this time.
    pub(crate) fn new(idle_after: Duration) -> Self {
        Self {
            idle_after,
            state: State::Unknown,
            ask_at: Duration::ZERO,
        }
    }

    /// From now on counts as idle after this time.
    pub(crate) fn set_idle_after(&mut self, idle_after: Duration) {
        self.idle_after = idle_after;
        self.ask_at = Duration::ZERO;
    }

    /// When to call [`Self::observed`] with the time since the last input.
    pub(crate) fn ask_at(&self) -> Duration {
        self.ask_at
    }

    /// Whether nobody is there, as far as is known.
    pub(crate) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// Takes in that the last input was `idle` ago. The first call always gives a change, unless
    /// nobody is there for less than the policy's time and `Unknown` turns into active silently
    /// on the other side as well.
    pub(crate) fn observed(&mut self, now: Now, idle: Duration) -> Option<InputChange> {
        let last_input = now.time.saturating_sub(idle);
        if idle >= self.idle_after {
            self.ask_at = now.monotonic + ASK_WHILE_IDLE;
            let before = std::mem::replace(&mut self.state, State::Idle);
            return (before != State::Idle).then_some(InputChange::Stopped { from: last_input });
        }
        self.ask_at = now.monotonic + self.idle_after.saturating_sub(idle);
        let before = std::mem::replace(&mut self.state, State::Active);
        (before != State::Active).then_some(InputChange::Resumed { until: last_input })
    }
}

/// How often to ask whether somebody came back: the precision with which the end of an idle
/// stretch is known when nothing on the screen tells of it.
const ASK_WHILE_IDLE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn now(secs: u64) -> Now {
        Now {
            time: Timestamp::default().saturating_add(Duration::from_secs(secs)),
            monotonic: Duration::from_secs(secs),
        }
    }

    #[test]
    fn idle_begins_at_the_last_input_and_ends_at_the_next() {
        let mut tracker = IdleTracker::new(Duration::from_secs(60));
        let first = tracker.observed(now(0), Duration::from_secs(10));
        assert!(matches!(first, Some(InputChange::Resumed { .. })));
        assert_eq!(tracker.ask_at(), Duration::from_secs(50));
        assert_eq!(tracker.observed(now(50), Duration::from_secs(30)), None);
        assert_eq!(tracker.ask_at(), Duration::from_secs(80));
        assert_eq!(
            tracker.observed(now(80), Duration::from_secs(60)),
            Some(InputChange::Stopped { from: now(20).time })
        );
        assert!(tracker.is_idle());
        assert_eq!(tracker.observed(now(85), Duration::from_secs(65)), None);
        assert_eq!(
            tracker.observed(now(90), Duration::from_secs(2)),
            Some(InputChange::Resumed {
                until: now(88).time
            })
        );
    }

    #[test]
    fn a_session_in_which_nobody_is_from_the_start_is_idle_at_once() {
        let mut tracker = IdleTracker::new(Duration::from_secs(60));
        assert_eq!(
            tracker.observed(now(1_000), Duration::from_secs(500)),
            Some(InputChange::Stopped {
                from: now(500).time
            })
        );
    }
}
