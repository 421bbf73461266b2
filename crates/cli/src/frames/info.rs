//! `eidetic frames info`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use eidetic_codec::{PacketKind, SegmentEnd, SegmentHeader};
use serde::Serialize;

use super::rate::FrameRate;
use super::source::{Source, after, seconds};

/// Reads the whole file and checks every packet's checksum, but decodes no picture.
///
/// The exit code is 1 if the file is damaged; what could be read is printed all the same.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The segment.
    file: PathBuf,
}

/// What is printed. Later versions may add fields.
#[derive(Debug, Serialize)]
struct Info {
    width: u32,
    height: u32,
    /// `null` where frames come when something changes.
    frames_per_second: Option<f64>,
    /// Frames that were given to the encoder, unchanged ones included.
    frames: u64,
    /// Packets that change the picture.
    frame_packets: u64,
    key_frames: u64,
    bytes: u64,
    duration_seconds: f64,
    start_unix_micros: i64,
    /// `null` where it was not measured or the end is missing.
    encode_cpu_seconds: Option<f64>,
    /// Whether the segment has its end.
    complete: bool,
}

/// Prints what a segment holds.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = &arguments.file;
    let file = File::open(path).with_context(|| format!("failed to open {}", path.display()))?;
    let (info, damage) = read(file).with_context(|| path.display().to_string())?;
    let mut output = io::stdout().lock();
    let text = serde_json::to_string_pretty(&info).context("failed to write JSON")?;
    writeln!(output, "{text}").context("failed to write to standard output")?;
    match damage {
        Some(damage) => Err(damage.context(path.display().to_string())),
        None => Ok(()),
    }
}

/// What the file holds, and what is wrong with it.
fn read(file: File) -> anyhow::Result<(Info, Option<anyhow::Error>)> {
    let bytes = file.metadata().context("failed to ask for its size")?.len();
    let mut source = Source::new(file);
    let header = loop {
        match source.reader.header()? {
            Some(header) => break header,
            None if source.fill()? => {}
            None => bail!("the file is too short for a segment"),
        }
    };
    let mut count = Count::default();
    let damage = loop {
        match source.reader.next_packet() {
            Ok(Some(packet)) => match packet.kind {
                PacketKind::End => match SegmentEnd::read(packet.time, packet.payload) {
                    Ok(end) => count.end = Some(end),
                    Err(error) => break Some(error.into()),
                },
                PacketKind::Key | PacketKind::Delta => {
                    count.frame_packets += 1;
                    count.key_frames += u64::from(packet.kind == PacketKind::Key);
                    count.last = Some(packet.time);
                }
                PacketKind::Ignorable(_) => {}
            },
            Ok(None) => {
                if !source.fill()? {
                    let cut = source.reader.unread_bytes() > 0;
                    break cut.then(|| source.cut(count.last));
                }
            }
            Err(error) => {
                let at = after(count.last);
                break Some(
                    anyhow::Error::new(error).context(format!("the segment is damaged {at}")),
                );
            }
        }
    };
    Ok((count.info(&header, bytes), damage))
}

#[derive(Debug, Default)]
struct Count {
    frame_packets: u64,
    key_frames: u64,
    last: Option<eidetic_codec::MediaTime>,
    end: Option<SegmentEnd>,
}

impl Count {
    fn info(&self, header: &SegmentHeader, bytes: u64) -> Info {
        let rate = FrameRate::of(header.interval);
        let last = self.last.unwrap_or_default();
        let frames = match (&self.end, rate) {
            (Some(end), _) => end.frames,
            (None, Some(rate)) if self.last.is_some() => rate.frame_at(last) + 1,
            (None, _) => self.frame_packets,
        };
        Info {
            width: header.size.width(),
            height: header.size.height(),
            frames_per_second: rate.map(FrameRate::per_second),
            frames,
            frame_packets: self.frame_packets,
            key_frames: self.key_frames,
            bytes,
            duration_seconds: seconds(self.end.as_ref().map_or(last, |end| end.time)),
            start_unix_micros: header.start_unix_micros,
            encode_cpu_seconds: self
                .end
                .as_ref()
                .and_then(|end| end.encode_cpu_micros)
                .map(|micros| micros as f64 / 1e6),
            complete: self.end.is_some(),
        }
    }
}

const EXAMPLES: &str = "\
Example:
  eidetic frames info screen.eid | jq .encode_cpu_seconds";
