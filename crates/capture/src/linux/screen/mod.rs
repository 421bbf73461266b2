//! The screen of an X display.
//!
//! The server tells that something was drawn (DAMAGE), that the pointer moved (XInput) or changed
//! its shape (XFIXES), or that the monitors are others (RandR); [`X11Screen`] then fetches what
//! changed and nothing else. All these announcements come once until they are taken up, so that a
//! busy screen wakes nobody more often than its caller asks.

mod grab;
mod layout;
mod pointer;
mod rows;
mod x11;

pub(super) use layout::Monitors;
pub use x11::X11Screen;
