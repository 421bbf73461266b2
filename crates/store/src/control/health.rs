//! How agents and the system are doing: what agents said last, the health log, and how much was
//! stored on each day.

use std::ops::Range;

use async_trait::async_trait;
use eidetic_model::{AgentId, Timestamp};

use crate::StoreError;

/// What is known of the health of the system. Every change is durable when its method returns.
#[async_trait]
pub trait HealthStore: Send + Sync {
    /// Keeps what an agent said of itself last. Of an agent that is not known nothing is kept.
    async fn keep_status(&self, agent: AgentId, said: SaidStatus) -> Result<(), StoreError>;
    /// What all agents said of themselves last.
    async fn statuses(&self) -> Result<Vec<(AgentId, SaidStatus)>, StoreError>;

    /// Adds to the health log.
    async fn note_health(&self, events: Vec<HealthEvent>) -> Result<(), StoreError>;
    /// A page of the health log, the latest first, before a mark.
    async fn health_events(
        &self,
        filter: HealthFilter,
        before: Option<LogMark>,
        limit: usize,
    ) -> Result<Vec<(LogMark, HealthEvent)>, StoreError>;
    /// How many events there are of each severity, within a time.
    async fn health_counts(&self, within: Range<Timestamp>) -> Result<HealthCounts, StoreError>;
    /// Forgets events before a time, and the oldest if there are more than `keep_at_most`. Returns
    /// how many.
    async fn forget_health(&self, before: Timestamp, keep_at_most: u64) -> Result<u64, StoreError>;

    /// How many activity records came in of each of these days, by their own time; days without
    /// any are left out.
    async fn records_by_day(&self, days: Range<Day>) -> Result<Vec<(Day, u64)>, StoreError>;
    /// Keeps how much is stored; replaces what was kept for the same day.
    async fn put_storage_sample(&self, sample: StorageSample) -> Result<(), StoreError>;
    /// How much was stored on each day since this one, in order.
    async fn storage_samples(&self, since: Day) -> Result<Vec<StorageSample>, StoreError>;
}

/// What an agent said of itself, when, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidStatus {
    /// When.
    pub at: Timestamp,
    /// From which address it was connected.
    pub address: String,
    /// What it said.
    pub status: AgentStatus,
}

/// What an agent says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgentStatus {
    /// Bytes in its spool.
    pub spool_bytes: u64,
    /// Entries that wait to be sent.
    pub entries_waiting: u64,
    /// Segments that wait to be sent.
    pub segments_waiting: u64,
    /// Sessions that are being recorded.
    pub sessions_recorded: u32,
    /// Of these, those of which fewer frames are recorded than the policy allows, to keep its
    /// ceiling for processor time.
    pub sessions_slowed: u32,
    /// The number of the settings that it follows.
    pub policy_revision: u64,
    /// Until when its sessions are known to go on, by its own clock; `None` if it does not say.
    pub known_until: Option<Timestamp>,
    /// By how many microseconds its clock is ahead of the server's; `None` if it does not say.
    pub clock_ahead_micros: Option<i64>,
    /// The processor time of all its processes over the last minute, in thousandths of one core.
    pub cpu_permille: Option<u32>,
    /// That of the recorder that used the most.
    pub busiest_recorder_permille: Option<u32>,
    /// The memory of all its processes.
    pub memory_bytes: Option<u64>,
    /// Whether the screen is not recorded for want of room in the spool.
    pub spool_full: bool,
    /// What is free on the disk of its spool.
    pub disk_free_bytes: Option<u64>,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Information,
    /// Somebody should look at it.
    Warning,
    /// Data is lost, or will be.
    Error,
}

/// Something that happened to the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEvent {
    /// When.
    pub when: Timestamp,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of event it is, by its stable name.
    pub kind: String,
    /// The agent that it concerns, if it is one.
    pub agent: Option<AgentId>,
    /// The computer that it concerns; empty if none.
    pub computer: String,
    /// The plan that it concerns; empty if none.
    pub plan: String,
    /// What happened, for a person.
    pub text: String,
    /// What was before, if something was changed.
    pub before: String,
    /// What is after, if something was changed.
    pub after: String,
}

/// Which events. What is empty fits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthFilter {
    /// Of these severities.
    pub severities: Vec<Severity>,
    /// Of these kinds.
    pub kinds: Vec<String>,
    /// Of this agent.
    pub agent: Option<AgentId>,
    /// Of computers whose name contains this.
    pub computer: String,
    /// Of plans whose name contains this.
    pub plan: String,
    /// Not before this time.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// The place of an event in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogMark {
    /// Its time.
    pub when: Timestamp,
    /// Its number.
    pub number: i64,
}

/// How many events there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthCounts {
    /// Good to know.
    pub information: u64,
    /// To be looked at.
    pub warning: u64,
    /// Data is lost, or will be.
    pub error: u64,
}

/// A day in UTC, counted from 1 January 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i64);

impl Day {
    /// The day of a time.
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_unix_micros().div_euclid(MICROS))
    }

    /// When it begins.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.saturating_mul(MICROS))
    }
}

/// How much was stored on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageSample {
    /// The day.
    pub day: Day,
    /// Bytes of the activity records.
    pub audit_bytes: u64,
    /// Bytes of the screen segments.
    pub segment_bytes: u64,
    /// What was free on their disk.
    pub free_bytes: u64,
}

const MICROS: i64 = 86_400 * 1_000_000;
