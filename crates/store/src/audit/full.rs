//! Which microseconds have no room left, so that each is asked for once.

use std::{collections::BTreeMap, ops::Range};

/// Microseconds that were found full, as runs without a hole. Taking records away makes it
/// outdated: then it has to be made anew.
#[derive(Debug, Default)]
pub(super) struct FullMicros {
    /// The end of each run, by its start.
    /// INVARIANT: no two runs overlap or touch.
    runs: BTreeMap<i64, i64>,
}

impl FullMicros {
    /// The run in which a microsecond is.
    pub fn run_of(&self, micros: i64) -> Option<Range<i64>> {
        let (&start, &end) = self.runs.range(..=micros).next_back()?;
        (micros < end).then_some(start..end)
    }

    /// A microsecond, which is in no run yet, is full.
    pub fn add(&mut self, micros: i64) {
        if self.runs.len() >= MAX_RUNS {
            // They are found again.
            self.runs.clear();
        }
        let before = self.runs.range(..micros).next_back();
        let start = match before {
            Some((&start, &end)) if end == micros => start,
            Some(_) | None => micros,
        };
        let end = self.runs.remove(&(micros + 1)).unwrap_or(micros + 1);
        self.runs.insert(start, end);
    }
}

const MAX_RUNS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_microseconds_become_runs() {
        let mut full = FullMicros::default();
        for micros in [5, 7, 6, 9, 3] {
            assert_eq!(full.run_of(micros), None);
            full.add(micros);
        }
        assert_eq!(full.run_of(6), Some(5..8));
        assert_eq!(full.run_of(3), Some(3..4));
        assert_eq!(full.run_of(8), None);
        full.add(4);
        full.add(8);
        assert_eq!(full.run_of(9), Some(3..10));
        assert_eq!(full.runs.len(), 1);
    }

    #[test]
    fn it_does_not_grow_without_bound() {
        let mut full = FullMicros::default();
        for number in 0..200_000 {
            full.add(number * 2);
        }
        assert!(full.runs.len() <= MAX_RUNS);
    }
}
