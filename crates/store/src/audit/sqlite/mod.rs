//! The audit database in SQLite: one part file for each month, `parts/2026-11.db`.
//!
//! A record goes to the part of its time; its key there is its position, so that parts are asked
//! newest first, one at a time, and a page mostly touches one file. `schema` has the tables.
//! Searching goes so: `plan` resolves a filter on the part's dictionary, `scan` reads the newest
//! rows one by one, and if they do not fill the page, `candidates` asks the indexes where the
//! others are. One thread writes (`writer`); readers have connections of their own (`parts`).
//!
//! SQLite's write-ahead log is the only log: what was acknowledged is in it, synced, and the next
//! to open a file after a crash recovers it.

mod candidates;
mod deadline;
mod dictionary;
mod ingested;
mod insert;
mod parts;
mod plan;
mod purge;
mod purge_sessions;
mod read;
mod scan;
mod schema;
mod writer;

pub use database::SqliteAudit;

mod database;
