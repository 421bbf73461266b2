//! The programs of windows.

#[cfg(windows)]
mod inspector;
mod name;
mod run_as;

#[cfg(windows)]
pub(super) use inspector::ProcessInspector;
