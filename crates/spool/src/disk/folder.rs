//! A folder of the real disk.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{
    Disk,
    system::{free_bytes, make_folder, open_folder, owners_file, read_exact_at},
};
use crate::SpoolError;

/// A folder of the real disk, locked against other processes while this value lives.
#[derive(Debug)]
pub struct FolderDisk {
    path: PathBuf,
    folder: File,
    /// Files that are being written and read, open for both. At most [`MAX_OPEN_FILES`].
    open: HashMap<String, File>,
    _lock: File,
}

impl FolderDisk {
    /// The folder at `path`, which is made if need be, for the owner alone.
    ///
    /// # Errors
    ///
    /// [`SpoolError::InUse`] if another process has it, else what the system says.
    pub fn open(path: &Path) -> Result<Self, SpoolError> {
        let here = || SpoolError::io(".");
        make_folder(path).map_err(here())?;
        let lock = owners_file()
            .create(true)
            .open(path.join(LOCK_FILE))
            .map_err(SpoolError::io(LOCK_FILE))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => SpoolError::InUse,
            TryLockError::Error(source) => SpoolError::io(LOCK_FILE)(source),
        })?;
        Ok(Self {
            path: path.to_owned(),
            folder: open_folder(path).map_err(here())?,
            open: HashMap::new(),
            _lock: lock,
        })
    }

    fn file(&mut self, name: &str, create: bool) -> io::Result<&File> {
        if !self.open.contains_key(name) {
            let file = owners_file().create(create).open(self.path.join(name))?;
            if self.open.len() >= MAX_OPEN_FILES {
                self.open.clear();
            }
            self.open.insert(name.to_owned(), file);
        }
        Ok(&self.open[name])
    }
}

impl Disk for FolderDisk {
    fn names(&mut self) -> io::Result<Vec<String>> {
        fs::read_dir(&self.path)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn length(&mut self, name: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path.join(name))?.len())
    }

    fn read(&mut self, name: &str, offset: u64, max_bytes: usize) -> io::Result<Vec<u8>> {
        let file = self.file(name, false)?;
        let left = file.metadata()?.len().saturating_sub(offset);
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(max_bytes)];
        read_exact_at(file, &mut bytes, offset)?;
        Ok(bytes)
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.file(name, true)?;
        io::Write::write_all(&mut file, bytes)
    }

    fn truncate(&mut self, name: &str, length: u64) -> io::Result<()> {
        // What is open to be appended to may not be cut on every system.
        self.open.remove(name);
        let file = OpenOptions::new().write(true).open(self.path.join(name))?;
        file.set_len(length)
    }

    fn sync(&mut self, name: &str) -> io::Result<()> {
        self.file(name, false)?.sync_data()
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.open.remove(from);
        self.open.remove(to);
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        self.open.remove(name);
        fs::remove_file(self.path.join(name))
    }

    fn sync_folder(&mut self) -> io::Result<()> {
        self.folder.sync_all()
    }

    fn free_bytes(&mut self) -> io::Result<u64> {
        free_bytes(&self.folder, &self.path)
    }
}

pub(super) const LOCK_FILE: &str = "spool.lock";

const MAX_OPEN_FILES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_user_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderDisk::open(folder.path()).unwrap();
        assert!(matches!(
            FolderDisk::open(folder.path()),
            Err(SpoolError::InUse)
        ));
        drop(first);
        assert!(FolderDisk::open(folder.path()).is_ok());
    }

    #[test]
    fn files_do_what_the_seam_says() {
        let folder = tempfile::tempdir().unwrap();
        let mut disk = FolderDisk::open(folder.path()).unwrap();
        disk.append("a", b"hello").unwrap();
        disk.append("a", b" world").unwrap();
        assert_eq!(disk.length("a").unwrap(), 11);
        assert_eq!(disk.read("a", 6, 100).unwrap(), b"world");
        assert_eq!(disk.read("a", 99, 100).unwrap(), b"");
        disk.truncate("a", 5).unwrap();
        disk.append("a", b"!").unwrap();
        disk.sync("a").unwrap();
        disk.rename("a", "b").unwrap();
        disk.sync_folder().unwrap();
        assert_eq!(disk.read("b", 0, 100).unwrap(), b"hello!");
        assert!(disk.read("a", 0, 1).is_err());
        assert!(disk.names().unwrap().contains(&"b".to_owned()));
        disk.remove("b").unwrap();
        assert!(disk.length("b").is_err());
        assert!(disk.free_bytes().unwrap() > 0);
    }
}
