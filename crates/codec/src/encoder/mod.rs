//! Frames in, packets out.

mod colours;
mod compare;
mod config;
mod scroll;
mod seen;
mod tiles;
mod zstd_writer;

use alloc::vec::Vec;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use compare::changed_tiles_reference;
pub use config::{EncoderConfig, KeyFramePolicy, Quality};
pub use zstd_writer::ZstdFailure;
pub(crate) use zstd_writer::ZstdWriter;

use crate::bytes::put_varint;
use crate::content::MotionVector;
use crate::geometry::{PictureSize, Rect};
use crate::media_time::MediaTime;
use crate::picture::{Layout, Picture, PixelOrder};
use crate::segment::{FrameInterval, PacketKind, SegmentHeader};
use compare::{TileComparer, colours_differ};
use scroll::ScrollFinder;
use tiles::{ChangedTile, TileEncoder};

/// A frame in the caller's memory: rows of blue, green, red and an ignored byte.
#[derive(Clone, Copy)]
pub struct FrameRef<'a> {
    /// The pixels, at least `stride * (height - 1) + 4 * width` bytes.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// Where a frame may differ from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage<'a> {
    /// Anywhere.
    Unknown,
    /// Only inside of these rectangles; a change elsewhere is taken up only with the next damage
    /// there or the next key frame. Parts outside of the picture are ignored.
    Rects(&'a [Rect]),
}

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encoded {
    /// It looks like the one before: there is nothing to store.
    Unchanged,
    /// Append this to the segment.
    Packet(EncodedPacket),
}

/// A packet before it is put into a segment.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPacket {
    /// [`PacketKind::Key`] or [`PacketKind::Delta`].
    pub kind: PacketKind,
    /// When the frame was taken.
    pub time: MediaTime,
    /// Hash of the picture, if this packet carries it.
    pub hash: Option<u64>,
    /// The compressed content.
    pub payload: Vec<u8>,
}

/// A frame cannot be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A setting is out of range.
    #[error("encoder setting {0} is out of range")]
    BadConfig(&'static str),
    /// The frame has fewer bytes than its size and stride need. The encoder goes on.
    #[error("frame of {actual} bytes instead of {needed}")]
    FrameTooSmall {
        /// Bytes needed.
        needed: usize,
        /// Bytes given.
        actual: usize,
    },
    /// Compression failed. The encoder goes on with a key frame.
    #[error(transparent)]
    Zstd(#[from] ZstdFailure),
}

/// Encodes the frames of one display.
///
/// Memory: the picture, the zstd window, the tile cache and about a megabyte.
#[derive(Debug)]
pub struct Encoder {
    config: EncoderConfig,
    /// INVARIANT: the decoder's picture after the last packet, fourth bytes aside.
    last: Picture,
    comparer: TileComparer,
    scroll: ScrollFinder,
    tiles: TileEncoder,
    stream: ZstdWriter,
    changed: Vec<u32>,
    head: Vec<u8>,
    key: KeyState,
    packets_since_hash: u32,
}

/// What the placing of key frames depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyState {
    /// The next frame is a key frame, even if nothing changed.
    Wanted,
    Since {
        key_bytes: usize,
        bytes: usize,
        packets: u32,
    },
}

impl Encoder {
    /// An encoder whose first frame becomes a key frame.
    pub fn new(config: EncoderConfig) -> Result<Self, EncodeError> {
        if let Some(name) = config.first_bad() {
            return Err(EncodeError::BadConfig(name));
        }
        let size = config.size;
        Ok(Self {
            config,
            last: Picture::new(size, Layout::new(PixelOrder::Bgrx, config.fourth_byte)),
            comparer: TileComparer::new(size),
            scroll: ScrollFinder::new(size),
            tiles: TileEncoder::new(config.cache_log2, config.max_palette),
            stream: ZstdWriter::new(config.level, config.window_log2)?,
            changed: Vec::new(),
            head: Vec::new(),
            key: KeyState::Wanted,
            packets_since_hash: 0,
        })
    }

    /// The header for segments that hold this encoder's packets.
    pub fn segment_header(&self, start_unix_micros: i64, interval: FrameInterval) -> SegmentHeader {
        SegmentHeader {
            size: self.config.size,
            start_unix_micros,
            interval,
            fourth_byte: self.config.fourth_byte,
            cache_log2: self.config.cache_log2,
            window_log2: self.config.window_log2,
        }
    }

    /// Size of every frame.
    pub fn size(&self) -> PictureSize {
        self.config.size
    }

    /// Makes the next frame a key frame, as the first of each segment must be.
    pub fn request_key_frame(&mut self) {
        self.key = KeyState::Wanted;
    }

    /// Hash of the last frame, for the segment's end packet.
    pub fn picture_hash(&self) -> u64 {
        self.last.hash()
    }

    /// Memory that the compressor holds, for measurements.
    pub fn compressor_memory_bytes(&self) -> usize {
        self.stream.memory_bytes()
    }

