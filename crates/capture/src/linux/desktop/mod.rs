//! The windows of an X display, its screensaver and its input.
//!
//! The window in front is known from the window manager (EWMH), which is asked again when it says
//! that something changed; where there is no such window manager, from the input focus.

mod front;
mod text;
mod window;
mod x11;

pub(super) use window::{Server, WindowFacts, unless_gone};
pub use x11::X11Desktop;
