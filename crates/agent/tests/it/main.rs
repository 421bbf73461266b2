//! The agent as a whole: the real program on a virtual display, with a server that keeps
//! everything in memory.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says then what the agent logged"
)]

mod agent;
mod checks;
mod control;
mod enrolment;
mod faults;
mod gateway;
mod recording;
mod sessions;