    /// Encodes a frame that was taken at `time`.
    pub fn encode(
        &mut self,
        frame: FrameRef<'_>,
        damage: Damage<'_>,
        time: MediaTime,
    ) -> Result<Encoded, EncodeError> {
        frame.check(self.config.size)?;
        let requested = self.key == KeyState::Wanted;
        if !requested {
            let mut changed = core::mem::take(&mut self.changed);
            self.comparer
                .changed_tiles(frame, &self.last, damage, &mut changed);
            self.changed = changed;
            if self.changed.is_empty() {
                return Ok(Encoded::Unchanged);
            }
        }
        let kind = if requested || self.key_frame_is_due() {
            PacketKind::Key
        } else {
            PacketKind::Delta
        };
        // Only success takes this back: decoder and encoder must not drift apart.
        let key = core::mem::replace(&mut self.key, KeyState::Wanted);
        let mut payload = Vec::new();
        match kind {
            PacketKind::Key => self.encode_key(frame, &mut payload)?,
            _ => self.encode_delta(frame, &mut payload)?,
        }
        self.key = match (kind, key) {
            (
                PacketKind::Delta,
                KeyState::Since {
                    key_bytes,
                    bytes,
                    packets,
                },
            ) => KeyState::Since {
                key_bytes,
                bytes: bytes.saturating_add(payload.len()),
                packets: packets.saturating_add(1),
            },
            _ => KeyState::Since {
                key_bytes: payload.len(),
                bytes: 0,
                packets: 0,
            },
        };
        Ok(Encoded::Packet(EncodedPacket {
            kind,
            time,
            hash: self.hash_if_due(kind),
            payload,
        }))
    }

    fn encode_key(
        &mut self,
        frame: FrameRef<'_>,
        payload: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let size = self.config.size;
        for y in 0..size.height() {
            self.last
                .row_mut(0, y, size.width())
                .copy_from_slice(frame.row(0, y, size.width()));
        }
        self.tiles.reset();
        self.stream.begin_frame()?;
        let changed = (0..size.tiles()).map(|index| ChangedTile {
            index,
            copied_by: None,
        });
        self.tiles.encode(&self.last, &[], changed);
        self.compress(payload)
    }

    fn encode_delta(
        &mut self,
        frame: FrameRef<'_>,
        payload: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        let size = self.config.size;
        let shift = self.scroll.find(frame, &self.last, &self.changed);
        let vector = shift.map(|dy| MotionVector { dx: 0, dy });
        // The old picture is needed for all comparisons before any of it is replaced.
        let changed: Vec<ChangedTile> = self
            .changed
            .iter()
            .map(|&index| ChangedTile {
                index,
                copied_by: vector
                    .filter(|&vector| is_copy(frame, &self.last, size.tile_rect(index), vector))
                    .map(|_| 0),
            })
            .collect();
        for &index in &self.changed {
            let rect = size.tile_rect(index);
            for y in rect.y..rect.y + rect.height {
                self.last
                    .row_mut(rect.x, y, rect.width)
                    .copy_from_slice(frame.row(rect.x, y, rect.width));
            }
        }
        let any_copy = changed.iter().any(|tile| tile.copied_by.is_some());
        let vectors = if any_copy { vector.as_slice() } else { &[] };
        self.tiles.encode(&self.last, vectors, changed.into_iter());
        self.compress(payload)
    }

    fn compress(&mut self, payload: &mut Vec<u8>) -> Result<(), EncodeError> {
        let sections = &mut self.tiles.sections;
        sections.finish(&mut self.head);
        let parts = [
            self.head.as_slice(),
            sections.indices.as_slice(),
            sections.raw.as_slice(),
        ];
        put_varint(payload, parts.iter().map(|part| part.len() as u64).sum());
        self.stream.write(&parts, payload)?;
        Ok(())
    }

    fn key_frame_is_due(&self) -> bool {
        let policy = self.config.key_frames;
        match self.key {
            KeyState::Wanted => true,
            KeyState::Since {
                key_bytes,
                bytes,
                packets,
            } => {
                let enough = key_bytes.saturating_mul(policy.size_ratio as usize);
                bytes > enough.max(policy.min_bytes) || packets >= policy.max_packets
            }
        }
    }

    fn hash_if_due(&mut self, kind: PacketKind) -> Option<u64> {
        self.packets_since_hash += 1;
        if kind == PacketKind::Key || self.packets_since_hash >= self.config.packets_between_hashes
        {
            self.packets_since_hash = 0;
            return Some(self.last.hash());
        }
        None
    }
}

impl<'a> FrameRef<'a> {
    /// `width` pixels of a row.
    #[inline]
    fn row(&self, x: u32, y: u32, width: u32) -> &'a [u8] {
        let start = y as usize * self.stride + x as usize * 4;
        &self.data[start..start + width as usize * 4]
    }

    fn check(&self, size: PictureSize) -> Result<(), EncodeError> {
        let row = size.row_bytes();
        let needed = self
            .stride
            .max(row)
            .saturating_mul(size.height() as usize - 1)
            .saturating_add(row);
        let actual = self.data.len();
        if self.stride < row || actual < needed {
            return Err(EncodeError::FrameTooSmall { needed, actual });
        }
        Ok(())
    }
}

impl core::fmt::Debug for FrameRef<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "FrameRef({} bytes)", self.data.len())
    }
}

impl core::fmt::Debug for EncodedPacket {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter
            .debug_struct("EncodedPacket")
            .field("kind", &self.kind)
            .field("time", &self.time)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}

/// Whether the old picture has the frame's pixels of `rect` at the vector's distance.
fn is_copy(frame: FrameRef<'_>, last: &Picture, rect: Rect, vector: MotionVector) -> bool {
    let Some(from) = rect.y.checked_add_signed(i32::from(vector.dy)) else {
        return false;
    };
    if from + rect.height > last.size().height() {
        return false;
    }
    (0..rect.height).all(|row| {
        let new = frame.row(rect.x, rect.y + row, rect.width);
        let old = last.row(rect.x, from + row, rect.width);
        new == old || !colours_differ(new, old)
    })
}
