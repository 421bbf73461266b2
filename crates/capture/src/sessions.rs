//! The seam for logons.

use eidetic_model::{SessionEvent, SessionOrigin};

use crate::CaptureError;

/// Tells of the graphical sessions of this computer.
#[expect(
    async_fn_in_trait,
    reason = "used by this project only, on one runtime"
)]
pub trait Sessions {
    /// The next change. The first calls tell of the sessions that were there already, each as
    /// [`SessionChange::Began`] with `already_there`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`].
    async fn next(&mut self) -> Result<SessionChange, CaptureError>;
}

/// The system's own name of a session, such as logind's `c2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LoginSessionId(pub String);

/// A graphical session, as the system tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSession {
    /// The system's name of it.
    pub id: LoginSessionId,
    /// The account's name; as `DOMAIN\user` where accounts have domains.
    pub user_name: String,
    /// The account's number.
    pub user_id: u32,
    /// From where the user is connected.
    pub origin: SessionOrigin,
    /// The display, such as `:0` or `Session 2`; `None` if the session has none that could be recorded.
    pub display: Option<String>,
    /// The process that leads the session, if the system tells: its environment holds what is
    /// needed to open the display.
    pub leader: Option<u32>,
}

/// Something that happened to the sessions of this computer.
///
/// Who writes which session record:
///
/// | What | written by the agent when |
/// |---|---|
/// | Monitoring start | it begins to record a session: after [`Self::Began`], or when it is told to |
/// | Local session start, Remote connection | [`Self::Happened`] says so; comes right after the [`Self::Began`] of a session that is new, by its origin |
/// | Console and Remote connection and disconnection, Lock, Unlock | [`Self::Happened`] says so |
/// | Sign-out | [`Self::Ended`] comes |
/// | Shutdown | [`Self::ShuttingDown`] comes, or at the next start if it could not be written |
/// | Screensaver on and off | [`crate::DesktopEvent`] says so |
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionChange {
    /// A session began, or was there when watching began.
    Began {
        /// The session.
        session: LoginSession,
        /// Whether it was there when watching began.
        already_there: bool,
    },
    /// Something happened to a session that goes on.
    Happened {
        /// The session.
        id: LoginSessionId,
        /// What happened.
        event: SessionEvent,
    },
    /// The user of a session that goes on is connected from elsewhere now. Comes before what
    /// happened there.
    ConnectedFrom {
        /// The session.
        id: LoginSessionId,
        /// From where.
        origin: SessionOrigin,
    },
    /// The user logged off.
    Ended {
        /// The session.
        id: LoginSessionId,
    },
    /// The computer is shutting down.
    ShuttingDown,
}
