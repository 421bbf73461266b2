//! Plain bits, for what no model would make smaller: written forwards, stored backwards.
//!
//! They share a payload with the arithmetic coder's bytes, which are read from its beginning;
//! these are read from its end, so that neither needs a length.

use alloc::vec::Vec;

/// Collects bits, lowest first.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl BitWriter {
    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.pending = 0;
        self.count = 0;
    }

    /// Adds the lowest `count` (at most 32) bits of `value`, which has no others.
    #[inline(always)]
    pub(crate) fn put(&mut self, count: u32, value: u32) {
        self.pending |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes
                .extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.count -= 32;
        }
    }

    /// All bytes, the last bits first.
    pub(crate) fn finish(&mut self) -> &[u8] {
        let left = self.count.div_ceil(8) as usize;
        self.bytes
            .extend_from_slice(&self.pending.to_le_bytes()[..left]);
        self.bytes.reverse();
        self.pending = 0;
        self.count = 0;
        &self.bytes
    }
}

/// Reads bits from the end of bytes; before their beginning it reads zeros.
#[derive(Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    position: BitPosition,
}

/// A reader between two frames, without the bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct BitPosition {
    pending: u64,
    count: u32,
    /// Bytes taken from the end, with those before the beginning.
    read: usize,
}

impl<'a> BitReader<'a> {
    /// Reads from the end of `bytes`, or goes on where it was.
    pub(crate) fn new(bytes: &'a [u8], position: BitPosition) -> Self {
        Self { bytes, position }
    }

    /// Where to go on later.
    pub(crate) fn position(&self) -> BitPosition {
        self.position
    }

    /// At least 32 bits to look at, lowest first.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> u64 {
        if self.position.count < 32 {
            let word = u64::from(self.word());
            self.position.pending |= word << self.position.count;
            self.position.count += 32;
        }
        self.position.pending
    }

    #[inline]
    fn word(&mut self) -> u32 {
        let left = self.bytes.len().saturating_sub(self.position.read);
        self.position.read = self.position.read.saturating_add(4);
        let rest = &self.bytes[..left];
        if let Some(word) = rest.last_chunk::<4>() {
            return u32::from_be_bytes(*word);
        }
        let mut word = [0; 4];
        word[4 - left..].copy_from_slice(rest);
        u32::from_be_bytes(word)
    }

    /// Steps over `count` (at most 32) bits that were looked at.
    #[inline(always)]
    pub(crate) fn skip(&mut self, count: u32) {
        self.position.pending >>= count;
        self.position.count -= count;
    }

    /// Whether more was read than there is, so that what comes is made up.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.position.read > self.bytes.len() + 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_come_back_from_the_end(pieces in proptest::collection::vec((0u32..=32, any::<u32>()), 0..100)) {
            let mut writer = BitWriter::default();
            let masked = |count: u32, value: u32| (u64::from(value) & ((1u64 << count) - 1)) as u32;
            for &(count, value) in &pieces {
                writer.put(count, masked(count, value));
            }
            let mut bytes = b"before".to_vec();
            bytes.extend_from_slice(writer.finish());
            let mut reader = BitReader::new(&bytes, BitPosition::default());
            for &(count, value) in &pieces {
                let got = reader.peek() & ((1u64 << count) - 1);
                prop_assert_eq!(got as u32, masked(count, value));
                reader.skip(count);
            }
            prop_assert!(!reader.is_exhausted());
        }
    }
}
