//! Segments of recorded sessions and their key frames.

use std::collections::HashMap;

use eidetic_model::{
    AgentId, DisplayIndex, GapReason, PlanId, SegmentDescription, SegmentEnd, SegmentId, SessionId,
    Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    codes::{GROWING, LOST, RETENTION_OVER, SEALED, reason, reason_code, unknown},
    columns::{id, number, time},
    recordings::note_known,
};
use crate::{
    control::{KeyFrame, SegmentState, StoredSegment},
    sqlite::{Failure, from_sql, to_sql},
};

/// The agent from which a segment comes.
pub(super) fn owner(
    connection: &Connection,
    segment: SegmentId,
) -> Result<Option<AgentId>, Failure> {
    connection
        .prepare_cached(
            "SELECT session.agent FROM segment JOIN session ON session.id = segment.session \
             WHERE segment.uuid = ?1",
        )?
        .query_and_then([segment.to_bytes()], |row| id(row, 0, AgentId::from_slice))?
        .next()
        .transpose()
}

/// Adds a segment. One that is there stays as it is.
pub(super) fn open(
    connection: &Connection,
    session: i64,
    description: &SegmentDescription,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO segment (uuid, session, display, start, width, height, \
             left_edge, top_edge, state, until, bytes) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?4, 0)",
        )?
        .execute(params![
            description.id.to_bytes(),
            session,
            description.display.0,
            description.start.as_unix_micros(),
            description.width,
            description.height,
            description.left,
            description.top,
            GROWING,
        ])?;
    note_known(connection, session, description.start)
}

/// The bytes of all segments that can be played.
pub(super) fn all_bytes(connection: &Connection) -> Result<u64, Failure> {
    // An index has the column: the rows are not read.
    let bytes = connection
        .prepare_cached("SELECT ifnull(sum(bytes), 0) FROM segment")?
        .query_row([], |row| row.get(0))?;
    Ok(from_sql(bytes))
}

/// Adds to a growing segment.
pub(super) fn grow(
    connection: &Connection,
    segment: SegmentId,
    bytes: u64,
    until: Timestamp,
    key_frames: &[KeyFrame],
) -> Result<(), Failure> {
    let grown: Option<(i64, i64)> = connection
        .prepare_cached(
            "UPDATE segment SET bytes = max(bytes, ?2), until = max(until, ?3) \
             WHERE uuid = ?1 AND state = ?4 RETURNING id, session",
        )?
        .query_row(
            params![
                segment.to_bytes(),
                to_sql(bytes),
                until.as_unix_micros(),
                GROWING
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((segment, session)) = grown else {
        return Ok(());
    };
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO key_frame (segment, place, time) VALUES (?1, ?2, ?3)",
    )?;
    for key_frame in key_frames {
        insert.execute(params![
            segment,
            to_sql(key_frame.offset),
            key_frame.time.as_unix_micros(),
        ])?;
    }
    note_known(connection, session, until)
}

/// Makes a segment whole.
pub(super) fn seal(connection: &Connection, end: &SegmentEnd) -> Result<(), Failure> {
    let session: Option<i64> = connection
        .prepare_cached(
            "UPDATE segment SET state = ?2, sha256 = ?3, reason = NULL, until = ?4, bytes = ?5 \
             WHERE uuid = ?1 RETURNING session",
        )?
        .query_row(
            params![
                end.id.to_bytes(),
                SEALED,
                end.sha256,
                end.end.as_unix_micros(),
                to_sql(end.bytes),
            ],
            |row| row.get(0),
        )
        .optional()?;
    session.map_or(Ok(()), |session| note_known(connection, session, end.end))
}

/// Gives up a segment that is not whole.
pub(super) fn lose(
    connection: &Connection,
    segment: SegmentId,
    reason: GapReason,
) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE segment SET state = ?2, reason = ?3 WHERE uuid = ?1 AND state <> ?4",
        )?
        .execute(params![
            segment.to_bytes(),
            LOST,
            reason_code(reason),
            SEALED
        ])?;
    Ok(())
}

/// The oldest segments of a plan's sessions that tell of nothing after a time, and do not grow.
pub(super) fn kept_before(
    connection: &Connection,
    plan: Option<PlanId>,
    before: Timestamp,
    leave_out: usize,
    limit: usize,
) -> Result<Vec<SegmentId>, Failure> {
    // The condition of the index `segment_kept`, to the letter.
    connection
        .prepare_cached(
            "SELECT segment.uuid FROM segment INDEXED BY segment_kept \
             JOIN session ON session.id = segment.session \
             WHERE state > 0 AND ifnull(reason, 0) <> 8 AND until < ?1 AND session.plan IS ?2 \
             ORDER BY until LIMIT ?3 OFFSET ?4",
        )?
        .query_and_then(
            params![
                before.as_unix_micros(),
                plan.map(PlanId::to_bytes),
                i64::try_from(limit).unwrap_or(i64::MAX),
                i64::try_from(leave_out).unwrap_or(i64::MAX)
            ],
            |row| id(row, 0, SegmentId::from_slice),
        )?
        .collect()
}

