//! One recording with all encoders.

use std::path::Path;

use anyhow::{Context, Result};

use super::{
    frames::{FramesReader, Recorded},
    measure::{self, Browser, Encoded, KnownDamage},
    peers::{Fresh, PEERS, PeerResults},
    recordings::Recording,
    report::{OursRow, PeerRow, Prefix, RecordingReport},
    setting::{Setting, settings_for},
    statistics::moments,
};

/// What is measured beside this codec.
pub struct Beside {
    /// The console's decoder in a browser.
    pub browser: Option<Browser>,
    /// The peers, if they are wanted.
    pub peers: Option<Fresh>,
}

/// Measures everything on a recording.
pub fn measure(recording: Recording, path: &Path, beside: &Beside) -> Result<RecordingReport> {
    let mut report = shape(recording, path)?;
    for setting in settings_for(recording) {
        println!("{}: this codec, {}", recording.name(), setting.name);
        let row = ours(recording, path, setting, beside.browser.as_ref());
        let row = row.with_context(|| format!("failed to measure {}", setting.name))?;
        report.ours.push(row);
    }
    if let Some(fresh) = beside.peers {
        let default = settings_for(recording)
            .first()
            .context("no setting to compare with the peers")?;
        add_peers(recording, path, default, fresh, &mut report)?;
    }
    Ok(report)
}

/// A report without measurements.
fn shape(recording: Recording, path: &Path) -> Result<RecordingReport> {
    let mut reader = FramesReader::open(path)?;
    let size = reader.size();
    let mut frames = 0;
    while let Recorded::Frame { .. } = reader.next()? {
        frames += 1;
    }
    Ok(RecordingReport {
        name: recording.name(),
        width: size.width(),
        height: size.height(),
        secs: reader.until().as_secs_f64(),
        frames,
        ours: Vec::new(),
        prefix: None,
        peers: Vec::new(),
        versions: Vec::new(),
        targets: Vec::new(),
    })
}

fn ours(
    recording: Recording,
    path: &Path,
    setting: &Setting,
    browser: Option<&Browser>,
) -> Result<OursRow> {
    let blind = measure::encode(path, setting, KnownDamage::No, u64::MAX)?;
    let Encoded {
        cpu: blind_cpu,
        frame_times: blind_times,
        ..
    } = blind;
    let blind_bytes = blind.bytes();
    drop(blind);
    let encoded = measure::encode(path, setting, KnownDamage::Yes, u64::MAX)?;
    let decoded = measure::decode(recording, path, &encoded.segments, setting.fidelity)?;
    let end = encoded.segments.last().context("no segment")?.end;
    let spots = measure::spots(&encoded.segments, &moments(end, SEEKS))?;
    let browser_seeks = browser.map(|browser| browser.seek(&encoded.segments, &spots));
    Ok(OursRow {
        setting: setting.name,
        bytes: encoded.bytes(),
        bytes_without_damage: blind_bytes,
        key_frames: encoded.key_frames,
        segments: encoded.segments.len(),
        cpu_secs: encoded.cpu.as_secs_f64(),
        cpu_secs_without_damage: blind_cpu.as_secs_f64(),
        frame_millis: encoded.frame_times,
        frame_millis_without_damage: blind_times,
        decode_cpu_secs: decoded.cpu.as_secs_f64(),
        encoder_memory_bytes: encoded.memory_bytes,
        decoder_memory_bytes: decoded.memory_bytes,
        compared: decoded.compared,
        losses: decoded.losses,
        seek_millis: measure::seek(&spots)?,
        browser_seek_millis: browser_seeks.transpose()?,
    })
}

fn add_peers(
    recording: Recording,
    path: &Path,
    setting: &Setting,
    fresh: Fresh,
    report: &mut RecordingReport,
) -> Result<()> {
    let frames = report.frames.min(recording.peers_frames());
    report.prefix = Some(prefix(path, setting, frames, report)?);
    let mut results = PeerResults::open(path, frames, fresh)?;
    report.versions = results.versions().to_vec();
    for peer in PEERS {
        println!("{}: {}", recording.name(), peer.name);
        let (result, source) = results.result(peer)?;
        report.peers.push(PeerRow {
            name: peer.name,
            loss: peer.loss,
            source,
            cpu_secs: result.cpu_secs(),
            result,
        });
    }
    Ok(())
}

/// This codec on the frames that the peers are given.
fn prefix(path: &Path, setting: &Setting, frames: u64, report: &RecordingReport) -> Result<Prefix> {
    if frames == report.frames
        && let Some(whole) = report.ours.first()
    {
        return Ok(Prefix {
            frames,
            bytes: whole.bytes,
            cpu_secs: whole.cpu_secs,
            cpu_secs_without_damage: whole.cpu_secs_without_damage,
        });
    }
    let blind = measure::encode(path, setting, KnownDamage::No, frames)?;
    let encoded = measure::encode(path, setting, KnownDamage::Yes, frames)?;
    Ok(Prefix {
        frames,
        bytes: encoded.bytes(),
        cpu_secs: encoded.cpu.as_secs_f64(),
        cpu_secs_without_damage: blind.cpu.as_secs_f64(),
    })
}

/// How many moments are sought.
const SEEKS: u32 = 200;
