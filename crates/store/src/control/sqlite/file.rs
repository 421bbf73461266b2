//! The file: opening it, and who reads and writes it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{
    schema::MIGRATIONS,
    writer::{WHAT, Writer},
};
use crate::{
    StoreError,
    sqlite::{Failure, open_readable, open_writable, prepare},
};

/// Control data in one SQLite file.
pub struct SqliteControl {
    writer: Writer,
    /// `None` in memory: there, reading waits its turn with writing.
    readers: Option<Arc<Readers>>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl SqliteControl {
    /// Opens the database in this file, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// If it was written by a newer version, or cannot be used.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let connection = open_writable(&path, PAGE_BYTES, NAME, MIGRATIONS)
            .map_err(|failure| failure.into_error("open the control database", WHAT))?;
        Self::with_connection(path, connection)
    }

    /// As [`SqliteControl::open`], on a disk that is full at so many pages.
    #[cfg(test)]
    pub(in crate::control) fn open_small(path: &Path, max_pages: u32) -> Result<Self, StoreError> {
        let connection = open_writable(path, PAGE_BYTES, NAME, MIGRATIONS)
            .and_then(|connection| {
                connection.pragma_update(None, "max_page_count", max_pages)?;
                Ok(connection)
            })
            .map_err(|failure| failure.into_error("open the control database", WHAT))?;
        Self::with_connection(path.to_owned(), connection)
    }

    fn with_connection(path: PathBuf, connection: Connection) -> Result<Self, StoreError> {
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: Some(Arc::new(Readers {
                path,
                idle: Mutex::default(),
                permits: Arc::new(Semaphore::new(READERS)),
            })),
        })
    }

    /// An empty database in memory: it ends with this value.
    ///
    /// # Errors
    ///
    /// If there is no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        let connection = Connection::open_in_memory()
            .map_err(Failure::from)
            .and_then(|mut connection| {
                prepare(&mut connection, NAME, MIGRATIONS)?;
                Ok(connection)
            })
            .map_err(|failure| failure.into_error("make a control database", WHAT))?;
        Ok(Self {
            writer: Writer::start(connection)?,
            readers: None,
        })
    }

    pub(super) async fn change<T: Send + 'static>(
        &self,
        attempt: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.change(attempt, work).await
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        attempt: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(readers) = self.readers.clone() else {
            return self.writer.change(attempt, work).await;
        };
        let permit = readers.permits.clone().acquire_owned().await;
        let reading = tokio::task::spawn_blocking(move || {
            let result = readers.read(work);
            drop(permit);
            result
        });
        match reading.await {
            Ok(result) => result.map_err(|failure| failure.into_error(attempt, WHAT)),
            Err(panicked) => Err(StoreError::Failed {
                attempt,
                source: Box::new(panicked),
            }),
        }
    }
}

impl Readers {
    /// Reads the database as it is at this moment.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_readable(&self.path)?,
        };
        let transaction = connection.unchecked_transaction()?;
        let result = work(&transaction)?;
        transaction.commit()?;
        self.idle().push(connection);
        Ok(result)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NAME: &str = "the control database";
const PAGE_BYTES: u32 = 4_096;
const READERS: usize = 4;
