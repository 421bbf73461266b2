//! Decoding what was encoded, and comparing each picture with the one that went in.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_codec::{Decoder, DecoderLimits, HashCheck, PacketKind, PixelOrder, SegmentReader};

use super::{
    cpu,
    fidelity::{Judge, Losses},
    memory::Meter,
    segments::{Segment, Told},
};
use crate::codec_bench::{
    frames::{FramesReader, Recorded},
    recordings::Recording,
    setting::Fidelity,
};

/// What decoding took.
pub struct Decoded {
    pub cpu: Duration,
    /// The most that the decoder had in memory.
    pub memory_bytes: usize,
    /// Pictures that were compared.
    pub compared: u64,
    /// What was lost.
    pub losses: Losses,
}

/// Decodes segments from their first to their last byte. Fails if a picture is not the one that the
/// encoder meant, or not what `fidelity` promises of the recording's.
pub fn decode(
    recording: Recording,
    path: &Path,
    segments: &[Segment],
    fidelity: Fidelity,
) -> Result<Decoded> {
    let mut reader = FramesReader::open(path)?;
    let mut judge = Judge::new(reader.size(), fidelity, recording.film_window());
    let mut player = Player::new(segments);
    let mut number = 0;
    while let Recorded::Frame { time, .. } = reader.next()? {
        let (until, pixels) = (reader.until(), reader.picture());
        judge.recorded(pixels);
        let mut is_told = false;
        while player.go_on(number)? {
            is_told = true;
            judge
                .shown(player.picture()?)
                .with_context(|| format!("the picture at {time:?}"))?;
        }
        if !is_told {
            judge
                .shown(player.picture()?)
                .with_context(|| format!("the picture at {time:?}, of which nothing was told"))?;
        }
        judge
            .stood_still(player.picture()?, until - time)
            .with_context(|| format!("the picture at {time:?}"))?;
        number += 1;
    }
    player.end()?;
    Ok(Decoded {
        cpu: player.cpu,
        memory_bytes: player.memory_bytes,
        compared: judge.compared(),
        losses: judge.losses()?,
    })
}

/// Plays segments one after the other, frame by frame.
struct Player<'a> {
    waiting: std::slice::Iter<'a, Segment>,
    playing: Option<Playing<'a>>,
    cpu: Duration,
    memory_bytes: usize,
}

impl<'a> Player<'a> {
    fn new(segments: &'a [Segment]) -> Self {
        Self {
            waiting: segments.iter(),
            playing: None,
            cpu: Duration::ZERO,
            memory_bytes: 0,
        }
    }

    /// Decodes one more frame, if the next one shows this frame of the recording.
    fn go_on(&mut self, number: u64) -> Result<bool> {
        let is_over = |playing: &Playing<'_>| playing.told.is_empty();
        if self.playing.as_ref().is_none_or(is_over) {
            let next = self.waiting.as_slice().first();
            let is_next = next
                .and_then(|next| next.told.first())
                .map(|told| told.frame);
            let (Some(next), true) = (next, is_next == Some(number)) else {
                return Ok(false);
            };
            self.end_segment()?;
            self.waiting.next();
            self.playing = Some(Playing::begin(next)?);
        }
        let playing = self.playing.as_mut().context("no segment")?;
        match playing.told.split_first() {
            Some((told, rest)) if told.frame == number => {
                playing.next_frame(told)?;
                playing.told = rest;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn picture(&self) -> Result<&[u8]> {
        let playing = self.playing.as_ref().context("nothing is shown yet")?;
        Ok(playing.decoder.pixels())
    }

    fn end_segment(&mut self) -> Result<()> {
        if let Some(mut done) = self.playing.take() {
            done.end()?;
            self.cpu += done.cpu;
            self.memory_bytes = self.memory_bytes.max(done.memory.most());
        }
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        self.end_segment()?;
        ensure!(
            self.waiting.as_slice().is_empty(),
            "segments go on after the recording"
        );
        Ok(())
    }
}

/// A segment that is being decoded.
struct Playing<'a> {
    rest: &'a [u8],
    /// The frames that are to come.
    told: &'a [Told],
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
            // Each picture's hash is compared here.
            Ok::<_, anyhow::Error>(decoder.with_hash_check(HashCheck::Trust))
        })?;
        Ok(Self {
            rest,
            told: &segment.told,
            reader,
            decoder,
            memory,
            cpu: Duration::ZERO,
        })
    }

    /// Decodes the next frame, which must be what was told. Frames are matched by their order: the
    /// time of those that only take another back is told to a hundredth of a second.
    fn next_frame(&mut self, told: &Told) -> Result<()> {
        if self.decoder.next_time().is_none() {
            let kind = self.next_kind()?;
            ensure!(kind.is_frame(), "a frame is missing");
            let (reader, decoder) = (&mut self.reader, &mut self.decoder);
            let (result, took) = self.memory.during(|| {
                cpu::timed(|| {
                    let packet = reader.next_packet()?.context("a packet went away")?;
                    decoder.begin(&packet).context("a packet is bad")
                })
            });
            result?;
            self.cpu += took;
        }
        let time = self.decoder.next_time().context("a packet has no frame")?;
        ensure!(
            time <= told.time && told.time.as_micros() - time.as_micros() < MICROS_EARLY,
            "a frame of {:?} comes back at {time:?}",
            told.time
        );
        let decoder = &mut self.decoder;
        let (result, took) = self.memory.during(|| cpu::timed(|| decoder.next_frame()));
        result.context("a frame is bad")?;
        self.cpu += took;
        ensure!(
            self.decoder.picture_hash() == told.hash,
            "the picture at {time:?} of the segment is not the encoder's"
        );
        Ok(())
    }

    /// Nothing but the end may follow.
    fn end(&mut self) -> Result<()> {
        ensure!(self.told.is_empty(), "frames were left out");
        ensure!(self.decoder.next_time().is_none(), "a frame too much");
        ensure!(self.next_kind()? == PacketKind::End, "a packet too much");
        Ok(())
    }

    fn next_kind(&mut self) -> Result<PacketKind> {
        loop {
            if let Some((kind, _)) = self.reader.peek()? {
                return Ok(kind);
            }
            ensure!(!self.rest.is_empty(), "the segment ends early");
            let (now, rest) = self.rest.split_at(PIECE.min(self.rest.len()));
            let reader = &mut self.reader;
            self.memory.during(|| reader.push(now));
            self.rest = rest;
        }
    }
}

/// Bytes that arrive at once.
const PIECE: usize = 64 << 10;

/// A frame that only takes another back may be told so much too early, and never too late.
const MICROS_EARLY: u64 = 10_000;
