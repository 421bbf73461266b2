//! How long to wait before connecting again.

use std::time::Duration;

/// Waits that double from attempt to attempt, with jitter, so that a thousand agents do not come
/// back at the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    /// The longest wait.
    pub const MAX: Duration = Duration::from_secs(60);

    const FIRST: Duration = Duration::from_secs(1);

    /// As after a success.
    pub const fn new() -> Self {
        Self {
            ceiling: Self::FIRST,
        }
    }

    /// How long to wait now: between half the present ceiling and the whole, as `random` says,
    /// which is a uniformly random number.
    pub fn next(&mut self, random: u32) -> Duration {
        let half = self.ceiling / 2;
        let wait = half + half.mul_f64(f64::from(random) / f64::from(u32::MAX));
        self.ceiling = (self.ceiling * 2).min(Self::MAX);
        wait
    }

    /// After a success.
    pub const fn reset(&mut self) {
        *self = Self::new();
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_start_over_after_a_success() {
        let mut backoff = Backoff::new();
        let waits: Vec<_> = (0..8).map(|_| backoff.next(u32::MAX).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.next(0), Duration::from_millis(500));
        assert_eq!(backoff.next(u32::MAX / 2).as_millis(), 1_500);
    }
}
