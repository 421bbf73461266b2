//! What the server keeps: the audit database, control data and screen segments, each behind a
//! trait with one test suite for all its implementations.

pub mod audit;
pub mod control;
mod error;
pub mod segments;
mod sqlite;

pub use error::StoreError;
