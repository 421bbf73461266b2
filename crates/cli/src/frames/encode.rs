//! `eidetic frames encode`.

use std::io::{self, BufWriter, Read, Write};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use eidetic_codec::{Damage, Encoded, Encoder, EncoderConfig, FrameRef, SegmentWriter, Totals};

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
    /// What may be lost.
    #[arg(long, value_enum, default_value_t = Quality::Lossless)]
    quality: Quality,
    /// How many threads encode.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=1))]
    threads: u8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Quality {
    /// Nothing: every pixel comes back.
    Lossless,
}

/// Encodes standard input to standard output.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // One value each so far; naming them here makes a new one fail to compile.
    let Quality::Lossless = arguments.quality;
    debug_assert_eq!(arguments.threads, 1);
    refuse_binary_input()?;
    refuse_binary_output()?;
    let input = io::stdin().lock();
    let output = BufWriter::with_capacity(OUTPUT_BYTES, io::stdout().lock());
    encode(arguments, input, output)
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

    let mut config = EncoderConfig::new(size);
    // Constant fourth bytes come back as they were, other ones as 0.
    config.fourth_byte = if frame[3] == 0xFF { 0xFF } else { 0 };
    let mut encoder = Encoder::new(config)?;
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
        if let Encoded::Packet(packet) = encoded {
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
    eidetic frames decode < out.eid | cmp - frames.bgrx";
