//! The two bit readers of zstd: forward for table descriptions, backward for everything else.

use super::ZstdError;

/// Reads bits from the first byte on, lowest bit first.
pub(super) struct ForwardBits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> ForwardBits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// Takes `count` (at most 16) bits; bits after the end read as zero and are noticed by
    /// [`ForwardBits::bytes_used`].
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = window_at(self.bytes, self.position >> 3) >> (self.position & 7);
        self.position += count as usize;
        (value & ((1 << count) - 1)) as u32
    }

    /// Gives back one bit.
    pub(super) fn give_back_one(&mut self) {
        self.position -= 1;
    }

    /// How many whole bytes the reading has touched.
    pub(super) fn bytes_used(&self) -> Result<usize, ZstdError> {
        let used = self.position.div_ceil(8);
        if used > self.bytes.len() {
            return Err(ZstdError::Truncated);
        }
        Ok(used)
    }
}

/// Reads bits from the last byte on, highest bit first, after the end mark.
pub(super) struct BackwardBits<'a> {
    bytes: &'a [u8],
    /// How many bits are left; negative once more were taken than there are.
    left: isize,
}

impl<'a> BackwardBits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, ZstdError> {
        let last = *bytes.last().ok_or(ZstdError::Truncated)?;
        if last == 0 {
            return Err(ZstdError::Corrupt("bit stream"));
        }
        let padding = last.leading_zeros() as isize + 1;
        Ok(Self {
            bytes,
            left: bytes.len() as isize * 8 - padding,
        })
    }

    /// Takes `count` (at most 32) bits; bits before the beginning read as zero.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        self.left -= count as isize;
        let mask = (1u64 << count) - 1;
        if self.left >= 0 {
            let left = self.left as usize;
            ((window_at(self.bytes, left >> 3) >> (left & 7)) & mask) as u32
        } else {
            let missing = self.left.unsigned_abs();
            if missing >= 32 {
                return 0;
            }
            ((window_at(self.bytes, 0) << missing) & mask) as u32
        }
    }

    /// The next 56 bits, highest first, at the top of the word; only if that many are left.
    #[inline(always)]
    pub(super) fn peek_56(&self) -> Option<u64> {
        let start = usize::try_from(self.left - 56).ok()?;
        Some((window_at(self.bytes, start >> 3) >> (start & 7)) << 8)
    }

    /// Steps over bits seen with [`BackwardBits::peek_56`].
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.left -= count as isize;
    }

    /// Gives back `count` bits that were taken too many.
    pub(super) fn give_back(&mut self, count: u32) {
        self.left += count as isize;
    }

    pub(super) fn left(&self) -> isize {
        self.left
    }
}

/// Eight bytes from `index` on as a little-endian word, zeros after the end.
#[inline(always)]
fn window_at(bytes: &[u8], index: usize) -> u64 {
    if let Some(chunk) = bytes.get(index..).and_then(|tail| tail.first_chunk::<8>()) {
        return u64::from_le_bytes(*chunk);
    }
    let mut word = [0; 8];
    let tail = bytes.get(index..).unwrap_or_default();
    word[..tail.len()].copy_from_slice(tail);
    u64::from_le_bytes(word)
}
