//! What a recorder knows and decides, without threads and without waiting.

use std::{sync::Arc, time::Duration};

use eidetic_capture::{Capture, CaptureError, DesktopEvent, NoticeEnding, blackout::Judge};
use eidetic_model::{
    Action, ActivityRecord, Captured, Clock, DisplayIndex, GapReason, IdSource, Notification,
    NotificationOutcome, ObjectType, Policy, Recording, SessionDescription, SessionEvent,
};
use tracing::info;

use super::{
    Reports,
    budget::Budget,
    gate::{ClosedBy, ScreenGate, judge},
    idle::{IdleTracker, InputChange},
    notices::{NoticeWish, Notices, OpenNotice, notified_record, outcome, unanswered},
    session_clock::{Now, SessionClock},
    titles::{TitleRecord, Titles, details_of},
    tracks::{Coding, FrameOutcome, Tracks},
};
use crate::channel::{Assignment, FramingError, Report};

/// One session's recording. What the threads capture comes in, reports go out.
pub(crate) struct Recorder {
    parts: Parts,
    session: SessionDescription,
    policy: Policy,
    clock: SessionClock,
    titles: Titles,
    idle: IdleTracker,
    tracks: Tracks,
    budget: Budget,
    gate: ScreenGate,
    notices: Notices,
    /// Why the plan does not ask for the screen now, if it does not.
    closed: Option<ClosedBy>,
    /// Changes whenever the screen has to be opened anew, for whole frames of all displays.
    generation: u64,
    paused: bool,
    /// Whether it was told that frames of this layout cannot be recorded.
    refusal_told: bool,
    finished: bool,
}

/// What a recorder works with.
pub(crate) struct Parts {
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Ids for segments.
    pub(crate) ids: Arc<dyn IdSource>,
    /// Processor time that this process has used.
    pub(crate) cpu_time: Box<dyn Fn() -> Duration + Send>,
    /// Where reports go.
    pub(crate) reports: Box<dyn Reports>,
}

/// What the screen's thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScreenTurn {
    /// Take the next frame, after this pause.
    Go {
        /// The least time until the next frame.
        pause: Duration,
        /// How many displays may have a frame at the same time.
        displays: usize,
    },
    /// Nothing was to be recorded: wait on for changes.
    Wait,
    /// Close the screen, and ask again whether it is wanted.
    Close,
}

/// Whether the screen is to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScreenWish {
    /// Open it; hand in this number with what it gives.
    Open(u64),
    /// Not now.
    Closed,
    /// Never again.
    Finished,
}

impl Recorder {
    /// A recorder of the session that it was assigned.
    pub(crate) fn new(assignment: Assignment, parts: Parts) -> Self {
        let policy = assignment.policy;
        let now = parts.clock.monotonic();
        let age = parts
            .clock
            .wall()
            .saturating_since(assignment.session.start);
        let gate = ScreenGate::new(&policy, now, age, assignment.disk_is_low);
        Self {
            closed: gate.closed_by(now),
            gate,
            notices: Notices::new(policy.notification(), assignment.told),
            clock: SessionClock::new(&*parts.clock),
            titles: Titles::new(policy.max_titles_per_second()),
            idle: IdleTracker::new(policy.idle_after()),
            tracks: Tracks::new(assignment.session.id, Coding::of(&policy)),
            budget: Budget::new(
                policy.max_cpu_percent(),
                parts.clock.monotonic(),
                (parts.cpu_time)(),
            ),
            session: assignment.session,
            policy,
            generation: 0,
            paused: assignment.screen_paused,
            refusal_told: false,
            finished: false,
            parts,
        }
    }

    /// Whether the screen is to be recorded now.
    pub(crate) fn screen_wish(&self) -> ScreenWish {
        if self.finished {
            ScreenWish::Finished
        } else if self.records_screen() {
            ScreenWish::Open(self.generation)
        } else {
            ScreenWish::Closed
        }
    }

    /// The policy is now this.
    pub(crate) fn set_policy(&mut self, policy: Policy) -> Result<(), FramingError> {
        let recorded = self.records_screen();
        self.titles.set_rate(policy.max_titles_per_second());
        if policy.idle_after() != self.policy.idle_after() {
            self.idle.set_idle_after(policy.idle_after());
        }
        self.budget.set_ceiling(policy.max_cpu_percent());
        let coding = Coding::of(&policy);
        let recodes = coding != Coding::of(&self.policy);
        let only_windows = |policy: &Policy| {
            let applications = policy.applications();
            applications
                .shows_only_windows()
                .then(|| applications.clone())
        };
        let shows_other_windows = only_windows(&policy) != only_windows(&self.policy);
        self.policy = policy;
        if recodes || shows_other_windows {
            // Its open segments go on until the screen, opened anew, gives whole frames for the
            // new ones: nothing is missing between them.
            self.tracks.set_coding(coding);
            self.generation += 1;
        }
        if recorded && !self.records_screen() {
            let now = self.now()?;
            self.generation += 1;
            self.tracks.seal_all(now, &mut *self.parts.reports)?;
        }
        self.gate.set_policy(&self.policy);
        self.follow_gate()?;
        match self.notices.set_wanted(self.policy.notification()) {
            Some(open) => self.report_unanswered(&open, "The plan says something else now"),
            None => Ok(()),
        }
    }

