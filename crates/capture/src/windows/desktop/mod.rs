//! The windows and the input of this session.
//!
//! Windows tells which window comes to the front and which changes its title; beside that it is
//! asked once a second, since it does not promise to tell everything. No program is ever asked: a
//! window of one that hangs is told as the system knows it.

mod front;
#[cfg(windows)]
mod heard;
#[cfg(windows)]
mod user;

#[cfg(windows)]
pub use user::WindowsDesktop;
