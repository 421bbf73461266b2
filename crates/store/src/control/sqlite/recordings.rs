//! Recorded sessions.

use eidetic_model::{
    ActivityRecord, AgentId, IdleStretch, PlanId, SessionDescription, SessionEnding, SessionId,
    SessionOrigin, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{id, number, time};
use crate::{
    control::{Presence, RecordedSession},
    sqlite::Failure,
};

/// The agent that records a session.
pub(super) fn owner(
    connection: &Connection,
    session: SessionId,
) -> Result<Option<AgentId>, Failure> {
    connection
        .prepare_cached("SELECT agent FROM session WHERE uuid = ?1")?
        .query_and_then([session.to_bytes()], |row| id(row, 0, AgentId::from_slice))?
        .next()
        .transpose()
}

/// The row of a session.
pub(super) fn row_of(connection: &Connection, session: SessionId) -> Result<Option<i64>, Failure> {
    Ok(connection
        .prepare_cached("SELECT id FROM session WHERE uuid = ?1")?
        .query_row([session.to_bytes()], |row| row.get(0))
        .optional()?)
}

/// Who recorded a session, and under which plan.
#[derive(Clone, Copy)]
pub(super) struct Recorded {
    pub(super) agent: AgentId,
    pub(super) plan: PlanId,
}

/// The plans of all sessions; `None` for those of before there were plans.
pub(super) fn plans(connection: &Connection) -> Result<Vec<Option<PlanId>>, Failure> {
    connection
        .prepare_cached("SELECT DISTINCT plan FROM session")?
        .query_and_then([], |row| {
            let is_known = row.get::<_, Option<Vec<u8>>>(0)?.is_some();
            is_known.then(|| id(row, 0, PlanId::from_slice)).transpose()
        })?
        .collect()
}

/// Adds a session. One that is there, because it goes on or was met unannounced, is described anew.
pub(super) fn open(
    connection: &Connection,
    by: Recorded,
    description: &SessionDescription,
) -> Result<(), Failure> {
    open_unannounced(connection, by, description).map(drop)
}

/// As [`open`]; gives the row.
pub(super) fn open_unannounced(
    connection: &Connection,
    by: Recorded,
    description: &SessionDescription,
) -> Result<i64, Failure> {
    let (is_remote, workstation) = match &description.origin {
        SessionOrigin::Local => (false, ""),
        SessionOrigin::Remote { workstation } => (true, workstation.as_str()),
    };
    Ok(connection
        .prepare_cached(
            "INSERT INTO session (uuid, agent, who, wher, is_remote, workstation, display_name, \
             start, last_known, plan) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9) \
             ON CONFLICT (uuid) DO UPDATE SET who = excluded.who, wher = excluded.wher, \
             is_remote = excluded.is_remote, workstation = excluded.workstation, \
             display_name = excluded.display_name, start = excluded.start, ended = NULL, \
             last_known = max(last_known, excluded.last_known) \
             RETURNING id",
        )?
        .query_row(
            params![
                description.id.to_bytes(),
                by.agent.to_bytes(),
                description.who,
                description.where_,
                is_remote,
                workstation,
                description.display_name,
                description.start.as_unix_micros(),
                by.plan.to_bytes(),
            ],
            |row| row.get(0),
        )?)
}

/// Counts an activity.
pub(super) fn add_activity(
    connection: &Connection,
    session: i64,
    record: &ActivityRecord,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            // One that comes late has to be removed, too.
            "UPDATE session SET activities = activities + 1, last_known = max(last_known, ?2), \
             records_looked_until = CASE WHEN ?2 < records_looked_until THEN NULL \
                 ELSE records_looked_until END \
             WHERE id = ?1",
        )?
        .execute(params![session, record.when.as_unix_micros()])?;
    let description = record
        .application
        .as_ref()
        .map(|application| application.description.as_str())
        .unwrap_or_default();
    if !description.is_empty() {
        connection
            .prepare_cached(
                "INSERT INTO session_application (session, number, description) \
                 SELECT ?1, (SELECT count(*) FROM session_application WHERE session = ?1), ?2 \
                 WHERE NOT EXISTS (SELECT 1 FROM session_application \
                     WHERE session = ?1 AND description = ?2)",
            )?
            .execute(params![session, description])?;
    }
    Ok(())
}

