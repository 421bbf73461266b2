//! What becomes of a session whose records are removed.

use eidetic_model::{PlanId, SessionId, Timestamp};
use rusqlite::{Connection, params};

use super::{
    codes::{LOST, RETENTION_OVER},
    columns::id,
};
use crate::sqlite::{Failure, to_sql};

/// Sessions of a plan of which there may be records from before a time, the oldest first.
pub(super) fn sessions(
    connection: &Connection,
    plan: Option<PlanId>,
    before: Timestamp,
    leave_out: usize,
    limit: usize,
) -> Result<Vec<SessionId>, Failure> {
    connection
        .prepare_cached(
            "SELECT uuid FROM session WHERE start < ?1 AND plan IS ?2 \
             AND ifnull(records_looked_until, start) < min(?1, last_known + 1) \
             ORDER BY start, uuid LIMIT ?3 OFFSET ?4",
        )?
        .query_and_then(
            params![
                before.as_unix_micros(),
                plan.map(PlanId::to_bytes),
                i64::try_from(limit).unwrap_or(i64::MAX),
                i64::try_from(leave_out).unwrap_or(i64::MAX)
            ],
            |row| id(row, 0, SessionId::from_slice),
        )?
        .collect()
}

/// Keeps that records from before a time are not there any more.
pub(super) fn say(
    connection: &Connection,
    sessions: &[SessionId],
    before: Timestamp,
) -> Result<(), Failure> {
    for session in sessions {
        connection
            .prepare_cached(
                "UPDATE session SET records_removed_until = \
                 max(ifnull(records_removed_until, ?2), ?2) WHERE uuid = ?1",
            )?
            .execute(params![session.to_bytes(), before.as_unix_micros()])?;
    }
    Ok(())
}

/// Keeps that they were removed, and removes what was made of them.
pub(super) fn note(
    connection: &Connection,
    sessions: &[(SessionId, u64)],
    before: Timestamp,
) -> Result<(), Failure> {
    for (session, records) in sessions {
        let session = session.to_bytes();
        connection
            .prepare_cached(
                "UPDATE session SET records_looked_until = ?2, \
                 activities = max(0, activities - ?3) WHERE uuid = ?1",
            )?
            .execute(params![session, before.as_unix_micros(), to_sql(*records)])?;
        connection
            .prepare_cached(
                "DELETE FROM idle_stretch WHERE until < ?2 \
                 AND session = (SELECT id FROM session WHERE uuid = ?1)",
            )?
            .execute(params![session, before.as_unix_micros()])?;
        connection
            .prepare_cached(
                "DELETE FROM session_application WHERE session = \
                 (SELECT id FROM session WHERE uuid = ?1 AND last_known < ?2)",
            )?
            .execute(params![session, before.as_unix_micros()])?;
    }
    Ok(())
}

/// Forgets sessions of which nothing is left.
pub(super) fn forget_sessions(
    connection: &Connection,
    plan: Option<PlanId>,
    before: Timestamp,
) -> Result<u64, Failure> {
    let forgotten = connection
        .prepare_cached(
            "DELETE FROM session WHERE start < ?1 AND plan IS ?2 AND ended IS NOT NULL \
             AND last_known < ?1 AND records_looked_until > last_known \
             AND NOT EXISTS (SELECT 1 FROM segment WHERE segment.session = session.id \
                 AND NOT (state = ?3 AND ifnull(reason, 0) = ?4))",
        )?
        .execute(params![
            before.as_unix_micros(),
            plan.map(PlanId::to_bytes),
            LOST,
            RETENTION_OVER
        ])?;
    Ok(forgotten as u64)
}
