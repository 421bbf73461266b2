//! What is asked of the system, and what it tells.

use std::time::Duration;

use super::{Refused, ToldShape};
use crate::{CaptureError, Rect, windows::screen::layout::Place};

/// The desktop of a session, as the system gives it.
pub(crate) trait System: Send {
    /// One monitor's duplication.
    type Output: Output;

    /// The monitors.
    fn monitors(&mut self) -> Result<Vec<Place>, CaptureError>;

    /// Whether it is the user's desktop that is to be seen, not the lock screen or a question for a
    /// password.
    fn shows_the_users_desktop(&mut self) -> bool;

    /// Begins to duplicate a monitor.
    fn duplicate(&mut self, monitor: &str) -> Result<Self::Output, Refused>;

    /// The time, on a clock that never goes back.
    fn now(&self) -> Duration;

    /// Lets time pass.
    fn pause(&mut self, time: Duration);
}

/// One monitor's duplication.
pub(crate) trait Output: Send {
    /// What has changed since it was last asked, for which it waits up to `wait`. `None` if nothing
    /// has.
    fn next(&mut self, wait: Duration) -> Result<Option<Update>, Refused>;

    /// Gives the surface that the last update told of: its pixels and the bytes from one row to the
    /// next. Only the pixels within `areas` are right.
    fn read(&mut self, areas: &[Rect], take: &mut dyn FnMut(&[u8], usize)) -> Result<(), Refused>;
}

/// What has changed on a monitor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Update {
    /// The size of the surface, which is not turned as the desktop may be.
    pub(crate) surface: (u32, u32),
    /// How far the desktop is turned: `DXGI_MODE_ROTATION`.
    pub(crate) rotation: u32,
    /// Whether anything was drawn or moved: else only the pointer is another one.
    pub(crate) is_drawn: bool,
    /// What was moved, to be done one after the other before anything is read.
    pub(crate) moves: Vec<Move>,
    /// Where was drawn: left, upper, right and lower edges on the surface.
    pub(crate) dirty: Vec<[i32; 4]>,
    /// Where the pointer is, if that has changed.
    pub(crate) pointer: Option<PointerPlace>,
    /// What the pointer looks like, if that has changed.
    pub(crate) shape: Option<ToldShape>,
}

/// Pixels that are elsewhere on the surface now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The upper left corner of where they were.
    pub(crate) from: (i32, i32),
    /// Left, upper, right and lower edge of where they are.
    pub(crate) to: [i32; 4],
}

/// Where the pointer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PointerPlace {
    /// Whether it is shown on this monitor.
    pub(crate) is_shown: bool,
    /// The upper left corner of its image, from that of this monitor's part of the desktop.
    pub(crate) corner: (i32, i32),
}
