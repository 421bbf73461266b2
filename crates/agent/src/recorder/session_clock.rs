//! The time that a recording is told in.

use std::time::Duration;

use eidetic_model::{Clock, Timestamp};

/// Wall-clock time that goes on evenly: taken from the wall clock once, then counted by the
/// monotonic one. A wall clock that is moved is noticed instead of followed, so that within a
/// segment time never goes back or leaps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionClock {
    wall: Timestamp,
    monotonic: Duration,
}

/// The wall clock was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockJump {
    /// What the clock would have said.
    pub(crate) from: Timestamp,
    /// What it says.
    pub(crate) to: Timestamp,
}

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// The recording's time.
    pub(crate) time: Timestamp,
    /// For measuring durations.
    pub(crate) monotonic: Duration,
}

impl SessionClock {
    /// A clock that says what the wall clock says.
    pub(crate) fn new(clock: &dyn Clock) -> Self {
        Self {
            wall: clock.wall(),
            monotonic: clock.monotonic(),
        }
    }

    /// The moment now; and the jump, if the wall clock was moved since the last call. After a
    /// jump this clock says again what the wall clock says.
    pub(crate) fn now(&mut self, clock: &dyn Clock) -> (Now, Option<ClockJump>) {
        let monotonic = clock.monotonic();
        let wall = clock.wall();
        let counted = self
            .wall
            .saturating_add(monotonic.saturating_sub(self.monotonic));
        let apart = wall
            .saturating_since(counted)
            .max(counted.saturating_since(wall));
        if apart <= TOLERANCE {
            let now = Now {
                time: counted,
                monotonic,
            };
            return (now, None);
        }
        *self = Self { wall, monotonic };
        let jump = ClockJump {
            from: counted,
            to: wall,
        };
        let now = Now {
            time: wall,
            monotonic,
        };
        (now, Some(jump))
    }
}

/// How far the clocks may part. Time servers correct less than this smoothly, and the monotonic
/// clock follows them.
const TOLERANCE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use eidetic_testkit::SimulatedClock;

    use super::*;

    #[test]
    fn a_moved_clock_is_told_once_and_small_corrections_are_ignored() {
        let start = Timestamp::from_unix_micros(1_000_000_000);
        let wall = SimulatedClock::at(start);
        let mut clock = SessionClock::new(&wall);
        wall.advance(Duration::from_secs(10));
        wall.jump_to(start.saturating_add(Duration::from_secs(11)));
        let (now, jump) = clock.now(&wall);
        assert_eq!(jump, None);
        assert_eq!(now.time, start.saturating_add(Duration::from_secs(10)));

        let earlier = start.saturating_sub(Duration::from_secs(3_600));
        wall.jump_to(earlier);
        let (now, jump) = clock.now(&wall);
        assert_eq!(now.time, earlier);
        assert_eq!(jump.unwrap().to, earlier);
        wall.advance(Duration::from_secs(1));
        let (now, jump) = clock.now(&wall);
        assert_eq!(jump, None);
        assert_eq!(now.time, earlier.saturating_add(Duration::from_secs(1)));
    }
}
