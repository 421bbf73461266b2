//! What is remembered of one set of neighbours.

use alloc::boxed::Box;
use alloc::vec;

/// The two colours that followed last.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slot {
    /// The likelier colour, and in the upper byte how often it came in a row, 0 if never.
    pub(super) first: u32,
    /// The other colour, and in the upper byte a part of the neighbours' hash.
    pub(super) second: u32,
}

impl Slot {
    #[inline(always)]
    pub(super) fn is_known(&self, check: u8) -> bool {
        self.first >> 24 != 0 && (self.second >> 24) as u8 == check
    }

    #[inline(always)]
    pub(super) fn confidence(&self) -> usize {
        (self.first >> 24) as usize & (CONFIDENCES - 1)
    }

    #[inline(always)]
    pub(super) fn hit(&mut self) {
        let more = u32::from(self.confidence() < CONFIDENCES - 1);
        self.first += more << 24;
    }

    /// The second colour came.
    pub(super) fn swap(&mut self) {
        let check = self.second & !COLOUR;
        let second = self.second & COLOUR;
        let confidence = self.first >> 24;
        if confidence > 3 {
            self.first = self.first & COLOUR | (confidence / 2) << 24;
        } else {
            self.second = self.first & COLOUR | check;
            self.first = second | 1 << 24;
        }
    }

    /// Another colour came, or the slot belongs to other neighbours.
    pub(super) fn miss(&mut self, check: u8, colour: u32) {
        if self.is_known(check) {
            let confidence = self.first >> 24;
            if confidence > 3 {
                self.first = self.first & COLOUR | (confidence / 2) << 24;
                self.second = colour | u32::from(check) << 24;
            } else {
                self.second = self.first & COLOUR | u32::from(check) << 24;
                self.first = colour | 1 << 24;
            }
        } else {
            self.first = colour | 1 << 24;
            self.second = colour | u32::from(check) << 24;
        }
    }
}

/// A table in which nothing is known.
pub(super) fn slots<const N: usize>() -> Box<[Slot; N]> {
    vec![Slot::default(); N]
        .into_boxed_slice()
        .try_into()
        .unwrap_or_else(|_| unreachable!("the vector has N slots"))
}

/// The part of a slot's words that is a colour.
pub(super) const COLOUR: u32 = 0x00FF_FFFF;
/// How many values a slot's confidence has.
pub(super) const CONFIDENCES: usize = 8;
