//! Encoding a recording.

use std::{path::Path, time::Duration};

use anyhow::Result;
use eidetic_codec::Damage;

use super::segments::{Segment, Segments};
use crate::codec_bench::{
    frames::{FramesReader, Recorded},
    setting::Setting,
    statistics::Spread,
};

/// Whether the encoder is told where the screen changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownDamage {
    /// It is, as the agent does.
    Yes,
    /// It has to look.
    No,
}

/// What encoding gave and took.
pub struct Encoded {
    pub segments: Vec<Segment>,
    pub key_frames: u64,
    pub cpu: Duration,
    pub frame_times: Spread,
    /// The most that the encoder had in memory.
    pub memory_bytes: usize,
}

impl Encoded {
    /// Bytes of all segments.
    pub fn bytes(&self) -> u64 {
        let lengths = self.segments.iter().map(|segment| segment.bytes.len());
        lengths.sum::<usize>() as u64
    }
}

/// Encodes at most so many frames of a recording.
pub fn encode(
    recording: &Path,
    setting: &Setting,
    known_damage: KnownDamage,
    most_frames: u64,
) -> Result<Encoded> {
    let mut reader = FramesReader::open(recording)?;
    let mut segments = Segments::new(setting.config(reader.size()))?;
    let mut frames = 0;
    let mut rects = Vec::new();
    while frames < most_frames
        && let Recorded::Frame { time, damage, .. } = reader.next()?
    {
        rects.clear();
        rects.extend_from_slice(damage);
        let damage = match known_damage {
            KnownDamage::Yes => Damage::Rects(&rects),
            KnownDamage::No => Damage::Unknown,
        };
        segments.frame(time, reader.until(), damage, reader.picture())?;
        frames += 1;
    }
    segments.seal(reader.until())?;
    Ok(Encoded {
        key_frames: segments.key_frames,
        cpu: segments.frame_times.iter().sum::<Duration>() + segments.seal_time,
        frame_times: Spread::of(segments.frame_times),
        memory_bytes: segments.memory.most(),
        segments: segments.complete,
    })
}
