//! Activity records: who did what, when, where.

use std::{fmt, str::FromStr};

use crate::{
    Captured, DisplayIndex, SegmentDescription, SegmentId, SessionDescription, SessionEnding,
    SessionId, Timestamp,
};

/// One line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityRecord {
    /// The session in which it happened.
    pub session: SessionId,
    /// When it happened, by the monitored computer's clock.
    pub when: Timestamp,
    /// The session's user: `DOMAIN\user`, or `COMPUTER\user` for a local account.
    pub who: String,
    /// What kind of thing happened.
    pub action: Action,
    /// What kind of thing it happened to.
    pub object_type: ObjectType,
    /// The window's title, or the wording of the session event. Unlimited in Unicode; may be empty.
    pub what: Captured,
    /// The monitored computer.
    pub where_: String,
    /// From where the user was connected, for remote sessions: a name or an address.
    pub workstation: Option<String>,
    /// Further facts, one a line, such as `Application Run As: root`.
    pub details: Vec<Captured>,
    /// The application that the window belongs to.
    pub application: Option<Application>,
    /// How many further changes this record stands for: those of the same window that came faster
    /// than the policy lets through. 0 in nearly all.
    pub coalesced: u32,
    /// The moment of the recording that shows it, when the screen was being recorded.
    pub moment: Option<RecordedMoment>,
}

/// A moment of a session's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedMoment {
    /// The display on which it is to be seen.
    pub display: DisplayIndex,
    /// The time, on the same clock as the display's segments.
    pub time: Timestamp,
}

/// A program, as a person would name it and as the system finds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Application {
    /// The path of the executable; empty if the system does not tell.
    pub path: String,
    /// The name that people know: from its desktop entry or version resource, else the file name.
    pub description: String,
}

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// A window came to the front, or the title of the front window changed.
    Activated,
    /// A stretch of activity began.
    SessionStart,
    /// A stretch of activity ended.
    SessionEnd,
    /// Something that should have been recorded was not.
    RecordingGap,
    /// The session's user was told of being monitored.
    UserNotified,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 5] = [
        Self::Activated,
        Self::SessionStart,
        Self::SessionEnd,
        Self::RecordingGap,
        Self::UserNotified,
    ];

    /// The exact wording in records, search and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "Activated",
            Self::SessionStart => "Session start",
            Self::SessionEnd => "Session end",
            Self::RecordingGap => "Recording gap",
            Self::UserNotified => "User notified",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the wording of an action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown action {0:?}")]
pub struct UnknownAction(pub String);

impl FromStr for Action {
    type Err = UnknownAction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|action| action.as_str() == text)
            .ok_or_else(|| UnknownAction(text.to_owned()))
    }
}

/// What kind of thing an action happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectType {
    /// A user's session on the computer.
    UserSession,
    /// A window of an ordinary program.
    Window,
    /// A window of a program with raised rights.
    ElevatedWindow,
    /// The recording itself.
    Recording,
}

impl ObjectType {
    /// All object types.
    pub const ALL: [Self; 4] = [
        Self::UserSession,
        Self::Window,
        Self::ElevatedWindow,
        Self::Recording,
    ];

    /// The exact wording in records, search and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserSession => "User session",
            Self::Window => "Window",
            Self::ElevatedWindow => "Elevated Window",
            Self::Recording => "Recording",
        }
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the wording of an object type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown object type {0:?}")]
pub struct UnknownObjectType(pub String);

impl FromStr for ObjectType {
    type Err = UnknownObjectType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|object_type| object_type.as_str() == text)
            .ok_or_else(|| UnknownObjectType(text.to_owned()))
    }
}

/// What can happen to a session. The wording is the model product's, to the letter; the last is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionEvent {
    /// The user logged on, or monitoring began in a session that was there.
    MonitoringStart,
    /// A session began at the computer itself.
    LocalSessionStart,
    /// The user logged off.
    SignOut,
    /// The computer shut down; or the agent was stopped, killed or lost its power, in which case
    /// the record is written at its next start with the last time at which it is known to have lived.
    Shutdown,
    /// The screensaver went away.
    ScreensaverOff,
    /// The screensaver came on.
    ScreensaverOn,
    /// The user unlocked the session.
    Unlock,
    /// The session was locked.
    Lock,
    /// The session came to the computer's own seat.
    ConsoleConnection,
    /// The session left the computer's own seat.
    ConsoleDisconnection,
    /// The session was taken up from another computer.
    RemoteConnection,
    /// The other computer left the session.
    RemoteDisconnection,
    /// The plan does not ask for the session's recording any more.
    MonitoringEnd,
}

impl SessionEvent {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::MonitoringStart,
        Self::LocalSessionStart,
        Self::SignOut,
        Self::Shutdown,
        Self::ScreensaverOff,
        Self::ScreensaverOn,
        Self::Unlock,
        Self::Lock,
        Self::ConsoleConnection,
        Self::ConsoleDisconnection,
        Self::RemoteConnection,
        Self::RemoteDisconnection,
        Self::MonitoringEnd,
    ];

    /// The value of What.
    pub const fn what(self) -> &'static str {
        match self {
            Self::MonitoringStart => "Monitoring start",
            Self::LocalSessionStart => "Local session start",
            Self::SignOut => "Sign-out",
            Self::Shutdown => "Shutdown",
            Self::ScreensaverOff => "Screensaver off",
            Self::ScreensaverOn => "Screensaver on",
            Self::Unlock => "Unlock",
            Self::Lock => "Lock",
            Self::ConsoleConnection => "Console connection",
            Self::ConsoleDisconnection => "Console disconnection",
            Self::RemoteConnection => "Remote connection",
            Self::RemoteDisconnection => "Remote disconnection",
            Self::MonitoringEnd => "Monitoring end",
        }
    }

    /// Whether a stretch of activity begins or ends with it.
    pub const fn action(self) -> Action {
        match self {
            Self::MonitoringStart
            | Self::LocalSessionStart
            | Self::ScreensaverOff
            | Self::Unlock
            | Self::ConsoleConnection
            | Self::RemoteConnection => Action::SessionStart,
            Self::SignOut
            | Self::Shutdown
            | Self::ScreensaverOn
            | Self::Lock
            | Self::ConsoleDisconnection
            | Self::RemoteDisconnection
            | Self::MonitoringEnd => Action::SessionEnd,
        }
    }
}

