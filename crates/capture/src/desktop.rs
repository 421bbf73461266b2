//! The seam for windows, input and the screensaver.

use std::time::Duration;

use eidetic_model::{Application, Captured, RunAs};

use crate::CaptureError;

/// What the user of one session has in front, and whether anybody is there. Woken by the
/// system's events, not by asking again and again.
pub trait Desktop: Send {
    /// Waits up to `wait` for something to happen. `None` if nothing did.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`].
    fn next(&mut self, wait: Duration) -> Result<Option<DesktopEvent>, CaptureError>;

    /// How long nobody has touched keyboard or pointer.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`].
    fn idle(&mut self) -> Result<Duration, CaptureError>;
}

/// Something that happened on a desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DesktopEvent {
    /// Another window is active, or the active window has another title.
    Activated(ActiveWindow),
    /// The screensaver came on.
    ScreensaverOn,
    /// The screensaver went away.
    ScreensaverOff,
    /// The system told this process that something happened to its session. What follows is decided
    /// by who follows the sessions, who may have been told as well.
    SessionNoticed {
        /// What, in the system's own code.
        code: u32,
    },
}

/// The active window and the program that it belongs to, as far as the system tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveWindow {
    /// The system's handle of the window, to tell windows of one title apart. 0 if the window that
    /// was in front went away and no other took its place.
    pub handle: u64,
    /// The title; empty if it has none.
    pub title: Captured,
    /// The process, if it is known and lives.
    pub process: Option<ProcessId>,
    /// The program, if it is known.
    pub application: Option<Application>,
    /// The account that the process runs as, and with what rights.
    pub run_as: RunAs,
    /// Whether its program keeps it out of what is captured: the recording does not show it.
    pub is_kept_out: bool,
    /// Where the window is on the desktop: the middle, in pixels.
    pub middle: (i32, i32),
    /// How many changes this event stands for, at least 1: a title that changes faster than it is
    /// asked for is given in its last state, and no change goes uncounted.
    pub changes: u32,
}

/// The number of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProcessId(pub u32);
