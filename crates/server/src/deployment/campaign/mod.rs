//! The same work on many computers in stages: one, some, all, with a stop when something fails.
//!
//! What follows what is decided in [`stages`]; [`run`] lets it happen with the queue of jobs, and
//! keeps it, so that a server that is started again goes on where it was; [`candidates`] says which
//! computers there are to take.

mod candidates;
mod run;
mod stages;
#[cfg(test)]
mod stages_tests;

pub use candidates::{Candidate, Candidates};
pub use run::{Campaigns, run};
pub use stages::{Act, Campaign, Member, Progress, State, Work};
