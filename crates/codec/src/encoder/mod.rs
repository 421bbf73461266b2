//! Frames in, packets out.

mod classify;
mod compare;
mod config;
mod drag;
mod film;
mod frame;
mod motion;
mod packet;
mod scroll;
mod seen;
mod source;

use alloc::vec::Vec;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use compare::changed_tiles_reference;
pub use config::{EncoderConfig, KeyFramePolicy, Quality};

use crate::decoder::{FRAME_PIXELS, TILE_PIXELS};
use crate::entropy::BitWriter;
use crate::geometry::{PictureSize, Rect};
use crate::media_time::MediaTime;
use crate::picture::{Layout, Picture, PixelOrder};
use crate::segment::{FrameInterval, PacketKind, SegmentHeader};
use crate::state::State;
use crate::syntax::Move;
use compare::TileComparer;
use drag::DragFinder;
use film::Film;
use frame::{Before, Cost, FrameEncoder};
use motion::Vector;
use packet::{OpenPacket, Timing};
use scroll::ScrollFinder;
use seen::{SeenTiles, tile_hash};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use source::grey;
use source::{GreyFrame, Source};

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
    /// It was taken up and waits for others to go out in one packet with them: it shows nothing
    /// that was not shown a moment before. [`Encoder::flush`] does not wait.
    Held,
    /// Append these to the segment, in this order.
    Packets(Vec<EncodedPacket>),
}

impl Encoded {
    /// The packets to append, if there are any.
    pub fn packets(self) -> Vec<EncodedPacket> {
        match self {
            Self::Packets(packets) => packets,
            Self::Unchanged | Self::Held => Vec::new(),
        }
    }
}

/// A packet before it is put into a segment.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodedPacket {
    /// [`PacketKind::Key`] or [`PacketKind::Delta`].
    pub kind: PacketKind,
    /// When its first frame was taken.
    pub time: MediaTime,
    /// When its last frame was taken.
    pub last_time: MediaTime,
    /// How many frames it has.
    pub frames: u32,
    /// Hash of the picture after its last frame, if this packet carries it.
    pub hash: Option<u64>,
    /// The coded frames.
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
}

/// Encodes the frames of one display.
///
/// Memory: the picture, the tile cache and about a megabyte.
#[derive(Debug)]
pub struct Encoder {
    config: EncoderConfig,
    /// INVARIANT: the decoder's picture after the last frame, fourth bytes aside.
    picture: Picture,
    /// INVARIANT: the decoder's state after the last frame.
    state: State,
    seen: SeenTiles,
    comparer: TileComparer,
    scroll: ScrollFinder,
    drag: DragFinder,
    film: Film,
    bits: BitWriter,
    open: Option<OpenPacket>,
    changed: Vec<u32>,
    slots: Vec<usize>,
    line: Vec<u32>,
    /// The frame in grey, where that is wanted.
    grey: Option<GreyFrame>,
    key: KeyState,
    packets_since_hash: u32,
    /// Frames in a row that only took the one before back.
    alternations: u32,
}

