//! The promises of the codec, through its public interface.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod damage;
mod film;
mod identity;
mod limits;
mod scenes;
mod segments;
