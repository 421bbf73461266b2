//! Calls of the server to agents: how are you, send what waits, stop, begin anew.
//!
//! An attached agent is called over its stream ([`lines`]), any other at its own port ([`port`]),
//! where both prove who they are with the certificates that they have anyway. [`call`] chooses.

mod call;
mod lines;
mod port;

pub use call::{Answer, CallError, Caller, Way, Wish};
pub use lines::{Lines, Order};
pub use port::{PortCaller, note_port};
