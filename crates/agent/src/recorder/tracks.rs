//! The displays of a session, and the segment that each one is recorded into.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use eidetic_capture::{Display, Frame};
use eidetic_codec::{
    Damage, Encoded, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize, Rect,
    SegmentWriter, Totals,
};
use eidetic_model::{
    DisplayIndex, IdSource, Policy, Quality, RecordedMoment, SegmentDescription, SegmentId,
    SessionId, Timestamp,
};
use tracing::warn;

use super::{Reports, session_clock::Now};
use crate::channel::{FramingError, MAX_PIECE_BYTES, Report};

/// How displays are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coding {
    quality: eidetic_codec::Quality,
    grayscale: bool,
}

impl Coding {
    /// As a policy asks for it.
    pub(crate) const fn of(policy: &Policy) -> Self {
        use eidetic_codec::Quality as Codec;
        Self {
            quality: match policy.quality() {
                Quality::Lossless => Codec::Lossless,
                Quality::High => Codec::High,
                Quality::Medium => Codec::Medium,
                Quality::Low => Codec::Low,
            },
            grayscale: policy.grayscale(),
        }
    }

    fn config(self, size: PictureSize) -> EncoderConfig {
        EncoderConfig {
            quality: self.quality,
            grayscale: self.grayscale,
            ..EncoderConfig::new(size)
        }
    }
}

/// One track for each display: its encoder, and its open segment if there is one.
///
/// A segment begins with a key frame and is sealed after [`MAX_BYTES`] or [`MAX_AGE`], whichever
/// comes first with the next frame; or when the caller says so.
#[derive(Debug)]
pub(crate) struct Tracks {
    session: SessionId,
    coding: Coding,
    tracks: BTreeMap<DisplayIndex, Track>,
}

#[derive(Debug)]
struct Track {
    display: Display,
    encoder: Encoder,
    open: Option<OpenSegment>,
}

#[derive(Debug)]
struct OpenSegment {
    id: SegmentId,
    writer: SegmentWriter,
    start: Timestamp,
    started: Duration,
    frames: u64,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameOutcome {
    /// It was recorded, or is the same as the one before.
    Taken,
    /// It cannot be recorded.
    Refused,
}

impl Tracks {
    /// No displays yet.
    pub(crate) fn new(session: SessionId, coding: Coding) -> Self {
        Self {
            session,
            coding,
            tracks: BTreeMap::new(),
        }
    }

    /// Displays are encoded so from the next layout on.
    pub(crate) fn set_coding(&mut self, coding: Coding) {
        self.coding = coding;
    }

    /// The displays are now these: seals what was open. Gives the displays that cannot be
    /// recorded.
    pub(crate) fn set_layout(
        &mut self,
        now: Now,
        displays: Vec<Display>,
        reports: &mut dyn Reports,
    ) -> Result<Vec<DisplayIndex>, FramingError> {
        self.seal_all(now, reports)?;
        self.tracks.clear();
        let mut unusable = Vec::new();
        for display in displays {
            let index = display.index;
            match encoder_for(&display, self.coding) {
                Ok(encoder) => {
                    let track = Track {
                        display,
                        encoder,
                        open: None,
                    };
                    self.tracks.insert(index, track);
                }
                Err(error) => {
                    warn!(display = %index, %error, "display cannot be recorded");
                    unusable.push(index);
                }
            }
        }
        Ok(unusable)
    }

    /// How many displays are recorded.
    pub(crate) fn displays(&self) -> usize {
        self.tracks.len()
    }

    /// Records what a display shows.
    pub(crate) fn frame(
        &mut self,
        now: Now,
        frame: &Frame<'_>,
        ids: &dyn IdSource,
        reports: &mut dyn Reports,
    ) -> Result<FrameOutcome, FramingError> {
        let Some(track) = self.tracks.get_mut(&frame.display) else {
            return Ok(FrameOutcome::Refused);
        };
        if track.open.as_ref().is_some_and(|open| open.is_over(now)) {
            track.seal(now, reports)?;
        }
        if track.open.is_none() {
            track.encoder.request_key_frame();
        }
        let start = track.open.as_ref().map_or(now.time, |open| open.start);
        let damage: Vec<Rect> = frame.damage.iter().copied().map(codec_rect).collect();
        let pixels = FrameRef {
            data: frame.pixels,
            stride: frame.stride,
        };
        let encoded = track
            .encoder
            .encode(pixels, Damage::Rects(&damage), media_time(now, start));
        let packets = match encoded {
            Ok(Encoded::Packets(packets)) => packets,
            Ok(Encoded::Unchanged | Encoded::Held) => {
                track.count_frame();
                return Ok(FrameOutcome::Taken);
            }
            Err(error) => {
                warn!(display = %frame.display, %error, "frame cannot be encoded");
                return Ok(FrameOutcome::Refused);
            }
        };
        let mut bytes = Vec::new();
        if track.open.is_none() {
            track.begin(self.session, now, ids, &mut bytes, reports)?;
        }
        let Some(open) = &mut track.open else {
            return Ok(FrameOutcome::Refused);
        };
        open.frames += 1;
        for packet in packets {
            if let Err(error) = open.writer.append(&packet, &mut bytes) {
                warn!(display = %frame.display, %error, "packet does not fit its segment");
                // What was written before it belongs to the segment all the same.
                report_bytes(open.id, now, bytes.into(), reports)?;
                track.seal(now, reports)?;
                return Ok(FrameOutcome::Refused);
            }
        }
        report_bytes(open.id, now, bytes.into(), reports)?;
        Ok(FrameOutcome::Taken)
    }

