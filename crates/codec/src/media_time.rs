//! Time inside a segment.

/// Microseconds since the start that the segment's header states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct MediaTime(u64);

impl MediaTime {
    /// The segment's start.
    pub const ZERO: Self = Self(0);

    /// A time so many microseconds after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds after the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How many microseconds this is after `earlier`, if it is.
    pub(crate) const fn micros_since(self, earlier: Self) -> Option<u64> {
        self.0.checked_sub(earlier.0)
    }

    pub(crate) const fn checked_add_micros(self, micros: u64) -> Option<Self> {
        match self.0.checked_add(micros) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}
