//! Where the windows of an X display are, and which of them may be seen.
//!
//! [`stack`] follows the order and the places of the windows on the root window from what the
//! server tells, so that no arrangement is missed; [`facts`] asks for what a window says of itself;
//! [`x11`] puts both together. A window that was not asked yet may not be seen.

mod facts;
mod stack;
mod x11;

pub use x11::X11Windows;