/// Keeps an idle stretch.
pub(super) fn add_idle(
    connection: &Connection,
    session: i64,
    stretch: &IdleStretch,
) -> Result<(), Failure> {
    connection
        .prepare_cached("INSERT INTO idle_stretch (session, start, until) VALUES (?1, ?2, ?3)")?
        .execute(params![
            session,
            stretch.from.as_unix_micros(),
            stretch.until.as_unix_micros(),
        ])?;
    let idle = stretch.until.saturating_since(stretch.from).as_micros();
    connection
        .prepare_cached(
            "UPDATE session SET idle = min(idle + ?2, ?4), last_known = max(last_known, ?3) \
             WHERE id = ?1",
        )?
        .execute(params![
            session,
            i64::try_from(idle).unwrap_or(MOST_IDLE).min(MOST_IDLE),
            stretch.until.as_unix_micros(),
            MOST_IDLE,
        ])?;
    Ok(())
}

/// Ends a session.
pub(super) fn close(connection: &Connection, ending: &SessionEnding) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE session SET ended = ?2, last_known = max(last_known, ?2) WHERE uuid = ?1",
        )?
        .execute(params![
            ending.session.to_bytes(),
            ending.end.as_unix_micros(),
        ])?;
    Ok(())
}

/// One session.
pub(super) fn one(
    connection: &Connection,
    session: SessionId,
) -> Result<Option<RecordedSession>, Failure> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM session WHERE uuid = ?1"))?
        .query_and_then([session.to_bytes()], |row| read(connection, row))?
        .next()
        .transpose()
}

/// Sessions, the latest start first.
pub(super) fn page(
    connection: &Connection,
    before: Option<(Timestamp, SessionId)>,
    limit: usize,
) -> Result<Vec<RecordedSession>, Failure> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match before {
        None => connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM session ORDER BY start DESC, uuid DESC LIMIT ?1"
            ))?
            .query_and_then([limit], |row| read(connection, row))?
            .collect(),
        Some((start, session)) => connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM session WHERE (start, uuid) < (?1, ?2) \
                 ORDER BY start DESC, uuid DESC LIMIT ?3"
            ))?
            .query_and_then(
                params![start.as_unix_micros(), session.to_bytes(), limit],
                |row| read(connection, row),
            )?
            .collect(),
    }
}

/// The idle stretches of a session, in order.
pub(super) fn idle_stretches(
    connection: &Connection,
    session: SessionId,
) -> Result<Vec<IdleStretch>, Failure> {
    connection
        .prepare_cached(
            "SELECT start, until FROM idle_stretch \
             WHERE session = (SELECT id FROM session WHERE uuid = ?1) ORDER BY start, until",
        )?
        .query_and_then([session.to_bytes()], |row| {
            Ok(IdleStretch {
                session,
                from: time(row, 0)?,
                until: time(row, 1)?,
            })
        })?
        .collect()
}

fn read(connection: &Connection, row: &Row<'_>) -> Result<RecordedSession, Failure> {
    let session: i64 = row.get(0)?;
    let applications = connection
        .prepare_cached(
            "SELECT description FROM session_application WHERE session = ?1 ORDER BY number",
        )?
        .query_map([session], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let ended: Option<i64> = row.get(9)?;
    Ok(RecordedSession {
        description: SessionDescription {
            id: id(row, 1, SessionId::from_slice)?,
            who: row.get(3)?,
            where_: row.get(4)?,
            origin: if row.get(5)? {
                SessionOrigin::Remote {
                    workstation: row.get(6)?,
                }
            } else {
                SessionOrigin::Local
            },
            display_name: row.get(7)?,
            start: time(row, 8)?,
        },
        agent: id(row, 2, AgentId::from_slice)?,
        presence: ended.map_or(Presence::Running, |ended| {
            Presence::Ended(Timestamp::from_unix_micros(ended))
        }),
        last_known: time(row, 10)?,
        idle_micros: number(row, 11)?,
        applications,
        activities: number(row, 12)?,
        segment_bytes: number(row, 13)?,
        records_removed_until: row
            .get::<_, Option<i64>>(14)?
            .map(Timestamp::from_unix_micros),
    })
}

/// Moves on the last time of which something is known of a segment's session.
pub(super) fn note_known(
    connection: &Connection,
    session: i64,
    until: Timestamp,
) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE session SET last_known = max(last_known, ?2) WHERE id = ?1")?
        .execute([session, until.as_unix_micros()])?;
    Ok(())
}

/// The bytes of a session's segments are summed up from their index.
const COLUMNS: &str = "id, uuid, agent, who, wher, is_remote, workstation, display_name, start, \
     ended, last_known, idle, activities, \
     (SELECT coalesce(sum(bytes), 0) FROM segment WHERE segment.session = session.id), \
     records_removed_until";
/// Three hundred years: sums stay far from the end of the numbers.
const MOST_IDLE: i64 = 300 * 366 * 86_400 * 1_000_000;
