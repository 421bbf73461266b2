//! The arithmetic coder: an interval of 64 bits that shrinks with each decision.
//!
//! ```text
//! bound = (range >> 16) * probability of true
//! true:  range = bound          false: low += bound, range -= bound
//! range < 2^32: the top 32 bits of low go out, most significant byte first
//! ```

#[cfg(any(feature = "encode", test))]
use alloc::vec::Vec;

use super::Bit;

/// One direction of arithmetic coding.
pub(crate) trait Coder {
    /// Whether it writes.
    const ENCODES: bool;

    /// Codes a decision: an encoder writes `value`, a decoder ignores it. Returns the decision.
    fn bit(&mut self, bit: &mut Bit, value: bool) -> bool;

    /// Codes the lowest `count` (at most 16) bits of a value as they are, without learning.
    fn direct(&mut self, count: u32, value: u32) -> u32;

    /// Whether more was read than there is, so that what comes is made up.
    fn is_exhausted(&self) -> bool {
        false
    }
}

/// Writes decisions to the end of a vector.
#[cfg(any(feature = "encode", test))]
#[derive(Debug)]
pub(crate) struct RangeEncoder {
    low: u64,
    range: u64,
    out: Vec<u8>,
}

#[cfg(any(feature = "encode", test))]
impl RangeEncoder {
    /// Writes to `out`, which must be empty.
    pub(crate) fn new(mut out: Vec<u8>) -> Self {
        out.clear();
        Self {
            low: 0,
            range: u64::MAX,
            out,
        }
    }

    /// Bytes so far, without those that [`finish`](Self::finish) will add.
    pub(crate) fn bytes(&self) -> usize {
        self.out.len()
    }

    /// The bytes. `tail` follows them, to be read from the end; where it is empty up to 8 zeros at
    /// the end are left out, since a decoder reads zeros after the end.
    pub(crate) fn finish(mut self, tail: &[u8]) -> Vec<u8> {
        for count in 1..=8 {
            // The shortest number that keeps inside of the interval, whatever follows it.
            let below = u64::MAX.checked_shr(8 * count).unwrap_or(0);
            let (rounded, carry) = self.low.overflowing_add(below);
            let value = rounded & !below;
            let above = if tail.is_empty() { 0 } else { below };
            let distance = value.wrapping_sub(self.low);
            if distance
                .checked_add(above)
                .is_some_and(|end| end < self.range)
            {
                if carry {
                    self.carry();
                }
                self.out
                    .extend_from_slice(&value.to_be_bytes()[..count as usize]);
                break;
            }
        }
        if tail.is_empty() {
            let zeros = self.out.iter().rev().take(MAX_LEFT_OUT);
            let zeros = zeros.take_while(|&&byte| byte == 0).count();
            self.out.truncate(self.out.len() - zeros);
        }
        self.out.extend_from_slice(tail);
        self.out
    }

    #[inline(always)]
    fn add(&mut self, amount: u64) {
        let (low, carry) = self.low.overflowing_add(amount);
        self.low = low;
        if carry {
            self.carry();
        }
    }

    #[cold]
    fn carry(&mut self) {
        for byte in self.out.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }

    #[inline(always)]
    fn normalise(&mut self) {
        if self.range < 1 << 32 {
            self.out
                .extend_from_slice(&((self.low >> 32) as u32).to_be_bytes());
            self.low <<= 32;
            self.range <<= 32;
        }
    }
}

#[cfg(any(feature = "encode", test))]
impl Coder for RangeEncoder {
    const ENCODES: bool = true;

    #[inline(always)]
    fn bit(&mut self, bit: &mut Bit, value: bool) -> bool {
        let bound = (self.range >> 16) * u64::from(bit.probability);
        if value {
            self.range = bound;
        } else {
            self.add(bound);
            self.range -= bound;
        }
        bit.learn(value);
        self.normalise();
        value
    }

    #[inline(always)]
    fn direct(&mut self, count: u32, value: u32) -> u32 {
        debug_assert!(count <= 16 && u64::from(value) < 1 << count);
        self.range >>= count;
        self.add(self.range * u64::from(value));
        self.normalise();
        value
    }
}

/// Reads decisions from bytes; after their end it reads zeros.
#[derive(Debug)]
pub(crate) struct RangeDecoder<'a> {
    code: u64,
    range: u64,
    bytes: &'a [u8],
    /// Bytes read, with those after the end.
    read: usize,
}

/// A decoder between two frames, without the bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RangePosition {
    code: u64,
    range: u64,
    read: usize,
}

