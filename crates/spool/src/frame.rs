//! Frames: the units in which entries and segments are on disk.

use crate::{MAX_ENTRY_BYTES, key::SEALING_BYTES};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// One entry.
    Entry,
    /// The begin of a segment's file.
    SegmentBegin,
    /// Bytes of an append that goes on in the next frame.
    AppendPart,
    /// The last bytes of an append.
    AppendEnd,
    /// The end of a sealed segment.
    SegmentEnd,
}

/// What is known of a frame without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub kind: FrameKind,
    /// The entry's number, or the offset within the segment.
    pub number: u64,
    /// Length of nonce and sealed content.
    pub sealed_bytes: u32,
}

impl FrameHeader {
    /// For content of this length, at most [`MAX_ENTRY_BYTES`].
    pub fn new(kind: FrameKind, number: u64, content_bytes: usize) -> Self {
        let sealed_bytes = u32::try_from(content_bytes + SEALING_BYTES)
            .expect("no content is longer than an entry may be");
        Self {
            kind,
            number,
            sealed_bytes,
        }
    }

    /// The length of the whole frame.
    pub const fn frame_bytes(self) -> usize {
        HEADER_BYTES + self.sealed_bytes as usize
    }

    /// The length of what is sealed in it.
    pub const fn content_bytes(self) -> usize {
        (self.sealed_bytes as usize).saturating_sub(SEALING_BYTES)
    }

    pub fn encode(self) -> [u8; HEADER_BYTES] {
        let kind: u32 = match self.kind {
            FrameKind::Entry => 1,
            FrameKind::SegmentBegin => 2,
            FrameKind::AppendPart => 3,
            FrameKind::AppendEnd => 4,
            FrameKind::SegmentEnd => 5,
        };
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&kind.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.sealed_bytes.to_le_bytes());
        let crc = crc32fast::hash(&bytes[..20]);
        bytes[20..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The header at the start of `bytes`, if there is a whole and sound one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEADER_BYTES>()?;
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        if bytes[..4] != MAGIC || word(20) != crc32fast::hash(&bytes[..20]) {
            return None;
        }
        let kind = match word(4) {
            1 => FrameKind::Entry,
            2 => FrameKind::SegmentBegin,
            3 => FrameKind::AppendPart,
            4 => FrameKind::AppendEnd,
            5 => FrameKind::SegmentEnd,
            _ => return None,
        };
        let sealed_bytes = word(16);
        let header = Self {
            kind,
            number: u64::from(word(8)) | u64::from(word(12)) << 32,
            sealed_bytes,
        };
        (sealed_bytes as usize >= SEALING_BYTES && header.frame_bytes() <= MAX_FRAME_BYTES)
            .then_some(header)
    }
}

/// The length of a frame with this much content.
pub(crate) const fn frame_bytes(content_bytes: usize) -> u64 {
    (HEADER_BYTES + SEALING_BYTES + content_bytes) as u64
}

/// Length of a frame's header.
pub(crate) const HEADER_BYTES: usize = 24;

/// The longest frame: bounds what is read into memory at once.
pub(crate) const MAX_FRAME_BYTES: usize = HEADER_BYTES + SEALING_BYTES + MAX_ENTRY_BYTES;

/// The first bytes of each frame.
pub(crate) const MAGIC: [u8; 4] = *b"\xe1dtc";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_back_and_any_changed_bit_is_noticed() {
        let header = FrameHeader::new(FrameKind::AppendEnd, 1 << 40, 1_000);
        let bytes = header.encode();
        assert_eq!(FrameHeader::decode(&bytes), Some(header));
        assert_eq!(header.content_bytes(), 1_000);
        assert_eq!(header.frame_bytes() as u64, frame_bytes(1_000));
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(FrameHeader::decode(&changed), None, "bit {bit}");
        }
        assert_eq!(FrameHeader::decode(&bytes[..23]), None);
    }
}
