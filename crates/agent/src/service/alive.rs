//! The file that tells the next start what was being recorded, and until when this one lived.
//!
//! `alive.toml` in the state folder, replaced as a whole. When the service ends in an orderly way
//! it lists no sessions; whatever it lists at a start ended without its records being written.
//! Records that must not be lost and for which the spool has no room wait here too.

use std::path::Path;

use anyhow::Context as _;
use eidetic_model::{
    Entry, GapReason, RecordSequence, SessionDescription, SessionEnding, SessionEvent, SessionId,
    SessionOrigin, Timestamp,
};
use eidetic_wire::{
    convert::{from_proto, to_proto},
    proto,
};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    journal::Loss,
    session::{event_record, gap_record, idle_stretch, loss_record},
};
use crate::state_folder::replace_file;

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Alive {
    /// When the service is known to have lived.
    pub(super) at: Timestamp,
    /// What it was recording.
    pub(super) sessions: Vec<AliveSession>,
    /// Entries for which the spool had no room. No captured content is among them.
    pub(super) owed: Vec<Entry>,
    /// How far writing the late entries came, once it has begun.
    pub(super) closing: Option<Closing>,
}

/// Writing late entries has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closing {
    /// The newest entry of the spool before.
    after: u64,
    /// How many of the late entries are being written.
    entries: u64,
}

/// A session that was being recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AliveSession {
    /// The session.
    pub(super) description: SessionDescription,
    /// The last input, if nobody was there.
    pub(super) idle_since: Option<Timestamp>,
    /// Why and since when nothing was recorded, if so.
    pub(super) gap: Option<(GapReason, Timestamp)>,
    /// What the spool had no room for.
    pub(super) loss: Option<Loss>,
}

impl AliveSession {
    /// The records with which the session ends.
    pub(super) fn closing_entries(&self, end: Timestamp, event: SessionEvent) -> Vec<Entry> {
        let description = &self.description;
        let mut entries = Vec::new();
        if let Some((reason, from)) = self.gap {
            let record = gap_record(description, reason, from, end.max(from));
            entries.push(Entry::Activity(record));
        }
        if let Some(loss) = self.loss {
            entries.push(Entry::Activity(loss_record(description, loss, end)));
        }
        if let Some(from) = self.idle_since {
            entries.push(idle_stretch(description.id, from, end));
        }
        entries.push(Entry::Activity(event_record(description, event, end)));
        entries.push(Entry::SessionClosed(SessionEnding {
            session: description.id,
            end,
        }));
        entries
    }
}

impl Alive {
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
        let ends = self.sessions.iter().flat_map(|session| {
            let end = self.at.max(session.description.start);
            session.closing_entries(end, SessionEvent::Shutdown)
        });
        self.owed.iter().cloned().chain(ends).collect()
    }

    /// Says that the first of the late entries are being written, after the one that is the
    /// spool's newest now.
    pub(super) fn begin_closing(&mut self, newest: RecordSequence, entries: usize) {
        self.closing = Some(Closing {
            after: newest.0,
            entries: entries as u64,
        });
    }

    /// How many of the late entries are in the spool.
    pub(super) fn written_already(&self, newest: RecordSequence) -> usize {
        let written = self.closing.map_or(0, |closing| {
            newest.0.saturating_sub(closing.after).min(closing.entries)
        });
        usize::try_from(written).unwrap_or(usize::MAX)
    }
}

const FORMAT: u32 = 1;

/// The file's form. Times are microseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct AliveFile {
    format: u32,
    at: i64,
    closing_after: Option<u64>,
    closing_entries: Option<u64>,
    /// Protocol buffers, in hexadecimal.
    #[serde(default)]
    owed: Vec<String>,
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
    gap_reason: Option<String>,
    gap_from: Option<i64>,
    loss_reason: Option<String>,
    loss_from: Option<i64>,
    #[serde(default)]
    loss_entries: u64,
}

impl From<&Alive> for AliveFile {
    fn from(alive: &Alive) -> Self {
        Self {
            format: FORMAT,
            at: alive.at.as_unix_micros(),
            closing_after: alive.closing.map(|closing| closing.after),
            closing_entries: alive.closing.map(|closing| closing.entries),
            owed: alive.owed.iter().map(owed_text).collect(),
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
            gap_reason: session.gap.map(|(reason, _)| reason.what().to_owned()),
            gap_from: session.gap.map(|(_, from)| from.as_unix_micros()),
            loss_reason: session.loss.map(|loss| loss.reason.what().to_owned()),
            loss_from: session.loss.map(|loss| loss.from.as_unix_micros()),
            loss_entries: session.loss.map_or(0, |loss| loss.entries),
        }
    }
}

impl From<AliveFile> for Alive {
    fn from(file: AliveFile) -> Self {
        Self {
            at: Timestamp::from_unix_micros(file.at),
            sessions: file.sessions.into_iter().map(AliveSession::from).collect(),
            owed: file
                .owed
                .iter()
                .filter_map(|text| owed_entry(text))
                .collect(),
            closing: file.closing_after.map(|after| Closing {
                after,
                entries: file.closing_entries.unwrap_or(u64::MAX),
            }),
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
            gap: noted_reason(table.gap_reason, table.gap_from),
            loss: noted_reason(table.loss_reason, table.loss_from).map(|(reason, from)| Loss {
                reason,
                from,
                entries: table.loss_entries,
            }),
        }
    }
}

fn noted_reason(reason: Option<String>, from: Option<i64>) -> Option<(GapReason, Timestamp)> {
    Some((reason?.parse().ok()?, Timestamp::from_unix_micros(from?)))
}

fn owed_text(entry: &Entry) -> String {
    hex::encode(to_proto::entry(entry).encode_to_vec())
}

fn owed_entry(text: &str) -> Option<Entry> {
    let bytes = hex::decode(text).ok()?;
    let entry = proto::Entry::decode(&bytes[..]).ok()?;
    from_proto::entry(entry).ok()
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
                gap: Some((GapReason::RecorderDied, time(60))),
                loss: Some(Loss {
                    reason: GapReason::SpoolFull,
                    from: time(70),
                    entries: 3,
                }),
            }],
            owed: vec![Entry::SessionClosed(SessionEnding {
                session: SessionId::from_uuid(Uuid::from_u128(4)),
                end: time(9),
            })],
            closing: Some(Closing {
                after: 7,
                entries: 2,
            }),
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
        assert_eq!(entries.len(), 6);
        assert_eq!(entries[0], alive().owed[0]);
        assert!(matches!(&entries[1], Entry::Activity(record)
            if record.what.reveal() == "Recorder restarted"));
        assert!(matches!(&entries[2], Entry::Activity(record)
            if record.what.reveal() == "Spool full"
                && record.details.last().unwrap().reveal() == "Records lost: 3"));
        assert!(matches!(&entries[3], Entry::Idle(idle) if idle.until == alive().at));
        assert!(matches!(&entries[4], Entry::Activity(record)
            if record.what.reveal() == "Shutdown" && record.when == alive().at));
        assert!(matches!(&entries[5], Entry::SessionClosed(end) if end.end == alive().at));
    }

    #[test]
    fn a_note_of_an_older_agent_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alive.toml");
        std::fs::write(&path, "format = 1\nat = 5\nclosing_after = 3\n").unwrap();
        let alive = Alive::read(&path).unwrap();
        assert_eq!(alive.written_already(RecordSequence(5)), 2);
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
