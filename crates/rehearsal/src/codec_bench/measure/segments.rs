//! Segments as the agent makes them (`crates/agent/src/recorder/tracks.rs`).

use std::time::Duration;

use anyhow::Result;
use eidetic_codec::{
    Damage, Encoded, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PacketKind,
    SegmentWriter, Totals,
};

use super::{cpu, memory::Meter};

/// A segment that is complete.
pub struct Segment {
    /// Its start since the recording's.
    pub start: Duration,
    /// Its end since the recording's start.
    pub end: Duration,
    /// Header, packets and index.
    pub bytes: Vec<u8>,
}

/// Encodes frames into segments.
pub struct Segments {
    encoder: Encoder,
    open: Option<Open>,
    /// Those that are complete.
    pub complete: Vec<Segment>,
    /// Key frames so far.
    pub key_frames: u64,
    /// What the encoder takes.
    pub memory: Meter,
}

struct Open {
    start: Duration,
    bytes: Vec<u8>,
    writer: SegmentWriter,
    frames: u64,
}

impl Segments {
    /// No segment yet.
    pub fn new(config: EncoderConfig) -> Result<Self> {
        let mut memory = Meter::default();
        let encoder = memory.during(|| Encoder::new(config))?;
        Ok(Self {
            encoder,
            open: None,
            complete: Vec::new(),
            key_frames: 0,
            memory,
        })
    }

    /// Encodes a frame. Gives the CPU time of that alone.
    pub fn frame(&mut self, time: Duration, damage: Damage<'_>, pixels: &[u8]) -> Result<Duration> {
        if self.open.as_ref().is_some_and(|open| open.is_over(time)) {
            self.seal(time)?;
        }
        if self.open.is_none() {
            self.encoder.request_key_frame();
        }
        let start = self.open.as_ref().map_or(time, |open| open.start);
        let frame = FrameRef {
            data: pixels,
            stride: 4 * self.encoder.size().width() as usize,
        };
        let encoder = &mut self.encoder;
        let (encoded, took) = self
            .memory
            .during(|| cpu::timed(|| encoder.encode(frame, damage, media_time(time - start))));
        match encoded? {
            Encoded::Unchanged => {
                if let Some(open) = &mut self.open {
                    open.frames += 1;
                }
            }
            Encoded::Packet(packet) => {
                self.memory.gave_away(packet.payload.capacity());
                if packet.kind == PacketKind::Key {
                    self.key_frames += 1;
                }
                let open = self.open.get_or_insert_with(|| {
                    let header = self.encoder.segment_header(0, FrameInterval::Variable);
                    let mut bytes = Vec::new();
                    Open {
                        start,
                        writer: SegmentWriter::begin(&header, &mut bytes),
                        bytes,
                        frames: 0,
                    }
                });
                open.frames += 1;
                open.writer.append(&packet, &mut open.bytes)?;
            }
        }
        Ok(took)
    }

    /// Ends the open segment.
    pub fn seal(&mut self, end: Duration) -> Result<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let totals = Totals {
            frames: open.frames,
            final_hash: self.encoder.picture_hash(),
            encode_cpu_micros: None,
        };
        open.writer
            .finish(media_time(end - open.start), totals, &mut open.bytes)?;
        self.complete.push(Segment {
            start: open.start,
            end,
            bytes: open.bytes,
        });
        Ok(())
    }

    /// The most memory that the encoder had.
    pub fn most_memory(&self) -> usize {
        // libzstd's own is not on this program's heap.
        self.memory.most() + self.encoder.compressor_memory_bytes()
    }
}

impl Open {
    fn is_over(&self, now: Duration) -> bool {
        self.bytes.len() >= MAX_BYTES || now - self.start >= MAX_AGE
    }
}

/// Microseconds of a segment's time.
pub fn media_time(time: Duration) -> MediaTime {
    MediaTime::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// The agent's: a segment with so many bytes is sealed with the next frame.
const MAX_BYTES: usize = 8 << 20;

/// The agent's: a segment that was begun so long ago is sealed with the next frame.
const MAX_AGE: Duration = Duration::from_secs(15 * 60);
