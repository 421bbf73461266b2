//! The measurements, as lines for a person.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};

use super::cost::Cost;
use crate::api::Api;

/// The measurements so far.
#[derive(Default)]
pub struct Report(Vec<(String, String)>);

/// What the server keeps of a recording at one time.
pub struct Kept {
    /// The session.
    pub session: String,
    segment_bytes: u64,
    activities: u64,
}

impl Kept {
    /// What it keeps now of its newest session.
    pub fn of(api: &Api) -> Result<Self> {
        let sessions = api.get("/sessions?limit=1")?;
        let session = sessions["sessions"].get(0).context("no session")?;
        Ok(Self {
            session: session["id"].as_str().context("no id")?.to_owned(),
            segment_bytes: session["segment_bytes"].as_u64().unwrap_or(0),
            activities: session["activities"].as_u64().unwrap_or(0),
        })
    }
}

impl Report {
    /// Adds a line.
    pub fn line(&mut self, what: &str, value: &str) {
        self.0.push((what.to_owned(), value.to_owned()));
    }

    /// Adds what the agent took.
    pub fn cost(&mut self, situation: &str, cost: &Cost) {
        self.line(
            &format!("agent CPU, {situation}"),
            &format!("{:.2} % of a core", cost.cpu * 100.0),
        );
        self.line(
            &format!("agent memory, {situation}"),
            &format!(
                "{:.1} MB proportional ({:.1} MB resident)",
                mega(cost.proportional),
                mega(cost.resident)
            ),
        );
    }

    /// Adds what the server kept in the meantime, as rates.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    pub fn kept(&mut self, length: Duration, before: &Kept, after: &Kept, bytes_each: u64) {
        let per_hour =
            |from: u64, to: u64| to.saturating_sub(from) as f64 * 3600.0 / length.as_secs_f64();
        let pixels = per_hour(before.segment_bytes, after.segment_bytes);
        let activities = per_hour(before.activities, after.activities);
        self.line(
            "pixels of that activity",
            &format!("{:.2} MB an hour", pixels / 1e6),
        );
        self.line(
            "records of that activity",
            &format!(
                "{activities:.0} an hour of {bytes_each} bytes each, {:.3} MB an hour",
                activities * bytes_each as f64 / 1e6
            ),
        );
    }

    /// Adds latencies.
    pub fn latencies(&mut self, what: &str, mut all: Vec<Duration>) {
        all.sort_unstable();
        let at = |share: usize| all.get((all.len() * share / 100).min(all.len().saturating_sub(1)));
        let text = |share| {
            at(share).map_or_else(
                || "none".to_owned(),
                |time| format!("{} ms", time.as_millis()),
            )
        };
        self.line(
            what,
            &format!("p50 {}, p95 {} ({} tries)", text(50), text(95), all.len()),
        );
    }

    /// Prints all lines.
    pub fn print(&self) {
        let width = self.0.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
        for (what, value) in &self.0 {
            println!("{what:<width$}  {value}");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// The size of all files in a folder.
pub fn bytes_under(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => bytes_under(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
