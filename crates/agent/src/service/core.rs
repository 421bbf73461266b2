//! What the service decides, by what happens. Runs on one thread; may work on the disk.

mod control;
mod recording;
mod room;
mod sessions;

use std::{collections::HashMap, sync::Arc, time::Duration};

use eidetic_capture::{LoginSession, LoginSessionId};
use eidetic_model::{Clock, IdSource, Policy, SessionEvent, Timestamp};
use tracing::{info, warn};

use super::{
    event::{ControlPort, Event, RecorderRun, UplinkState},
    journal::Journal,
    recovery,
    session::{RecordedSession, RecorderState, SessionCounts},
    spool::SharedSpool,
    status::{SessionStatus, SpoolStatus, Status},
};
use crate::{
    channel::{Assignment, Order, Pace},
    policy_file,
    state_folder::StateFolder,
};

/// The processes that record, as the service sees them. What becomes of them comes back as
/// events.
pub(super) trait Recorders: Send {
    /// Starts a recorder. Its end is always told, even if it could not be started.
    fn start(&mut self, run: RecorderRun, login: &LoginSession, assignment: Assignment);

    /// Gives an order. After [`Order::Stop`] it ends within a few seconds, or is ended.
    fn order(&mut self, run: RecorderRun, order: Order);

    /// Forgets a recorder that has ended.
    fn forget(&mut self, run: RecorderRun);

    /// Sends [`Event::RestartDue`] after this time.
    fn restart_later(&mut self, session: &LoginSessionId, after: Duration);
}

/// What the service works with.
pub(super) struct CoreParts {
    /// The time.
    pub(super) clock: Arc<dyn Clock>,
    /// Ids for sessions.
    pub(super) ids: Arc<dyn IdSource>,
    /// The processes that record.
    pub(super) recorders: Box<dyn Recorders>,
    /// The spool.
    pub(super) spool: Arc<SharedSpool>,
    /// The agent's folder.
    pub(super) folder: StateFolder,
    /// This computer's name.
    pub(super) computer: String,
    /// The groups of a session's user; `None` if they cannot be told now.
    pub(super) groups: Groups,
}

/// Looks up the groups of a session's user.
pub(super) type Groups = Box<dyn Fn(&LoginSession) -> Option<Vec<String>> + Send>;

/// The service's state.
pub(super) struct Core {
    parts: CoreParts,
    journal: Journal,
    policy: Policy,
    policy_revision: u64,
    uplink: UplinkState,
    control_port: ControlPort,
    /// Since when nothing is recorded because an administrator stopped it.
    stopped_since: Option<Timestamp>,
    sessions: HashMap<LoginSessionId, RecordedSession>,
    /// Sessions that the policy leaves out, in case that it asks for them later.
    left_out: HashMap<LoginSessionId, LoginSession>,
    /// When to look again whether the policy asks for sessions whose users' groups could not be
    /// told.
    decide_at: Option<Duration>,
    runs: HashMap<RecorderRun, LoginSessionId>,
    last_run: u64,
    /// Since when segments are not recorded for want of room.
    full_since: Option<Timestamp>,
    /// Whether the disk has less room than the policy leaves free for the screen.
    disk_is_low: bool,
    /// Whether the last note of what is being recorded could not be written.
    is_note_missing: bool,
    stopping: bool,
}

impl Core {
    /// A service that records nothing yet, with the policy that was last known.
    ///
    /// First writes what the last service could not: the ends of the sessions that it was
    /// recording.
    pub(super) fn start(
        parts: CoreParts,
        policy_revision: u64,
        policy: Policy,
    ) -> anyhow::Result<Self> {
        let mut core = Self {
            journal: Journal::new(Arc::clone(&parts.spool), Arc::clone(&parts.clock)),
            policy,
            policy_revision,
            uplink: UplinkState::Connecting,
            control_port: ControlPort::default(),
            stopped_since: None,
            sessions: HashMap::new(),
            left_out: HashMap::new(),
            decide_at: None,
            runs: HashMap::new(),
            last_run: 0,
            full_since: None,
            disk_is_low: false,
            is_note_missing: false,
            stopping: false,
            parts,
        };
        core.journal.set_limits(core.policy.spool());
        recovery::close_what_was_left_open(&mut core.journal, &core.parts.folder.alive())?;
        core.note_alive();
        core.write_status();
        Ok(core)
    }

