//! How much memory a decoder may take, known before it takes any.

use crate::cache::TileCache;
use crate::content::max_content_bytes;
use crate::decoder::TileDecoder;
use crate::geometry::{MAX_SIDE, PictureSize};
use crate::palette::RecentPalettes;
use crate::segment::SegmentHeader;
use crate::zstd::ZstdStream;

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
    /// Every picture that the format allows, with the encoder's default window and cache.
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
/// It counts the picture twice (copies are gathered before they are placed), the tile cache,
/// the zstd window with room for the content of one packet, and one compressed packet.
/// Ordinary segments stay far below: buffers grow only as the packets need them.
pub const fn decoder_memory_bytes(header: &SegmentHeader) -> usize {
    let content = max_content_bytes(header.size.tiles());
    2 * header.size.bytes()
        + TileCache::memory_bound(header.cache_log2)
        + ZstdStream::memory_bound(1 << header.window_log2, content)
        + header.size.tiles() as usize * (TileDecoder::PLAN_BYTES_PER_TILE + 1)
        + RecentPalettes::MEMORY_BYTES
        + max_payload_bytes(header.size)
}

/// The longest payload of a packet in a segment of this picture size.
pub(crate) const fn max_payload_bytes(size: PictureSize) -> usize {
    let content = max_content_bytes(size.tiles());
    content + content / 64 + SMALL_PAYLOAD_BYTES
}

/// Room for an index of key frames also where pictures are tiny.
const SMALL_PAYLOAD_BYTES: usize = 2 << 20;
