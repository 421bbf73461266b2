//! What a monitoring system asks for, in the OpenMetrics text format.

use std::fmt;

use eidetic_store::control::{AgentStatus, Severity};
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{ComputerStatus, Overview};

/// The gauges, by their names. All of them begin with `eidetic_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    Build,
    Computers,
    Concerns,
    Connected,
    Sessions,
    Slowed,
    SpoolBytes,
    EntriesWaiting,
    Records,
    StoredBytes,
    DiskFreeBytes,
}

/// What is measured beside the computers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stored {
    /// Activity records.
    pub records: u64,
    /// Their bytes.
    pub audit_bytes: u64,
    /// The bytes of the screen segments.
    pub segment_bytes: u64,
    /// What is free on their disk, if that was measured.
    pub free_bytes: Option<u64>,
}

/// The metrics of a server at this moment.
///
/// # Errors
///
/// If the text cannot be written, which does not happen in memory.
pub fn text(overview: &Overview, stored: &Stored) -> Result<String, fmt::Error> {
    let mut gauges = Gauges::default();
    let version = ("version", env!("CARGO_PKG_VERSION"));
    gauges.set(Metric::Build, Some(version), 1);
    for status in ComputerStatus::ALL {
        let count = overview
            .computers()
            .filter(|one| one.status() == status)
            .count();
        gauges.set(
            Metric::Computers,
            Some(("status", status.name())),
            count as u64,
        );
    }
    for (severity, name) in [(Severity::Warning, "warning"), (Severity::Error, "error")] {
        let worst = |one: &super::Observed<'_>| one.concerns().first().map(|c| c.severity());
        let count = overview
            .computers()
            .filter(|one| worst(one) == Some(severity))
            .count();
        gauges.set(Metric::Concerns, Some(("severity", name)), count as u64);
    }
    let says: Vec<_> = overview.computers().filter_map(|one| one.says()).collect();
    let sum = |of: fn(&AgentStatus) -> u64| says.iter().map(of).sum::<u64>();
    let connected = overview
        .computers()
        .filter(|one| one.connection.is_some())
        .count();
    gauges.set(Metric::Connected, None, connected as u64);
    gauges.set(
        Metric::Sessions,
        None,
        sum(|says| says.sessions_recorded.into()),
    );
    gauges.set(
        Metric::Slowed,
        None,
        sum(|says| says.sessions_slowed.into()),
    );
    gauges.set(Metric::SpoolBytes, None, sum(|says| says.spool_bytes));
    gauges.set(
        Metric::EntriesWaiting,
        None,
        sum(|says| says.entries_waiting),
    );
    gauges.set(Metric::Records, None, stored.records);
    for (what, bytes) in [
        ("records", stored.audit_bytes),
        ("recordings", stored.segment_bytes),
    ] {
        gauges.set(Metric::StoredBytes, Some(("what", what)), bytes);
    }
    if let Some(free) = stored.free_bytes {
        gauges.set(Metric::DiskFreeBytes, None, free);
    }
    let mut text = String::new();
    encode(&mut text, &gauges.registry)?;
    Ok(text)
}

impl Metric {
    const fn name(self) -> &'static str {
        match self {
            Self::Build => "build_info",
            Self::Computers => "computers",
            Self::Concerns => "computers_of_concern",
            Self::Connected => "agents_connected",
            Self::Sessions => "sessions_recorded",
            Self::Slowed => "sessions_slowed",
            Self::SpoolBytes => "spool_bytes",
            Self::EntriesWaiting => "entries_waiting",
            Self::Records => "records",
            Self::StoredBytes => "stored_bytes",
            Self::DiskFreeBytes => "disk_free_bytes",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Build => "The version of the server",
            Self::Computers => "Computers by status",
            Self::Concerns => "Computers that somebody should look at, by the worst severity",
            Self::Connected => "Agents that are connected",
            Self::Sessions => "Sessions that connected agents record",
            Self::Slowed => "Sessions recorded with fewer frames to keep the CPU budget",
            Self::SpoolBytes => "Bytes that wait in the spools of connected agents",
            Self::EntriesWaiting => "Records that wait in the spools of connected agents",
            Self::Records => "Activity records that are stored",
            Self::StoredBytes => "Bytes that are stored",
            Self::DiskFreeBytes => "What is free on the disk of what is stored",
        }
    }
}

type Labels = Vec<(&'static str, &'static str)>;

struct Gauges {
    registry: Registry,
    families: Vec<(Metric, Family<Labels, Gauge>)>,
}

impl Default for Gauges {
    fn default() -> Self {
        Self {
            registry: Registry::with_prefix("eidetic"),
            families: Vec::new(),
        }
    }
}

impl Gauges {
    fn set(&mut self, metric: Metric, label: Option<(&'static str, &'static str)>, value: u64) {
        let known = self.families.iter().position(|(known, _)| *known == metric);
        let index = known.unwrap_or_else(|| {
            let family = Family::<Labels, Gauge>::default();
            self.registry
                .register(metric.name(), metric.help(), family.clone());
            self.families.push((metric, family));
            self.families.len() - 1
        });
        let labels: Labels = label.into_iter().collect();
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.families[index].1.get_or_create(&labels).set(value);
    }
}
