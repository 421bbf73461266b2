//! The audit database: activity records, searchable.

mod full;
mod memory;
mod position;
mod sqlite;
#[cfg(test)]
mod suite;

pub use memory::MemoryAudit;
pub use sqlite::SqliteAudit;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
    time::Duration,
};

use async_trait::async_trait;
use eidetic_model::{ActivityRecord, AgentId, RecordSequence, SessionId, SpoolId, Timestamp};
use eidetic_search::{Field, Filter, Mark};

use crate::StoreError;

/// Activity records, kept and searched.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Keeps records of one agent. Durable when it returns. A sequence that is there already is
    /// skipped, so that a batch may be given again.
    async fn append(&self, batch: Batch) -> Result<(), StoreError>;

    /// One page of the records that match, newest first.
    async fn search(&self, filter: &Filter, page: Page) -> Result<PageOf, StoreError>;

    /// How many records match, by the values of one field, the most frequent first.
    async fn count(
        &self,
        filter: &Filter,
        by: Field,
        top: usize,
    ) -> Result<Vec<(String, u64)>, StoreError>;

    /// The records of one session, oldest first, after a mark.
    async fn timeline(
        &self,
        session: SessionId,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<PageOf, StoreError>;

    /// Forgets records before a time. Returns how many.
    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// Forgets the records of these sessions before a time. Returns how many of each; those of
    /// which there were none are left out.
    async fn purge_sessions(
        &self,
        sessions: &[SessionId],
        before: Timestamp,
    ) -> Result<HashMap<SessionId, u64>, StoreError>;

    /// How much is kept.
    async fn health(&self) -> Result<AuditHealth, StoreError>;
}

/// Records of one agent's spool.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The agent.
    pub agent: AgentId,
    /// Its spool.
    pub spool: SpoolId,
    /// The records by their sequence.
    pub records: BTreeMap<RecordSequence, ActivityRecord>,
}

/// Which page.
#[derive(Clone, Debug)]
pub struct Page {
    /// At most this many records, 1 to 1000.
    pub limit: usize,
    /// After this mark; from the newest without.
    pub after: Option<Mark>,
    /// How long it may take. What was found by then is given, with a mark to go on from.
    pub deadline: Duration,
}

impl Page {
    /// The limit, brought into its range.
    fn records(&self) -> usize {
        self.limit.clamp(1, MAX_PAGE_RECORDS)
    }
}

/// A page of records.
#[derive(Clone, Debug)]
pub struct PageOf {
    /// The records, each with its position.
    pub records: Vec<(Mark, ActivityRecord)>,
    /// Where the next page begins; `None` if this is the last. There may be a next page after an
    /// empty one: the deadline passed before anything was found.
    pub next: Option<Mark>,
}

impl PageOf {
    /// A page after which there may be more if it is full.
    fn full_at(limit: usize, records: Vec<(Mark, ActivityRecord)>) -> Self {
        let next = records
            .last()
            .filter(|_| records.len() >= limit)
            .map(|(mark, _)| *mark);
        Self { records, next }
    }
}

/// How much an audit database keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditHealth {
    /// Records.
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// The time of the oldest and the newest record.
    pub range: Option<Range<Timestamp>>,
}

/// The most frequent values first; of equally frequent ones, in the order of their text.
fn most_frequent(counts: HashMap<String, u64>, top: usize) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by(|(a_text, a), (b_text, b)| b.cmp(a).then_with(|| a_text.cmp(b_text)));
    counts.truncate(top);
    counts
}

const MAX_PAGE_RECORDS: usize = 1_000;
