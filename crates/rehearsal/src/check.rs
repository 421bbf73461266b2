//! Whether what was recorded can be searched and played.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{api::Api, recording, until::until};

/// What a check found.
pub struct Findings {
    /// The session.
    pub session: String,
    /// Activity records of the session.
    pub records: usize,
    /// Records with the wanted title.
    pub hits: usize,
    /// Bytes of its segments.
    pub segment_bytes: u64,
    /// Frames that were decoded, of all displays.
    pub frames: u64,
    /// Seconds that the segments cover.
    pub seconds: u64,
}

/// Searches for a title, takes the hit's session and decodes all of its segments.
///
/// Fails if nothing is found, if a hit points to no moment of a segment, or if a segment cannot
/// be decoded to a picture with something on it.
pub fn searchable_and_playable(api: &Api, title: Option<&str>) -> Result<Findings> {
    let hits = until("a record can be found", Duration::from_secs(20), || {
        let hits = match title {
            Some(title) => api.search(title)?,
            None => api.search("Activated")?,
        };
        Ok((!hits.is_empty()).then_some(hits))
    })?;
    let hit = hits
        .iter()
        .find(|record| record["moment"].is_object())
        .context("no record that was found points to a moment of the recording")?;
    let session = hit["session_id"]
        .as_str()
        .context("a record without session")?;
    let detail = api.get(&format!("/sessions/{session}"))?;
    let records = api.get(&format!("/sessions/{session}/activities?limit=1000"))?;
    let segments = detail["segments"].as_array().context("no segments")?;
    ensure!(!segments.is_empty(), "session {session} has no segments");
    ensure_covered(hit, segments)?;

    let mut findings = Findings {
        session: session.to_owned(),
        records: records["records"].as_array().map_or(0, Vec::len),
        hits: hits.len(),
        segment_bytes: 0,
        frames: 0,
        seconds: 0,
    };
    for segment in segments {
        let id = segment["id"].as_str().context("a segment without id")?;
        let bytes = api.bytes(&format!("/segments/{id}/data"))?;
        findings.frames += played(&bytes).with_context(|| format!("segment {id}"))?;
        findings.segment_bytes += bytes.len() as u64;
        let micros =
            segment["until_us"].as_i64().unwrap_or(0) - segment["start_us"].as_i64().unwrap_or(0);
        findings.seconds += u64::try_from(micros / 1_000_000).unwrap_or(0);
    }
    Ok(findings)
}

/// The number of frames of a segment, of which at least one must show something.
fn played(segment: &[u8]) -> Result<u64> {
    let mut seen = false;
    let frames = recording::play(segment, |_, _, pixels| {
        seen = seen || recording::shows_something(pixels);
        Ok(())
    })?;
    ensure!(seen, "all {frames} frames are of one colour");
    Ok(frames)
}

/// Whether a segment shows the moment of a record.
fn ensure_covered(record: &Value, segments: &[Value]) -> Result<()> {
    let moment = record["moment"]["time_us"]
        .as_i64()
        .context("a moment without time")?;
    let covered = segments.iter().any(|segment| {
        let start = segment["start_us"].as_i64();
        let until = segment["until_us"].as_i64();
        start.is_some_and(|start| start <= moment + FIRST_FRAME_AFTER_US)
            && until.is_some_and(|until| moment <= until)
    });
    ensure!(
        covered,
        "the moment of the record that was found is in none of the session's segments"
    );
    Ok(())
}

/// The window that is in front when recording begins may be noted before the first frame is taken.
const FIRST_FRAME_AFTER_US: i64 = 1_000_000;
