//! Packets in, pictures out.

mod changes;
mod error;
mod tiles;

use alloc::vec::Vec;

pub use error::DecodeError;

use crate::bytes::ByteReader;
use crate::content::max_content_bytes;
use crate::geometry::{PictureSize, Rect};
use crate::limits::{DecoderLimits, decoder_memory_bytes};
use crate::picture::{Layout, Picture, PixelOrder};
use crate::segment::{Packet, PacketKind, SegmentHeader};
use crate::zstd::ZstdStream;
use changes::ChangedTiles;
pub(crate) use tiles::TileDecoder;

/// Whether the decoder compares each hash in the packets with its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashCheck {
    /// A difference is an error.
    Verify,
    /// Hashes are stepped over, which saves a pass over the picture for each.
    Trust,
}

/// Decodes the packets of one segment.
///
/// ```
/// # #[cfg(feature = "encode")] {
/// use eidetic_codec::*;
/// let size = PictureSize::new(4, 2)?;
/// let mut encoder = Encoder::new(EncoderConfig::new(size))?;
/// let mut segment = Vec::new();
/// let header = encoder.segment_header(0, FrameInterval::Variable);
/// let mut writer = SegmentWriter::begin(&header, &mut segment);
/// let frame = FrameRef { data: &[7; 32], stride: 16 };
/// if let Encoded::Packet(packet) = encoder.encode(frame, Damage::Unknown, MediaTime::ZERO)? {
///     writer.append(&packet, &mut segment)?;
/// }
///
/// let mut reader = SegmentReader::new();
/// reader.push(&segment);
/// let header = reader.header()?.expect("the whole header was pushed");
/// let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Rgba)?;
/// while let Some(packet) = reader.next_packet()? {
///     if packet.kind.is_frame() {
///         decoder.decode(&packet)?;
///     }
/// }
/// assert_eq!(decoder.pixels()[..4], [7, 7, 7, 255]);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    picture: Picture,
    changes: ChangedTiles,
    stream: ZstdStream,
    tiles: TileDecoder,
    hash_check: HashCheck,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Only a key frame is accepted.
    NeedsKey,
    Ready,
}

impl Decoder {
    /// A decoder for the segment with this header, showing black; it verifies hashes.
    pub fn new(
        header: &SegmentHeader,
        limits: DecoderLimits,
        order: PixelOrder,
    ) -> Result<Self, DecodeError> {
        let size = header.size;
        if size.width() > limits.max_width || size.height() > limits.max_height {
            return Err(DecodeError::PictureTooLarge {
                width: size.width(),
                height: size.height(),
                max_width: limits.max_width,
                max_height: limits.max_height,
            });
        }
        let needed = decoder_memory_bytes(header);
        if needed > limits.max_memory_bytes {
            return Err(DecodeError::MemoryLimit {
                needed,
                limit: limits.max_memory_bytes,
            });
        }
        Ok(Self {
            picture: Picture::new(size, Layout::new(order, header.fourth_byte)),
            changes: ChangedTiles::new(size),
            stream: ZstdStream::new(1 << header.window_log2, max_content_bytes(size.tiles())),
            tiles: TileDecoder::new(header.cache_log2),
            hash_check: HashCheck::Verify,
            state: State::NeedsKey,
        })
    }

    /// The same decoder with another way to treat hashes.
    #[must_use]
    pub fn with_hash_check(mut self, hash_check: HashCheck) -> Self {
        self.hash_check = hash_check;
        self
    }

    /// Applies one packet to the picture.
    ///
    /// After an error the picture is a mixture of old and new, and only a key frame is accepted.
    pub fn decode(&mut self, packet: &Packet<'_>) -> Result<(), DecodeError> {
        match (packet.kind, self.state) {
            (PacketKind::Key, _) | (PacketKind::Delta, State::Ready) => {}
            (PacketKind::Delta, State::NeedsKey) => return Err(DecodeError::NoKeyFrame),
            (kind, _) => return Err(DecodeError::NotAFrame(kind)),
        }
        self.state = State::NeedsKey;
        self.apply(packet)?;
        if let (Some(stored), HashCheck::Verify) = (packet.hash, self.hash_check) {
            let actual = self.picture.hash();
            if actual != stored {
                return Err(DecodeError::WrongPicture { stored, actual });
            }
        }
        self.state = State::Ready;
        Ok(())
    }

    /// The picture's size.
    pub fn size(&self) -> PictureSize {
        self.picture.size()
    }

    /// The picture's pixels in the order asked for, four bytes each, rows without padding.
    pub fn pixels(&self) -> &[u8] {
        self.picture.bytes()
    }

    /// The picture's hash, as the end packet and some others carry it.
    pub fn picture_hash(&self) -> u64 {
        self.picture.hash()
    }

    /// What changed since the last call: rectangles that do not overlap.
    pub fn take_changes(&mut self) -> Vec<Rect> {
        self.changes.take()
    }

    fn apply(&mut self, packet: &Packet<'_>) -> Result<(), DecodeError> {
        let mut reader = ByteReader::new(packet.payload);
        let content_len = reader.length().ok_or(DecodeError::BadContent("length"))?;
        let mut blocks = reader.rest();
        if packet.kind == PacketKind::Key {
            blocks = self.stream.begin_frame(blocks)?;
            self.tiles.reset();
            self.picture.clear();
            self.changes.mark_all();
        }
        let content = self.stream.decode(blocks, content_len)?;
        self.tiles
            .apply(content, &mut self.picture, &mut self.changes)
    }
}
