//! The computer that this program runs on: each system is a file here, chosen once.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub use linux::ThisComputer;
#[cfg(windows)]
pub use windows::ThisComputer;
