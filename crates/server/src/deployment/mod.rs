//! Putting the agent on other computers: accounts, known computers, jobs.
//!
//! [`campaign`] does the same on many computers in stages. [`accounts`] keeps with whom to sign in elsewhere, sealed with the key of [`vault`]; [`host_keys`]
//! keeps by which key each computer was known first. What is to be done is a [`jobs::Job`] in the
//! [`queue`]; [`worker`] does the jobs, so many at a time, and tries again what may pass. How it is
//! done on the computer itself is in the crate `eidetic-deploy`.

pub mod accounts;
pub mod campaign;
pub mod host_keys;
pub mod jobs;
mod plans;
mod queue;
pub mod vault;
mod worker;

pub use plans::add_jobs;
pub use queue::{Deployment, QueueError};
pub use worker::{DeploySettings, serve};
