//! Capture on real systems: X servers, window managers, programs, a bus.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(target_os = "linux")]
mod linux;
