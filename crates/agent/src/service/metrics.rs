//! What a monitoring system wants to know of the agent: a file in the Prometheus text format, for
//! the textfile collector of node_exporter or windows_exporter. Only if the administrator wants it;
//! the agent listens on nothing for it. No names and nothing that was captured are in it.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use eidetic_wire::agent_link::Usage;
use prometheus_client::{
    encoding::text::encode,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};
use tokio::{sync::watch, task::spawn_blocking, time::interval};
use tracing::warn;

use super::{session::SessionCounts, status::StatusFile};
use crate::{os, state_folder::StateFolder};

/// What is measured, and where it goes.
pub(super) struct MetricsParts {
    /// The file.
    pub(super) file: PathBuf,
    /// The agent's folder, with what the service says of itself.
    pub(super) folder: StateFolder,
    /// How many sessions are being recorded, and how.
    pub(super) sessions: watch::Receiver<SessionCounts>,
    /// What the agent costs.
    pub(super) usage: watch::Receiver<Usage>,
}

/// Writes the file for ever. A failure is told once, until it works again.
pub(super) async fn write_metrics(parts: MetricsParts) {
    let mut ticks = interval(INTERVAL);
    let mut is_told = false;
    loop {
        ticks.tick().await;
        let sessions = *parts.sessions.borrow();
        let usage = *parts.usage.borrow();
        let (status, file) = (parts.folder.status(), parts.file.clone());
        let written = spawn_blocking(move || {
            let status = fs::read(status).ok();
            let status = status.and_then(|text| serde_json::from_slice(&text).ok());
            let text = text(status.as_ref(), sessions, usage).map_err(io::Error::other)?;
            write(&file, &text)
        });
        match written.await {
            Ok(Ok(())) => is_told = false,
            Ok(Err(error)) if !is_told => {
                warn!(file = %parts.file.display(), %error, "metrics cannot be written");
                is_told = true;
            }
            Ok(Err(_)) => {}
            Err(_) => return,
        }
    }
}

/// The gauges, by their names. All of them begin with `eidetic_agent_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    Build,
    Connected,
    SessionsRecorded,
    SessionsSlowed,
    SpoolBytes,
    EntriesWaiting,
    SegmentsWaiting,
    SpoolFull,
    CpuPermille,
    BusiestRecorderPermille,
    MemoryBytes,
}

impl Metric {
    const fn name(self) -> &'static str {
        match self {
            Self::Build => "build_info",
            Self::Connected => "connected",
            Self::SessionsRecorded => "sessions_recorded",
            Self::SessionsSlowed => "sessions_slowed",
            Self::SpoolBytes => "spool_bytes",
            Self::EntriesWaiting => "entries_waiting",
            Self::SegmentsWaiting => "segments_waiting",
            Self::SpoolFull => "spool_full",
            Self::CpuPermille => "cpu_permille",
            Self::BusiestRecorderPermille => "busiest_recorder_permille",
            Self::MemoryBytes => "memory_bytes",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Build => "The version of the agent",
            Self::Connected => "Whether the agent is connected with its server",
            Self::SessionsRecorded => "Sessions that are recorded",
            Self::SessionsSlowed => "Sessions recorded with fewer frames to keep the CPU budget",
            Self::SpoolBytes => "Bytes that the spool takes on disk",
            Self::EntriesWaiting => "Records that wait to be sent",
            Self::SegmentsWaiting => "Segments that wait to be sent",
            Self::SpoolFull => "Whether the screen is not recorded for want of room",
            Self::CpuPermille => {
                "The processor time of all the agent's processes over the last minute, in \
                 thousandths of one core"
            }
            Self::BusiestRecorderPermille => "That of the recorder that used the most",
            Self::MemoryBytes => "The memory of all the agent's processes",
        }
    }
}

/// What is not known is left out.
fn text(
    status: Option<&StatusFile>,
    sessions: SessionCounts,
    usage: Usage,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("eidetic_agent");
    let build = Family::<Vec<(&'static str, &'static str)>, Gauge>::default();
    let version = vec![("version", env!("CARGO_PKG_VERSION"))];
    build.get_or_create(&version).set(1);
    registry.register(Metric::Build.name(), Metric::Build.help(), build);
    let waiting = |of: fn(&StatusFile) -> u64| status.map(of);
    for (metric, value) in [
        (
            Metric::Connected,
            status.map(|status| u64::from(status.connection == "connected")),
        ),
        (Metric::SessionsRecorded, Some(sessions.recorded.into())),
        (Metric::SessionsSlowed, Some(sessions.slowed.into())),
        (Metric::SpoolBytes, waiting(|status| status.spool_bytes)),
        (
            Metric::EntriesWaiting,
            waiting(|status| status.entries_waiting),
        ),
        (
            Metric::SegmentsWaiting,
            waiting(|status| status.segments_waiting),
        ),
        (Metric::SpoolFull, Some(sessions.spool_full.into())),
        (Metric::CpuPermille, usage.cpu_permille.map(u64::from)),
        (
            Metric::BusiestRecorderPermille,
            usage.busiest_recorder_permille.map(u64::from),
        ),
        (Metric::MemoryBytes, usage.memory_bytes),
    ] {
        if let Some(value) = value {
            let gauge = Gauge::<i64>::default();
            gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
            registry.register(metric.name(), metric.help(), gauge);
        }
    }
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// Whoever reads it finds the old text or the new one. The collector runs as somebody else.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // The collector reads what ends with `.prom`.
    let new = path.with_extension("prom.new");
    fs::write(&new, text)?;
    os::let_all_read(&new)?;
    fs::rename(&new, path)
}

const INTERVAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_told_by_names_that_do_not_change() {
        let status = StatusFile {
            at_us: 0,
            version: "0.1.0".into(),
            process: 7,
            connection: "connected".into(),
            reason: None,
            policy_revision: 1,
            sessions: vec![],
            spool_bytes: 4_096,
            entries_waiting: 3,
            segments_waiting: 2,
            spool_full_since: None,
            control_port: None,
            stopped_since: None,
        };
        let sessions = SessionCounts {
            recorded: 2,
            slowed: 1,
            ..SessionCounts::default()
        };
        let usage = Usage {
            cpu_permille: Some(12),
            memory_bytes: Some(1 << 20),
            ..Usage::default()
        };
        let told = text(Some(&status), sessions, usage).unwrap();
        for line in [
            "# TYPE eidetic_agent_connected gauge",
            "eidetic_agent_connected 1",
            "eidetic_agent_sessions_recorded 2",
            "eidetic_agent_sessions_slowed 1",
            "eidetic_agent_spool_bytes 4096",
            "eidetic_agent_entries_waiting 3",
            "eidetic_agent_segments_waiting 2",
            "eidetic_agent_spool_full 0",
            "eidetic_agent_cpu_permille 12",
            "eidetic_agent_memory_bytes 1048576",
        ] {
            assert!(told.lines().any(|told| told == line), "{line}\n{told}");
        }
        assert!(told.contains("eidetic_agent_build_info{version="));
        assert!(!told.contains("busiest_recorder_permille"), "{told}");
        let unknown = text(None, SessionCounts::default(), Usage::default()).unwrap();
        assert!(!unknown.contains("eidetic_agent_connected"));
    }
}
