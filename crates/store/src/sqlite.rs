//! What the SQLite engines share: opening a file, its format's version, and telling failures apart.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::StoreError;

/// A failure inside an engine, before the caller's attempt is known.
#[derive(Debug)]
pub(crate) enum Failure {
    /// SQLite said so.
    Sql(rusqlite::Error),
    /// The engine said so.
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failure {
    /// Something stored is not what it should be.
    pub fn damaged(what: &str, reason: impl Into<String>) -> Self {
        Self::Store(StoreError::Damaged {
            what: what.to_owned(),
            reason: reason.into(),
        })
    }

    /// As [`Failure::into_error`], for one more caller who shares the failure.
    pub fn again(&self, attempt: &'static str, what: &'static str) -> StoreError {
        let is_full = match self {
            Self::Sql(error) => {
                error.sqlite_error().map(|error| error.code) == Some(ErrorCode::DiskFull)
            }
            Self::Store(error) => matches!(error, StoreError::Full { .. }),
        };
        if is_full {
            return StoreError::Full { what };
        }
        let source = match self {
            Self::Sql(error) => error.to_string(),
            Self::Store(error) => error.to_string(),
        };
        StoreError::Failed {
            attempt,
            source: source.into(),
        }
    }

    /// The failure as callers see it. `what` is what the database holds.
    pub fn into_error(self, attempt: &'static str, what: &'static str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Sql(error) => match error.sqlite_error().map(|error| error.code) {
                Some(ErrorCode::DiskFull) => StoreError::Full { what },
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged {
                    what: what.to_owned(),
                    reason: error.to_string(),
                },
                _ => StoreError::Failed {
                    attempt,
                    source: Box::new(error),
                },
            },
        }
    }
}

/// Opens a file for writing, makes it if it is not there, and brings it to the newest format.
///
/// `migrations[n]` leads from format `n` to format `n + 1`.
pub(crate) fn open_writable(
    path: &Path,
    page_bytes: u32,
    what: &str,
    migrations: &[&str],
) -> Result<Connection, Failure> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", page_bytes)?;
    prepare(&mut connection, what, migrations)?;
    Ok(connection)
}

/// Brings an open database to the newest format.
pub(crate) fn prepare(
    connection: &mut Connection,
    what: &str,
    migrations: &[&str],
) -> Result<(), Failure> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_BYTES)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    let newest = u32::try_from(migrations.len()).expect("there are few migrations");
    if found > newest {
        return Err(Failure::Store(StoreError::TooNew {
            what: what.to_owned(),
            found,
            newest,
        }));
    }
    if found < newest {
        for migration in migrations.iter().skip(found as usize) {
            transaction.execute_batch(migration)?;
        }
        transaction.pragma_update(None, "user_version", newest)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Opens a file that is there already, for reading.
pub(crate) fn open_readable(path: &Path) -> Result<Connection, Failure> {
    // Not SQLITE_OPEN_READ_ONLY: the first to open a file after a crash must be able to recover it.
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.pragma_update(None, "query_only", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The format of a database; 0 before its first.
fn version(connection: &Connection) -> Result<u32, Failure> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

/// An unsigned number as SQLite keeps it. What does not fit is the greatest that does.
pub(crate) fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// An unsigned number that SQLite kept.
pub(crate) fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

const JOURNAL_BYTES: i64 = 64 << 20;
const STATEMENTS: usize = 64;
