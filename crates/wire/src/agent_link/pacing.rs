//! How much of the backlog may be under way.

use std::time::Duration;

/// Grows while the server answers quickly, and shrinks when it does not: what happens now must
/// not wait behind minutes of the past.
#[derive(Debug)]
pub(super) struct Pacing {
    allowed: u64,
    under_way: u64,
}

impl Pacing {
    pub const fn new() -> Self {
        Self {
            allowed: 4 * LEAST_BYTES,
            under_way: 0,
        }
    }

    /// How many bytes may be sent now.
    pub const fn room(&self) -> u64 {
        self.allowed.saturating_sub(self.under_way)
    }

    /// Whether nothing is under way.
    pub const fn is_idle(&self) -> bool {
        self.under_way == 0
    }

    pub const fn sent(&mut self, bytes: u64) {
        self.under_way += bytes;
    }

    /// The server answered about so many bytes, so long after they were sent.
    pub fn answered(&mut self, bytes: u64, took: Duration) {
        self.under_way = self.under_way.saturating_sub(bytes);
        self.allowed = if took <= QUICK {
            (self.allowed + bytes).min(MOST_BYTES)
        } else {
            (self.allowed / 2).max(LEAST_BYTES)
        };
    }
}

/// A live view is two seconds late at most: the queue before it has to be shorter by far.
const QUICK: Duration = Duration::from_millis(500);

const LEAST_BYTES: u64 = 64 << 10;

/// More than any window.
const MOST_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_answers_let_more_through_and_slow_ones_less() {
        let mut pacing = Pacing::new();
        let mut answer = |millis| {
            pacing.sent(100_000);
            pacing.answered(100_000, Duration::from_millis(millis));
            pacing.room()
        };
        let start = answer(10);
        assert_eq!(answer(500), start + 100_000);
        assert_eq!(answer(501), (start + 100_000) / 2);
        for _ in 0..20 {
            answer(5_000);
        }
        assert_eq!(answer(5_000), LEAST_BYTES);
        for _ in 0..1_000 {
            answer(1);
        }
        assert_eq!(answer(1), MOST_BYTES);
        assert!(pacing.is_idle());
    }
}
