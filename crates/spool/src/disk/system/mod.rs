//! What differs from system to system in a folder of the real disk, chosen once.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(super) use unix::{free_bytes, make_folder, open_folder, owners_file, read_exact_at};
#[cfg(windows)]
pub(super) use windows::{free_bytes, make_folder, open_folder, owners_file, read_exact_at};
