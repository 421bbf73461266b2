//! Directories: which computers they have in the containers that are items of plans.
//!
//! [`settings`] keeps how each directory is asked; [`watch`] asks on a schedule and whenever a plan
//! or a directory changes; [`snapshot`] keeps what was said last, so that a directory that cannot be
//! asked takes no computer out of its plan. [`managed`] reads the passwords of group Managed Service
//! Accounts. How a directory is spoken with is in the crate `eidetic-directory`.

mod directories;
mod error;
mod managed;
pub mod settings;
pub mod snapshot;
mod watch;

pub use directories::{Directories, LeftContainer};
pub use error::AskError;
pub use watch::{refresh_due, serve};
