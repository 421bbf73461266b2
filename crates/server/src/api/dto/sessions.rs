//! Recorded sessions.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use eidetic_model::{ActivityRecord, IdleStretch, SessionId, SessionOrigin, Timestamp};
use eidetic_store::control::{Presence, RecordedSession, StoredSegment};
use serde::Serialize;
use utoipa::ToSchema;

use super::Segment;
use crate::components::ConnectedAgents;

/// A page of sessions.
#[derive(Clone, Serialize, ToSchema)]
pub struct Sessions {
    /// The sessions, the latest start first.
    pub sessions: Vec<SessionSummary>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// A session in short.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionSummary {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its user.
    pub who: String,
    /// The computer.
    #[serde(rename = "where")]
    pub where_: String,
    /// The user's own computer, if the session is remote and the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub workstation: Option<String>,
    /// Whether the user is connected over the network.
    pub remote: bool,
    /// The system's own name of the session's display.
    pub display_name: String,
    /// When recording began.
    pub start_us: i64,
    /// When it ended; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end_us: Option<i64>,
    /// The last time of which something is known.
    pub last_known_us: i64,
    /// How long the user was active, in microseconds.
    pub active_us: u64,
    /// How long he was idle, in microseconds.
    pub idle_us: u64,
    /// The names of the applications in order of first use; at most 20.
    pub applications: Vec<String>,
    /// How many activity records there are.
    pub activities: u64,
    /// Activity records from before this time were removed, because their retention was over;
    /// absent if none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub records_removed_until_us: Option<i64>,
    /// Bytes of the screen's recording.
    pub segment_bytes: u64,
    /// Whether there is anything of the screen to see.
    pub has_video: bool,
}

/// A session with all that a player needs to begin.
#[derive(Clone, Serialize, ToSchema)]
pub struct SessionDetail {
    /// The session in short.
    #[serde(flatten)]
    pub summary: SessionSummary,
    /// Its displays, with the layout that each had last.
    pub displays: Vec<Display>,
    /// Its segments, by display and start.
    pub segments: Vec<Segment>,
    /// Stretches without input, in order.
    pub idle: Vec<Idle>,
    /// What happened to the session and to its recording, in order; the last 1000.
    pub events: Vec<SessionEventItem>,
}

/// A display of a session.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct Display {
    /// Its number.
    pub index: u16,
    /// Its left edge on the session's desktop, in pixels.
    pub left: i32,
    /// Its top edge on the session's desktop, in pixels.
    pub top: i32,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// A stretch without input.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Idle {
    /// The last input before.
    pub from_us: i64,
    /// The next input, or the end of the session.
    pub until_us: i64,
}

/// Something that happened to the session or to its recording.
#[derive(Clone, Serialize, ToSchema)]
pub struct SessionEventItem {
    /// When.
    pub when_us: i64,
    /// What, such as `Lock`.
    pub what: String,
    /// What it means: `Session start`, `Session end`, `Recording gap` or `User
    /// notified`.
    pub action: &'static str,
}

/// Where the next page of sessions begins. Clients keep it as opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionMark {
    /// The start of the last session given.
    pub start: Timestamp,
    /// Its id.
    pub id: SessionId,
}

impl SessionSummary {
    /// A session as it is known now. While its agent is connected, a session that runs is known to
    /// go on also where nothing changes.
    pub fn new(session: &RecordedSession, connected: &ConnectedAgents) -> Self {
        let description = &session.description;
        let last_known = match session.presence {
            Presence::Running => connected
                .known_until(session.agent)
                .map_or(session.last_known, |until| session.last_known.max(until)),
            Presence::Ended(_) => session.last_known,
        };
        let end = match session.presence {
            Presence::Running => None,
            Presence::Ended(end) => Some(end),
        };
        let whole = end
            .unwrap_or(last_known)
            .saturating_since(description.start);
        let active = whole.saturating_sub(Duration::from_micros(session.idle_micros));
        Self {
            id: description.id.to_string(),
            who: description.who.clone(),
            where_: description.where_.clone(),
            workstation: description.origin.workstation().map(str::to_owned),
            remote: matches!(description.origin, SessionOrigin::Remote { .. }),
            display_name: description.display_name.clone(),
            start_us: description.start.as_unix_micros(),
            end_us: end.map(Timestamp::as_unix_micros),
            last_known_us: last_known.as_unix_micros(),
            active_us: u64::try_from(active.as_micros()).unwrap_or(u64::MAX),
            idle_us: session.idle_micros,
            applications: session
                .applications
                .iter()
                .take(MAX_APPLICATIONS)
                .cloned()
                .collect(),
            activities: session.activities,
            records_removed_until_us: session.records_removed_until.map(Timestamp::as_unix_micros),
            segment_bytes: session.segment_bytes,
            has_video: session.segment_bytes > 0,
        }
    }
}

impl Display {
    /// The displays that these segments show, each with the layout of its last segment.
    pub fn of(segments: &[StoredSegment]) -> Vec<Self> {
        let mut latest = BTreeMap::new();
        for segment in segments {
            let description = &segment.description;
            let known = latest.entry(description.display).or_insert(description);
            if description.start >= known.start {
                *known = description;
            }
        }
        let displays = latest.into_values().map(|description| Self {
            index: description.display.0,
            left: description.left,
            top: description.top,
            width: description.width,
            height: description.height,
        });
        displays.collect()
    }
}

impl From<&IdleStretch> for Idle {
    fn from(stretch: &IdleStretch) -> Self {
        Self {
            from_us: stretch.from.as_unix_micros(),
            until_us: stretch.until.as_unix_micros(),
        }
    }
}

impl From<ActivityRecord> for SessionEventItem {
    fn from(record: ActivityRecord) -> Self {
        Self {
            when_us: record.when.as_unix_micros(),
            what: record.what.into_revealed(),
            action: record.action.as_str(),
        }
    }
}

impl SessionMark {
    /// The mark after this session.
    pub fn after(session: &RecordedSession) -> Self {
        Self {
            start: session.description.start,
            id: session.description.id,
        }
    }

    /// The opaque text.
    pub fn to_text(self) -> String {
        let mut bytes = [MARK_VERSION; 25];
        bytes[1..9].copy_from_slice(&self.start.as_unix_micros().to_le_bytes());
        bytes[9..].copy_from_slice(&self.id.to_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the opaque text; `None` if it is not one of ours.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (start, id) = rest.split_at_checked(8)?;
        if *version != MARK_VERSION {
            return None;
        }
        Some(Self {
            start: Timestamp::from_unix_micros(i64::from_le_bytes(start.try_into().ok()?)),
            id: SessionId::from_slice(id)?,
        })
    }
}

const MAX_APPLICATIONS: usize = 20;

const MARK_VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_marks_are_read_back_and_other_texts_refused() {
        let mark = SessionMark {
            start: Timestamp::from_unix_micros(-5),
            id: SessionId::from_slice(&[9; 16]).unwrap(),
        };
        assert_eq!(SessionMark::from_text(&mark.to_text()), Some(mark));
        for wrong in ["", "AQ", "AQAAAAAAAAAA", "%%"] {
            assert_eq!(SessionMark::from_text(wrong), None, "{wrong}");
        }
    }
}
