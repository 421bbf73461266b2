//! A screen of which only the windows of some applications are to be seen, and all else is black.
//!
//! [`WindowMap`] tells where the windows are and were, [`Region`] works out what is seen of those
//! that may be, and [`OnlyWindows`] lets nothing else out of a screen.
//!
//! A pixel is let out only if a window that may be seen was on top there for [`STEADY_FOR`] before
//! it was fetched and until after: a window that goes away may be on the screen for a moment after
//! the system tells so (compositors draw later). Wherever that is not known, it is black.

mod region;
mod screen;
#[cfg(test)]
mod tests;
mod view;

use std::time::Duration;

pub use region::{Area, Region};
pub use screen::OnlyWindows;

use crate::CaptureError;

/// Where the windows are.
pub trait WindowMap: Send {
    /// Takes in what happened to the windows until now, and gives each arrangement that they had
    /// since the last call, oldest first; nothing if they are as they were. The first call gives
    /// at least one.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`]. What the windows are is unknown until a call succeeds.
    fn catch_up(&mut self) -> Result<Vec<Arrangement>, CaptureError>;
}

/// The windows of a desktop, the uppermost first.
pub type Arrangement = Vec<PlacedWindow>;

/// A window that can be seen on the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedWindow {
    /// All that it may cover.
    pub covers: Area,
    /// What of that it fills with pixels of its own, if they may be seen; nothing if not.
    pub shows: Vec<Area>,
}

/// Whether a window may be seen, as its title and its program's description say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is listed.
    Listed,
    /// No rule lists it: a menu or dialog may be seen if another window of its program is listed.
    Unlisted,
    /// A rule excepts it.
    Excepted,
}

/// Judges windows by title and description.
pub type Judge = Box<dyn Fn(&str, &str) -> Judgement + Send>;

/// How long an arrangement has to last before what it shows is let out.
pub const STEADY_FOR: Duration = Duration::from_millis(250);