    /// Whether the disk has less room than the policy leaves free.
    pub(crate) fn disk_is_low(&mut self, is_low: bool) -> Result<(), FramingError> {
        self.gate.set_disk_is_low(is_low);
        self.follow_gate()
    }

    /// The spool is full: open segments are lost, and no new ones begin.
    pub(crate) fn pause_screen(&mut self) {
        self.paused = true;
        self.generation += 1;
        self.tracks.abandon_all();
    }

    /// There is room again.
    pub(crate) fn resume_screen(&mut self) {
        self.paused = false;
    }

    /// Judges which windows may be seen; `None` if all of the screen may.
    pub(crate) fn judge(&self) -> Option<Judge> {
        let applications = self.policy.applications();
        applications
            .shows_only_windows()
            .then(|| judge(applications))
    }

    /// Whether a message is to be shown to the user.
    pub(crate) fn notice_wish(&self) -> NoticeWish {
        match self.notices.due() {
            _ if self.finished => NoticeWish::Finished,
            Some(notification) => NoticeWish::Show(notification.clone()),
            None => NoticeWish::Nothing,
        }
    }

    /// A message is about to be shown. Gives its number.
    pub(crate) fn notice_begins(&mut self, message: Notification) -> Result<u64, FramingError> {
        let now = self.now()?;
        let report = Report::Notice {
            text: message.text().to_owned(),
            since: now.time,
            is_shown: false,
        };
        self.parts.reports.report(report)?;
        Ok(self.notices.begin(message, now.time))
    }

    /// The message with this number is on the screen.
    pub(crate) fn notice_shown(&mut self, number: u64) -> Result<(), FramingError> {
        let now = self.now()?;
        let Some(open) = self.notices.shown(number, now.time) else {
            return Ok(());
        };
        let report = Report::Notice {
            text: open.notification.text().to_owned(),
            since: open.since,
            is_shown: true,
        };
        self.parts.reports.report(report)
    }

    /// Whether the message with this number may stay.
    pub(crate) fn is_notice_wanted(&self, number: u64) -> bool {
        self.notices.is_open(number)
    }

    /// The message with this number is closed, or could not be shown.
    pub(crate) fn notice_ended(
        &mut self,
        number: u64,
        ended: &Result<NoticeEnding, CaptureError>,
    ) -> Result<(), FramingError> {
        match self.notices.end(number) {
            Some(open) => self.report_notified(&open, outcome(&open, ended)),
            None => Ok(()),
        }
    }

    /// The display is open.
    pub(crate) fn ready(&mut self) -> Result<(), FramingError> {
        self.parts.reports.report(Report::Ready)?;
        let now = self.now()?;
        self.tell_if_stopped(now)
    }

    /// Takes in what the screen gave that was opened under `generation`.
    pub(crate) fn captured(
        &mut self,
        generation: u64,
        capture: Capture<'_>,
    ) -> Result<ScreenTurn, FramingError> {
        if self.finished {
            return Ok(ScreenTurn::Close);
        }
        self.follow_gate()?;
        let now = self.now()?;
        if generation != self.generation || !self.records_screen() {
            return Ok(ScreenTurn::Close);
        }
        let frame = match capture {
            Capture::Unchanged => return Ok(ScreenTurn::Wait),
            Capture::Layout(displays) => {
                self.refusal_told = false;
                let reports = &mut *self.parts.reports;
                let unusable = self.tracks.set_layout(now, displays, reports)?;
                for _display in unusable {
                    self.report_gap(GapReason::DisplayUnavailable, now)?;
                }
                return Ok(ScreenTurn::Wait);
            }
            Capture::Frame(frame) => frame,
        };
        let reports = &mut *self.parts.reports;
        let outcome = self.tracks.frame(now, &frame, &*self.parts.ids, reports)?;
        if outcome == FrameOutcome::Refused && !self.refusal_told {
            self.refusal_told = true;
            self.report_gap(GapReason::Overloaded, now)?;
        }
        self.keep_budget(now)?;
        Ok(ScreenTurn::Go {
            pause: self.budget.pause(self.policy.min_frame_interval()),
            displays: self.tracks.displays(),
        })
    }

