//! Stores what an agent sends, one job after the other, and says what became of it.
//!
//! `jobs` keeps what waits in order; [`Ingest`] does one job at a time, with `entries` and
//! `segments`, and turns each `failure` into what the agent is told.

mod entries;
mod failure;
mod jobs;
mod segments;
mod worker;

pub use jobs::{Job, Jobs};
pub use segments::recover;
pub use worker::Ingest;