    /// Takes in what happened.
    ///
    /// An error is the disk's: the service cannot keep its promises and has to be started again.
    pub(super) fn handle(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Sessions(change) => self.session_changed(change),
            Event::Report(run, report) => self.reported(run, report),
            Event::RecorderEnded(run, ending) => self.recorder_ended(run, ending),
            Event::RestartDue(id) => {
                if let Some(session) = self.sessions.get(&id)
                    && session.recorder == RecorderState::Waiting
                {
                    self.start_recorder(&id);
                }
                Ok(())
            }
            Event::Policy { revision, policy } => self.set_policy(revision, policy),
            Event::Uplink(state) => {
                self.uplink = state;
                self.write_status();
                Ok(())
            }
            Event::Control { call, answer } => {
                self.carry_out(call)?;
                let _caller_has_left = answer.send(self.status());
                Ok(())
            }
            Event::ControlPort(port) => {
                self.control_port = port;
                self.write_status();
                Ok(())
            }
            Event::ServerForgot => self.announce_sessions_anew(),
            // Each begins anew by itself, under another id.
            Event::NewIdentity => self.end_all_sessions(SessionEvent::MonitoringEnd),
            Event::Tick => self.tick(),
            Event::Stop => {
                self.stopping = true;
                self.end_all_sessions(SessionEvent::Shutdown)
            }
        }
    }

    /// Whether the service was told to leave and has nothing left to write.
    pub(super) fn is_finished(&self) -> bool {
        self.stopping && self.sessions.is_empty()
    }

    /// Says that the service has left.
    pub(super) fn leave(&mut self) {
        self.uplink = UplinkState::Stopped;
        self.write_status();
    }

    /// How many sessions are being recorded, and how.
    pub(super) fn session_counts(&self) -> SessionCounts {
        let paces = self.sessions.values().map(RecordedSession::pace);
        let slowed = paces.filter(|pace| *pace != Pace::Full).count();
        SessionCounts {
            policy_revision: self.policy_revision,
            prerequisites: self.policy.prerequisites(),
            min_free_bytes: self.policy.spool().min_free_bytes,
            recorded: u32::try_from(self.sessions.len()).unwrap_or(u32::MAX),
            slowed: u32::try_from(slowed).unwrap_or(u32::MAX),
            spool_full: self.full_since.is_some(),
            stopped_since: self.stopped_since,
        }
    }

    fn set_policy(&mut self, revision: u64, policy: Policy) -> anyhow::Result<()> {
        if self.policy_revision == revision && self.policy == policy {
            return Ok(());
        }
        info!(revision, ?policy, "policy from the server");
        self.journal.set_limits(policy.spool());
        for session in self.sessions.values() {
            if let RecorderState::Running { run, .. } = session.recorder {
                let order = Order::Policy(policy.clone());
                self.parts.recorders.order(run, order);
            }
        }
        self.policy_revision = revision;
        self.policy = policy;
        let path = self.parts.folder.policy();
        if let Err(error) = policy_file::write(&path, revision, &self.policy) {
            warn!("policy is not kept for the next start: {error:#}");
        }
        self.watch_disk();
        self.begin_and_end_by_policy()?;
        self.write_status();
        Ok(())
    }

    fn tick(&mut self) -> anyhow::Result<()> {
        let now = self.parts.clock.wall();
        self.end_silent_recorders();
        self.make_up_for_losses(now)?;
        self.watch_disk();
        let now = self.parts.clock.monotonic();
        if self.decide_at.is_some_and(|at| at <= now) {
            self.begin_and_end_by_policy()?;
        }
        self.journal.sync()?;
        if !self.sessions.is_empty() || self.journal.is_behind() || self.is_note_missing {
            self.note_alive();
        }
        self.write_status();
        Ok(())
    }

    /// Nothing depends on it: a failure is only logged.
    fn write_status(&self) {
        let status = self.status();
        if let Err(error) = status.write(&self.parts.folder.status()) {
            warn!("status cannot be written: {error:#}");
        }
    }

    fn status(&self) -> Status {
        let spool = {
            let spool = self.parts.spool.lock();
            SpoolStatus {
                bytes: spool.used_bytes(),
                entries_waiting: spool.entries_waiting(),
                segments_waiting: spool.segments().len() as u64,
                full_since: self.full_since,
            }
        };
        let sessions = self.sessions.values().map(SessionStatus::from).collect();
        Status {
            at: self.parts.clock.wall(),
            computer: self.parts.computer.clone(),
            uplink: self.uplink.clone(),
            control_port: self.control_port.clone(),
            stopped_since: self.stopped_since,
            policy_revision: self.policy_revision,
            sessions,
            spool,
        }
    }
}
