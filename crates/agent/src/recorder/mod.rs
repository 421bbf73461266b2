//! The recorder: the process that captures one session and tells the service, as its child.
//!
//! It leaves to the service what outlives it: the spool, the session's beginning and end, the
//! server. It keeps nothing on disk. Its logic is in [`recorder`], which is told what happens and
//! what the time is; [`threads`] waits for the display, [`process`] for the service.
//!
//! # Rights
//!
//! On Windows the recorder has the rights of its session's user and no more. On Linux, in this
//! version, it runs as root like the service: it reads the display's key from
//! the user's files and looks up which program a window belongs to, whichever account that runs
//! as. It gives up what it can: no further rights can be gained (`no_new_privs`), and its
//! priority is lowered, so that the user's own programs always go first. It has no file, no key
//! and no connection of the service's.

mod budget;
mod gate;
mod idle;
mod notices;
mod output;
mod process;
#[expect(
    clippy::module_inception,
    reason = "the recorder's logic, apart from its process"
)]
mod recorder;
mod session_clock;
#[cfg(test)]
mod tests;
mod threads;
mod titles;
mod tracks;

pub(crate) use notices::{notified_record, unanswered};
pub(crate) use output::Reports;
pub(crate) use process::{Ending, run};
