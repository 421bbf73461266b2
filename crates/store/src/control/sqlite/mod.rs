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
mod health;
mod health_store;
mod plans;
mod recordings;
mod schema;
mod segments;
mod users;
mod writer;

pub use database::SqliteControl;
