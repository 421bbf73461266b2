//! Wires the service up: what happens comes from tasks, what is decided by one thread.

use std::{path::PathBuf, sync::Arc, thread, time::Duration};

use anyhow::Context as _;
use eidetic_model::{Clock as _, IdSource as _, Policy, SpoolId};
use eidetic_runtime::{RandomIds, Shutdown, SystemClock, Task};
use eidetic_spool::{Spool, SpoolError, SpoolKey};
use eidetic_wire::agent_link::Usage;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    time::interval,
};
use tracing::{error, info, warn};

use super::{
    core::{Core, CoreParts},
    event::Event,
    metrics::{MetricsParts, write_metrics},
    recorders::RecorderProcesses,
    session::SessionCounts,
    spool::SharedSpool,
    usage::{RecorderNumbers, watch_usage},
};
use crate::{
    control::{self, Calls, ListenerParts},
    os, policy_file,
    prerequisites::{self, PrerequisiteParts},
    secrets::{SecretFiles, Secrets, random_key},
    state_folder::StateFolder,
    upload::{self, UplinkParts},
};

/// How the service is to run.
#[derive(Debug)]
pub(crate) struct RunSettings {
    /// The agent's folder.
    pub(crate) folder: StateFolder,
    /// The sessions to record.
    pub(crate) sessions: os::SessionSource,
    /// This program, which also is the recorder.
    pub(crate) program: PathBuf,
    /// The port for calls of the server; 0: none.
    pub(crate) control_port: u16,
    /// The file for a monitoring system, if one is wanted.
    pub(crate) metrics_file: Option<PathBuf>,
}

/// Runs until it is asked to leave. Leaves within [`CLOSE_LIMIT`] and [`DRAIN_LIMIT`].
pub(crate) async fn run(
    settings: RunSettings,
    asked: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let RunSettings {
        folder,
        sessions,
        program,
        control_port,
        metrics_file,
    } = settings;
    let computer = os::computer_name();
    let secrets: Arc<dyn Secrets> = Arc::new(SecretFiles::in_folder(folder.secrets()));
    let (policy_revision, policy) = last_policy(&folder);
    let spool = Arc::new(open_spool(&folder, &*secrets, &policy)?);
    let (counts, sessions_counted) = watch::channel(SessionCounts::default());
    let (usage_measured, usage) = watch::channel(Usage::default());
    let recorder_numbers = RecorderNumbers::default();
    // Full when the disk is slower than the screens: the recorders wait, then.
    let (events, inbox) = mpsc::channel(EVENTS_UNDER_WAY);

    let core = Core::start(
        CoreParts {
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            recorders: Box::new(RecorderProcesses::new(
                program,
                Handle::current(),
                events.clone(),
                sessions.notices(),
                recorder_numbers.clone(),
            )),
            spool: Arc::clone(&spool),
            folder: folder.clone(),
            computer: computer.clone(),
            groups: Box::new(os::groups_of),
        },
        policy_revision,
        policy,
    )?;
    let mut service = spawn_core(core, inbox, counts)?;

    let (reports, checks) = watch::channel(None);
    let (told, told_of_checks) = mpsc::channel(CHECK_NEWS_UNDER_WAY);
    let keeper = PrerequisiteParts {
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        folder: folder.clone(),
        sessions: os::SessionProbe::of(&sessions),
        control_port,
        followed: sessions_counted.clone(),
        told: told_of_checks,
        reports,
    };
    let _prerequisites = Task::spawn("prerequisites", prerequisites::run(keeper));

    let calls = Calls::new(events.clone());
    let listener = ListenerParts {
        port: control_port,
        folder: folder.clone(),
        secrets: Arc::clone(&secrets),
        calls: calls.clone(),
        events: events.clone(),
    };
    let _control = Task::spawn("control", control::run(listener));

    let _metrics = metrics_file.map(|file| {
        let parts = MetricsParts {
            file,
            folder: folder.clone(),
            sessions: sessions_counted.clone(),
            usage: usage.clone(),
        };
        Task::spawn("metrics", write_metrics(parts))
    });
    let drain = Shutdown::new();
    let uplink = UplinkParts {
        clock: Arc::new(SystemClock),
        ids: Arc::new(RandomIds),
        spool,
        folder,
        secrets,
        sessions_counted,
        usage,
        checks,
        told,
        calls,
        control_port,
        events: events.clone(),
        computer_name: computer,
        operating_system: os::operating_system(),
    };
    let uplink = Task::spawn("uplink", upload::run(uplink, drain.signal()));
    let _sessions = Task::spawn("sessions", os::watch_sessions(sessions, events.clone()));
    let _usage = Task::spawn(
        "usage",
        watch_usage(Arc::new(SystemClock), recorder_numbers, usage_measured),
    );
    let _ticks = Task::spawn("ticks", tick(events.clone()));

    tokio::select! {
        asked = asked => asked?,
        result = &mut service => {
            // Only a failure of the disk ends the service by itself.
            return result.context("the service's thread is gone")?;
        }
    }
    info!("leaving");
    // First what is recorded comes to its end, then what is left is sent.
    let _service_has_failed = events.send(Event::Stop).await;
    let result = match tokio::time::timeout(CLOSE_LIMIT, service).await {
        Ok(result) => result.context("the service's thread is gone")?,
        Err(_) => Err(anyhow::anyhow!(
            "sessions did not end in time: their ends are written at the next start"
        )),
    };
    drain.begin();
    if let Some(Err(error)) = uplink.finish_within(DRAIN_LIMIT).await {
        error!(%error, "spool failed");
    }
    result
}

