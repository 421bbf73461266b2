//! The service: follows the sessions of this computer, has each recorded by a process of its own,
//! and keeps what they report until the server has it.
//!
//! [`core`] decides, on one thread, by one closed [`event::Event`]; [`journal`] is how it writes
//! to the spool; [`recorders`] runs the processes; [`run`] wires it all up. What the screen shows
//! and what windows are called only passes through.

mod alive;
mod core;
mod event;
mod journal;
mod metrics;
mod recorders;
mod recovery;
mod run;
mod session;
mod spool;
pub(crate) mod status;
#[cfg(test)]
mod tests;
mod usage;
mod wanted;

pub(crate) use event::{ControlPort, Event, UplinkState};
pub(crate) use run::{RunSettings, run};
pub(crate) use session::SessionCounts;
pub(crate) use spool::SharedSpool;
