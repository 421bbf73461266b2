//! The command line as a user meets it: the real binary in a fresh folder.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod export;
mod frames;
mod plan;
mod run;
mod segment;
mod video;
