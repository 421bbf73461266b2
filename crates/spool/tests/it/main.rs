//! The spool on a real disk.

#![expect(clippy::unwrap_used, reason = "these are tests, with their helpers")]

mod kill;