/// The account that a program runs as, seen from the session's user.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RunAs {
    /// The session's own account, with its ordinary rights.
    SessionUser,
    /// Another account with ordinary rights.
    OtherUser {
        /// That account.
        account: String,
    },
    /// Raised rights, by another account.
    Elevated {
        /// That account.
        account: String,
    },
    /// Raised rights that the session's own account has.
    ElevatedSelf,
}

impl RunAs {
    /// The object type of the program's windows.
    pub const fn object_type(&self) -> ObjectType {
        match self {
            Self::SessionUser | Self::OtherUser { .. } => ObjectType::Window,
            Self::Elevated { .. } | Self::ElevatedSelf => ObjectType::ElevatedWindow,
        }
    }

    /// The line in Details, if this case has one.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::SessionUser | Self::ElevatedSelf => None,
            Self::OtherUser { account } | Self::Elevated { account } => {
                Some(format!("Application Run As: {account}"))
            }
        }
    }
}

/// Why something is missing from a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The recorder of the session died and was started again.
    RecorderDied,
    /// The recorder could not keep a connection to the display.
    DisplayUnavailable,
    /// The spool was full, by the policy's limit or for want of disk space.
    SpoolFull,
    /// The computer's clock was moved.
    ClockJumped,
    /// A stored segment does not have the hash that the agent said.
    SegmentDamaged,
    /// More happened than could be taken in.
    Overloaded,
    /// The plan asks for no more of the screen: for as long as it says, or for want of disk space.
    StoppedByPlan,
    /// The plan keeps recordings for a time, which is over: it was there, and was removed.
    RetentionOver,
}

impl GapReason {
    /// All reasons.
    pub const ALL: [Self; 8] = [
        Self::RecorderDied,
        Self::DisplayUnavailable,
        Self::SpoolFull,
        Self::ClockJumped,
        Self::SegmentDamaged,
        Self::Overloaded,
        Self::StoppedByPlan,
        Self::RetentionOver,
    ];

    /// The value of What.
    pub const fn what(self) -> &'static str {
        match self {
            Self::RecorderDied => "Recorder restarted",
            Self::DisplayUnavailable => "Display unavailable",
            Self::SpoolFull => "Spool full",
            Self::ClockJumped => "Clock moved",
            Self::SegmentDamaged => "Segment damaged",
            Self::Overloaded => "Overloaded",
            Self::StoppedByPlan => "Stopped by the plan",
            Self::RetentionOver => "Removed when its retention was over",
        }
    }
}

/// The text is not the wording of a reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown gap reason {0:?}")]
pub struct UnknownGapReason(pub String);

impl FromStr for GapReason {
    type Err = UnknownGapReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.what() == text)
            .ok_or_else(|| UnknownGapReason(text.to_owned()))
    }
}

/// Time without input in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleStretch {
    /// The session.
    pub session: SessionId,
    /// The last input before.
    pub from: Timestamp,
    /// The next input, or the end of the session.
    pub until: Timestamp,
}

/// What an agent reports, in order, under one sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The recording of a session began.
    SessionOpened(SessionDescription),
    /// Something happened.
    Activity(ActivityRecord),
    /// A stretch without input ended.
    Idle(IdleStretch),
    /// The recording of a session ended.
    SessionClosed(SessionEnding),
    /// A segment was begun. Comes before any of its bytes.
    SegmentOpened(SegmentDescription),
    /// A segment that was announced will never come: it could not be kept.
    SegmentLost {
        /// The segment.
        segment: SegmentId,
        /// Why.
        reason: GapReason,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wordings_of_actions_and_object_types_are_read_back() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
        }
        for object_type in ObjectType::ALL {
            assert_eq!(object_type.as_str().parse(), Ok(object_type));
        }
        for reason in GapReason::ALL {
            assert_eq!(reason.what().parse(), Ok(reason));
        }
        assert!("activated".parse::<Action>().is_err());
    }

    #[test]
    fn half_of_the_model_products_session_events_start_a_stretch() {
        let starts = SessionEvent::ALL
            .iter()
            .filter(|event| event.action() == Action::SessionStart);
        assert_eq!(starts.count(), 6);
    }

    #[test]
    fn run_as_has_the_four_rows_of_the_model_product() {
        let row = |run_as: RunAs| (run_as.object_type().as_str(), run_as.detail());
        let account = || "root".to_owned();
        assert_eq!(row(RunAs::SessionUser), ("Window", None));
        assert_eq!(
            row(RunAs::OtherUser { account: account() }),
            ("Window", Some("Application Run As: root".into()))
        );
        assert_eq!(
            row(RunAs::Elevated { account: account() }),
            ("Elevated Window", Some("Application Run As: root".into()))
        );
        assert_eq!(row(RunAs::ElevatedSelf), ("Elevated Window", None));
    }
}
