//! Each prerequisite is broken in turn, on a computer that plays a script: it is found, explained,
//! and mended where that is promised.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agent;
mod server;
