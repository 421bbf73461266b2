//! Running a peer.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::Path,
    process::{ChildStdin, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use eidetic_codec::PictureSize;
use procfs::process::Process;
use serde::{Deserialize, Serialize};

use super::list::{Peer, Pixels};
use crate::{
    codec_bench::frames::{FramesReader, Recorded},
    stack::fresh_folder,
};

/// What a peer gave and took.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct PeerResult {
    /// Frames that it was given.
    pub frames: u64,
    /// Bytes of its stream.
    pub bytes: u64,
    /// CPU seconds, user and system, of the whole child.
    pub all_cpu_secs: f64,
    /// Those of a child that only reads and converts the frames.
    pub source_cpu_secs: f64,
    /// ffmpeg's arguments.
    pub arguments: Vec<String>,
}

impl PeerResult {
    /// CPU seconds of encoding alone.
    pub fn cpu_secs(&self) -> f64 {
        self.all_cpu_secs - self.source_cpu_secs
    }
}

/// Encodes at most so many frames with a peer.
pub fn encode(
    peer: &Peer,
    recording: &Path,
    most_frames: u64,
    source_cpu: Duration,
) -> Result<PeerResult> {
    let folder = fresh_folder()?;
    let output = folder.path().join("stream");
    let arguments = arguments(peer);
    let (frames, cpu) = run(recording, most_frames, peer.pixels, &arguments, &output)
        .with_context(|| format!("failed to encode with {}", peer.name))?;
    Ok(PeerResult {
        frames,
        bytes: peer
            .container
            .stream_bytes(output.metadata()?.len(), frames),
        all_cpu_secs: cpu.as_secs_f64(),
        source_cpu_secs: source_cpu.as_secs_f64(),
        arguments,
    })
}

/// How ffmpeg is told to encode with a peer.
pub fn arguments(peer: &Peer) -> Vec<String> {
    let format = ["-f", peer.container.name()];
    let all = peer.arguments.iter().copied().chain(format);
    all.map(str::to_owned).collect()
}

/// The CPU time of reading and converting the frames.
pub fn source_cpu(recording: &Path, most_frames: u64, pixels: Pixels) -> Result<Duration> {
    let arguments = ["-c:v", "rawvideo", "-f", "null"].map(str::to_owned);
    let (_, cpu) = run(recording, most_frames, pixels, &arguments, Path::new("-"))
        .context("failed to read the frames with ffmpeg")?;
    Ok(cpu)
}

/// Gives ffmpeg the frames. Gives how many there were, and the child's CPU time.
fn run(
    recording: &Path,
    most_frames: u64,
    pixels: Pixels,
    arguments: &[String],
    output: &Path,
) -> Result<(u64, Duration)> {
    let mut reader = FramesReader::open(recording)?;
    let log = tempfile::tempfile()?;
    let before = children_cpu()?;
    let mut child = ffmpeg(reader.size(), pixels, arguments, output, log.try_clone()?)
        .spawn()
        .context("failed to start ffmpeg (Debian package ffmpeg)")?;
    let input = child.stdin.take().context("ffmpeg has no standard input")?;
    let fed = feed(&mut reader, most_frames, input);
    let status = child.wait()?;
    let cpu = children_cpu()?.saturating_sub(before);
    if !status.success() {
        bail!("ffmpeg ended with {status}: {}", last_line(log)?);
    }
    Ok((fed?, cpu))
}

fn ffmpeg(
    size: PictureSize,
    pixels: Pixels,
    arguments: &[String],
    output: &Path,
    log: File,
) -> Command {
    let mut ffmpeg = Command::new("ffmpeg");
    let geometry = format!("{}x{}", size.width(), size.height());
    ffmpeg
        .args(["-nostats", "-loglevel", "error", "-y"])
        .args(["-threads", "1", "-f", "rawvideo", "-pix_fmt", "bgr0"])
        .args(["-video_size", &geometry, "-framerate", "4", "-i", "-"])
        .args(["-filter_threads", "1", "-threads", "1"])
        .args(["-pix_fmt", pixels.name()])
        .args(arguments)
        .arg(output)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log);
    ffmpeg
}

/// Writes the frames into the pipe and closes it.
fn feed(reader: &mut FramesReader, most_frames: u64, mut input: ChildStdin) -> Result<u64> {
    let mut frames = 0;
    while frames < most_frames
        && let Recorded::Frame { pixels, .. } = reader.next()?
    {
        match input.write_all(pixels) {
            Ok(()) => frames += 1,
            // How it ended says more.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(frames)
}

/// CPU time of all children that have ended.
fn children_cpu() -> Result<Duration> {
    let stat = Process::myself()?.stat()?;
    let ticks = u64::try_from(stat.cutime + stat.cstime)?;
    Ok(Duration::from_millis(
        ticks * 1_000 / procfs::ticks_per_second(),
    ))
}

fn last_line(mut log: File) -> Result<String> {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    log.rewind()?;
    log.take(64 << 10).read_to_string(&mut text)?;
    Ok(text.lines().next_back().unwrap_or("no message").to_owned())
}
