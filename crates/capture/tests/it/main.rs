//! Capturing for real: on each system its displays, with programs on them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;
