//! Numbers as adaptive decisions.

use super::{Bit, Coder};

/// A number of `BITS` bits, each bit known by those above it: `2^BITS` decisions.
#[derive(Debug, Clone)]
pub(crate) struct Tree<const SLOTS: usize> {
    bits: [Bit; SLOTS],
}

impl<const SLOTS: usize> Tree<SLOTS> {
    /// Nothing is known.
    pub(crate) const NEW: Self = Self {
        bits: [Bit::NEW; SLOTS],
    };

    /// Codes a number below `SLOTS`, which must be a power of two.
    #[inline]
    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, value: usize) -> usize {
        let levels = SLOTS.trailing_zeros();
        let mut node = 1;
        for level in (0..levels).rev() {
            let bit = coder.bit(&mut self.bits[node & (SLOTS - 1)], value >> level & 1 != 0);
            node = node << 1 | usize::from(bit);
        }
        node & (SLOTS - 1)
    }
}

/// A number of up to 64 bits, small ones being likelier: its length as a [`Tree`], the two bits
/// after the highest one adaptively for each length, and the others as they are.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    length: Tree<128>,
    below: [[Bit; 3]; 65],
}

impl Number {
    /// Nothing is known.
    pub(crate) const NEW: Self = Self {
        length: Tree::NEW,
        below: [[Bit::NEW; 3]; 65],
    };

    /// Codes a number.
    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, value: u64) -> u64 {
        let length = 64 - value.leading_zeros();
        // A damaged stream can say more than 64.
        let length = self.length.code(coder, length as usize).min(64) as u32;
        if length < 2 {
            return u64::from(length);
        }
        let mut left = length - 1;
        let mut result = 1;
        let below = &mut self.below[length as usize];
        let high = coder.bit(&mut below[0], value >> (left - 1) & 1 != 0);
        left -= 1;
        result = result << 1 | u64::from(high);
        if left > 0 {
            let next = coder.bit(
                &mut below[1 + usize::from(high)],
                value >> (left - 1) & 1 != 0,
            );
            left -= 1;
            result = result << 1 | u64::from(next);
        }
        while left > 0 {
            let count = left.min(16);
            left -= count;
            let piece = (value >> left) as u32 & ((1 << count) - 1);
            result = result << count | u64::from(coder.direct(count, piece));
        }
        result
    }
}

/// A [`Number`] with a sign.
#[derive(Debug, Clone)]
pub(crate) struct Signed(Number);

impl Signed {
    /// Nothing is known.
    pub(crate) const NEW: Self = Self(Number::NEW);

    /// Codes a number; the sign is the lowest bit of what is written.
    pub(crate) fn code<C: Coder>(&mut self, coder: &mut C, value: i64) -> i64 {
        let coded = self.0.code(coder, (value << 1 ^ value >> 63) as u64);
        (coded >> 1) as i64 ^ -((coded & 1) as i64)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::super::{RangeDecoder, RangeEncoder};
    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(values in proptest::collection::vec((any::<u64>(), 0u32..64, any::<i64>()), 0..60)) {
            let mut encoder = RangeEncoder::new(Vec::new());
            let (mut number, mut signed, mut tree) = (Number::NEW, Signed::NEW, Tree::<32>::NEW);
            for &(value, shift, with_sign) in &values {
                number.code(&mut encoder, value >> shift);
                signed.code(&mut encoder, with_sign >> shift);
                tree.code(&mut encoder, (value & 31) as usize);
            }
            let bytes = encoder.finish(&[]);
            let mut decoder = RangeDecoder::new(&bytes);
            let (mut number, mut signed, mut tree) = (Number::NEW, Signed::NEW, Tree::<32>::NEW);
            for &(value, shift, with_sign) in &values {
                prop_assert_eq!(number.code(&mut decoder, 0), value >> shift);
                prop_assert_eq!(signed.code(&mut decoder, 0), with_sign >> shift);
                prop_assert_eq!(tree.code(&mut decoder, 0), (value & 31) as usize);
            }
        }
    }
}
