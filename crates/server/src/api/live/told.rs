//! Which activity records were told.

use std::collections::BTreeSet;

use eidetic_search::Mark;

/// The activity records that were told last.
///
/// Records stand in the order of their times, and one that happened a moment before another may
/// come a moment after it. So the last ones are read again each time, and told if they are new.
#[derive(Debug)]
pub struct ToldRecords {
    /// Reading begins after this one.
    pub from: Option<Mark>,
    /// INVARIANT: all that were told and stand after `from`.
    last: BTreeSet<Mark>,
}

impl ToldRecords {
    /// Nothing was told yet, and nothing up to this mark will be.
    pub fn after(from: Option<Mark>) -> Self {
        Self {
            from,
            last: BTreeSet::new(),
        }
    }

    /// Takes in a record that is about to be told. Whether it was not told before.
    pub fn add(&mut self, mark: Mark) -> bool {
        self.last.insert(mark)
    }

    /// The newest that was told.
    pub fn newest(&self) -> Option<Mark> {
        self.last.last().copied()
    }

    /// Keeps the last ones only.
    pub fn forget_oldest(&mut self) {
        while self.last.len() > READ_AGAIN {
            self.from = self.last.pop_first();
        }
    }
}

const READ_AGAIN: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_comes_late_is_told_and_none_is_told_twice() {
        let mut told = ToldRecords::after(None);
        let mark = |position| Mark { position };
        for position in (0..1000).map(|n| n * 10) {
            assert!(told.add(mark(position)));
        }
        told.forget_oldest();
        assert_eq!(told.from, Some(mark(7430)));
        assert!(!told.add(mark(9990)));
        assert!(told.add(mark(9985)));
        assert!(!told.add(mark(9985)));
    }
}
