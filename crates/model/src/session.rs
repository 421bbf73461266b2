//! Recorded sessions.

use crate::{SessionId, Timestamp};

/// What is known of a session when its recording begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDescription {
    /// The session.
    pub id: SessionId,
    /// Its user: `DOMAIN\user` or `COMPUTER\user`.
    pub who: String,
    /// The monitored computer.
    pub where_: String,
    /// From where the user is connected.
    pub origin: SessionOrigin,
    /// The system's own name of the session's display, such as `:0`.
    pub display_name: String,
    /// When recording began.
    pub start: Timestamp,
}

/// From where a session's user is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOrigin {
    /// At the computer itself.
    Local,
    /// Over the network.
    Remote {
        /// The name or address of the user's own computer; empty if the system does not tell.
        workstation: String,
    },
}

impl SessionOrigin {
    /// The user's own computer, if the session is remote and the system tells.
    pub fn workstation(&self) -> Option<&str> {
        match self {
            Self::Remote { workstation } if !workstation.is_empty() => Some(workstation),
            Self::Local | Self::Remote { .. } => None,
        }
    }
}

/// The end of a session's recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionEnding {
    /// The session.
    pub session: SessionId,
    /// When it ended, or the last time at which its recorder is known to have lived.
    pub end: Timestamp,
}
