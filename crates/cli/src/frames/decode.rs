//! `eidetic frames decode`.

use std::io::{self, BufWriter, Read, Write};

use anyhow::{Context as _, bail};
use clap::Args;
use eidetic_codec::{
    Decoder, DecoderLimits, MediaTime, Packet, PacketKind, PixelOrder, SegmentEnd,
};

use super::rate::FrameRate;
use super::source::{Source, after, seconds};
use crate::terminal::{Progress, refuse_binary_input, refuse_binary_output};

/// Writes every frame that was encoded, unchanged ones repeated, as four bytes a pixel (blue,
/// green, red, and 0 or 255 as it was in the input), rows without padding.
///
/// A segment without a frame rate, such as an agent records, gives each changed frame once.
/// From a damaged or cut segment come all frames before the damage; then the message says where
/// it is, and the exit code is 1.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {}

/// Decodes standard input to standard output.
pub fn run(_: &Arguments) -> anyhow::Result<()> {
    refuse_binary_input()?;
    refuse_binary_output()?;
    let mut output = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    let result = decode(io::stdin().lock(), &mut output);
    // What came before the damage is worth having; the first error is the one to report.
    let flushed = output.flush().context("failed to write frames");
    result.and(flushed)
}

fn decode(input: impl Read, output: &mut impl Write) -> anyhow::Result<()> {
    let mut source = Source::new(input);
    let header = loop {
        match source.reader.header()? {
            Some(header) => break header,
            None if source.fill()? => {}
            None => bail!("standard input is too short for a segment"),
        }
    };
    let mut frames = FrameOutput {
        decoder: Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx)?,
        rate: FrameRate::of(header.interval),
        output,
        progress: Progress::new(),
        written: 0,
        packets: 0,
        last: None,
    };
    let result = loop {
        match source.reader.next_packet() {
            Ok(Some(packet)) => match frames.packet(&packet) {
                Ok(Step::Next) => {}
                Ok(Step::Ended) => break Ok(()),
                Err(error) => break Err(error),
            },
            Ok(None) => {
                if !source.fill()? {
                    break if source.reader.has_ended() {
                        Ok(())
                    } else {
                        Err(source.cut(frames.last))
                    };
                }
            }
            Err(error) => {
                let at = after(frames.last);
                break Err(
                    anyhow::Error::new(error).context(format!("the segment is damaged {at}"))
                );
            }
        }
    };
    if result.is_err() {
        frames.show_last()?;
    }
    result
}

/// Turns packets into frames.
struct FrameOutput<W> {
    decoder: Decoder,
    rate: Option<FrameRate>,
    output: W,
    progress: Progress,
    /// Frames written.
    written: u64,
    packets: u64,
    /// Time of the picture that the decoder shows.
    last: Option<MediaTime>,
}

enum Step {
    Next,
    Ended,
}

impl<W: Write> FrameOutput<W> {
    fn packet(&mut self, packet: &Packet<'_>) -> anyhow::Result<Step> {
        match packet.kind {
            PacketKind::Key | PacketKind::Delta => self.frames(packet)?,
            PacketKind::End => {
                self.end(packet)?;
                return Ok(Step::Ended);
            }
            PacketKind::Ignorable(_) => {}
        }
        Ok(Step::Next)
    }

    fn frames(&mut self, packet: &Packet<'_>) -> anyhow::Result<()> {
        let damaged = || {
            format!(
                "packet {} at byte {} is damaged, at {} s",
                packet.number,
                packet.offset,
                seconds(packet.time)
            )
        };
        let mut time = packet.time;
        let mut is_begun = false;
        loop {
            if self.last.is_some() {
                let due = match self.rate {
                    Some(rate) => rate.frame_at(time),
                    None => self.written + 1,
                };
                self.repeat_until(due, packet, time)?;
            }
            let begun = if is_begun {
                Ok(())
            } else {
                self.decoder.begin(packet)
            };
            is_begun = true;
            // On failure the picture is spoilt, and what was shown before is written already.
            begun
                .and_then(|()| self.decoder.next_frame())
                .with_context(damaged)
                .inspect_err(|_| self.last = None)?;
            self.last = Some(time);
            match self.decoder.next_time() {
                Some(next) => time = next,
                None => break,
            }
        }
        self.packets += 1;
        Ok(())
    }

    fn end(&mut self, packet: &Packet<'_>) -> anyhow::Result<()> {
        let end = SegmentEnd::read(packet.time, packet.payload)
            .with_context(|| format!("packet {} at byte {}", packet.number, packet.offset))?;
        let due = match self.rate {
            Some(_) => end.frames,
            None => self.written + u64::from(self.last.is_some()),
        };
        self.repeat_until(due, packet, packet.time)?;
        if end.frame_packets != self.packets {
            bail!(
                "the segment had {} frame packets and {} were found",
                end.frame_packets,
                self.packets
            );
        }
        if self.last.is_some() && end.final_hash != self.decoder.picture_hash() {
            bail!("the last picture is not the one that was encoded");
        }
        Ok(())
    }

    /// Writes the picture that stands, where reading stops early.
    fn show_last(&mut self) -> anyhow::Result<()> {
        if self.last.is_some() {
            self.write()?;
        }
        Ok(())
    }

    /// Writes the picture until `due` frames are written, since the next one comes at `time`.
    fn repeat_until(
        &mut self,
        due: u64,
        packet: &Packet<'_>,
        time: MediaTime,
    ) -> anyhow::Result<()> {
        let gap = self
            .last
            .map_or(0, |last| time.as_micros() - last.as_micros());
        if gap > MAX_GAP_MICROS || due.saturating_sub(self.written) > MAX_REPEATS {
            bail!(
                "packet {} at byte {} comes {} s after the one before: too long to be true",
                packet.number,
                packet.offset,
                gap / 1_000_000
            );
        }
        while self.written < due && self.last.is_some() {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> anyhow::Result<()> {
        self.output
            .write_all(self.decoder.pixels())
            .context("failed to write frames")?;
        self.written += 1;
        self.progress.step(|| format!("{} frames", self.written));
        Ok(())
    }
}

const OUTPUT_BYTES: usize = 1 << 16;
/// A week: nobody records that with one frame, and damage must not repeat frames for ever.
const MAX_GAP_MICROS: u64 = 7 * 24 * 3600 * 1_000_000;
const MAX_REPEATS: u64 = 100_000_000;

const EXAMPLES: &str = "\
Examples:
  Look at a segment:
    eidetic frames decode < screen.eid |
      ffplay -f rawvideo -pixel_format bgr0 -video_size 1920x1080 -framerate 4 -

  Turn it into an ordinary video:
    eidetic frames decode < screen.eid |
      ffmpeg -f rawvideo -pixel_format bgr0 -video_size 1920x1080 -framerate 4 -i - screen.mp4";
