//! The functions of Windows that the agent calls, wrapped so that they are safe to call.
//!
//! Nothing is decided here: each module turns pointers, sizes and codes into values of ours, and
//! frees what Windows gave. What the values mean is the callers' business. On other systems the
//! crate is empty.
#![cfg(windows)]
#![expect(
    unsafe_code,
    reason = "the one place from where the functions of Windows are called"
)]
#![expect(
    clippy::missing_const_for_thread_local,
    reason = "they are const: the lint does not see it with a standard library built here"
)]

mod descriptor;
mod error;
mod text;

pub mod account;
pub mod cursor;
pub mod desktop;
pub mod display;
pub mod duplication;
pub mod event_log;
pub mod firewall;
pub mod folder;
pub mod installer;
pub mod message_box;
pub mod pipe;
pub mod process;
pub mod protect;
pub mod screen;
pub mod service;
pub mod session;
pub mod spawn;
pub mod system;
pub mod version;
pub mod window;

pub use error::{CallFailed, Result};
