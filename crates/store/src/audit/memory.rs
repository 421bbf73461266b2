//! The audit database as a plain map in memory: what every other engine is held against.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use eidetic_model::{ActivityRecord, AgentId, RecordSequence, SessionId, SpoolId, Timestamp};
use eidetic_search::{Field, Filter, Mark, Searchable};

use super::{
    AuditHealth, AuditStore, Batch, Page, PageOf,
    full::FullMicros,
    most_frequent,
    position::{self, Plausible},
};
use crate::StoreError;

/// Activity records in memory, searched one by one with [`Filter::matches`]. Deadlines are met by
/// not existing: nothing here waits.
#[derive(Debug, Default)]
pub struct MemoryAudit(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<i64, ActivityRecord>,
    ingested: HashSet<(AgentId, SpoolId, RecordSequence)>,
    full: FullMicros,
    plausible: Plausible,
}

impl MemoryAudit {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one that has records at the same positions as any other engine at this time.
    #[cfg(test)]
    pub(in crate::audit) fn at(now: Timestamp) -> Self {
        Self(Mutex::new(State {
            plausible: Plausible::at(now),
            ..State::default()
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AuditStore for MemoryAudit {
    async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        let mut state = self.state();
        let State {
            records,
            ingested,
            full,
            plausible,
        } = &mut *state;
        for (sequence, record) in batch.records {
            if !ingested.insert((batch.agent, batch.spool, sequence)) {
                continue;
            }
            let position = position::allocate(plausible.moment(record.when), full, |range| {
                Ok(records.range(range).next_back().map(|(&taken, _)| taken))
            })?
            .ok_or(StoreError::TooManyOfOneMoment)?;
            records.insert(position, record);
        }
        Ok(())
    }

    async fn search(&self, filter: &Filter, page: Page) -> Result<PageOf, StoreError> {
        let limit = page.records();
        let records: Vec<_> = self
            .state()
            .records
            .range(..page.after.map_or(i64::MAX, |mark| mark.position))
            .rev()
            .filter(|(_, record)| filter.matches(*record))
            .take(limit)
            .map(|(&position, record)| (Mark { position }, record.clone()))
            .collect();
        Ok(PageOf::full_at(limit, records))
    }

    async fn count(
        &self,
        filter: &Filter,
        by: Field,
        top: usize,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let mut counts = HashMap::<String, u64>::new();
        for record in self.state().records.values() {
            if filter.matches(record) {
                *counts.entry(record.text(by).into_owned()).or_default() += 1;
            }
        }
        Ok(most_frequent(counts, top))
    }

    async fn timeline(
        &self,
        session: SessionId,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<PageOf, StoreError> {
        let after = after.map_or(Bound::Unbounded, |mark| Bound::Excluded(mark.position));
        let records: Vec<_> = self
            .state()
            .records
            .range((after, Bound::Unbounded))
            .filter(|(_, record)| record.session == session)
            .take(limit)
            .map(|(&position, record)| (Mark { position }, record.clone()))
            .collect();
        Ok(PageOf::full_at(limit, records))
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let had = state.records.len();
        state.records.retain(|_, record| record.when >= before);
        state.full = FullMicros::default();
        Ok((had - state.records.len()) as u64)
    }

    async fn purge_sessions(
        &self,
        sessions: &[SessionId],
        before: Timestamp,
    ) -> Result<HashMap<SessionId, u64>, StoreError> {
        let mut state = self.state();
        let mut forgotten = HashMap::new();
        state.records.retain(|_, record| {
            let goes = record.when < before && sessions.contains(&record.session);
            if goes {
                *forgotten.entry(record.session).or_default() += 1;
            }
            !goes
        });
        state.full = FullMicros::default();
        Ok(forgotten)
    }

    async fn health(&self) -> Result<AuditHealth, StoreError> {
        let state = self.state();
        let first = state.records.first_key_value();
        let last = state.records.last_key_value();
        Ok(AuditHealth {
            records: state.records.len() as u64,
            bytes: 0,
            range: first
                .zip(last)
                .map(|((_, first), (_, last))| first.when..last.when),
        })
    }
}
