//! `eidetic frames encode`.

use std::fmt;
use std::io::{self, BufWriter, Read, Write};
use std::str::FromStr;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use eidetic_codec::{Damage, Encoder, EncoderConfig, FrameRef, SegmentWriter, Totals};

use super::cpu_time::thread_cpu_micros;
use super::rate::FrameRate;
use super::size::SizeArgument;
use crate::terminal::{Progress, refuse_binary_input, refuse_binary_output};

/// Reads frames of four bytes a pixel (blue, green, red, ignored), rows without padding, one
/// frame after the other. A frame that looks like the one before costs nothing.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Size of every frame, as in 1920x1080.
    #[arg(long, value_name = "WxH")]
    size: SizeArgument,
    /// Frames in a second: a number or a fraction, as in 4 or 30000/1001.
    #[arg(long, value_name = "N")]
    fps: FrameRate,
    /// What may be lost of film and photographs for the sake of size. Text never loses anything
    /// that one could read. Agents record with high unless their policy says otherwise.
    #[arg(long, value_enum, default_value_t = Quality::Lossless)]
    quality: Quality,
    /// Keep only how light each pixel is, not its colour.
    #[arg(long)]
    grayscale: bool,
    /// How many threads encode. Only 1: each frame is coded by its difference to the one before.
    #[arg(long, value_name = "N", default_value_t = OneThread)]
    threads: OneThread,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Quality {
    /// Nothing: every pixel of every frame comes back byte for byte, whatever it takes.
    Lossless,
    /// Nothing but film: areas with the colours of photographs are coded at a bounded rate while
    /// they move, and become exact once they stand still for a second.
    High,
    /// As high, with film and photographs at a smaller rate.
    Medium,
    /// Film and photographs at the smallest rate; they never become exact.
    Low,
}

/// The only number of threads there is.
#[derive(Debug, Clone, Copy)]
struct OneThread;

impl fmt::Display for OneThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("1")
    }
}

impl FromStr for OneThread {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse::<u32>() {
            Ok(1) => Ok(Self),
            Ok(_) => Err(
                "one display is encoded by one thread, because each frame depends on the one \
                 before; to use more cores, encode several displays at the same time"
                    .to_owned(),
            ),
            Err(_) => Err("write it as a number; only 1 is possible".to_owned()),
        }
    }
}

/// Encodes standard input to standard output.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let OneThread = arguments.threads;
    refuse_binary_input()?;
    refuse_binary_output()?;
    let input = io::stdin().lock();
    let output = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    encode(arguments, input, output)
}

impl Arguments {
    /// The encoder's settings, for frames whose first pixel has this fourth byte.
    fn config(&self, fourth_byte: u8) -> EncoderConfig {
        EncoderConfig {
            // Constant fourth bytes come back as they were, other ones as 0.
            fourth_byte: if fourth_byte == 0xFF { 0xFF } else { 0 },
            // Decoding makes the frames' numbers of their times.
            exact_times: true,
            quality: match self.quality {
                Quality::Lossless => eidetic_codec::Quality::Lossless,
                Quality::High => eidetic_codec::Quality::High,
                Quality::Medium => eidetic_codec::Quality::Medium,
                Quality::Low => eidetic_codec::Quality::Low,
            },
            grayscale: self.grayscale,
            ..EncoderConfig::new(self.size.0)
        }
    }
}