/// Runs the core on a thread of its own, since it works on the disk.
fn spawn_core(
    mut core: Core,
    mut inbox: mpsc::Receiver<Event>,
    counts: watch::Sender<SessionCounts>,
) -> anyhow::Result<oneshot::Receiver<anyhow::Result<()>>> {
    let (result, finished) = oneshot::channel();
    thread::Builder::new()
        .name("service".to_owned())
        .spawn(move || {
            let mut serve = || -> anyhow::Result<()> {
                while !core.is_finished() {
                    let Some(event) = inbox.blocking_recv() else {
                        return Ok(());
                    };
                    core.handle(event)?;
                    let now = core.session_counts();
                    counts.send_if_modified(|counts| {
                        let changed = *counts != now;
                        *counts = now;
                        changed
                    });
                }
                core.leave();
                Ok(())
            };
            let _service_was_dropped = result.send(serve());
        })
        .context("failed to start the service's thread")?;
    Ok(finished)
}

fn open_spool(
    folder: &StateFolder,
    secrets: &dyn Secrets,
    policy: &Policy,
) -> anyhow::Result<SharedSpool> {
    let key = SpoolKey::new(random_key(secrets, "spool")?);
    let path = folder.spool();
    let open = || {
        let new_id = SpoolId::from_uuid(RandomIds.new_id(SystemClock.wall()));
        Spool::open(&path, &key, policy.spool(), new_id)
    };
    let (spool, recovered) = match open() {
        Err(reason @ (SpoolError::DamagedHeader | SpoolError::WrongKey)) => {
            let aside = path.with_extension(SystemClock.wall().as_unix_micros().to_string());
            error!(%reason, kept = %aside.display(),
                "what waited in the spool cannot be read: it is kept aside, a new spool begins");
            std::fs::rename(&path, &aside).context("failed to keep the old spool aside")?;
            open()
        }
        opened => opened,
    }
    .with_context(|| format!("failed to open the spool {}", path.display()))?;
    if recovered.torn_bytes > 0 || recovered.damaged_entries > 0 {
        warn!(
            torn_bytes = recovered.torn_bytes,
            damaged_entries = recovered.damaged_entries,
            cut_segments = recovered.cut_segments.len(),
            lost_segments = recovered.lost_segments.len(),
            "spool was left in the middle of writing and is repaired"
        );
    }
    info!(spool = %spool.id(), fresh = recovered.fresh, waiting = spool.entries_waiting(),
        "spool is open");
    Ok(SharedSpool::new(spool))
}

fn last_policy(folder: &StateFolder) -> (u64, Policy) {
    match policy_file::read(&folder.policy()) {
        Ok(Some(policy)) => policy,
        Ok(None) => (0, Policy::default()),
        Err(error) => {
            warn!("the last policy cannot be read, the default is followed: {error:#}");
            (0, Policy::default())
        }
    }
}

async fn tick(events: mpsc::Sender<Event>) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        if events.send(Event::Tick).await.is_err() {
            return;
        }
    }
}

/// How often the service says that it lives, and makes durable what it has.
const TICK: Duration = Duration::from_secs(5);

/// How long the sessions may take to come to their ends.
const CLOSE_LIMIT: Duration = Duration::from_secs(8);

/// How long sending what is left may take.
const DRAIN_LIMIT: Duration = Duration::from_secs(4);

const EVENTS_UNDER_WAY: usize = 32;

/// More is dropped: what is lost is said again after the next report.
const CHECK_NEWS_UNDER_WAY: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spool_that_cannot_be_read_is_kept_aside_and_recording_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder::open(folder.path()).unwrap();
        let secrets = SecretFiles::in_folder(state.secrets());
        let policy = Policy::default();
        let first = open_spool(&state, &secrets, &policy).unwrap().lock().id();
        let again = open_spool(&state, &secrets, &policy).unwrap().lock().id();
        assert_eq!(first, again);
        secrets.write("spool", &[1; 32]).unwrap();
        let new = open_spool(&state, &secrets, &policy).unwrap().lock().id();
        assert_ne!(new, first);
        let kept = std::fs::read_dir(folder.path()).unwrap().filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("spool.")
        });
        assert_eq!(kept.count(), 1);
    }
}
