//! Forgetting the records of some sessions, bit by bit.

use std::collections::HashMap;

use eidetic_model::{SessionId, Timestamp};
use eidetic_search::Field;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    dictionary::{ROW_COLUMNS, Row, hash, kind_number, kind_of},
    parts::Parts,
    purge::{CHUNK, forget},
};
use crate::{
    audit::position::{Before, Month},
    sqlite::{Failure, from_sql},
};

/// What one step did.
#[derive(Debug, Default)]
pub(in crate::audit::sqlite) struct Purged {
    /// Records that were forgotten, by session.
    pub records: HashMap<SessionId, u64>,
    /// Whether there may be more to forget.
    pub more: bool,
}

/// What is to be done next.
pub(in crate::audit::sqlite) enum Step {
    Nothing,
    /// Nothing is left of a month in which nothing is to be kept any more.
    Drop(Month),
    Delete(Month),
}

/// Looks for a part with records of these sessions from before a time, the oldest first.
pub(in crate::audit::sqlite) fn next_step(
    parts: &Parts,
    sessions: &[SessionId],
    before: Timestamp,
) -> Result<Step, Failure> {
    for month in parts.months() {
        let extent = month.is_before(before);
        if extent == Before::None {
            continue;
        }
        let Some(reader) = parts.reader(month)? else {
            continue;
        };
        for session in sessions {
            if let Some(dim) = dim_of(&reader, *session)?
                && has_some(&reader, dim, before)?
            {
                return Ok(Step::Delete(month));
            }
        }
        let records: i64 = reader.query_row("SELECT records FROM part", [], |row| row.get(0))?;
        if extent == Before::All && from_sql(records) == 0 {
            return Ok(Step::Drop(month));
        }
    }
    Ok(Step::Nothing)
}

/// Deletes at most [`CHUNK`] records of these sessions from before a time, and the words that only
/// they had.
pub(in crate::audit::sqlite) fn delete_some(
    connection: &mut Connection,
    sessions: &[SessionId],
    before: Timestamp,
) -> Result<HashMap<SessionId, u64>, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut records = HashMap::new();
    for session in sessions {
        let Some(dim) = dim_of(&transaction, *session)? else {
            continue;
        };
        let left = CHUNK.saturating_sub(rows.len());
        if left == 0 {
            break;
        }
        let found: Vec<Row> = transaction
            .prepare_cached(&format!(
                "SELECT {ROW_COLUMNS} FROM rec INDEXED BY rec_session WHERE {OLD} LIMIT ?3"
            ))?
            .query_map(
                params![
                    dim,
                    before.as_unix_micros(),
                    i64::try_from(left).unwrap_or(i64::MAX)
                ],
                Row::read,
            )?
            .collect::<Result<_, _>>()?;
        if !found.is_empty() {
            records.insert(*session, found.len() as u64);
        }
        rows.extend(found);
    }
    forget(&transaction, &rows)?;
    transaction.commit()?;
    Ok(records)
}

fn dim_of(connection: &Connection, session: SessionId) -> Result<Option<i64>, Failure> {
    let kind = kind_of(Field::Session).map(kind_number);
    let text = session.to_string();
    Ok(connection
        .prepare_cached("SELECT id FROM dim WHERE kind = ?1 AND h = ?2 AND v = ?3")?
        .query_row(params![kind, hash(&text), text], |row| row.get(0))
        .optional()?)
}

fn has_some(connection: &Connection, dim: i64, before: Timestamp) -> Result<bool, Failure> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT 1 FROM rec INDEXED BY rec_session WHERE {OLD} LIMIT 1"
        ))?
        .exists(params![dim, before.as_unix_micros()])?)
}

const OLD: &str = "session = ?1 AND coalesce(at, id >> 8) < ?2";
