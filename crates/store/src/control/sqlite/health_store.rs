//! The database as the watch over the system's health sees it.

use std::ops::Range;

use async_trait::async_trait;
use eidetic_model::{AgentId, Timestamp};

use super::{SqliteControl, health};
use crate::{
    StoreError,
    control::{
        Day, HealthCounts, HealthEvent, HealthFilter, HealthStore, LogMark, SaidStatus,
        StorageSample,
    },
};

#[async_trait]
impl HealthStore for SqliteControl {
    async fn keep_status(&self, agent: AgentId, said: SaidStatus) -> Result<(), StoreError> {
        self.change("keep what an agent said of itself", move |c| {
            health::keep_status(c, agent, &said)
        })
        .await
    }

    async fn statuses(&self) -> Result<Vec<(AgentId, SaidStatus)>, StoreError> {
        self.read("list what agents said of themselves", health::statuses)
            .await
    }

    async fn note_health(&self, events: Vec<HealthEvent>) -> Result<(), StoreError> {
        self.change("add to the health log", move |c| health::note(c, &events))
            .await
    }

    async fn health_events(
        &self,
        filter: HealthFilter,
        before: Option<LogMark>,
        limit: usize,
    ) -> Result<Vec<(LogMark, HealthEvent)>, StoreError> {
        self.read("read the health log", move |c| {
            health::events(c, &filter, before, limit)
        })
        .await
    }

    async fn health_counts(&self, within: Range<Timestamp>) -> Result<HealthCounts, StoreError> {
        self.read("count the events of the health log", move |c| {
            health::counts(c, &within)
        })
        .await
    }

    async fn forget_health(&self, before: Timestamp, keep_at_most: u64) -> Result<u64, StoreError> {
        self.change("shorten the health log", move |c| {
            health::forget(c, before, keep_at_most)
        })
        .await
    }

    async fn records_by_day(&self, days: Range<Day>) -> Result<Vec<(Day, u64)>, StoreError> {
        self.read("count the records of each day", move |c| {
            health::records_by_day(c, &days)
        })
        .await
    }

    async fn put_storage_sample(&self, sample: StorageSample) -> Result<(), StoreError> {
        self.change("keep how much is stored", move |c| {
            health::put_sample(c, sample)
        })
        .await
    }

    async fn storage_samples(&self, since: Day) -> Result<Vec<StorageSample>, StoreError> {
        self.read("list how much was stored", move |c| {
            health::samples(c, since)
        })
        .await
    }
}