    /// How long the screen's thread may wait for a change before something else is due.
    pub(crate) fn screen_wait(&self) -> Duration {
        let now = self.parts.clock.wall();
        let settles = self.tracks.settles_at().map(|(_, time)| time);
        settles.map_or(LONGEST_WAIT, |time| {
            let wait = time.saturating_since(now);
            wait.clamp(SHORTEST_SETTLE_WAIT, LONGEST_WAIT)
        })
    }

    /// A display of which a frame is wanted although nothing changed: what stands still on it can
    /// become exact.
    pub(crate) fn display_to_settle(&self) -> Option<DisplayIndex> {
        let (display, time) = self.tracks.settles_at()?;
        (time <= self.parts.clock.wall()).then_some(display)
    }

    /// Takes in what happened on the desktop.
    pub(crate) fn desktop_event(&mut self, event: DesktopEvent) -> Result<(), FramingError> {
        if self.finished {
            return Ok(());
        }
        if let DesktopEvent::Activated(window) = &event {
            let in_front = (window.handle != 0).then_some(window);
            self.gate.front_changed(in_front);
            self.follow_gate()?;
        }
        let now = self.now()?;
        match event {
            // The window in front went away and no other took its place: nothing was activated.
            DesktopEvent::Activated(window) if window.handle == 0 => Ok(()),
            DesktopEvent::Activated(window) => {
                for record in self.titles.changed(now.monotonic, now.time, window) {
                    self.report_title(record)?;
                }
                Ok(())
            }
            DesktopEvent::ScreensaverOn => self.report_event(SessionEvent::ScreensaverOn, now),
            DesktopEvent::ScreensaverOff => self.report_event(SessionEvent::ScreensaverOff, now),
            DesktopEvent::SessionNoticed { code } => {
                let report = Report::SessionNoticed { code };
                self.parts.reports.report(report)
            }
        }
    }

    /// How long the desktop's thread may wait for an event before something else is due.
    pub(crate) fn desktop_wait(&mut self) -> Duration {
        let now = self.parts.clock.monotonic();
        let title = self.titles.deadline(now).unwrap_or(Duration::MAX);
        let gate = [self.gate.closes_at(), self.gate.ask_at()];
        let gate = gate
            .into_iter()
            .flatten()
            .filter(|at| *at > now || self.closed.is_none())
            .chain(self.gate.opens_at().filter(|at| *at > now));
        title
            .min(self.idle.ask_at())
            .min(gate.min().unwrap_or(Duration::MAX))
            .saturating_sub(now)
            .min(LONGEST_WAIT)
    }

    /// Whether to ask how long nobody was there. `woken` by something that happened.
    pub(crate) fn asks_for_idle(&self, woken: bool) -> bool {
        let now = self.parts.clock.monotonic();
        let is_due = self.idle.ask_at() <= now || self.gate.ask_at().is_some_and(|at| at <= now);
        is_due || (woken && (self.idle.is_idle() || self.gate.is_idle()))
    }

    /// Takes in that nobody has been there for `idle`.
    pub(crate) fn idle_observed(&mut self, idle: Duration) -> Result<(), FramingError> {
        if self.finished {
            return Ok(());
        }
        let now = self.now()?;
        self.gate.idle_observed(now.monotonic, idle);
        self.follow_gate()?;
        match self.idle.observed(now, idle) {
            Some(InputChange::Stopped { from }) => {
                self.parts.reports.report(Report::InputStopped { from })
            }
            Some(InputChange::Resumed { until }) => {
                self.parts.reports.report(Report::InputResumed { until })
            }
            None => Ok(()),
        }
    }

    /// Does what is due by now.
    pub(crate) fn tick(&mut self) -> Result<(), FramingError> {
        if self.finished {
            return Ok(());
        }
        self.follow_gate()?;
        let now = self.now()?;
        if let Some(record) = self.titles.due(now.monotonic) {
            self.report_title(record)?;
        }
        self.keep_budget(now)
    }

    /// Writes what waits and seals what is open. Nothing is taken in after.
    pub(crate) fn finish(&mut self) -> Result<(), FramingError> {
        if self.finished {
            return Ok(());
        }
        let now = self.now()?;
        if let Some(open) = self.notices.withdraw() {
            self.report_unanswered(&open, "The recording ended")?;
        }
        self.finished = true;
        if let Some(record) = self.titles.flush() {
            self.report_title(record)?;
        }
        self.tracks.seal_all(now, &mut *self.parts.reports)
    }

    /// The moment now. If the clock was moved: the gap is told and new segments begin.
    fn now(&mut self) -> Result<Now, FramingError> {
        let (now, jump) = self.clock.now(&*self.parts.clock);
        if let Some(jump) = jump {
            let before = Now {
                time: jump.from,
                monotonic: now.monotonic,
            };
            self.tracks.seal_all(before, &mut *self.parts.reports)?;
            self.generation += 1;
            self.parts.reports.report(Report::Gap {
                reason: GapReason::ClockJumped,
                from: jump.from,
                until: jump.to,
            })?;
        }
        Ok(now)
    }

