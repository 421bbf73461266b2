//! What differs from system to system, beside capturing: each system is a folder here, chosen once.
//! All of them offer the same names.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(windows)]
pub(crate) use windows::*;