    /// The display of which a frame is wanted first although nothing changes, and when.
    pub(crate) fn settles_at(&self) -> Option<(DisplayIndex, Timestamp)> {
        let wanted = self.tracks.iter().filter_map(|(display, track)| {
            let open = track.open.as_ref()?;
            let after = track.encoder.wants_frame_at()?;
            let after = Duration::from_micros(after.as_micros());
            Some((*display, open.start.saturating_add(after)))
        });
        wanted.min_by_key(|(_, time)| *time)
    }

    /// Ends all open segments: their displays showed their last pictures until now.
    pub(crate) fn seal_all(
        &mut self,
        now: Now,
        reports: &mut dyn Reports,
    ) -> Result<(), FramingError> {
        for track in self.tracks.values_mut() {
            track.seal(now, reports)?;
        }
        Ok(())
    }

    /// Forgets all open segments, which the service has given up.
    pub(crate) fn abandon_all(&mut self) {
        for track in self.tracks.values_mut() {
            track.open = None;
            // What waits in the encoder belonged to it.
            track.encoder.flush();
        }
    }

    /// The moment at which the point of the desktop is to be seen.
    pub(crate) fn moment(&self, at: (i32, i32), time: Timestamp) -> RecordedMoment {
        let display = self
            .tracks
            .values()
            .min_by_key(|track| distance(&track.display, at))
            .map_or(DisplayIndex(0), |track| track.display.index);
        RecordedMoment { display, time }
    }
}

impl Track {
    fn begin(
        &mut self,
        session: SessionId,
        now: Now,
        ids: &dyn IdSource,
        bytes: &mut Vec<u8>,
        reports: &mut dyn Reports,
    ) -> Result<(), FramingError> {
        let id = SegmentId::from_uuid(ids.new_id(now.time));
        let header = self
            .encoder
            .segment_header(now.time.as_unix_micros(), FrameInterval::Variable);
        self.open = Some(OpenSegment {
            id,
            writer: SegmentWriter::begin(&header, bytes),
            start: now.time,
            started: now.monotonic,
            frames: 0,
        });
        reports.report(Report::SegmentOpened(SegmentDescription {
            id,
            session,
            display: self.display.index,
            start: now.time,
            width: self.display.width,
            height: self.display.height,
            left: self.display.left,
            top: self.display.top,
        }))
    }

    fn seal(&mut self, now: Now, reports: &mut dyn Reports) -> Result<(), FramingError> {
        let Some(mut open) = self.open.take() else {
            return Ok(());
        };
        let mut bytes = Vec::new();
        if let Some(packet) = self.encoder.flush()
            && let Err(error) = open.writer.append(&packet, &mut bytes)
        {
            warn!(segment = %open.id, %error, "the last packet does not fit its segment");
        }
        let totals = Totals {
            frames: open.frames,
            final_hash: self.encoder.picture_hash(),
            encode_cpu_micros: None,
        };
        if let Err(error) = open
            .writer
            .finish(media_time(now, open.start), totals, &mut bytes)
        {
            // Readable all the same: only the index is missing.
            warn!(segment = %open.id, %error, "segment is sealed without an index");
        }
        report_bytes(open.id, now, bytes.into(), reports)?;
        reports.report(Report::SegmentSealed(open.id))
    }

    fn count_frame(&mut self) {
        if let Some(open) = &mut self.open {
            open.frames += 1;
        }
    }
}

impl OpenSegment {
    fn is_over(&self, now: Now) -> bool {
        self.writer.bytes_written() >= MAX_BYTES
            || now.monotonic.saturating_sub(self.started) >= MAX_AGE
    }
}

/// A segment that has this many bytes is sealed with the next frame.
const MAX_BYTES: u64 = 8 << 20;

/// A segment that was begun so long ago is sealed with the next frame: each one begins with a whole
/// picture, which is most of what a still screen takes.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

fn encoder_for(display: &Display, coding: Coding) -> anyhow::Result<Encoder> {
    let size = PictureSize::new(display.width, display.height)?;
    Ok(Encoder::new(coding.config(size))?)
}

fn report_bytes(
    segment: SegmentId,
    now: Now,
    mut bytes: Bytes,
    reports: &mut dyn Reports,
) -> Result<(), FramingError> {
    while !bytes.is_empty() {
        let piece = bytes.split_to(bytes.len().min(MAX_PIECE_BYTES));
        reports.report(Report::SegmentBytes {
            segment,
            until: now.time,
            bytes: piece,
        })?;
    }
    Ok(())
}

fn media_time(now: Now, start: Timestamp) -> MediaTime {
    let micros = now.time.saturating_since(start).as_micros();
    MediaTime::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

fn codec_rect(rect: eidetic_capture::Rect) -> Rect {
    Rect {
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
    }
}

/// How far a point is from a display, in pixels; 0 inside of it.
fn distance(display: &Display, (x, y): (i32, i32)) -> i64 {
    let beside = |from: i32, length: u32, at: i32| {
        let (from, at) = (i64::from(from), i64::from(at));
        let last = from + i64::from(length) - 1;
        (from - at).max(at - last).max(0)
    };
    beside(display.left, display.width, x) + beside(display.top, display.height, y)
}