/// What the placing of key frames depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KeyState {
    /// The next frame is a key frame, even if nothing changed.
    Wanted,
    Since {
        /// About nanoseconds.
        work: u64,
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
            picture: Picture::new(size, Layout::new(PixelOrder::Bgrx, 0)),
            state: State::new(size, config.cache_slots),
            seen: SeenTiles::new(config.cache_slots),
            comparer: TileComparer::new(size),
            scroll: ScrollFinder::new(size),
            drag: DragFinder::default(),
            film: Film::new(size, config.quality),
            bits: BitWriter::default(),
            open: None,
            changed: Vec::new(),
            slots: Vec::new(),
            line: Vec::new(),
            grey: config.grayscale.then(|| GreyFrame::new(size)),
            key: KeyState::Wanted,
            packets_since_hash: 0,
            alternations: 0,
        })
    }

    /// The header for segments that hold this encoder's packets.
    pub fn segment_header(&self, start_unix_micros: i64, interval: FrameInterval) -> SegmentHeader {
        SegmentHeader {
            size: self.config.size,
            start_unix_micros,
            interval,
            fourth_byte: self.config.fourth_byte,
            cache_slots: self.config.cache_slots,
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
        self.picture.hash()
    }

    /// The frames that wait for others, as a packet: before a segment ends, and when somebody
    /// watches.
    pub fn flush(&mut self) -> Option<EncodedPacket> {
        let open = self.open.take()?;
        let hash = self.hash_if_due(open.kind);
        let packet = open.close(&mut self.state.syntax, &mut self.bits, hash);
        if let (KeyState::Since { work, packets }, PacketKind::Delta) = (&mut self.key, packet.kind)
        {
            *work += packet.payload.len() as u64 * NANOS_PER_BYTE;
            *packets = packets.saturating_add(1);
        }
        Some(packet)
    }

    /// When the next frame should be given at the latest, also if nothing changes until then:
    /// parts of the picture have become still and can become exact, or frames have waited long
    /// enough.
    pub fn wants_frame_at(&self) -> Option<MediaTime> {
        let held = self.open.as_ref().and_then(OpenPacket::deadline);
        match (self.film.next_due(), held) {
            (Some(due), Some(held)) => Some(due.min(held)),
            (due, held) => due.or(held),
        }
    }

    /// Encodes a frame that was taken at `time`.
    pub fn encode(
        &mut self,
        frame: FrameRef<'_>,
        damage: Damage<'_>,
        time: MediaTime,
    ) -> Result<Encoded, EncodeError> {
        frame.check(self.config.size)?;
        let Some(mut grey) = self.grey.take() else {
            return Ok(self.encode_checked(frame, damage, time));
        };
        let may_be_key = self.key == KeyState::Wanted || self.key_frame_is_due();
        grey.update(frame, if may_be_key { Damage::Unknown } else { damage });
        let encoded = self.encode_checked(grey.frame(), damage, time);
        self.grey = Some(grey);
        Ok(encoded)
    }

    fn encode_checked(
        &mut self,
        frame: FrameRef<'_>,
        damage: Damage<'_>,
        time: MediaTime,
    ) -> Encoded {
        self.film.fill(time);
        if self.key == KeyState::Wanted {
            return Encoded::Packets(self.encode_key(frame, time));
        }
        let mut changed = core::mem::take(&mut self.changed);
        self.comparer
            .changed_tiles(frame, &self.picture, damage, &mut changed);
        let is_running = self.film.is_running(&changed, time);
        self.film.add_due(&mut changed, time);
        changed.retain(|&index| !self.waits(frame, index, time, is_running));
        self.changed = changed;
        if self.changed.is_empty() {
            let waits = |open: &OpenPacket| open.may_wait(time);
            return match self.flush_unless(waits) {
                Some(packet) => Encoded::Packets(alloc::vec![packet]),
                None => Encoded::Unchanged,
            };
        }
        if self.key_frame_is_due() {
            return Encoded::Packets(self.encode_key(frame, time));
        }
        self.alternations = match self.encode_delta(frame, time) {
            Novelty::None => self.alternations.saturating_add(1),
            Novelty::Some => 0,
        };
        let may_wait = |open: &OpenPacket| open.may_wait(time);
        if self.alternations > ALTERNATIONS_AT_ONCE && self.open.as_ref().is_some_and(may_wait) {
            return Encoded::Held;
        }
        Encoded::Packets(self.flush().into_iter().collect())
    }

    /// The frames that wait, as a packet, unless they may wait on.
    fn flush_unless(
        &mut self,
        may_wait: impl FnOnce(&OpenPacket) -> bool,
    ) -> Option<EncodedPacket> {
        if self.open.as_ref().is_none_or(may_wait) {
            return None;
        }
        self.flush()
    }

    /// Whether a changed tile is of a film, or at its edge, and must wait.
    fn waits(
        &mut self,
        frame: FrameRef<'_>,
        index: u32,
        time: MediaTime,
        is_running: bool,
    ) -> bool {
        if !self.film.is_near_film(index) {
            return false;
        }
        let mut tile = [0; _];
        let source = Source::new(frame, self.config.size, &mut self.line);
        source.read_tile(self.config.size.tile_rect(index), &mut tile);
        self.film.waits(index, tile_hash(&tile), time, is_running)
    }

    fn encode_key(&mut self, frame: FrameRef<'_>, time: MediaTime) -> Vec<EncodedPacket> {
        let mut packets: Vec<EncodedPacket> = self.flush().into_iter().collect();
        self.state.reset();
        self.seen.clear();
        self.picture.clear();
        self.open = Some(OpenPacket::new(PacketKind::Key, time));
        let tiles = self.config.size.tiles();
        self.with_frame(frame, time, Timing::Exact, |encoder| {
            encoder.encode(&[], 0..tiles, Before::Nothing);
        });
        // The key frame's own work is there wherever the key frames are.
        self.key = KeyState::Since {
            work: 0,
            packets: 0,
        };
        packets.extend(self.flush());
        packets
    }

    fn encode_delta(&mut self, frame: FrameRef<'_>, time: MediaTime) -> Novelty {
        if self.open.is_none() {
            self.open = Some(OpenPacket::new(PacketKind::Delta, time));
        }
        if self.is_step_back(frame) {
            let timing = match self.alternations {
                ALTERNATIONS_AT_ONCE.. if !self.config.exact_times => Timing::Coarse,
                _ => Timing::Exact,
            };
            if let Some(open) = &mut self.open {
                open.pixels += FRAME_PIXELS + self.changed.len() as u64 * TILE_PIXELS;
            }
            #[expect(
                clippy::redundant_closure_for_method_calls,
                reason = "the method is of one lifetime, the closure of all"
            )]
            self.with_frame(frame, time, timing, |encoder| encoder.step_back());
            return Novelty::None;
        }
        let moves = self.find_moves(frame);
        let mut changed = core::mem::take(&mut self.changed);
        if !moves.is_empty() {
            for one in &moves {
                self.picture.copy_within(one.to, one.from_x, one.from_y);
            }
            // What was wrong before may be right now, and the other way round where a move took
            // something with it.
            let mut rects: Vec<Rect> = changed
                .iter()
                .map(|&index| self.config.size.tile_rect(index))
                .collect();
            rects.extend(moves.iter().map(|one| one.to));
            let before = changed.clone();
            self.comparer
                .changed_tiles(frame, &self.picture, Damage::Rects(&rects), &mut changed);
            self.note_moved(&moves, &before, &changed);
        }
        self.with_frame(frame, time, Timing::Exact, |encoder| {
            encoder.encode(&moves, changed.iter().copied(), Before::Picture);
        });
        self.changed = changed;
        Novelty::Some
    }

    /// Tiles that a move has made right are exact, also if they were not before.
    fn note_moved(&mut self, moves: &[Move], before: &[u32], changed: &[u32]) {
        for index in self.film.inexact_tiles() {
            let tile = self.config.size.tile_rect(index);
            let was_compared = before.binary_search(&index).is_ok()
                || moves.iter().any(|one| one.to.overlaps(tile));
            if was_compared && changed.binary_search(&index).is_err() {
                self.film.set_exact(index);
            }
        }
    }

    /// Adds a frame to the open packet.
    fn with_frame(
        &mut self,
        frame: FrameRef<'_>,
        time: MediaTime,
        timing: Timing,
        encode: impl FnOnce(&mut FrameEncoder<'_, '_>),
    ) {
        let Some(open) = &mut self.open else {
            return;
        };
        open.begin_frame(&mut self.state.syntax, time, timing);
        let mut source = Source::new(frame, self.config.size, &mut self.line);
        let mut encoder = FrameEncoder {
            coder: &mut open.coder,
            bits: &mut self.bits,
            state: &mut self.state,
            seen: &mut self.seen,
            picture: &mut self.picture,
            source: &mut source,
            slots: &mut self.slots,
            film: &mut self.film,
            time,
            cost: Cost::default(),
        };
        encode(&mut encoder);
        let Cost {
            work,
            film_bytes,
            film_tiles,
        } = encoder.cost;
        if film_bytes > 0 {
            self.film.spend(film_bytes, film_tiles);
        }
        if let KeyState::Since { work: sum, .. } = &mut self.key {
            *sum += FRAME_NANOS + work;
        }
    }

    /// Whether the frame shows again what the changed tiles showed before the last frame.
    fn is_step_back(&mut self, frame: FrameRef<'_>) -> bool {
        let tiles = self.state.step_back.tiles();
        let source = Source::new(frame, self.config.size, &mut self.line);
        tiles.len() == self.changed.len()
            && tiles
                .iter()
                .zip(&self.changed)
                .all(|((index, tile), changed)| {
                    let mut shown = [0; _];
                    source.read_tile(self.config.size.tile_rect(*index), &mut shown);
                    index == changed && shown == *tile
                })
    }

    fn find_moves(&mut self, frame: FrameRef<'_>) -> Vec<Move> {
        let source = Source::new(frame, self.config.size, &mut self.line);
        let scrolled = self.scroll.find(frame, &self.picture, &self.changed);
        let vector = scrolled
            .map(|dy| Vector {
                dx: 0,
                dy: i32::from(dy),
            })
            .or_else(|| self.drag.find(&source, &self.picture, &self.changed));
        vector.map_or_else(Vec::new, |vector| {
            motion::moved(&source, &self.picture, &self.changed, vector)
        })
    }

    fn key_frame_is_due(&self) -> bool {
        let policy = self.config.key_frames;
        match self.key {
            KeyState::Wanted => true,
            KeyState::Since { work, packets } => {
                work / 1000 >= policy.max_work_micros || packets >= policy.max_packets
            }
        }
    }

    /// The picture's hash, if it is time for one. A key frame leaves its own to the packet after
    /// it, which proves both: key frames are the most work without it.
    fn hash_if_due(&mut self, kind: PacketKind) -> Option<u64> {
        let between = self.config.packets_between_hashes;
        self.packets_since_hash = self.packets_since_hash.saturating_add(1);
        if self.packets_since_hash < between {
            if kind == PacketKind::Key {
                self.packets_since_hash = between;
            }
            return None;
        }
        self.packets_since_hash = 0;
        Some(self.picture.hash())
    }
}

/// A frame that takes another back may mean something; what goes on and on is a blinking cursor.
const ALTERNATIONS_AT_ONCE: u32 = 2;
/// What decoding takes for each byte and for each frame, in about nanoseconds.
const NANOS_PER_BYTE: u64 = 75;
const FRAME_NANOS: u64 = 2_000;

/// Whether a frame shows anything that was not shown a moment before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Novelty {
    None,
    Some,
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
            .field("frames", &self.frames)
            .field("time", &self.time)
            .field("payload_bytes", &self.payload.len())
            .finish()
    }
}
