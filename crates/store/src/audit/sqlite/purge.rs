//! Forgetting: whole parts by removing their file, the part at the boundary bit by bit.

use eidetic_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::{
    dictionary::{ROW_COLUMNS, Row, title},
    parts::Parts,
};
use crate::{
    audit::position::{self, Before, Month},
    sqlite::{Failure, from_sql},
};

/// What one step did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Purged {
    /// Records that were forgotten.
    pub records: u64,
    /// Whether there may be more to forget.
    pub more: bool,
}

/// What is to be done next.
pub(super) enum Step {
    Nothing,
    Drop { month: Month, records: u64 },
    Delete(Month),
}

/// Looks for a part with records from before a time.
pub(super) fn next_step(parts: &Parts, before: Timestamp) -> Result<Step, Failure> {
    for month in parts.months() {
        let extent = month.is_before(before);
        if extent == Before::None {
            continue;
        }
        let Some(reader) = parts.reader(month)? else {
            continue;
        };
        if extent == Before::All {
            let records =
                reader.query_row("SELECT records FROM part", [], |row| row.get::<_, i64>(0))?;
            let records = from_sql(records);
            return Ok(Step::Drop { month, records });
        }
        let some = reader
            .query_row(
                &format!("SELECT 1 FROM rec WHERE {IS_BEFORE} LIMIT 1"),
                params![
                    first_position(),
                    end_position(month, before),
                    before.as_unix_micros()
                ],
                |_| Ok(()),
            )
            .optional()?;
        if some.is_some() {
            return Ok(Step::Delete(month));
        }
    }
    Ok(Step::Nothing)
}

/// Deletes at most [`CHUNK`] records from before a time, and the words that only they had.
pub(super) fn delete_some(
    connection: &mut Connection,
    month: Month,
    before: Timestamp,
) -> Result<u64, Failure> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rows: Vec<Row> = transaction
        .prepare_cached(&format!(
            "SELECT {ROW_COLUMNS} FROM rec WHERE {IS_BEFORE} LIMIT {CHUNK}"
        ))?
        .query_map(
            params![
                first_position(),
                end_position(month, before),
                before.as_unix_micros()
            ],
            Row::read,
        )?
        .collect::<Result<_, _>>()?;
    forget(&transaction, &rows)?;
    transaction.commit()?;
    Ok(rows.len() as u64)
}

/// Deletes these records, and the words that only they had.
pub(super) fn forget(connection: &Connection, rows: &[Row]) -> Result<(), Failure> {
    for row in rows {
        connection
            .prepare_cached("DELETE FROM rec WHERE id = ?1")?
            .execute([row.id])?;
    }
    forget_titles(connection, rows)?;
    forget_values(connection, rows)?;
    connection
        .prepare_cached("UPDATE part SET records = records - ?1")?
        .execute([i64::try_from(rows.len()).unwrap_or(i64::MAX)])?;
    Ok(())
}

fn forget_titles(connection: &Connection, rows: &[Row]) -> Result<(), Failure> {
    for id in distinct(rows.iter().map(|row| row.title)) {
        if is_there(
            connection,
            "SELECT 1 FROM rec INDEXED BY rec_title WHERE title = ?1 LIMIT 1",
            id,
        )? {
            continue;
        }
        if !title(connection, id)?.is_empty() {
            connection
                .prepare_cached("DELETE FROM fts WHERE rowid = ?1")?
                .execute([id])?;
        }
        connection
            .prepare_cached("DELETE FROM title WHERE id = ?1")?
            .execute([id])?;
    }
    Ok(())
}

/// Sessions without records go, and with them the values that were seen in no other.
fn forget_values(connection: &Connection, rows: &[Row]) -> Result<(), Failure> {
    let mut gone = Vec::new();
    for session in distinct(rows.iter().map(|row| row.dims[row.dims.len() - 1])) {
        if !is_there(
            connection,
            "SELECT 1 FROM rec INDEXED BY rec_session WHERE session = ?1 LIMIT 1",
            session,
        )? {
            gone.push(session);
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    connection
        .execute_batch("CREATE TEMP TABLE IF NOT EXISTS gone (session INTEGER PRIMARY KEY)")?;
    connection.execute("DELETE FROM temp.gone", [])?;
    for session in &gone {
        connection
            .prepare_cached("INSERT INTO temp.gone (session) VALUES (?1)")?
            .execute([session])?;
    }
    let dims: Vec<i64> = connection
        .prepare_cached(
            "DELETE FROM seen WHERE session IN (SELECT session FROM temp.gone) RETURNING dim",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for dim in distinct(dims.into_iter()) {
        if !is_there(connection, "SELECT 1 FROM seen WHERE dim = ?1 LIMIT 1", dim)? {
            gone.push(dim);
        }
    }
    for dim in gone {
        connection
            .prepare_cached("DELETE FROM dim WHERE id = ?1")?
            .execute([dim])?;
    }
    Ok(())
}

fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn is_there(connection: &Connection, query: &str, id: i64) -> Result<bool, Failure> {
    Ok(connection.prepare_cached(query)?.exists([id])?)
}

fn first_position() -> i64 {
    position::positions(None, None).start
}

/// The positions of records from before a time end here.
fn end_position(month: Month, before: Timestamp) -> i64 {
    match month.is_end() {
        true => month.positions().end,
        false => position::positions(None, Some(before)).end,
    }
}

/// Position from ?1 until before ?2, and time before ?3.
const IS_BEFORE: &str = "id >= ?1 AND id < ?2 AND coalesce(at, id >> 8) < ?3";
pub(super) const CHUNK: usize = 5_000;
