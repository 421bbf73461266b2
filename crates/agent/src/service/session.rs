//! A session that is being recorded.

use std::{collections::BTreeSet, time::Duration};

use eidetic_capture::LoginSession;
use eidetic_model::{
    Action, ActivityRecord, Captured, Entry, GapReason, IdleStretch, ObjectType, Policy,
    Prerequisites, SegmentId, SessionDescription, SessionEvent, SessionId, Timestamp,
};

use eidetic_wire::Backoff;

use super::{event::RecorderRun, journal::Loss};
use crate::channel::{Assignment, Pace};

/// A session that is being recorded.
#[derive(Debug)]
pub(super) struct RecordedSession {
    /// The system's session.
    pub(super) login: LoginSession,
    /// The recording of it.
    pub(super) description: SessionDescription,
    /// Its recorder.
    pub(super) recorder: RecorderState,
    /// The segments that its recorder has begun and that can grow.
    pub(super) open_segments: BTreeSet<SegmentId>,
    /// The last input, while nobody is there.
    pub(super) idle_since: Option<Timestamp>,
    /// Why and since when nothing is recorded, if so.
    pub(super) gap: Option<(GapReason, Timestamp)>,
    /// Until when its recorder has to have opened the display, on the monotonic clock, and since
    /// when it tries.
    pub(super) ready_by: Option<(Duration, Timestamp)>,
    /// How fast its recorder says that frames come.
    pub(super) pace: Pace,
    /// What its user was told last.
    pub(super) told: Option<String>,
    /// The message to its user of which it is not known yet what became: since when, and whether it
    /// is on the screen.
    pub(super) open_notice: Option<(Timestamp, bool)>,
    /// How long to wait before the recorder is started again.
    pub(super) backoff: Backoff,
}

/// How many sessions are being recorded, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SessionCounts {
    /// By which policy.
    pub(crate) policy_revision: u64,
    /// What it says about prerequisites.
    pub(crate) prerequisites: Prerequisites,
    /// What it leaves free on the disk.
    pub(crate) min_free_bytes: u64,
    /// All of them.
    pub(crate) recorded: u32,
    /// Of these, those of which fewer frames are recorded than the policy allows.
    pub(crate) slowed: u32,
    /// Whether the screen is not recorded for want of room.
    pub(crate) spool_full: bool,
    /// Since when nothing is recorded because an administrator stopped it.
    pub(crate) stopped_since: Option<Timestamp>,
}

/// What a session's recorder is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecorderState {
    /// The session has no display that could be recorded.
    NoDisplay,
    /// It runs.
    Running {
        /// The process.
        run: RecorderRun,
        /// Since when the display is open, on the monotonic clock.
        ready_since: Option<Duration>,
    },
    /// It will be started again.
    Waiting,
    /// It was told to stop: the session is ending.
    Stopping {
        /// The process.
        run: RecorderRun,
        /// How the session ends.
        event: SessionEvent,
    },
}

impl RecordedSession {
    /// A session of which nothing is recorded yet.
    pub(super) fn new(login: LoginSession, description: SessionDescription) -> Self {
        Self {
            login,
            description,
            recorder: RecorderState::NoDisplay,
            open_segments: BTreeSet::new(),
            idle_since: None,
            gap: None,
            ready_by: None,
            pace: Pace::Full,
            told: None,
            open_notice: None,
            backoff: Backoff::new(),
        }
    }

    /// What its recorder is to do.
    pub(super) fn assignment(
        &self,
        policy: Policy,
        screen_paused: bool,
        disk_is_low: bool,
    ) -> Assignment {
        Assignment {
            session: self.description.clone(),
            user_id: self.login.user_id,
            policy,
            screen_paused,
            disk_is_low,
            told: self.told.clone(),
        }
    }

    /// How fast its frames come; as fast as they may while there is no recorder.
    pub(super) fn pace(&self) -> Pace {
        match self.recorder {
            RecorderState::Running { .. } => self.pace,
            _ => Pace::Full,
        }
    }

    /// Its recorder's process, if there is one.
    pub(super) fn run(&self) -> Option<RecorderRun> {
        match self.recorder {
            RecorderState::Running { run, .. } | RecorderState::Stopping { run, .. } => Some(run),
            RecorderState::NoDisplay | RecorderState::Waiting => None,
        }
    }
}

/// The record of an event of a session.
pub(super) fn event_record(
    session: &SessionDescription,
    event: SessionEvent,
    when: Timestamp,
) -> ActivityRecord {
    ActivityRecord {
        session: session.id,
        when,
        who: session.who.clone(),
        action: event.action(),
        object_type: ObjectType::UserSession,
        what: Captured::from(event.what()),
        where_: session.where_.clone(),
        workstation: session.origin.workstation().map(str::to_owned),
        details: Vec::new(),
        application: None,
        coalesced: 0,
        moment: None,
    }
}

/// The record of a gap in a session's recording.
pub(super) fn gap_record(
    session: &SessionDescription,
    reason: GapReason,
    from: Timestamp,
    until: Timestamp,
) -> ActivityRecord {
    ActivityRecord {
        session: session.id,
        when: from,
        who: session.who.clone(),
        action: Action::RecordingGap,
        object_type: ObjectType::Recording,
        what: Captured::from(reason.what()),
        where_: session.where_.clone(),
        workstation: session.origin.workstation().map(str::to_owned),
        details: vec![
            Captured::new(format!("From: {from}")),
            Captured::new(format!("Until: {until}")),
        ],
        application: None,
        coalesced: 0,
        moment: None,
    }
}

/// That nobody was there.
pub(super) fn idle_stretch(session: SessionId, from: Timestamp, until: Timestamp) -> Entry {
    Entry::Idle(IdleStretch {
        session,
        from,
        until: until.max(from),
    })
}

/// The record of what is missing of a session because it could not be written.
pub(super) fn loss_record(
    session: &SessionDescription,
    loss: Loss,
    until: Timestamp,
) -> ActivityRecord {
    let mut record = gap_record(session, loss.reason, loss.from, until.max(loss.from));
    if loss.entries > 0 {
        let lost = format!("Records lost: {}", loss.entries);
        record.details.push(Captured::new(lost));
    }
    record
}
