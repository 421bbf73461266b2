//! Packets in, pictures out.

mod changes;
mod error;
mod frame;

use alloc::vec::Vec;

pub use error::DecodeError;

use crate::entropy::{BitPosition, BitReader, RangeDecoder, RangePosition};
use crate::geometry::{PictureSize, Rect};
use crate::limits::{DecoderLimits, decoder_memory_bytes};
use crate::media_time::MediaTime;
use crate::picture::{Layout, Picture, PixelOrder};
use crate::segment::{Packet, PacketKind, SegmentHeader};
use crate::state::State;
use changes::ChangedTiles;
use frame::{Allowance, FrameDecoder};
#[cfg(feature = "encode")]
pub(crate) use frame::{EXTRA_PIXELS, FRAME_PIXELS, TILE_PIXELS};

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
/// for packet in encoder.encode(frame, Damage::Unknown, MediaTime::ZERO)?.packets() {
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
    state: State,
    hash_check: HashCheck,
    open: Option<OpenPacket>,
    ready: Ready,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ready {
    /// Only a key frame is accepted.
    ForKey,
    ForAll,
}

/// A packet whose next frame is not decoded yet.
#[derive(Debug)]
struct OpenPacket {
    payload: Vec<u8>,
    coder: RangePosition,
    bits: BitPosition,
    allowance: Allowance,
    next_time: MediaTime,
    last_time: MediaTime,
    hash: Option<u64>,
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
            state: State::new(size, header.cache_slots),
            hash_check: HashCheck::Verify,
            open: None,
            ready: Ready::ForKey,
        })
    }

    /// The same decoder with another way to treat hashes.
    #[must_use]
    pub fn with_hash_check(mut self, hash_check: HashCheck) -> Self {
        self.hash_check = hash_check;
        self
    }

    /// Applies all frames of a packet to the picture.
    ///
    /// After an error the picture is a mixture of old and new, and only a key frame is accepted.
    pub fn decode(&mut self, packet: &Packet<'_>) -> Result<(), DecodeError> {
        self.begin(packet)?;
        while self.next_time().is_some() {
            self.next_frame()?;
        }
        Ok(())
    }

    /// Begins a packet: its frames are then decoded one by one by
    /// [`next_frame`](Self::next_frame). What was left of the packet before is decoded first.
    pub fn begin(&mut self, packet: &Packet<'_>) -> Result<(), DecodeError> {
        match packet.kind {
            // A key frame needs nothing from before.
            PacketKind::Key => self.open = None,
            PacketKind::Delta => {
                while self.open.is_some() {
                    self.next_frame()?;
                }
                if self.ready == Ready::ForKey {
                    return Err(DecodeError::NoKeyFrame);
                }
            }
            kind => return Err(DecodeError::NotAFrame(kind)),
        }
        if packet.kind == PacketKind::Key {
            self.state.reset();
            self.picture.clear();
            self.changes.mark_all();
        }
        self.ready = Ready::ForAll;
        self.open = Some(OpenPacket {
            payload: packet.payload.to_vec(),
            coder: RangeDecoder::new(packet.payload).position(),
            bits: BitPosition::default(),
            allowance: Allowance::of(&self.picture),
            next_time: packet.time,
            last_time: packet.last_time,
            hash: packet.hash,
        });
        Ok(())
    }

    /// Gives up the packet that was begun: a key frame comes next. The picture stays until then.
    pub fn restart(&mut self) {
        self.open = None;
        self.ready = Ready::ForKey;
    }

    /// The time of the next frame in the packet that was begun, if it has one more.
    pub fn next_time(&self) -> Option<MediaTime> {
        self.open.as_ref().map(|open| open.next_time)
    }

    /// Applies the next frame of the packet that was begun, if it has one more.
    ///
    /// After an error the picture is a mixture of old and new, and only a key frame is accepted.
    pub fn next_frame(&mut self) -> Result<(), DecodeError> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        self.ready = Ready::ForKey;
        self.open = self.apply(open)?;
        self.ready = Ready::ForAll;
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

    /// Decodes a frame of the packet and gives the packet back if there is another one.
    fn apply(&mut self, mut open: OpenPacket) -> Result<Option<OpenPacket>, DecodeError> {
        let mut coder = RangeDecoder::resume(&open.payload, open.coder);
        let mut bits = BitReader::new(&open.payload, open.bits);
        FrameDecoder {
            coder: &mut coder,
            bits: &mut bits,
            state: &mut self.state,
            picture: &mut self.picture,
            changes: &mut self.changes,
            allowance: &mut open.allowance,
        }
        .decode()?;
        if self.state.syntax.follows(&mut coder, false) {
            let passed = self.state.syntax.time(&mut coder, 0);
            open.next_time = open
                .next_time
                .checked_add_micros(passed)
                .filter(|&time| time <= open.last_time)
                .ok_or(DecodeError::BadContent("time"))?;
            (open.coder, open.bits) = (coder.position(), bits.position());
            return Ok(Some(open));
        }
        if let (Some(stored), HashCheck::Verify) = (open.hash, self.hash_check) {
            let actual = self.picture.hash();
            if actual != stored {
                return Err(DecodeError::WrongPicture { stored, actual });
            }
        }
        Ok(None)
    }
}
