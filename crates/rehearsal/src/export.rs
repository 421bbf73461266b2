//! Whether a session can be exported to ordinary videos, as an administrator does it.

use std::{
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    api::Api,
    recording,
    stack::{Server, beside_this},
};

/// Exports a session to an MP4 and to a WebM file and compares what ffmpeg reads from them with
/// the recording: the first picture, the length, and the subtitles, one of which must have `title`.
/// The server must have recorded that somebody watched.
///
/// Gives the bytes of both files.
pub fn exportable(api: &Api, server: &Server, session: &str, title: &str) -> Result<[u64; 2]> {
    let folder = crate::stack::fresh_folder()?;
    refusals(server, session, &folder.path().join("never.mp4"))?;
    let mut sizes = [0; 2];
    for (size, name) in sizes.iter_mut().zip(["clip.mp4", "clip.webm"]) {
        let watched = times_watched(api, session)?;
        let clip = folder.path().join(name);
        export(server, session, &clip).with_context(|| format!("export to {name}"))?;
        ensure!(
            times_watched(api, session)? > watched,
            "nobody recorded that the session was exported to {name}"
        );
        probe(api, session, &clip, title).with_context(|| name.to_owned())?;
        *size = clip.metadata()?.len();
    }
    Ok(sizes)
}

fn export(server: &Server, session: &str, clip: &Path) -> Result<()> {
    output_of(command(server, session, clip)?.env("EIDETIC_CA", server.authority()))?;
    Ok(())
}

/// What is refused says why, and makes no file.
fn refusals(server: &Server, session: &str, clip: &Path) -> Result<()> {
    let unknown = "0190b7c2-6f1e-7a50-b1d5-3c5f0a7e9d11";
    let mut attempts = [
        (command(server, session, clip)?, "not to be trusted"),
        (command(server, session, clip)?, "password is wrong"),
        (command(server, unknown, clip)?, "knows no session"),
    ];
    attempts[1].0.env("EIDETIC_PASSWORD", "wrong");
    for (command, _) in &mut attempts[1..] {
        command.env("EIDETIC_CA", server.authority());
    }
    for (mut command, expected) in attempts {
        let output = command.output().context("failed to start eidetic")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            !output.status.success() && said.contains(expected) && !clip.exists(),
            "an export that must be refused as {expected:?} said: {said}"
        );
    }
    Ok(())
}

fn command(server: &Server, session: &str, clip: &Path) -> Result<Command> {
    let mut command = beside_this("eidetic")?;
    command
        .args(["export", session, "--quiet", "--display", "1", "--fps", "2"])
        .args(["--server", &server.endpoints().console])
        .arg("-o")
        .arg(clip)
        .env("EIDETIC_PASSWORD", &server.password);
    Ok(command)
}

/// How many times it was recorded that somebody watched the session.
fn times_watched(api: &Api, session: &str) -> Result<usize> {
    let log = api.get("/viewings?limit=1000")?;
    let viewings = log["viewings"].as_array().context("no viewings")?;
    let watched = viewings
        .iter()
        .filter(|viewing| viewing["what"] == "watched session" && viewing["object"] == session);
    Ok(watched.count())
}

fn probe(api: &Api, session: &str, clip: &Path, title: &str) -> Result<()> {
    let detail = api.get(&format!("/sessions/{session}"))?;
    let first = first_segment(&detail)?;
    let id = first["id"].as_str().context("a segment without id")?;
    let bytes = api.bytes(&format!("/segments/{id}/data"))?;
    let mut expected = None;
    recording::play(&bytes, |_, _, pixels| {
        expected.get_or_insert_with(|| pixels.to_vec());
        Ok(())
    })?;
    let expected = expected.context("no picture")?;

    let shown = output_of(
        Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(clip)
            .args(["-frames:v", "1", "-pix_fmt", "bgr0", "-f", "rawvideo", "-"]),
    )?;
    ensure!(
        shown.stdout.len() >= expected.len(),
        "the video is smaller than the display was"
    );
    // Of another display size later on, the picture would lie in the middle of a larger one.
    if shown.stdout.len() == expected.len() {
        let difference = mean_difference(&expected, &shown.stdout);
        ensure!(
            difference < MOST_DIFFERENCE,
            "the first picture differs by {difference:.1}"
        );
    }

    let subtitles = output_of(
        Command::new("ffmpeg")
            .args(["-v", "error", "-i"])
            .arg(clip)
            .args(["-map", "0:s", "-f", "srt", "-"]),
    )?;
    let has_title = String::from_utf8_lossy(&subtitles.stdout).contains(title);
    ensure!(has_title, "no subtitle has the wanted title");

    let length = output_of(
        Command::new("ffprobe")
            .args(["-v", "error", "-of", "csv=p=0"])
            .args(["-show_entries", "format=duration"])
            .arg(clip),
    )?;
    let seconds: f64 = String::from_utf8_lossy(&length.stdout).trim().parse()?;
    let from = first["start_us"].as_i64().context("no start")?;
    let known = detail["last_known_us"].as_i64().context("no end")?;
    let most = (known - from) as f64 / 1e6 + 5.0;
    ensure!(
        seconds > 1.0 && seconds < most,
        "the video has {seconds} s, the session at most {most} s"
    );
    Ok(())
}

/// The segment with which the first display's recording begins.
fn first_segment(detail: &Value) -> Result<&Value> {
    detail["segments"]
        .as_array()
        .context("no segments")?
        .iter()
        .filter(|segment| segment["display"] == 0 && segment["bytes"] != 0)
        .min_by_key(|segment| segment["start_us"].as_i64())
        .context("no segment with pictures")
}

fn mean_difference(one: &[u8], other: &[u8]) -> f64 {
    let pixels = one.chunks_exact(4).zip(other.chunks_exact(4));
    let sum: u64 = pixels
        .flat_map(|(one, other)| one[..3].iter().zip(&other[..3]))
        .map(|(one, other)| u64::from(one.abs_diff(*other)))
        .sum();
    sum as f64 / (one.len() / 4 * 3) as f64
}

fn output_of(command: &mut Command) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("failed to start {name}"))?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}

/// Of 255: what video coding may change on average.
const MOST_DIFFERENCE: f64 = 4.0;
