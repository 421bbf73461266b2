//! The disk as a seam: one flat folder of files.

use std::io;

mod folder;
#[cfg(test)]
pub(crate) mod memory;
mod system;

pub use folder::FolderDisk;

/// One folder of files, as little of it as the spool needs.
///
/// Nothing is durable before it is synced: not a file's bytes before [`Disk::sync`], not its
/// being there, its name or its being gone before [`Disk::sync_folder`].
pub trait Disk: Send {
    /// The names of all files, in no order.
    fn names(&mut self) -> io::Result<Vec<String>>;

    /// A file's length in bytes.
    fn length(&mut self, name: &str) -> io::Result<u64>;

    /// Up to `max_bytes` from `offset`; fewer only at the end of the file.
    fn read(&mut self, name: &str, offset: u64, max_bytes: usize) -> io::Result<Vec<u8>>;

    /// Adds to the end of a file, which it makes if need be. After an error any part of `bytes`
    /// may have been added.
    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Cuts a file to `length` bytes.
    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()>;

    /// Makes a file's bytes durable.
    fn sync(&mut self, name: &str) -> io::Result<()>;

    /// Renames a file; replaces the one that has the name.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Makes durable which files there are, and their names.
    fn sync_folder(&mut self) -> io::Result<()>;

    /// How many bytes are free on the disk for this process.
    fn free_bytes(&mut self) -> io::Result<u64>;
}
