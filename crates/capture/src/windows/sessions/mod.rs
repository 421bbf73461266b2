//! The sessions of this computer.
//!
//! What follows from what Windows says is decided by the [`Tracker`], which does no I/O and is
//! tested on every system; asking Windows is left to the modules that only Windows has.

mod facts;
mod notice;
mod tracker;
mod twins;
#[cfg(windows)]
mod wts;

pub use facts::session_number;
#[cfg(windows)]
pub use wts::{SessionNotices, WtsSessions};
