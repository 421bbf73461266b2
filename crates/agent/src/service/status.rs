//! What the service says of itself: `status.json` in the state folder.

use std::{fs, path::Path};

use eidetic_model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    event::{ControlPort, UplinkState},
    session::RecordedSession,
};
use crate::{channel::Pace, service::session::RecorderState};

/// The service as it is at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    /// The moment.
    pub(crate) at: Timestamp,
    /// This computer's name.
    pub(crate) computer: String,
    /// The connection to the server.
    pub(crate) uplink: UplinkState,
    /// The port for calls of the server.
    pub(crate) control_port: ControlPort,
    /// Since when nothing is recorded because an administrator stopped it.
    pub(crate) stopped_since: Option<Timestamp>,
    /// The policy that is followed.
    pub(crate) policy_revision: u64,
    /// The sessions that are recorded.
    pub(crate) sessions: Vec<SessionStatus>,
    /// What waits for the server.
    pub(crate) spool: SpoolStatus,
}

/// What waits for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpoolStatus {
    /// Bytes on disk.
    pub(crate) bytes: u64,
    /// Entries that the server does not have.
    pub(crate) entries_waiting: u64,
    /// Segments that the server does not have as a whole.
    pub(crate) segments_waiting: u64,
    /// Since when the screen is not recorded for want of room.
    pub(crate) full_since: Option<Timestamp>,
}

/// A session that is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionStatus {
    /// Its id.
    pub(crate) id: String,
    /// Its user.
    pub(crate) who: String,
    /// Its display.
    pub(crate) display: String,
    /// When its recording began.
    pub(crate) start: String,
    /// What its recorder does: `recording`, `starting`, `restarting`, `stopping`, `no display`.
    pub(crate) recorder: String,
    /// Milliseconds from one frame to the next, if these are more than the policy asks for: the
    /// recorder keeps the policy's ceiling for processor time.
    #[serde(default)]
    pub(crate) slowed_to_millis: Option<u64>,
}

impl From<&RecordedSession> for SessionStatus {
    fn from(session: &RecordedSession) -> Self {
        let description = &session.description;
        let recorder = match session.recorder {
            RecorderState::NoDisplay => "no display",
            RecorderState::Running {
                ready_since: None, ..
            } => "starting",
            RecorderState::Running { .. } => "recording",
            RecorderState::Waiting => "restarting",
            RecorderState::Stopping { .. } => "stopping",
        };
        Self {
            id: description.id.to_string(),
            who: description.who.clone(),
            display: description.display_name.clone(),
            start: description.start.to_string(),
            recorder: recorder.to_owned(),
            slowed_to_millis: match session.pace() {
                Pace::Full => None,
                Pace::Slowed { interval } => u64::try_from(interval.as_millis()).ok(),
            },
        }
    }
}

/// The file's form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StatusFile {
    /// When it was written, in microseconds since the Unix epoch.
    pub(crate) at_us: i64,
    /// The version of the agent.
    pub(crate) version: String,
    /// The service's process.
    pub(crate) process: u32,
    /// `not enrolled`, `connecting`, `connected`, `down`, `refused`, `stopped`.
    pub(crate) connection: String,
    /// Why the server is not connected, and what to do.
    pub(crate) reason: Option<String>,
    /// The policy that is followed.
    pub(crate) policy_revision: u64,
    /// The sessions that are recorded.
    pub(crate) sessions: Vec<SessionStatus>,
    /// Bytes in the spool.
    pub(crate) spool_bytes: u64,
    /// Entries that the server does not have.
    pub(crate) entries_waiting: u64,
    /// Segments that the server does not have as a whole.
    pub(crate) segments_waiting: u64,
    /// Since when the screen is not recorded for want of room.
    pub(crate) spool_full_since: Option<String>,
    /// How the port for calls of the server is.
    #[serde(default)]
    pub(crate) control_port: Option<String>,
    /// Since when nothing is recorded because an administrator stopped it.
    #[serde(default)]
    pub(crate) stopped_since: Option<String>,
}

impl Status {
    /// Replaces the file. It is not made durable: after a crash nothing of it is true.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let (connection, reason) = self.uplink.in_words();
        let file = StatusFile {
            at_us: self.at.as_unix_micros(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            connection: connection.to_owned(),
            reason: reason.map(str::to_owned),
            control_port: Some(self.control_port.in_words()),
            stopped_since: self.stopped_since.map(|at| at.to_string()),
            policy_revision: self.policy_revision,
            sessions: self.sessions.clone(),
            spool_bytes: self.spool.bytes,
            entries_waiting: self.spool.entries_waiting,
            segments_waiting: self.spool.segments_waiting,
            spool_full_since: self.spool.full_since.map(|at| at.to_string()),
        };
        let new = path.with_extension("new");
        fs::write(&new, serde_json::to_vec_pretty(&file)?)?;
        fs::rename(&new, path)?;
        Ok(())
    }
}
