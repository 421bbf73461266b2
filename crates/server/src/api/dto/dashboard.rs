//! How everything is, at a glance.

use std::collections::BTreeMap;

use eidetic_store::{
    audit::AuditHealth,
    control::{Day, HealthCounts, LogMark, StorageSample},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ComputerStatus, HealthItem};
use crate::health::{Overview, forecast};

/// How everything is, at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Dashboard {
    /// The activity records of the last days, by their own time; days are in UTC. The last day is
    /// today.
    pub records: Vec<RecordsOfDay>,
    /// The computers.
    pub computers: ComputersAtAGlance,
    /// What happened to the system in the last 24 hours.
    pub health: HealthAtAGlance,
    /// What is stored.
    pub storage: StorageAtAGlance,
}

/// The activity records of a day.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct RecordsOfDay {
    /// When the day begins.
    pub day_us: i64,
    /// How many records came in.
    pub records: u64,
}

/// The computers at a glance. Those that were removed are left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComputersAtAGlance {
    /// How many there are.
    pub all: u64,
    /// How many are of no concern.
    pub ready: u64,
    /// At how many somebody should look.
    pub pay_attention: u64,
    /// At how many data is lost, or will be.
    pub take_action: u64,
    /// How many there are of each status; those of which there is none are left out.
    pub by_status: Vec<ComputersOfStatus>,
}

/// How many computers have a status.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ComputersOfStatus {
    /// The status.
    pub status: ComputerStatus,
    /// The word for people.
    pub word: &'static str,
    /// How many there are.
    pub computers: u64,
}

/// What happened to the system in the last 24 hours.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HealthAtAGlance {
    /// Good to know.
    pub information: u64,
    /// To be looked at.
    pub warning: u64,
    /// Data is lost, or will be.
    pub error: u64,
    /// The latest warnings and errors, also earlier ones.
    pub latest: Vec<HealthItem>,
}

/// What is stored, and how it grows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StorageAtAGlance {
    /// Activity records.
    pub records: u64,
    /// The bytes of the activity records.
    pub audit_bytes: u64,
    /// The bytes of the screen segments.
    pub segment_bytes: u64,
    /// What is free on their disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub free_bytes: Option<u64>,
    /// By how many bytes a day it grew over the last week; absent in the first days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub growth_bytes_per_day: Option<f64>,
    /// In how many days the disk is full if it goes on like this; absent if it never is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub full_in_days: Option<f64>,
    /// What was stored on each of the last days.
    pub days: Vec<StoredOnDay>,
}

/// What was stored on a day.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct StoredOnDay {
    /// When the day begins.
    pub day_us: i64,
    /// The bytes of the activity records.
    pub audit_bytes: u64,
    /// The bytes of the screen segments.
    pub segment_bytes: u64,
}

/// What a dashboard is made of.
pub struct DashboardParts {
    /// The computers.
    pub overview: Overview,
    /// The days that are shown.
    pub days: std::ops::Range<Day>,
    /// The records of these days.
    pub records: Vec<(Day, u64)>,
    /// What happened in the last 24 hours.
    pub counts: HealthCounts,
    /// The latest warnings and errors.
    pub latest: Vec<(LogMark, eidetic_store::control::HealthEvent)>,
    /// The audit database.
    pub audit: AuditHealth,
    /// The bytes of the segments.
    pub segment_bytes: u64,
    /// What was stored on the last days.
    pub samples: Vec<StorageSample>,
}

impl Dashboard {
    /// What these say.
    pub fn new(parts: DashboardParts) -> Self {
        let records: BTreeMap<_, _> = parts.records.into_iter().collect();
        let days = (parts.days.start.0..parts.days.end.0).map(Day);
        Self {
            records: days
                .map(|day| RecordsOfDay {
                    day_us: day.start().as_unix_micros(),
                    records: records.get(&day).copied().unwrap_or_default(),
                })
                .collect(),
            computers: ComputersAtAGlance::of(&parts.overview),
            health: HealthAtAGlance {
                information: parts.counts.information,
                warning: parts.counts.warning,
                error: parts.counts.error,
                latest: parts.latest.into_iter().map(HealthItem::from).collect(),
            },
            storage: StorageAtAGlance::of(&parts.audit, parts.segment_bytes, &parts.samples),
        }
    }
}

impl ComputersAtAGlance {
    fn of(overview: &Overview) -> Self {
        use crate::health::ComputerStatus as Known;
        let mut counts: BTreeMap<Known, u64> = BTreeMap::new();
        let (mut ready, mut pay_attention, mut take_action) = (0, 0, 0);
        for computer in overview.computers() {
            let status = computer.status();
            if status == Known::Removed {
                continue;
            }
            *counts.entry(status).or_default() += 1;
            match computer.concerns().first().map(|worst| worst.severity()) {
                Some(eidetic_store::control::Severity::Error) => take_action += 1,
                Some(_) => pay_attention += 1,
                None => ready += 1,
            }
        }
        Self {
            all: counts.values().sum(),
            ready,
            pay_attention,
            take_action,
            by_status: counts
                .into_iter()
                .map(|(status, computers)| ComputersOfStatus {
                    status: status.into(),
                    word: status.word(),
                    computers,
                })
                .collect(),
        }
    }
}

impl StorageAtAGlance {
    fn of(audit: &AuditHealth, segment_bytes: u64, samples: &[StorageSample]) -> Self {
        let growth = forecast::growth(samples);
        Self {
            records: audit.records,
            audit_bytes: audit.bytes,
            segment_bytes,
            free_bytes: samples.last().map(|sample| sample.free_bytes),
            growth_bytes_per_day: growth.map(|growth| growth.bytes_per_day),
            full_in_days: growth.and_then(|growth| growth.full_in_days),
            days: samples
                .iter()
                .map(|sample| StoredOnDay {
                    day_us: sample.day.start().as_unix_micros(),
                    audit_bytes: sample.audit_bytes,
                    segment_bytes: sample.segment_bytes,
                })
                .collect(),
        }
    }
}