impl<'a> RangeDecoder<'a> {
    /// Reads from the beginning of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        let mut decoder = Self {
            code: 0,
            range: u64::MAX,
            bytes,
            read: 0,
        };
        let high = u64::from(decoder.word());
        decoder.code = high << 32 | u64::from(decoder.word());
        decoder
    }

    /// Goes on in the same bytes.
    pub(crate) fn resume(bytes: &'a [u8], position: RangePosition) -> Self {
        let RangePosition { code, range, read } = position;
        Self {
            code,
            range,
            bytes,
            read,
        }
    }

    /// Where to go on later.
    pub(crate) fn position(&self) -> RangePosition {
        RangePosition {
            code: self.code,
            range: self.range,
            read: self.read,
        }
    }

    #[inline]
    fn word(&mut self) -> u32 {
        let rest = self.bytes.get(self.read..).unwrap_or(&[]);
        self.read = self.read.saturating_add(4);
        if let Some(word) = rest.first_chunk::<4>() {
            return u32::from_be_bytes(*word);
        }
        let mut word = [0; 4];
        word[..rest.len()].copy_from_slice(rest);
        u32::from_be_bytes(word)
    }

    #[inline(always)]
    fn normalise(&mut self) {
        if self.range < 1 << 32 {
            self.range <<= 32;
            self.code = self.code << 32 | u64::from(self.word());
        }
    }
}

impl Coder for RangeDecoder<'_> {
    const ENCODES: bool = false;

    #[inline(always)]
    fn bit(&mut self, bit: &mut Bit, _: bool) -> bool {
        let bound = (self.range >> 16) * u64::from(bit.probability);
        let value = self.code < bound;
        if value {
            self.range = bound;
        } else {
            self.code -= bound;
            self.range -= bound;
        }
        bit.learn(value);
        self.normalise();
        value
    }

    #[inline(always)]
    fn direct(&mut self, count: u32, _: u32) -> u32 {
        self.range >>= count;
        let most = (1 << count) - 1;
        let value = (self.code / self.range).min(most);
        self.code -= self.range * value;
        self.normalise();
        value as u32
    }

    fn is_exhausted(&self) -> bool {
        self.read > self.bytes.len() + MAX_MISSING
    }
}

/// More zeros are not left out, so that a decoder notices when it reads on and on.
#[cfg(any(feature = "encode", test))]
const MAX_LEFT_OUT: usize = 8;
/// The state is 8 bytes ahead of the decisions, and zeros at the end are left out.
const MAX_MISSING: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decisions_come_back_whatever_follows_them(
            decisions in proptest::collection::vec((0usize..4, any::<bool>(), 0u32..17, any::<u16>()), 0..800),
            tail in proptest::collection::vec(any::<u8>(), 0..9),
            skew in any::<bool>(),
        ) {
            let mut encoder = RangeEncoder::new(vec![1]);
            let mut bits = [Bit::NEW; 4];
            let outcome = |model: usize, value: bool| if skew && model > 0 { model == 1 } else { value };
            let masked = |count: u32, value: u16| u32::from(value) & ((1 << count) - 1);
            for &(model, value, count, number) in &decisions {
                encoder.bit(&mut bits[model], outcome(model, value));
                encoder.direct(count, masked(count, number));
            }
            let bytes = encoder.finish(&tail);
            let mut decoder = RangeDecoder::new(&bytes);
            let mut bits = [Bit::NEW; 4];
            for &(model, value, count, number) in &decisions {
                prop_assert_eq!(decoder.bit(&mut bits[model], false), outcome(model, value));
                prop_assert_eq!(decoder.direct(count, 0), masked(count, number));
            }
            prop_assert!(!decoder.is_exhausted());
        }
    }

    #[test]
    fn what_is_expected_costs_almost_nothing() {
        let mut encoder = RangeEncoder::new(Vec::new());
        let mut bit = Bit::NEW;
        for _ in 0..10_000 {
            encoder.bit(&mut bit, true);
        }
        assert!(encoder.finish(&[]).len() < 10);
    }

    #[test]
    fn zeros_at_the_end_do_not_pass_for_a_cut() {
        // What is expected takes the lower part of the interval: all bytes are 0.
        let mut encoder = RangeEncoder::new(Vec::new());
        for _ in 0..100 {
            encoder.direct(16, 0);
        }
        let bytes = encoder.finish(&[]);
        let mut decoder = RangeDecoder::new(&bytes);
        for _ in 0..100 {
            assert_eq!(decoder.direct(16, 0), 0);
        }
        assert!(!decoder.is_exhausted());
    }

    #[test]
    fn a_decoder_says_that_its_bytes_are_over() {
        let mut decoder = RangeDecoder::new(&[1, 2, 3]);
        let mut decisions = 0;
        while !decoder.is_exhausted() {
            decoder.direct(16, 0);
            decisions += 1;
            assert!(decisions < 20);
        }
    }
}
