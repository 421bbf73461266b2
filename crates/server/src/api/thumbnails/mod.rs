//! Small pictures of sessions: one frame each, decoded, shrunk, and kept for a while.
//!
//! `choice` says which frame, `picture` decodes and shrinks it, `cache` keeps what was made last,
//! and `maker` leads them.

mod cache;
mod choice;
mod maker;
mod picture;

pub use maker::Thumbnails;
