//! The recorders: when they are started, what they report and what follows from their ends.

use std::time::Duration;

use eidetic_capture::LoginSessionId;
use eidetic_model::{Action, Entry, GapReason, SegmentDescription, SegmentId, Timestamp};
use tracing::{info, warn};

use super::{
    super::{
        event::RecorderRun,
        journal::{Journal, Kept},
        session::{RecorderState, gap_record, idle_stretch},
    },
    Core,
};
use crate::{
    channel::{Order, Pace, Report},
    recorder::{Ending, notified_record, unanswered},
};

impl Core {
    pub(super) fn start_recorder(&mut self, id: &LoginSessionId) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        self.last_run += 1;
        let run = RecorderRun(self.last_run);
        session.recorder = RecorderState::Running {
            run,
            ready_since: None,
        };
        let clock = &self.parts.clock;
        session.ready_by = Some((clock.monotonic() + READY_LIMIT, clock.wall()));
        session.pace = Pace::Full;
        self.runs.insert(run, id.clone());
        let (full, low) = (self.full_since.is_some(), self.disk_is_low);
        let assignment = session.assignment(self.policy.clone(), full, low);
        self.parts.recorders.start(run, &session.login, assignment);
    }

    pub(super) fn reported(&mut self, run: RecorderRun, report: Report) -> anyhow::Result<()> {
        let Some(session) = self.runs.get(&run).and_then(|id| self.sessions.get_mut(id)) else {
            return Ok(());
        };
        let now = self.parts.clock.wall();
        match report {
            Report::Ready => {
                if let RecorderState::Running { ready_since, .. } = &mut session.recorder {
                    *ready_since = Some(self.parts.clock.monotonic());
                }
                session.ready_by = None;
                if let Some((reason, from)) = session.gap.take() {
                    let record = gap_record(&session.description, reason, from, now.max(from));
                    self.keep(Entry::Activity(record))?;
                }
            }
            Report::Activity(mut record) if record.session == session.description.id => {
                // The recorder knows from where the user was connected when it began.
                let workstation = session.description.origin.workstation();
                record.workstation = workstation.map(str::to_owned);
                if record.action == Action::UserNotified {
                    session.open_notice = None;
                    return self.keep(Entry::Activity(*record));
                }
                let _lost_is_told_later = self.journal.entry(&Entry::Activity(*record))?;
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
            Report::Notice {
                text,
                since,
                is_shown,
            } => {
                session.told = Some(text);
                session.open_notice = Some((since, is_shown));
            }
            // It goes to who follows the sessions, and comes from there.
            Report::SessionNoticed { .. } => {}
            Report::Pace(pace) => {
                session.pace = pace;
                self.write_status();
            }
            Report::InputStopped { from } => {
                session
                    .idle_since
                    .get_or_insert(from.max(session.description.start));
            }
            Report::InputResumed { until } => {
                if let Some(from) = session.idle_since.take() {
                    let idle = idle_stretch(session.description.id, from, until);
                    self.keep(idle)?;
                }
            }
            Report::Gap {
                reason,
                from,
                until,
            } => {
                let record = gap_record(&session.description, reason, from, until);
                self.keep(Entry::Activity(record))?;
            }
        }
        Ok(())
    }

    pub(super) fn begin_segment(
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

    /// Ends the recorders that have not opened their displays in time: something there hangs.
    pub(super) fn end_silent_recorders(&mut self) {
        let now = self.parts.clock.monotonic();
        for session in self.sessions.values_mut() {
            if let RecorderState::Running { run, .. } = session.recorder
                && let Some((by, since)) = session.ready_by
                && by <= now
            {
                warn!(session = %session.description.id, "recorder cannot open the display");
                session.ready_by = None;
                session
                    .gap
                    .get_or_insert((GapReason::DisplayUnavailable, since));
                self.parts.recorders.order(run, Order::Stop);
            }
        }
    }

    pub(super) fn recorder_ended(
        &mut self,
        run: RecorderRun,
        ending: Ending,
    ) -> anyhow::Result<()> {
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
        let state = session.recorder;
        if let Some((since, is_shown)) = session.open_notice.take() {
            let reason = "The recorder ended before it was known what became of it".to_owned();
            let record = notified_record(
                &session.description,
                session.told.as_deref().unwrap_or_default(),
                (since, now.max(since)),
                (unanswered(is_shown), Some(reason)),
                None,
            );
            self.keep(Entry::Activity(record))?;
        }
        let Some(session) = self.sessions.get_mut(&id) else {
            return Ok(());
        };
        match state {
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
                session.ready_by = None;
                warn!(session = %session.description.id, ?ending, wait_secs = wait.as_secs(),
                    "recorder ended, it will be started again");
                self.parts.recorders.restart_later(&id, wait);
                self.write_status();
                Ok(())
            }
            RecorderState::NoDisplay | RecorderState::Waiting => Ok(()),
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

/// A recorder that ran for so long is not failing again and again.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// How long a recorder may take to open the display.
const READY_LIMIT: Duration = Duration::from_secs(15);