    /// Takes in what the recorder has cost by now.
    fn keep_budget(&mut self, now: Now) -> Result<(), FramingError> {
        let cpu = (self.parts.cpu_time)();
        let Some(change) = self.budget.observed(now.monotonic, cpu) else {
            return Ok(());
        };
        let percent = format!("{:.1}", change.share * 100.0);
        info!(
            percent,
            pace = ?change.pace,
            times_slowed = change.times_slowed,
            "frame rate follows the recorder's own use of the processor"
        );
        self.parts.reports.report(Report::Pace(change.pace))
    }

    /// Ends the screen's recording if the plan does not ask for it now, and says why if nothing else
    /// that is recorded does; or lets it begin again.
    fn follow_gate(&mut self) -> Result<(), FramingError> {
        let closed = self.gate.closed_by(self.parts.clock.monotonic());
        if closed == self.closed || self.finished {
            return Ok(());
        }
        let recorded = self.records_screen();
        self.closed = closed;
        info!(?closed, "the plan's limits and rules for the screen");
        let now = self.now()?;
        if recorded && !self.records_screen() {
            self.generation += 1;
            self.tracks.seal_all(now, &mut *self.parts.reports)?;
        }
        self.tell_if_stopped(now)
    }

    /// Idle times and windows are on the record anyway: why else the screen is not recorded is told.
    fn tell_if_stopped(&mut self, now: Now) -> Result<(), FramingError> {
        let screen = self.policy.recording() == Recording::Screen;
        match self.closed {
            Some(ClosedBy::Age | ClosedBy::Disk) if screen => {
                self.report_gap(GapReason::StoppedByPlan, now)
            }
            _ => Ok(()),
        }
    }

    fn records_screen(&self) -> bool {
        self.policy.recording() == Recording::Screen && !self.paused && self.closed.is_none()
    }

    fn report_title(&mut self, record: TitleRecord) -> Result<(), FramingError> {
        let window = record.window;
        let moment = self
            .records_screen()
            .then(|| self.tracks.moment(window.middle, record.when));
        let details = details_of(&window);
        self.report_activity(ActivityRecord {
            session: self.session.id,
            when: record.when,
            who: self.session.who.clone(),
            action: Action::Activated,
            object_type: window.run_as.object_type(),
            what: window.title,
            where_: self.session.where_.clone(),
            workstation: self.session.origin.workstation().map(str::to_owned),
            details,
            application: window.application,
            coalesced: record.coalesced,
            moment,
        })
    }

    fn report_unanswered(&mut self, open: &OpenNotice, reason: &str) -> Result<(), FramingError> {
        let outcome = unanswered(open.is_shown);
        self.report_notified(open, (outcome, Some(reason.to_owned())))
    }

    fn report_notified(
        &mut self,
        open: &OpenNotice,
        outcome: (NotificationOutcome, Option<String>),
    ) -> Result<(), FramingError> {
        let now = self.now()?;
        info!(
            outcome = outcome.0.what(),
            reason = outcome.1,
            "message to the user"
        );
        let moment = self
            .records_screen()
            .then(|| self.tracks.moment((0, 0), open.since));
        let text = open.notification.text();
        let times = (open.since, now.time);
        let record = notified_record(&self.session, text, times, outcome, moment);
        self.report_activity(record)
    }

    fn report_event(&mut self, event: SessionEvent, now: Now) -> Result<(), FramingError> {
        let moment = self
            .records_screen()
            .then(|| self.tracks.moment((0, 0), now.time));
        self.report_activity(ActivityRecord {
            session: self.session.id,
            when: now.time,
            who: self.session.who.clone(),
            action: event.action(),
            object_type: ObjectType::UserSession,
            what: Captured::from(event.what()),
            where_: self.session.where_.clone(),
            workstation: self.session.origin.workstation().map(str::to_owned),
            details: Vec::new(),
            application: None,
            coalesced: 0,
            moment,
        })
    }

    fn report_activity(&mut self, record: ActivityRecord) -> Result<(), FramingError> {
        self.parts
            .reports
            .report(Report::Activity(Box::new(record)))
    }

    fn report_gap(&mut self, reason: GapReason, now: Now) -> Result<(), FramingError> {
        self.parts.reports.report(Report::Gap {
            reason,
            from: now.time,
            until: now.time,
        })
    }
}

/// A thread looks up at least this often: a clock that was moved is noticed by then.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What is to settle is asked for no more often than this, so that nothing that keeps it from
/// settling makes the screen's thread spin.
const SHORTEST_SETTLE_WAIT: Duration = Duration::from_millis(100);
