//! Columns as the types that they hold.

use eidetic_model::Timestamp;
use rusqlite::Row;

use crate::sqlite::{Failure, from_sql};

/// The id in a column.
pub(super) fn id<T>(
    row: &Row<'_>,
    column: usize,
    from_slice: impl FnOnce(&[u8]) -> Option<T>,
) -> Result<T, Failure> {
    let bytes: [u8; 16] = row.get(column)?;
    from_slice(&bytes).ok_or_else(|| Failure::damaged("id", "it does not have sixteen bytes"))
}

/// The time in a column.
pub(super) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_unix_micros(row.get(column)?))
}

/// The unsigned number in a column.
pub(super) fn number(row: &Row<'_>, column: usize) -> Result<u64, Failure> {
    Ok(from_sql(row.get(column)?))
}
