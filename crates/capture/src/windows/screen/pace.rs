//! How often to look at a screen that does not tell when it changes.

use std::time::Duration;

/// Looks often while something changes or somebody works, ever more rarely otherwise.
#[derive(Debug)]
pub(crate) struct Pace {
    pause: Duration,
    input: Option<u32>,
}

impl Pace {
    /// A screen that is looked at for the first time.
    pub(crate) fn new() -> Self {
        Self {
            pause: SHORTEST,
            input: None,
        }
    }

    /// The screen was looked at.
    pub(crate) fn looked(&mut self, changed: bool) {
        self.pause = if changed {
            SHORTEST
        } else {
            (self.pause * 3 / 2).min(LONGEST)
        };
    }

    /// The time of the last input, in any unit. Whether somebody has done something since.
    pub(crate) fn input(&mut self, at: u32) -> bool {
        let worked = self.input.replace(at).is_some_and(|before| before != at);
        if worked {
            self.pause = SHORTEST;
        }
        worked
    }

    /// How long to wait before the next look.
    pub(crate) fn pause(&self) -> Duration {
        self.pause
    }
}

/// Between two looks at a screen that changes.
const SHORTEST: Duration = Duration::from_millis(100);

/// Between two looks at a screen that rests: what happens on it by itself is seen this late.
const LONGEST: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_that_rests_is_looked_at_once_a_second_and_input_ends_the_rest() {
        let mut pace = Pace::new();
        assert_eq!(pace.pause(), SHORTEST);
        for _ in 0..20 {
            pace.looked(false);
        }
        assert_eq!(pace.pause(), LONGEST);
        assert!(!pace.input(7), "the first is nothing new");
        assert!(!pace.input(7));
        assert_eq!(pace.pause(), LONGEST);
        assert!(pace.input(8));
        assert_eq!(pace.pause(), SHORTEST);
    }

    #[test]
    fn change_ends_the_rest() {
        let mut pace = Pace::new();
        for _ in 0..20 {
            pace.looked(false);
        }
        pace.looked(true);
        assert_eq!(pace.pause(), SHORTEST);
    }
}
