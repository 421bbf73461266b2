//! Segments as the agent makes them (`crates/agent/src/recorder/tracks.rs`).

use std::time::Duration;

use anyhow::Result;
use eidetic_codec::{
    Damage, Encoded, EncodedPacket, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime,
    PacketKind, SegmentWriter, Totals,
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
    /// The frames in its packets, in their order.
    pub told: Vec<Told>,
}

/// A frame in a packet, and what the encoder meant by it.
#[derive(Clone, Copy)]
pub struct Told {
    /// Which of the recording's frames it shows.
    pub frame: u64,
    /// When, in the segment's time.
    pub time: MediaTime,
    /// Hash of the encoder's picture after it.
    pub hash: u64,
}

/// Encodes frames into segments.
pub struct Segments {
    encoder: Encoder,
    open: Option<Open>,
    /// Those that are complete.
    pub complete: Vec<Segment>,
    /// Key frames so far.
    pub key_frames: u64,
    /// CPU time of each frame, also of those that were given again.
    pub frame_times: Vec<Duration>,
    /// CPU time of ending segments.
    pub seal_time: Duration,
    /// What the encoder takes.
    pub memory: Meter,
    /// Frames of the recording so far.
    frames: u64,
}

struct Open {
    start: Duration,
    bytes: Vec<u8>,
    writer: SegmentWriter,
    frames: u64,
    /// Frames that wait in the encoder.
    held: u32,
    told: Vec<Told>,
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
            frame_times: Vec::new(),
            seal_time: Duration::ZERO,
            memory,
            frames: 0,
        })
    }

    /// Encodes the recording's next frame, which nothing follows before `until`.
    pub fn frame(
        &mut self,
        time: Duration,
        until: Duration,
        damage: Damage<'_>,
        pixels: &[u8],
    ) -> Result<()> {
        self.encode(time, damage, pixels)?;
        // As the agent does: a still screen is given again when something on it can become exact.
        let mut last = time;
        while let Some(wanted) = self.settles_at().map(|wanted| wanted.max(last))
            && wanted < until
        {
            self.encode(wanted, Damage::Rects(&[]), pixels)?;
            last = wanted;
        }
        self.frames += 1;
        Ok(())
    }

    fn settles_at(&self) -> Option<Duration> {
        let open = self.open.as_ref()?;
        let wanted = self.encoder.wants_frame_at()?;
        Some(open.start + Duration::from_micros(wanted.as_micros()))
    }

    fn encode(&mut self, time: Duration, damage: Damage<'_>, pixels: &[u8]) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.is_over(time)) {
            self.seal(time)?;
        }
        if self.open.is_none() {
            self.encoder.request_key_frame();
        }
        let start = self.open.as_ref().map_or(time, |open| open.start);
        let media_time = media_time(time - start);
        let frame = FrameRef {
            data: pixels,
            stride: 4 * self.encoder.size().width() as usize,
        };
        let encoder = &mut self.encoder;
        let (encoded, took) = self
            .memory
            .during(|| cpu::timed(|| encoder.encode(frame, damage, media_time)));
        let encoded = encoded?;
        self.frame_times.push(took);
        let open = self.open.get_or_insert_with(|| {
            let header = self.encoder.segment_header(0, FrameInterval::Variable);
            let mut bytes = Vec::new();
            Open {
                start,
                writer: SegmentWriter::begin(&header, &mut bytes),
                bytes,
                frames: 0,
                held: 0,
                told: Vec::new(),
            }
        });
        open.frames += 1;
        // Packets that are only what waited hold nothing of this frame.
        let packed = |packets: &[EncodedPacket]| packets.iter().map(|it| it.frames).sum::<u32>();
        let (is_told, held) = match &encoded {
            Encoded::Unchanged => (false, open.held),
            Encoded::Held => (true, open.held + 1),
            Encoded::Packets(packets) => (packed(packets) > open.held, 0),
        };
        open.held = held;
        if is_told {
            open.told.push(Told {
                frame: self.frames,
                time: media_time,
                hash: self.encoder.picture_hash(),
            });
        }
        for packet in encoded.packets() {
            self.memory.gave_away(packet.payload.capacity());
            if packet.kind == PacketKind::Key {
                self.key_frames += 1;
            }
            open.append(&packet)?;
        }
        Ok(())
    }

    /// Ends the open segment.
    pub fn seal(&mut self, end: Duration) -> Result<()> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let encoder = &mut self.encoder;
        let (last, took) = self.memory.during(|| cpu::timed(|| encoder.flush()));
        self.seal_time += took;
        if let Some(packet) = last {
            self.memory.gave_away(packet.payload.capacity());
            open.append(&packet)?;
        }
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
            told: open.told,
        });
        Ok(())
    }
}

impl Open {
    fn append(&mut self, packet: &EncodedPacket) -> Result<()> {
        self.writer.append(packet, &mut self.bytes)?;
        Ok(())
    }

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
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);
