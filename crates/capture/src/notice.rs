//! A message to the user of a session, in a window of its own.

use std::time::Duration;

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The window's title.
    pub title: String,
    /// The text. Line breaks are kept, long lines wrapped.
    pub text: String,
    /// After which time the window closes by itself.
    pub closes_after: Duration,
}

/// How the window was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeEnding {
    /// By the user.
    Acknowledged,
    /// By itself, after its time.
    TimedOut,
    /// Because it was not wanted any more.
    Withdrawn,
}

/// Follows a window that is shown.
pub trait NoticeWatcher {
    /// The window is on the screen.
    fn shown(&mut self);

    /// Whether it is still wanted. Asked about twice a second.
    fn is_wanted(&self) -> bool;
}