fn encode(
    arguments: &Arguments,
    mut input: impl Read,
    mut output: impl Write,
) -> anyhow::Result<()> {
    let SizeArgument(size) = arguments.size;
    let rate = arguments.fps;
    let mut frame = vec![0; size.bytes()];
    match read_frame(&mut input, &mut frame)? {
        FrameRead::Whole => {}
        FrameRead::End => bail!("standard input holds no frame"),
        FrameRead::Part(bytes) => bail!(
            "standard input ends in the first frame: {bytes} of {} bytes",
            frame.len()
        ),
    }

    let mut encoder = Encoder::new(arguments.config(frame[3]))?;
    let header = encoder.segment_header(0, rate.interval());
    let mut bytes = Vec::new();
    let mut writer = SegmentWriter::begin(&header, &mut bytes);
    let mut meter = CpuMeter::default();
    let mut progress = Progress::new();
    let mut frames = 0;
    let ending = loop {
        meter.start();
        let frame_ref = FrameRef {
            data: &frame,
            stride: size.width() as usize * 4,
        };
        let encoded = encoder.encode(frame_ref, Damage::Unknown, rate.time_of(frames))?;
        for packet in encoded.packets() {
            writer.append(&packet, &mut bytes)?;
        }
        meter.stop();
        frames += 1;
        progress.step(|| format!("{frames} frames, {} KB", writer.bytes_written() / 1000));
        flush(&mut bytes, &mut output)?;
        match read_frame(&mut input, &mut frame)? {
            FrameRead::Whole => {}
            ending => break ending,
        }
    };
    meter.start();
    if let Some(packet) = encoder.flush() {
        writer.append(&packet, &mut bytes)?;
    }
    meter.stop();
    let totals = Totals {
        frames,
        final_hash: encoder.picture_hash(),
        encode_cpu_micros: meter.micros,
    };
    writer.finish(rate.time_of(frames), totals, &mut bytes)?;
    flush(&mut bytes, &mut output)?;
    output.flush().context("failed to write the segment")?;
    if let FrameRead::Part(part) = ending {
        bail!(
            "standard input ends in frame {}: {part} of {} bytes; the frames before are encoded",
            frames + 1,
            frame.len()
        );
    }
    Ok(())
}

fn flush(bytes: &mut Vec<u8>, output: &mut impl Write) -> anyhow::Result<()> {
    output
        .write_all(bytes)
        .context("failed to write the segment")?;
    bytes.clear();
    Ok(())
}

/// What came when a frame was wanted.
enum FrameRead {
    Whole,
    End,
    /// So many bytes, then the end.
    Part(usize),
}

fn read_frame(input: &mut impl Read, frame: &mut [u8]) -> anyhow::Result<FrameRead> {
    let mut filled = 0;
    while filled < frame.len() {
        match input.read(&mut frame[filled..]) {
            Ok(0) if filled == 0 => return Ok(FrameRead::End),
            Ok(0) => return Ok(FrameRead::Part(filled)),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("failed to read standard input"),
        }
    }
    Ok(FrameRead::Whole)
}

/// Adds up the CPU time between `start` and `stop`.
#[derive(Debug, Default)]
struct CpuMeter {
    started: Option<u64>,
    /// `None` until something was measured.
    micros: Option<u64>,
}

impl CpuMeter {
    fn start(&mut self) {
        self.started = thread_cpu_micros();
    }

    fn stop(&mut self) {
        if let (Some(started), Some(now)) = (self.started.take(), thread_cpu_micros()) {
            *self.micros.get_or_insert(0) += now.saturating_sub(started);
        }
    }
}

const OUTPUT_BYTES: usize = 1 << 16;

const EXAMPLES: &str = "\
Examples:
  Record ten seconds of an X display:
    ffmpeg -f x11grab -framerate 4 -video_size 1920x1080 -i :0 -t 10 \\
           -f rawvideo -pix_fmt bgr0 - |
      eidetic frames encode --size 1920x1080 --fps 4 > screen.eid

  Check that every pixel comes back:
    eidetic frames encode --size 640x480 --fps 25 < frames.bgrx > out.eid
    eidetic frames decode < out.eid | cmp - frames.bgrx

  A small file of a screen with film on it:
    eidetic frames encode --size 1920x1080 --fps 4 --quality low --grayscale \\
      < frames.bgrx > small.eid";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn config(options: &str) -> EncoderConfig {
        let line = format!("encode --size 8x8 --fps 1 {options}");
        let line = Line::try_parse_from(line.split_whitespace()).unwrap();
        line.arguments.config(0xFF)
    }

    #[test]
    fn the_encoder_is_set_as_the_options_say() {
        use eidetic_codec::Quality as Codec;
        for (word, quality) in [
            ("lossless", Codec::Lossless),
            ("high", Codec::High),
            ("medium", Codec::Medium),
            ("low", Codec::Low),
        ] {
            assert_eq!(config(&format!("--quality {word}")).quality, quality);
        }
        assert_eq!(config("").quality, Codec::Lossless);
        assert_eq!(config("").fourth_byte, 0xFF);
        assert!(!config("").grayscale);
        assert!(config("--grayscale --threads 1").grayscale);
    }
}
