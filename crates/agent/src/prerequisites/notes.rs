//! What is not on the server yet, and what is remembered of its clock: `prerequisites.toml`.

use std::path::Path;

use anyhow::Context as _;
use eidetic_model::{AdjustmentId, AdjustmentRecord, Timestamp};
use serde::{Deserialize, Serialize};

use crate::state_folder::replace_file;

/// What is kept on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// By how many microseconds this computer's clock was ahead of the server's.
    pub(crate) ahead_micros: Option<i64>,
    /// The adjustments that the server does not have, the oldest first. At most [`MOST_PENDING`].
    pub(crate) pending: Vec<AdjustmentRecord>,
}

impl Notes {
    /// Reads them; nothing if there are none.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error).context("failed to read prerequisites.toml"),
        };
        let file: NotesFile =
            toml::from_str(&text).context("failed to parse prerequisites.toml")?;
        Ok(Self {
            ahead_micros: file.ahead_micros,
            pending: file.pending.into_iter().map(Into::into).collect(),
        })
    }

    /// Keeps them.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let file = NotesFile {
            ahead_micros: self.ahead_micros,
            pending: self.pending.iter().map(Into::into).collect(),
        };
        replace_file(path, toml::to_string(&file)?.as_bytes())?;
        Ok(())
    }

    /// Adds an adjustment. Of too many the oldest goes; says whether one did.
    pub(crate) fn add(&mut self, adjustment: AdjustmentRecord) -> bool {
        let is_full = self.pending.len() >= MOST_PENDING;
        if is_full {
            self.pending.remove(0);
        }
        self.pending.push(adjustment);
        is_full
    }
}

#[derive(Serialize, Deserialize)]
struct NotesFile {
    ahead_micros: Option<i64>,
    #[serde(default)]
    pending: Vec<Pending>,
}

#[derive(Serialize, Deserialize)]
struct Pending {
    id: uuid::Uuid,
    check: String,
    at_us: i64,
    before: String,
    after: String,
    problem: Option<String>,
}

impl From<Pending> for AdjustmentRecord {
    fn from(pending: Pending) -> Self {
        Self {
            id: AdjustmentId::from_uuid(pending.id),
            check: pending.check,
            at: Timestamp::from_unix_micros(pending.at_us),
            before: pending.before,
            after: pending.after,
            problem: pending.problem,
        }
    }
}

impl From<&AdjustmentRecord> for Pending {
    fn from(record: &AdjustmentRecord) -> Self {
        Self {
            id: record.id.as_uuid(),
            check: record.check.clone(),
            at_us: record.at.as_unix_micros(),
            before: record.before.clone(),
            after: record.after.clone(),
            problem: record.problem.clone(),
        }
    }
}

/// As many as one report holds.
const MOST_PENDING: usize = 100;
