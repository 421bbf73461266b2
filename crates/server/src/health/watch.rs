//! Looks at everything now and then, and keeps what is news in the health log.

use std::{path::PathBuf, time::Duration};

use eidetic_model::Timestamp;
use eidetic_runtime::{ShutdownSignal, Task};
use eidetic_store::{
    StoreError,
    control::{Day, StorageSample},
};
use tokio::time::{MissedTickBehavior, interval};
use tracing::error;

use super::{
    EventKind, Happened, Overview,
    changes::KnownConcerns,
    concern::{size, span},
};
use crate::components::Components;

/// What is watched.
pub struct WatchParts {
    /// The server's components.
    pub components: Components,
    /// The folder whose disk holds what is stored.
    pub data_folder: PathBuf,
    /// The certificates that browsers and agents see, by their names, and until when they hold.
    pub certificates: Box<dyn Fn() -> Vec<(&'static str, Timestamp)> + Send + Sync>,
}

/// The watch over the system's health.
pub struct Watch {
    parts: WatchParts,
    known: KnownConcerns,
    disk_is_low: bool,
    told_of_certificates: Option<Day>,
    /// News that the log has not taken yet.
    untold: Vec<Happened>,
}

impl Watch {
    /// A watch that has not looked yet.
    pub fn new(parts: WatchParts) -> Self {
        Self {
            parts,
            known: KnownConcerns::default(),
            disk_is_low: false,
            told_of_certificates: None,
            untold: Vec::new(),
        }
    }

    /// Watches until shutdown begins.
    pub fn start(mut self, shutdown: ShutdownSignal) -> Task<()> {
        Task::spawn("health", async move {
            let log = self.parts.components.health_log();
            log.note(vec![Happened::here(
                EventKind::ServerStarted,
                format!("Version {} started.", env!("CARGO_PKG_VERSION")),
            )])
            .await;
            let mut looks = interval(LOOK_INTERVAL);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut measures = interval(MEASURE_INTERVAL);
            measures.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let done = tokio::select! {
                    _ = looks.tick() => self.look().await,
                    _ = measures.tick() => self.measure().await,
                    () = shutdown.wait() => break,
                };
                if let Err(error) = done {
                    error!(%error, "the system's health could not be looked at");
                }
            }
            let stopped = Happened::here(EventKind::ServerStopped, "The server was stopped.");
            log.note(vec![stopped]).await;
        })
    }

    /// Looks at the computers.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn look(&mut self) -> Result<(), StoreError> {
        let overview = Overview::look(&self.parts.components).await?;
        let news = self.known.news(overview.computers());
        self.keep(news).await
    }

    /// Keeps news in the log; those that it does not take are kept with the next.
    async fn keep(&mut self, news: Vec<Happened>) -> Result<(), StoreError> {
        let room = MAX_UNTOLD.saturating_sub(self.untold.len());
        self.untold.extend(news.into_iter().take(room));
        let log = self.parts.components.health_log();
        log.keep(self.untold.clone()).await?;
        self.untold.clear();
        Ok(())
    }

    /// Measures what is stored, looks at the disk and the certificates, and shortens the log.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn measure(&mut self) -> Result<(), StoreError> {
        let components = self.parts.components.clone();
        let now = components.clock.wall();
        let free_bytes = free_bytes(&self.parts.data_folder);
        if let Some(free_bytes) = free_bytes {
            let sample = StorageSample {
                day: Day::of(now),
                audit_bytes: components.audit.health().await?.bytes,
                segment_bytes: components.control.segment_bytes().await?,
                free_bytes,
            };
            components.health.put_storage_sample(sample).await?;
        }
        let mut events = Vec::new();
        events.extend(free_bytes.and_then(|free| self.news_of_the_disk(free)));
        if self.told_of_certificates != Some(Day::of(now)) {
            self.told_of_certificates = Some(Day::of(now));
            for (which, until) in (self.parts.certificates)() {
                events.extend(news_of_certificate(which, until, now));
            }
        }
        self.keep(events).await?;
        let before = now.saturating_sub(KEEP_LOG_FOR);
        components.health.forget_health(before, KEEP_EVENTS).await?;
        Ok(())
    }

    /// There has to be some more again before it counts as mended.
    fn news_of_the_disk(&mut self, free: u64) -> Option<Happened> {
        let limit = if self.disk_is_low {
            LOW_DISK + LOW_DISK / 4
        } else {
            LOW_DISK
        };
        let is_low = free < limit;
        if is_low == self.disk_is_low {
            return None;
        }
        self.disk_is_low = is_low;
        let text = format!("The server's disk has {} left.", size(free));
        let kind = if is_low {
            EventKind::DiskLow
        } else {
            EventKind::Resolved
        };
        Some(Happened::here(kind, text))
    }
}

fn news_of_certificate(which: &str, until: Timestamp, now: Timestamp) -> Option<Happened> {
    let left = until.saturating_since(now);
    let text = match left {
        Duration::ZERO => format!("The certificate of the {which} has expired."),
        left if left <= EXPIRES_SOON => {
            format!("The certificate of the {which} expires in {}.", span(left))
        }
        _ => return None,
    };
    Some(Happened::here(EventKind::CertificateExpires, text))
}

/// What is free on the disk of a folder, if that can be told.
pub fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

const LOOK_INTERVAL: Duration = Duration::from_secs(10);
const MEASURE_INTERVAL: Duration = Duration::from_secs(600);
const EXPIRES_SOON: Duration = Duration::from_secs(14 * 86_400);
const LOW_DISK: u64 = 5 << 30;
const KEEP_LOG_FOR: Duration = Duration::from_secs(366 * 86_400);
const KEEP_EVENTS: u64 = 200_000;
/// More news are not waited with.
const MAX_UNTOLD: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_in_its_last_two_weeks() {
        let now = Timestamp::from_unix_micros(1_767_225_600_000_000);
        let in_days = |days: u64| now.saturating_add(Duration::from_secs(days * 86_400));
        assert_eq!(news_of_certificate("console", in_days(15), now), None);
        let soon = news_of_certificate("console", in_days(3), now).unwrap();
        assert_eq!(
            soon.text,
            "The certificate of the console expires in 3 days."
        );
        let over = news_of_certificate("console", now, now).unwrap();
        assert!(over.text.ends_with("has expired."));
    }
}
