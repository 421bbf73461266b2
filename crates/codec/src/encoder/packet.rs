//! The packet that is being written.

use alloc::vec::Vec;

use super::EncodedPacket;
use crate::decoder::EXTRA_PIXELS;
use crate::entropy::{BitWriter, RangeEncoder};
use crate::media_time::MediaTime;
use crate::segment::PacketKind;
use crate::syntax::{COARSE_MICROS, Syntax};

/// How exactly a frame's time is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    Exact,
    /// To a hundredth of a second: enough for a cursor that blinks.
    Coarse,
}

/// Frames that go out together.
#[derive(Debug)]
pub(super) struct OpenPacket {
    pub(super) kind: PacketKind,
    pub(super) first: MediaTime,
    pub(super) last: MediaTime,
    pub(super) frames: u32,
    /// Pixels of the frames that only take others back, as a decoder counts its work.
    pub(super) pixels: u64,
    pub(super) coder: RangeEncoder,
}

impl OpenPacket {
    pub(super) fn new(kind: PacketKind, time: MediaTime) -> Self {
        Self {
            kind,
            first: time,
            last: time,
            frames: 0,
            pixels: 0,
            coder: RangeEncoder::new(Vec::new()),
        }
    }

    /// Begins a frame.
    pub(super) fn begin_frame(&mut self, syntax: &mut Syntax, time: MediaTime, exactness: Timing) {
        if self.frames > 0 {
            let micros = time.micros_since(self.last).unwrap_or(0);
            let micros = match exactness {
                Timing::Exact => micros,
                // Never later than it was, or the next frame would be in the past.
                Timing::Coarse => micros / COARSE * COARSE,
            };
            syntax.follows(&mut self.coder, true);
            syntax.time(&mut self.coder, micros);
            self.last = self.last.checked_add_micros(micros).unwrap_or(self.last);
        }
        self.frames += 1;
    }

    /// Whether the packet may wait for a frame after `time`.
    pub(super) fn may_wait(&self, time: MediaTime) -> bool {
        let micros = time.micros_since(self.first).unwrap_or(0);
        micros < MAX_WAIT_MICROS
            && self.frames < MAX_FRAMES
            && self.pixels < MAX_PIXELS
            && self.coder.bytes() < MAX_BYTES
    }

    /// When the packet goes out at the latest.
    pub(super) fn deadline(&self) -> Option<MediaTime> {
        self.first.checked_add_micros(MAX_WAIT_MICROS)
    }

    /// Ends the packet; `bits` is emptied.
    pub(super) fn close(
        mut self,
        syntax: &mut Syntax,
        bits: &mut BitWriter,
        hash: Option<u64>,
    ) -> EncodedPacket {
        syntax.follows(&mut self.coder, false);
        let payload = self.coder.finish(bits.finish());
        bits.clear();
        EncodedPacket {
            kind: self.kind,
            time: self.first,
            last_time: self.last,
            frames: self.frames,
            hash,
            payload,
        }
    }
}

/// Frames that show nothing new wait no longer than this for others.
const MAX_WAIT_MICROS: u64 = 30_000_000;
const COARSE: u64 = COARSE_MICROS as u64;
/// Nor do frames wait that are more work than this: a decoder allows some for a packet.
const MAX_PIXELS: u64 = EXTRA_PIXELS / 2;
/// More frames are not put into a packet.
const MAX_FRAMES: u32 = 1000;
/// A longer packet does not wait.
const MAX_BYTES: usize = 4096;
