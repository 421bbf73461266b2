//! The screen of this session.
//!
//! Where Windows offers it, it tells what was drawn: desktop duplication ([`duplication`]). Where it
//! does not (Wine, some terminal servers and virtual machines), each monitor is copied and compared
//! with what it was, tile by tile: slower, but it works wherever Windows does. Such a screen is
//! looked at often while something moves or somebody works, and rarely while it rests.
//! [`SessionScreen`] takes what there is, and looks again when the monitors change.

mod duplication;
#[cfg(windows)]
mod gdi;
mod layout;
mod pace;
mod pointer;
#[cfg(windows)]
mod session;
mod tiles;

use crate::Display;

#[cfg(windows)]
pub use session::SessionScreen;

/// What a screen has found. A frame is the one of this view.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing changed.
    Unchanged,
    /// The displays are now these.
    Layout(Vec<Display>),
    /// Another frame.
    Frame(usize),
}

#[cfg(windows)]
#[expect(
    clippy::disallowed_methods,
    reason = "Windows does not tell when something was drawn: the next look is due after a time"
)]
fn pause(time: std::time::Duration) {
    std::thread::sleep(time);
}

/// The name of the desktop that the user works on.
#[cfg(windows)]
const USERS_DESKTOP: &str = "Default";
