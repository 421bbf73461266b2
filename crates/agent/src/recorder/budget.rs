//! The recorder's own budget: what it may cost the user, measured and kept by itself.

use std::time::Duration;

/// Watches the recorder's own processor time and lowers the frame rate while it costs too much.
#[derive(Debug)]
pub(crate) struct Budget {
    since: Duration,
    cpu_since: Duration,
    divisor: u32,
    times_lowered: u64,
}

/// A window's verdict that changed the frame rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RateChange {
    /// Share of one core in the window that led to it.
    pub(crate) share: f64,
    /// The policy's frame rate is divided by this.
    pub(crate) divisor: u32,
    /// How often the rate was lowered since the recorder started.
    pub(crate) times_lowered: u64,
}

impl Budget {
    /// Starts watching, with the processor time that was used until now.
    pub(crate) fn new(monotonic: Duration, cpu: Duration) -> Self {
        Self {
            since: monotonic,
            cpu_since: cpu,
            divisor: 1,
            times_lowered: 0,
        }
    }

    /// Takes in the processor time used until now. To be called after each frame: while there is
    /// none, nothing is used.
    pub(crate) fn observed(&mut self, monotonic: Duration, cpu: Duration) -> Option<RateChange> {
        let passed = monotonic.saturating_sub(self.since);
        if passed < WINDOW {
            return None;
        }
        let share = cpu.saturating_sub(self.cpu_since).as_secs_f64() / passed.as_secs_f64();
        self.since = monotonic;
        self.cpu_since = cpu;
        let before = self.divisor;
        if share > MAX_SHARE {
            self.divisor = (self.divisor * 2).min(MAX_DIVISOR);
        } else if share < MAX_SHARE / 3.0 {
            self.divisor = (self.divisor / 2).max(1);
        }
        if self.divisor > before {
            self.times_lowered += 1;
        }
        (self.divisor != before).then_some(RateChange {
            share,
            divisor: self.divisor,
            times_lowered: self.times_lowered,
        })
    }

    /// The least time between two frames, for a policy that asks for `interval`: never more than
    /// a second.
    pub(crate) fn interval(&self, interval: Duration) -> Duration {
        (interval * self.divisor).min(MAX_INTERVAL.max(interval))
    }
}

/// The share of one core that is too much.
const MAX_SHARE: f64 = 0.05;

/// The time over which it is measured: a single whole screen may cost more.
const WINDOW: Duration = Duration::from_secs(10);

/// The rate never falls under a frame a second.
const MAX_INTERVAL: Duration = Duration::from_secs(1);

/// More would change nothing: the fastest policy asks for 30 frames a second.
const MAX_DIVISOR: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorder_over_its_budget_slows_down_to_a_frame_a_second_and_recovers() {
        let quarter = Duration::from_millis(250);
        let mut budget = Budget::new(Duration::ZERO, Duration::ZERO);
        let secs = Duration::from_secs;
        assert_eq!(budget.observed(secs(5), secs(3)), None, "too early to tell");
        let change = budget.observed(secs(10), secs(3)).unwrap();
        assert_eq!((change.divisor, change.times_lowered), (2, 1));
        assert_eq!(budget.interval(quarter), quarter * 2);
        let mut cpu = secs(3);
        for window in 2..10 {
            cpu += secs(3);
            budget.observed(secs(window * 10), cpu);
        }
        assert_eq!(budget.interval(quarter), secs(1));
        for window in 10..20 {
            budget.observed(secs(window * 10), cpu);
        }
        assert_eq!(budget.interval(quarter), quarter);
    }
}
