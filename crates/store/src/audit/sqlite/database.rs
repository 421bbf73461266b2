//! The database as its callers see it.

use std::{collections::HashMap, path::Path, sync::Arc};

use async_trait::async_trait;
use eidetic_model::{Clock, SessionId, Timestamp};
use eidetic_search::{Field, Filter, Mark};
use tokio::sync::Semaphore;

use super::{
    parts::{Parts, WHAT},
    read::Reading,
    writer::Writer,
};
use crate::{
    StoreError,
    audit::{AuditHealth, AuditStore, Batch, Page, PageOf},
    sqlite::Failure,
};

/// Activity records in SQLite files of one month each.
pub struct SqliteAudit {
    parts: Arc<Parts>,
    writer: Writer,
    clock: Arc<dyn Clock>,
    /// How many may read at once; the others wait.
    readers: Arc<Semaphore>,
}

impl SqliteAudit {
    /// Opens the database in a folder, and makes it if it is not there. The clock is asked for the
    /// deadlines of searches, and for which times of records are plausible.
    ///
    /// # Errors
    ///
    /// If a part was written by a newer version, or the folder cannot be used.
    pub fn open(folder: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::with_parts(Parts::open(&folder.as_ref().join("parts"))?, clock)
    }

    /// As [`SqliteAudit::open`], with parts that are full at so many pages.
    #[cfg(test)]
    pub(in crate::audit) fn open_small(
        folder: &Path,
        clock: Arc<dyn Clock>,
        max_pages: u32,
    ) -> Result<Self, StoreError> {
        let mut parts = Parts::open(&folder.join("parts"))?;
        parts.max_pages = Some(max_pages);
        Self::with_parts(parts, clock)
    }

    fn with_parts(parts: Parts, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let parts = Arc::new(parts);
        Ok(Self {
            writer: Writer::start(parts.clone(), clock.clone())?,
            parts,
            clock,
            readers: Arc::new(Semaphore::new(READERS)),
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        attempt: &'static str,
        read: impl FnOnce(Reading<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.readers.clone().acquire_owned().await;
        let (parts, clock) = (self.parts.clone(), self.clock.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let result = read(Reading {
                parts: &parts,
                clock: &*clock,
            });
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

#[async_trait]
impl AuditStore for SqliteAudit {
    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        if batch
            .records
            .keys()
            .any(|sequence| i64::try_from(sequence.0).is_err())
        {
            return Err(StoreError::Failed {
                attempt: "store activity records",
                source: "a sequence is greater than any spool can reach".into(),
            });
        }
        if batch.records.is_empty() {
            return Ok(());
        }
        self.writer.append(batch).await
    }

    async fn search(&self, filter: &Filter, page: Page) -> Result<PageOf, StoreError> {
        let filter = filter.clone();
        self.read("search activity records", move |reading| {
            reading.search(&filter, &page)
        })
        .await
    }

    async fn count(
        &self,
        filter: &Filter,
        by: Field,
        top: usize,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let filter = filter.clone();
        self.read("count activity records", move |reading| {
            reading.count(&filter, by, top)
        })
        .await
    }

    async fn timeline(
        &self,
        session: SessionId,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<PageOf, StoreError> {
        self.read("read the timeline of a session", move |reading| {
            reading.timeline(session, after, limit)
        })
        .await
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut records = 0;
        // Step by step, so that records that come in need not wait for all of it.
        loop {
            let purged = self.writer.purge(before).await?;
            records += purged.records;
            if !purged.more {
                return Ok(records);
            }
        }
    }

    async fn purge_sessions(
        &self,
        sessions: &[SessionId],
        before: Timestamp,
    ) -> Result<HashMap<SessionId, u64>, StoreError> {
        let sessions: Arc<[SessionId]> = sessions.into();
        let mut records = HashMap::new();
        // Step by step, as above.
        loop {
            let purged = self.writer.purge_sessions(sessions.clone(), before).await?;
            for (session, forgotten) in purged.records {
                *records.entry(session).or_default() += forgotten;
            }
            if !purged.more {
                return Ok(records);
            }
        }
    }

    async fn health(&self) -> Result<AuditHealth, StoreError> {
        self.read("measure the audit database", |reading| reading.health())
            .await
    }
}

const READERS: usize = 4;
