//! Everything that can wake the service.

use eidetic_capture::{LoginSessionId, SessionChange};
use eidetic_model::Policy;
use eidetic_wire::proto::ControlCall;
use tokio::sync::oneshot;

use super::status::Status;
use crate::{channel::Report, recorder::Ending};

/// Something happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// To the sessions of this computer.
    Sessions(SessionChange),
    /// A recorder reported something.
    Report(RecorderRun, Report),
    /// A recorder's process is gone.
    RecorderEnded(RecorderRun, Ending),
    /// It is time to start a session's recorder again.
    RestartDue(LoginSessionId),
    /// The server says what is to be recorded.
    Policy {
        /// Counts up with each change.
        revision: u64,
        /// The policy.
        policy: Policy,
    },
    /// The connection to the server is now in this state.
    Uplink(UplinkState),
    /// The server has lost what it was told of this spool: it does not know the sessions.
    ServerForgot,
    /// The server calls.
    Control {
        /// What is to be done.
        call: ControlCall,
        /// Where to say how the service is then.
        answer: oneshot::Sender<Status>,
    },
    /// The port for calls of the server is now in this state.
    ControlPort(ControlPort),
    /// This computer was a copy of another one, and has an identity of its own now.
    NewIdentity,
    /// Some seconds have passed.
    Tick,
    /// The system asks the service to leave.
    Stop,
}

/// One run of a recorder process. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RecorderRun(pub(crate) u64);

/// The state of the port for calls of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ControlPort {
    /// It is not open yet: this computer is not enrolled.
    #[default]
    NotYet,
    /// The configuration turns it off.
    Off,
    /// Calls are taken at this port.
    Listening(u16),
    /// It cannot be opened.
    Closed(String),
}

/// The state of the connection to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UplinkState {
    /// The service has left.
    Stopped,
    /// This computer has not been enrolled.
    NotEnrolled,
    /// A connection is being made.
    Connecting,
    /// The server takes what is sent.
    Connected,
    /// There is no connection; another try will be made.
    Down {
        /// Why, and what to do.
        reason: String,
    },
    /// The server has refused this agent.
    Refused {
        /// Why, and what to do.
        reason: String,
    },
}

impl ControlPort {
    /// For people.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::NotYet => "closed until this computer is enrolled".to_owned(),
            Self::Off => "turned off".to_owned(),
            Self::Listening(port) => format!("open on TCP {port}"),
            Self::Closed(reason) => reason.clone(),
        }
    }
}

impl UplinkState {
    /// In a word, and why the server is not connected and what to do.
    pub(crate) fn in_words(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Stopped => ("stopped", None),
            Self::NotEnrolled => ("not enrolled", None),
            Self::Connecting => ("connecting", None),
            Self::Connected => ("connected", None),
            Self::Down { reason } => ("down", Some(reason)),
            Self::Refused { reason } => ("refused", Some(reason)),
        }
    }
}
