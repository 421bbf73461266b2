//! The file that tells the next start what was being recorded, and until when this one lived.
//!
//! `alive.toml` in the state folder, replaced as a whole. When the service ends in an orderly way
//! it lists no sessions; whatever it lists at a start ended without its records being written.

use std::path::Path;

use anyhow::Context as _;
use eidetic_model::{
    Entry, IdleStretch, SessionDescription, SessionEnding, SessionEvent, SessionId, SessionOrigin,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::session::{RecordedSession, event_record};
use crate::state_folder::replace_file;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Alive {
    /// When the service is known to have lived.
    pub(super) at: Timestamp,
    /// What it was recording.
    pub(super) sessions: Vec<AliveSession>,
    /// The newest entry of the spool before the records of the sessions' ends were written, once
    /// writing them has begun.
    pub(super) closing_after: Option<u64>,
}

/// A session that was being recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AliveSession {
    /// The session.
    pub(super) description: SessionDescription,
    /// The last input, if nobody was there.
    pub(super) idle_since: Option<Timestamp>,
}

impl Alive {
    /// That these sessions are being recorded at this time.
    pub(super) fn now<'a>(
        at: Timestamp,
        sessions: impl IntoIterator<Item = &'a RecordedSession>,
    ) -> Self {
        let sessions = sessions
            .into_iter()
            .map(|session| AliveSession {
                description: session.description.clone(),
                idle_since: session.idle_since,
            })
            .collect();
        Self {
            at,
            sessions,
            closing_after: None,
        }
    }

    /// Reads the file; one that is not there says nothing.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(error).context("failed to read what was being recorded"),
        };
        let file: AliveFile = toml::from_str(&text).context("failed to parse alive.toml")?;
        anyhow::ensure!(
            file.format <= FORMAT,
            "alive.toml has format {}, this agent reads up to {FORMAT}: use a newer agent",
            file.format
        );
        Ok(file.into())
    }

    /// Replaces the file.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = toml::to_string(&AliveFile::from(self))?;
        replace_file(path, text.as_bytes()).context("failed to write alive.toml")
    }

    /// The records that the service could not write: always the same for the same file.
    pub(super) fn late_entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for session in &self.sessions {
            let description = &session.description;
            let end = self.at.max(description.start);
            if let Some(from) = session.idle_since {
                entries.push(Entry::Idle(IdleStretch {
                    session: description.id,
                    from,
                    until: end,
                }));
            }
            entries.push(Entry::Activity(event_record(
                description,
                SessionEvent::Shutdown,
                end,
            )));
            entries.push(Entry::SessionClosed(SessionEnding {
                session: description.id,
                end,
            }));
        }
        entries
    }
}

const FORMAT: u32 = 1;

/// The file's form. Times are microseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct AliveFile {
    format: u32,
    at: i64,
    closing_after: Option<u64>,
    #[serde(default)]
    sessions: Vec<SessionTable>,
}

#[derive(Serialize, Deserialize)]
struct SessionTable {
    id: Uuid,
    who: String,
    r#where: String,
    remote: bool,
    workstation: String,
    display: String,
    start: i64,
    idle_since: Option<i64>,
}

impl From<&Alive> for AliveFile {
    fn from(alive: &Alive) -> Self {
        Self {
            format: FORMAT,
            at: alive.at.as_unix_micros(),
            closing_after: alive.closing_after,
            sessions: alive.sessions.iter().map(SessionTable::from).collect(),
        }
    }
}

impl From<&AliveSession> for SessionTable {
    fn from(session: &AliveSession) -> Self {
        let description = &session.description;
        Self {
            id: description.id.as_uuid(),
            who: description.who.clone(),
            r#where: description.where_.clone(),
            remote: description.origin != SessionOrigin::Local,
            workstation: description.origin.workstation().unwrap_or("").to_owned(),
            display: description.display_name.clone(),
            start: description.start.as_unix_micros(),
            idle_since: session.idle_since.map(Timestamp::as_unix_micros),
        }
    }
}

impl From<AliveFile> for Alive {
    fn from(file: AliveFile) -> Self {
        Self {
            at: Timestamp::from_unix_micros(file.at),
            sessions: file.sessions.into_iter().map(AliveSession::from).collect(),
            closing_after: file.closing_after,
        }
    }
}

impl From<SessionTable> for AliveSession {
    fn from(table: SessionTable) -> Self {
        let origin = if table.remote {
            SessionOrigin::Remote {
                workstation: table.workstation,
            }
        } else {
            SessionOrigin::Local
        };
        Self {
            description: SessionDescription {
                id: SessionId::from_uuid(table.id),
                who: table.who,
                where_: table.r#where,
                origin,
                display_name: table.display,
                start: Timestamp::from_unix_micros(table.start),
            },
            idle_since: table.idle_since.map(Timestamp::from_unix_micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive() -> Alive {
        let time = |secs: i64| Timestamp::from_unix_micros(secs * 1_000_000);
        Alive {
            at: time(100),
            sessions: vec![AliveSession {
                description: SessionDescription {
                    id: SessionId::from_uuid(Uuid::from_u128(5)),
                    who: "HOST\\ann \"quoted\"".into(),
                    where_: "host".into(),
                    origin: SessionOrigin::Remote {
                        workstation: "desk".into(),
                    },
                    display_name: ":1".into(),
                    start: time(10),
                },
                idle_since: Some(time(50)),
            }],
            closing_after: Some(7),
        }
    }

    #[test]
    fn the_file_is_read_back_and_a_missing_one_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alive.toml");
        assert_eq!(Alive::read(&path).unwrap(), Alive::default());
        alive().write(&path).unwrap();
        assert_eq!(Alive::read(&path).unwrap(), alive());
    }

    #[test]
    fn late_records_carry_the_last_time_known_alive() {
        let entries = alive().late_entries();
        assert_eq!(entries.len(), 3);
        assert!(matches!(&entries[0], Entry::Idle(idle) if idle.until == alive().at));
        assert!(matches!(&entries[1], Entry::Activity(record)
            if record.what.reveal() == "Shutdown" && record.when == alive().at));
        assert!(matches!(&entries[2], Entry::SessionClosed(end) if end.end == alive().at));
    }

    #[test]
    fn a_file_of_a_newer_agent_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alive.toml");
        std::fs::write(&path, "format = 2\nat = 0\n").unwrap();
        let error = Alive::read(&path).unwrap_err().to_string();
        assert!(error.contains("newer agent"), "{error}");
    }
}
