//! Decoding what was encoded, and comparing each picture with the one that went in.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_codec::{Decoder, DecoderLimits, HashCheck, PacketKind, PixelOrder, SegmentReader};

use super::{
    cpu,
    memory::Meter,
    segments::{Segment, media_time},
};
use crate::codec_bench::{
    frames::{FramesReader, Recorded},
    setting::Fidelity,
};

/// What decoding took.
pub struct Decoded {
    pub cpu: Duration,
    /// The most that the decoder had in memory.
    pub memory_bytes: usize,
    /// Pictures that were compared.
    pub compared: u64,
}

/// Decodes segments from their first to their last byte. Fails if a picture is not what `fidelity`
/// promises of the recording's.
pub fn decode(recording: &Path, segments: &[Segment], fidelity: Fidelity) -> Result<Decoded> {
    let mut reader = FramesReader::open(recording)?;
    let mut decoded = Decoded {
        cpu: Duration::ZERO,
        memory_bytes: 0,
        compared: 0,
    };
    let last = segments.last().map_or(Duration::ZERO, |last| last.end);
    let mut waiting = segments.iter();
    let mut playing: Option<Playing<'_>> = None;
    while let Recorded::Frame { time, pixels, .. } = reader.next()? {
        if time >= last && decoded.compared > 0 {
            break;
        }
        let is_over = |playing: &Playing<'_>| playing.segment.end <= time;
        if playing.as_ref().is_none_or(is_over) {
            if let Some(done) = playing.take() {
                decoded.add(&done);
            }
            let next = waiting
                .next()
                .context("segments end before the recording")?;
            playing = Some(Playing::begin(next)?);
        }
        let playing = playing.as_mut().context("no segment")?;
        playing.go_to(time)?;
        match fidelity {
            Fidelity::Exact => ensure!(
                look_the_same(playing.decoder.pixels(), pixels),
                "the picture at {time:?} is not the one that was recorded"
            ),
        }
        decoded.compared += 1;
    }
    if let Some(done) = playing.take() {
        decoded.add(&done);
    }
    Ok(decoded)
}

impl Decoded {
    fn add(&mut self, done: &Playing<'_>) {
        self.cpu += done.cpu;
        self.memory_bytes = self.memory_bytes.max(done.memory.most());
    }
}

/// A segment that is being decoded.
struct Playing<'a> {
    segment: &'a Segment,
    rest: &'a [u8],
    reader: SegmentReader,
    decoder: Decoder,
    memory: Meter,
    cpu: Duration,
}

impl<'a> Playing<'a> {
    fn begin(segment: &'a Segment) -> Result<Self> {
        let (now, rest) = segment.bytes.split_at(PIECE.min(segment.bytes.len()));
        let mut memory = Meter::default();
        let mut reader = SegmentReader::new();
        let decoder = memory.during(|| {
            reader.push(now);
            let header = reader.header()?.context("no header")?;
            let limits = DecoderLimits {
                max_memory_bytes: 1 << 30,
                ..DecoderLimits::default()
            };
            let decoder = Decoder::new(&header, limits, PixelOrder::Bgrx)?;
            // The comparison with the recorded pictures proves more.
            Ok::<_, anyhow::Error>(decoder.with_hash_check(HashCheck::Trust))
        })?;
        Ok(Self {
            segment,
            rest,
            reader,
            decoder,
            memory,
            cpu: Duration::ZERO,
        })
    }

    /// Decodes all packets up to a moment of the recording.
    fn go_to(&mut self, moment: Duration) -> Result<()> {
        let until = media_time(moment - self.segment.start);
        loop {
            let Some((kind, time)) = self.reader.peek()? else {
                if self.rest.is_empty() {
                    return Ok(());
                }
                let (now, rest) = self.rest.split_at(PIECE.min(self.rest.len()));
                let reader = &mut self.reader;
                self.memory.during(|| reader.push(now));
                self.rest = rest;
                continue;
            };
            if time > until || kind == PacketKind::End {
                return Ok(());
            }
            let (reader, decoder) = (&mut self.reader, &mut self.decoder);
            let (result, took) = self.memory.during(|| {
                cpu::timed(|| {
                    let packet = reader.next_packet()?.context("a packet went away")?;
                    decoder.decode(&packet).context("a packet is bad")
                })
            });
            result?;
            self.cpu += took;
        }
    }
}

/// Whether two pictures have the same colours.
fn look_the_same(one: &[u8], other: &[u8]) -> bool {
    let colours = |pixel: &[u8]| pixel.first_chunk::<3>().copied();
    let equal = |(one, other): (&[u8], &[u8])| {
        one == other
            || one
                .chunks_exact(4)
                .map(colours)
                .eq(other.chunks_exact(4).map(colours))
    };
    one.len() == other.len() && one.chunks(4096).zip(other.chunks(4096)).all(equal)
}

/// Bytes that arrive at once.
const PIECE: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_compared_by_their_colours_alone() {
        let picture: Vec<u8> = (0..=255).cycle().take(8192).collect();
        let mut other = picture.clone();
        other[4099] = 7;
        assert!(look_the_same(&picture, &other));
        other[4098] ^= 1;
        assert!(!look_the_same(&picture, &other));
        assert!(!look_the_same(&picture, &picture[..4096]));
    }
}
