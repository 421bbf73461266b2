//! What the codec aims at, and whether it is there.

use serde::Serialize;

use super::recording::{PeerRow, RecordingReport, per_hour};
use crate::codec_bench::peers::{LOSSLESS_H264, SLOW_AV1};

/// An aim, and what was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    pub what: String,
    pub measured: f64,
    pub aim: f64,
    pub unit: Unit,
    pub met: bool,
}

/// What the numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// One part of so many of the peer's: larger is better, so the aim is a lower limit.
    PartOfPeers,
    BytesAnHour,
    Millis,
    Bytes,
    /// How much a film resembles itself: larger is better here too.
    Decibels,
}

/// The aims for a recording, as far as what they need was measured.
pub fn of(report: &RecordingReport) -> Vec<Target> {
    let mut all = Vec::new();
    match report.name {
        "busy" => all.extend(beside_peers(report)),
        "office" => all.extend(an_hour(report, 2_000_000.0)),
        "static" => all.extend(an_hour(report, 30_000.0)),
        "film" => {
            all.extend(an_hour(report, 40_000_000.0));
            all.extend(recognisable(report));
        }
        _ => {}
    }
    all.extend(alone(report));
    all
}

fn beside_peers(report: &RecordingReport) -> Vec<Target> {
    let Some(ours) = report.prefix.as_ref() else {
        return Vec::new();
    };
    let peer = |name: &str| report.peers.iter().find(|peer| peer.name == name);
    let mut all = Vec::new();
    if let Some(h264) = peer(LOSSLESS_H264) {
        all.push(part("bytes", h264, bytes(h264), ours.bytes, 10.0));
        let cpu = h264.cpu_secs;
        let unknown = part_of(cpu, ours.cpu_secs_without_damage);
        all.push(Target::part("CPU, damage unknown", h264, unknown, 8.0));
        let known = part_of(cpu, ours.cpu_secs);
        all.push(Target::part("CPU, damage known", h264, known, 10.0));
    }
    if let Some(av1) = peer(SLOW_AV1) {
        all.push(part("bytes", av1, bytes(av1), ours.bytes, 1.0));
        let unknown = part_of(av1.cpu_secs, ours.cpu_secs_without_damage);
        all.push(Target::part("CPU, damage unknown", av1, unknown, 40.0));
        let known = part_of(av1.cpu_secs, ours.cpu_secs);
        all.push(Target::part("CPU, damage known", av1, known, 40.0));
    }
    all
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn bytes(peer: &PeerRow) -> f64 {
    peer.result.bytes as f64
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
fn part(what: &str, peer: &PeerRow, theirs: f64, ours: u64, aim: f64) -> Target {
    Target::part(what, peer, part_of(theirs, ours as f64), aim)
}

/// How many times ours goes into theirs.
fn part_of(theirs: f64, ours: f64) -> f64 {
    theirs / ours.max(f64::MIN_POSITIVE)
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn an_hour(report: &RecordingReport, aim: f64) -> Option<Target> {
    let ours = report.ours.first()?;
    let measured = per_hour(ours.bytes, report.secs) as f64;
    Some(Target::limit(
        "bytes an hour",
        measured,
        aim,
        Unit::BytesAnHour,
    ))
}

/// Whether one sees at each setting what the film shows.
fn recognisable(report: &RecordingReport) -> impl Iterator<Item = Target> {
    report.ours.iter().filter_map(|row| {
        let film = row.losses.film?;
        Some(Target {
            what: format!("film at {}, each tile beside a recent one", row.setting),
            measured: film.detail_psnr_db,
            aim: RECOGNISABLE_DB,
            unit: Unit::Decibels,
            met: film.detail_psnr_db >= RECOGNISABLE_DB,
        })
    })
}

/// A film with less is not recognisable.
const RECOGNISABLE_DB: f64 = 22.0;

/// What needs no peer.
#[expect(clippy::cast_precision_loss, reason = "numbers for people")]
fn alone(report: &RecordingReport) -> Vec<Target> {
    let Some(ours) = report.ours.first() else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let mut limit = |what, measured, aim, unit| all.push(Target::limit(what, measured, aim, unit));
    if report.name == "busy" {
        let frame = &ours.frame_millis;
        limit("encode, damage known, mean", frame.mean, 1.5, Unit::Millis);
        limit("encode, damage known, p99", frame.p99, 15.0, Unit::Millis);
    }
    let memory_aim = if report.width > 1920 { 80e6 } else { 24e6 };
    if report.width <= 1920 {
        limit("seek, p95", ours.seek_millis.p95, 60.0, Unit::Millis);
        if let Some(browser) = &ours.browser_seek_millis {
            limit("seek in the browser, p95", browser.p95, 150.0, Unit::Millis);
        }
    }
    let (encoder, decoder) = (ours.encoder_memory_bytes, ours.decoder_memory_bytes);
    limit("encoder's memory", encoder as f64, memory_aim, Unit::Bytes);
    limit("decoder's memory", decoder as f64, memory_aim, Unit::Bytes);
    all
}

impl Target {
    fn limit(what: &str, measured: f64, aim: f64, unit: Unit) -> Self {
        Self {
            what: what.to_owned(),
            measured,
            aim,
            unit,
            met: measured <= aim,
        }
    }

    fn part(what: &str, peer: &PeerRow, measured: f64, aim: f64) -> Self {
        Self {
            what: format!("{what}, of {}", peer.name),
            measured,
            aim,
            unit: Unit::PartOfPeers,
            met: measured >= aim,
        }
    }

    /// What was measured, for people.
    pub fn measured_text(&self) -> String {
        self.text(self.measured)
    }

    /// The aim, for people.
    pub fn aim_text(&self) -> String {
        match self.unit {
            Unit::Decibels => format!("at least {}", self.text(self.aim)),
            _ => format!("at most {}", self.text(self.aim)),
        }
    }

    fn text(&self, value: f64) -> String {
        match self.unit {
            Unit::PartOfPeers => format!("1/{value:.1}"),
            Unit::BytesAnHour => format!("{:.3} MB an hour", value / 1e6),
            Unit::Millis => format!("{value:.2} ms"),
            Unit::Bytes => format!("{:.1} MB", value / 1e6),
            Unit::Decibels => format!("{value:.1} dB"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_met_from_below_and_parts_from_above() {
        let limit = |measured| Target::limit("seek", measured, 60.0, Unit::Millis).met;
        assert!(limit(60.0) && !limit(60.1));
        assert!((part_of(24.0, 2.0) - 12.0).abs() < 1e-9);
    }
}
