//! The server's parts as the outside sees them.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod api;
mod command_line;
mod faulty;
mod gateway;
mod log;
mod mail;
mod process;
