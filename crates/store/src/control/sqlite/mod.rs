//! Control data in one SQLite file, `control.db`.
//!
//! `schema` has the tables. One thread writes (`writer`): changes that wait at the same time
//! become durable together. Reading has connections of its own.

mod agents;
mod apply;
mod checks;
mod codes;
mod columns;
mod database;
mod file;
mod health;
mod health_store;
mod plans;
mod recordings;
mod records_retention;
mod schema;
mod segments;
mod users;
mod writer;

pub use file::SqliteControl;
