//! What was measured, as tables for people and as JSON for programs.

mod recording;
mod table;
mod targets;

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::Serialize;

pub use self::recording::{OursRow, PeerRow, Prefix, RecordingReport};

/// Everything that was measured in one run.
#[derive(Default, Serialize)]
pub struct Report {
    recordings: Vec<RecordingReport>,
}

impl Report {
    /// Adds what was measured on a recording, and prints it.
    pub fn add(&mut self, mut recording: RecordingReport) {
        recording.targets = targets::of(&recording);
        recording.print();
        self.recordings.push(recording);
    }

    /// Writes everything into a file.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
    }
}
