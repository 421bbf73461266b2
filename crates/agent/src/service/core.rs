//! What the service decides, by what happens. Runs on one thread; may work on the disk.

use std::{collections::HashMap, sync::Arc, time::Duration};

use eidetic_capture::{LoginSession, LoginSessionId, SessionChange};
use eidetic_model::{
    Clock, Entry, GapReason, IdSource, IdleStretch, Policy, SegmentDescription, SegmentId,
    SessionDescription, SessionEnding, SessionEvent, SessionId, Timestamp,
};
use tracing::{info, warn};

use super::{
    alive::Alive,
    event::{Event, RecorderRun, UplinkState},
    journal::{Journal, Kept},
    recovery,
    session::{RecordedSession, RecorderState, event_record, gap_record},
    spool::SharedSpool,
    status::{SessionStatus, SpoolStatus, Status},
};
use crate::{
    channel::{Assignment, Order, Report},
    policy_file,
    recorder::Ending,
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
}

/// The service's state.
pub(super) struct Core {
    parts: CoreParts,
    journal: Journal,
    policy: Policy,
    policy_revision: u64,
    uplink: UplinkState,
    sessions: HashMap<LoginSessionId, RecordedSession>,
    runs: HashMap<RecorderRun, LoginSessionId>,
    last_run: u64,
    /// Since when segments are not recorded for want of room.
    full_since: Option<Timestamp>,
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
            journal: Journal::new(Arc::clone(&parts.spool)),
            policy,
            policy_revision,
            uplink: UplinkState::Connecting,
            sessions: HashMap::new(),
            runs: HashMap::new(),
            last_run: 0,
            full_since: None,
            stopping: false,
            parts,
        };
        core.journal.set_limits(core.policy.spool());
        recovery::close_what_was_left_open(&mut core.journal, &core.parts.folder.alive())?;
        core.write_alive()?;
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
            Event::Policy { revision, policy } => {
                self.set_policy(revision, policy);
                Ok(())
            }
            Event::Uplink(state) => {
                self.uplink = state;
                self.write_status();
                Ok(())
            }
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

    /// How many sessions are being recorded.
    pub(super) fn sessions_recorded(&self) -> u32 {
        u32::try_from(self.sessions.len()).unwrap_or(u32::MAX)
    }

    fn session_changed(&mut self, change: SessionChange) -> anyhow::Result<()> {
        match change {
            SessionChange::Began { session, .. } if self.stopping => {
                info!(
                    session = session.id.0,
                    "session begins too late to be recorded"
                );
                Ok(())
            }
            SessionChange::Began { session, .. } => self.open_session(session),
            SessionChange::Happened { id, event } => {
                let Some(session) = self.sessions.get(&id) else {
                    return Ok(());
                };
                let record = event_record(&session.description, event, self.parts.clock.wall());
                self.journal.entry(&Entry::Activity(record))?;
                Ok(())
            }
            SessionChange::Ended { id } => self.end_session(&id, SessionEvent::SignOut),
            SessionChange::ShuttingDown => self.end_all_sessions(SessionEvent::Shutdown),
        }
    }

    fn open_session(&mut self, login: LoginSession) -> anyhow::Result<()> {
        if self.sessions.contains_key(&login.id) {
            return Ok(());
        }
        let start = self.parts.clock.wall();
        let id = login.id.clone();
        let description = SessionDescription {
            id: SessionId::from_uuid(self.parts.ids.new_id(start)),
            who: format!("{}\\{}", self.parts.computer, login.user_name),
            where_: self.parts.computer.clone(),
            origin: login.origin.clone(),
            display_name: login.display.clone().unwrap_or_default(),
            start,
        };
        info!(session = %description.id, login = id.0, display = description.display_name,
            "recording a session");
        self.journal
            .entry(&Entry::SessionOpened(description.clone()))?;
        let record = event_record(&description, SessionEvent::MonitoringStart, start);
        self.journal.entry(&Entry::Activity(record))?;
        // The next start must not tell of the end of a session whose beginning was lost.
        self.journal.sync()?;
        let has_display = login.display.is_some();
        self.sessions
            .insert(id.clone(), RecordedSession::new(login, description));
        self.write_alive()?;
        if has_display {
            self.start_recorder(&id);
        } else {
            warn!(
                login = id.0,
                "session has no X display: only its events are recorded"
            );
        }
        self.write_status();
        Ok(())
    }

    fn start_recorder(&mut self, id: &LoginSessionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.last_run += 1;
        let run = RecorderRun(self.last_run);
        session.recorder = RecorderState::Running {
            run,
            ready_since: None,
        };
        self.runs.insert(run, id.clone());
        let assignment = session.assignment(self.policy.clone(), self.full_since.is_some());
        self.parts.recorders.start(run, &session.login, assignment);
    }

    fn reported(&mut self, run: RecorderRun, report: Report) -> anyhow::Result<()> {
        let Some(session) = self.runs.get(&run).and_then(|id| self.sessions.get_mut(id)) else {
            return Ok(());
        };
        let now = self.parts.clock.wall();
        match report {
            Report::Ready => {
                if let RecorderState::Running { ready_since, .. } = &mut session.recorder {
                    *ready_since = Some(self.parts.clock.monotonic());
                }
                if let Some((reason, from)) = session.gap.take() {
                    let record = gap_record(&session.description, reason, from, now);
                    self.journal.entry(&Entry::Activity(record))?;
                }
            }
            Report::Activity(record) if record.session == session.description.id => {
                self.journal.entry(&Entry::Activity(*record))?;
            }
            Report::Activity(_) => warn!("recorder reported for another session than its own"),
            Report::SegmentOpened(description) => return self.begin_segment(run, description),
            Report::SegmentBytes {
                segment,
                until,
                bytes,
            } => {
                if session.open_segments.contains(&segment)
                    && self.journal.append(segment, &bytes, until)? == Kept::Full
                {
                    self.pause_screens()?;
                }
            }
            Report::SegmentSealed(segment) => {
                if session.open_segments.remove(&segment) {
                    self.journal.seal(segment, GapReason::RecorderDied)?;
                }
            }
            Report::InputStopped { from } => {
                session
                    .idle_since
                    .get_or_insert(from.max(session.description.start));
            }
            Report::InputResumed { until } => {
                if let Some(from) = session.idle_since.take() {
                    let idle = idle_stretch(session.description.id, from, until);
                    self.journal.entry(&idle)?;
                }
            }
            Report::Gap {
                reason,
                from,
                until,
            } => {
                let record = gap_record(&session.description, reason, from, until);
                self.journal.entry(&Entry::Activity(record))?;
            }
        }
        Ok(())
    }

    fn begin_segment(
        &mut self,
        run: RecorderRun,
        description: SegmentDescription,
    ) -> anyhow::Result<()> {
        let Some(session) = self.runs.get(&run).and_then(|id| self.sessions.get_mut(id)) else {
            return Ok(());
        };
        if description.session != session.description.id || self.full_since.is_some() {
            return Ok(());
        }
        let segment = description.id;
        match self.journal.begin_segment(description)? {
            Kept::Kept => {
                session.open_segments.insert(segment);
                Ok(())
            }
            Kept::Full => self.pause_screens(),
        }
    }

    /// The spool is full: what there is of the open segments is kept, and no new ones begin.
    fn pause_screens(&mut self) -> anyhow::Result<()> {
        if self.full_since.is_some() {
            return Ok(());
        }
        warn!("spool is full: the screen is not recorded until there is room");
        self.full_since = Some(self.parts.clock.wall());
        for session in self.sessions.values_mut() {
            for segment in std::mem::take(&mut session.open_segments) {
                self.journal.seal(segment, GapReason::SpoolFull)?;
            }
            if let Some(run) = session.run() {
                self.parts.recorders.order(run, Order::PauseScreen);
            }
        }
        Ok(())
    }

    /// Goes on recording the screen, if it was paused and there is room again.
    fn resume_screens(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let Some(from) = self.full_since else {
            return Ok(());
        };
        if !self.journal.has_room_again()? {
            return Ok(());
        }
        info!("spool has room again: the screen is recorded");
        self.full_since = None;
        let lost = self.journal.take_lost_entries();
        for session in self.sessions.values() {
            let from = from.max(session.description.start);
            let mut record = gap_record(&session.description, GapReason::SpoolFull, from, now);
            if lost > 0 {
                record
                    .details
                    .push(format!("Records lost: {lost}").as_str().into());
            }
            self.journal.entry(&Entry::Activity(record))?;
            if let Some(run) = session.run() {
                self.parts.recorders.order(run, Order::ResumeScreen);
            }
        }
        Ok(())
    }

    fn recorder_ended(&mut self, run: RecorderRun, ending: Ending) -> anyhow::Result<()> {
        let Some(id) = self.runs.remove(&run) else {
            return Ok(());
        };
        self.parts.recorders.forget(run);
        let now = self.parts.clock.wall();
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        for segment in std::mem::take(&mut session.open_segments) {
            seal_cut(&mut self.journal, segment, now)?;
        }
        match session.recorder {
            RecorderState::Stopping { event, .. } => self.close_session(&id, event),
            RecorderState::Running { ready_since, .. } => {
                let reason = match ending {
                    Ending::DisplayGone | Ending::Unsupported => GapReason::DisplayUnavailable,
                    Ending::Asked | Ending::Failed => GapReason::RecorderDied,
                };
                session.gap.get_or_insert((reason, now));
                let lived = ready_since
                    .map(|since| self.parts.clock.monotonic().saturating_sub(since))
                    .unwrap_or_default();
                if lived >= STABLE_AFTER {
                    session.backoff.reset();
                }
                let wait = session.backoff.next(u32::MAX);
                session.recorder = RecorderState::Waiting;
                warn!(session = %session.description.id, ?ending, wait_secs = wait.as_secs(),
                    "recorder ended, it will be started again");
                self.parts.recorders.restart_later(&id, wait);
                self.write_status();
                Ok(())
            }
            RecorderState::NoDisplay | RecorderState::Waiting => Ok(()),
        }
    }

    fn end_all_sessions(&mut self, event: SessionEvent) -> anyhow::Result<()> {
        let ids: Vec<_> = self.sessions.keys().cloned().collect();
        for id in ids {
            self.end_session(&id, event)?;
        }
        Ok(())
    }

    /// Ends a session: its recorder first writes what it has.
    fn end_session(&mut self, id: &LoginSessionId, event: SessionEvent) -> anyhow::Result<()> {
        let Some(session) = self.sessions.get_mut(id) else {
            return Ok(());
        };
        match session.recorder {
            RecorderState::Running { run, .. } => {
                session.recorder = RecorderState::Stopping { run, event };
                self.parts.recorders.order(run, Order::Stop);
                Ok(())
            }
            RecorderState::Stopping { .. } => Ok(()),
            RecorderState::NoDisplay | RecorderState::Waiting => self.close_session(id, event),
        }
    }

    fn close_session(&mut self, id: &LoginSessionId, event: SessionEvent) -> anyhow::Result<()> {
        let Some(session) = self.sessions.remove(id) else {
            return Ok(());
        };
        let description = &session.description;
        // The clock may have been moved back.
        let end = self.parts.clock.wall().max(description.start);
        if let Some((reason, from)) = session.gap {
            let record = gap_record(description, reason, from, end);
            self.journal.entry(&Entry::Activity(record))?;
        }
        if let Some(from) = self.full_since {
            let from = from.max(description.start);
            let record = gap_record(description, GapReason::SpoolFull, from, end);
            self.journal.entry(&Entry::Activity(record))?;
        }
        if let Some(from) = session.idle_since {
            self.journal
                .entry(&idle_stretch(description.id, from, end))?;
        }
        let record = event_record(description, event, end);
        self.journal.entry(&Entry::Activity(record))?;
        self.journal.entry(&Entry::SessionClosed(SessionEnding {
            session: description.id,
            end,
        }))?;
        info!(session = %description.id, how = event.what(), "session is recorded to its end");
        self.journal.sync()?;
        self.write_alive()?;
        self.write_status();
        Ok(())
    }

    fn set_policy(&mut self, revision: u64, policy: Policy) {
        if self.policy_revision == revision && self.policy == policy {
            return;
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
        self.write_status();
    }

    fn tick(&mut self) -> anyhow::Result<()> {
        let now = self.parts.clock.wall();
        self.resume_screens(now)?;
        self.journal.sync()?;
        if !self.sessions.is_empty() {
            self.write_alive()?;
        }
        self.write_status();
        Ok(())
    }

    fn write_alive(&self) -> anyhow::Result<()> {
        Alive::now(self.parts.clock.wall(), self.sessions.values())
            .write(&self.parts.folder.alive())
    }

    /// Nothing depends on it: a failure is only logged.
    fn write_status(&self) {
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
        let status = Status {
            at: self.parts.clock.wall(),
            uplink: self.uplink.clone(),
            policy_revision: self.policy_revision,
            sessions,
            spool,
        };
        if let Err(error) = status.write(&self.parts.folder.status()) {
            warn!("status cannot be written: {error:#}");
        }
    }
}

/// Seals a segment whose recorder died now: until now the display showed the last picture.
fn seal_cut(journal: &mut Journal, segment: SegmentId, now: Timestamp) -> anyhow::Result<()> {
    if journal.append(segment, &[], now)? == Kept::Full {
        info!(%segment, "no room to say until when a segment tells");
    }
    journal.seal(segment, GapReason::RecorderDied)?;
    Ok(())
}

fn idle_stretch(session: SessionId, from: Timestamp, until: Timestamp) -> Entry {
    Entry::Idle(IdleStretch {
        session,
        from,
        until: until.max(from),
    })
}

/// A recorder that ran for so long is not failing again and again.
const STABLE_AFTER: Duration = Duration::from_secs(60);