/// Keeps of a segment only that it was there. One that grows stays as it is.
pub(super) fn remove(connection: &Connection, segment: SegmentId) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "DELETE FROM key_frame WHERE segment = \
             (SELECT id FROM segment WHERE uuid = ?1 AND state <> ?2)",
        )?
        .execute(params![segment.to_bytes(), GROWING])?;
    connection
        .prepare_cached(
            "UPDATE segment SET state = ?2, reason = ?3, sha256 = NULL, bytes = 0 \
             WHERE uuid = ?1 AND state <> ?4",
        )?
        .execute(params![segment.to_bytes(), LOST, RETENTION_OVER, GROWING])?;
    Ok(())
}

/// Takes a growing segment back to its beginning.
pub(super) fn reset(connection: &Connection, segment: SegmentId) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "DELETE FROM key_frame WHERE segment = \
             (SELECT id FROM segment WHERE uuid = ?1 AND state = ?2)",
        )?
        .execute(params![segment.to_bytes(), GROWING])?;
    connection
        .prepare_cached(
            "UPDATE segment SET bytes = 0, until = start WHERE uuid = ?1 AND state = ?2",
        )?
        .execute(params![segment.to_bytes(), GROWING])?;
    Ok(())
}

/// The segments of a session, by display and start.
pub(super) fn of_session(
    connection: &Connection,
    session: SessionId,
) -> Result<Vec<StoredSegment>, Failure> {
    let mut key_frames = key_frames_of_session(connection, session)?;
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM segment JOIN session ON session.id = segment.session \
             WHERE session.uuid = ?1 \
             ORDER BY segment.display, segment.start, segment.uuid"
        ))?
        .query_and_then([session.to_bytes()], |row| {
            read(row, key_frames.remove(&row.get(0)?).unwrap_or_default())
        })?
        .collect()
}

/// One segment, with the agent that it comes from.
pub(super) fn one(
    connection: &Connection,
    segment: SegmentId,
) -> Result<Option<(AgentId, StoredSegment)>, Failure> {
    let Some(agent) = owner(connection, segment)? else {
        return Ok(None);
    };
    let stored = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM segment JOIN session ON session.id = segment.session \
             WHERE segment.uuid = ?1"
        ))?
        .query_and_then([segment.to_bytes()], |row| {
            let key_frames = connection
                .prepare_cached(
                    "SELECT time, place FROM key_frame WHERE segment = ?1 ORDER BY place",
                )?
                .query_and_then([row.get::<_, i64>(0)?], |row| key_frame(row, 0))?
                .collect::<Result<_, _>>()?;
            read(row, key_frames)
        })?
        .next()
        .transpose()?;
    Ok(stored.map(|stored| (agent, stored)))
}

/// The key frames of all segments of a session, by row and place: one query, however many segments.
fn key_frames_of_session(
    connection: &Connection,
    session: SessionId,
) -> Result<HashMap<i64, Vec<KeyFrame>>, Failure> {
    let mut key_frames = HashMap::<i64, Vec<KeyFrame>>::new();
    let mut statement = connection.prepare_cached(
        "SELECT key_frame.segment, key_frame.time, key_frame.place \
         FROM segment JOIN key_frame ON key_frame.segment = segment.id \
         WHERE segment.session = (SELECT id FROM session WHERE uuid = ?1) \
         ORDER BY key_frame.segment, key_frame.place",
    )?;
    let mut rows = statement.query([session.to_bytes()])?;
    while let Some(row) = rows.next()? {
        key_frames
            .entry(row.get(0)?)
            .or_default()
            .push(key_frame(row, 1)?);
    }
    Ok(key_frames)
}

fn key_frame(row: &Row<'_>, first: usize) -> Result<KeyFrame, Failure> {
    Ok(KeyFrame {
        time: time(row, first)?,
        offset: number(row, first + 1)?,
    })
}

fn read(row: &Row<'_>, key_frames: Vec<KeyFrame>) -> Result<StoredSegment, Failure> {
    let state = match row.get(9)? {
        GROWING => SegmentState::Growing,
        SEALED => SegmentState::Sealed(row.get(10)?),
        LOST => SegmentState::Lost(reason(row.get(11)?)?),
        other => return Err(unknown("state of a segment", other)),
    };
    Ok(StoredSegment {
        description: SegmentDescription {
            id: id(row, 1, SegmentId::from_slice)?,
            session: id(row, 2, SessionId::from_slice)?,
            display: DisplayIndex(row.get(3)?),
            start: time(row, 4)?,
            width: row.get(5)?,
            height: row.get(6)?,
            left: row.get(7)?,
            top: row.get(8)?,
        },
        state,
        until: time(row, 12)?,
        bytes: number(row, 13)?,
        key_frames,
    })
}

const COLUMNS: &str = "segment.id, segment.uuid, session.uuid, segment.display, segment.start, \
     segment.width, segment.height, segment.left_edge, segment.top_edge, segment.state, \
     segment.sha256, segment.reason, segment.until, segment.bytes";
