//! How much memory a decoder may take, known before it takes any.

use crate::geometry::{MAX_SIDE, PictureSize};
use crate::picture::TILE_PIXELS;
use crate::segment::SegmentHeader;
use crate::state::State;

/// What a decoder accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecoderLimits {
    /// The widest picture.
    pub max_width: u32,
    /// The highest picture.
    pub max_height: u32,
    /// The most that [`decoder_memory_bytes`] may be.
    pub max_memory_bytes: usize,
}

impl Default for DecoderLimits {
    /// Every picture that the format allows, with the encoder's default cache.
    fn default() -> Self {
        Self {
            max_width: MAX_SIDE,
            max_height: MAX_SIDE,
            max_memory_bytes: 1400 << 20,
        }
    }
}

/// The most memory that decoding a segment with this header takes, whatever its packets say.
///
/// It counts the picture, what is learnt from it, the tile cache and one packet, which exists
/// twice while it is decoded. Ordinary segments stay below: the cache and the packet grow only as
/// they are needed.
pub const fn decoder_memory_bytes(header: &SegmentHeader) -> usize {
    header.size.bytes()
        + header.size.tiles() as usize
        + State::memory_bound(header.size, header.cache_slots)
        + 2 * max_payload_bytes(header.size)
}

/// The longest payload of a packet in a segment of this picture size.
pub(crate) const fn max_payload_bytes(size: PictureSize) -> usize {
    // A pixel takes less than 6 bytes also where it surprises every model.
    6 * size.tiles() as usize * TILE_PIXELS + SMALL_PAYLOAD_BYTES
}

/// Room for an index of key frames also where pictures are tiny.
const SMALL_PAYLOAD_BYTES: usize = 2 << 20;
