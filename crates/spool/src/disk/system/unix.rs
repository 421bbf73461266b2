//! Linux: the owner's rights are in the file modes.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Makes the folder if need be, and closes it to everybody but the owner.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// The folder itself, to be synced.
pub(crate) fn open_folder(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Read, append, and nobody but the owner.
pub(crate) fn owners_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true).mode(0o600);
    options
}

/// Fills `bytes` from this offset of the file.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(bytes, offset)
}

/// How much this process may still write to the disk that the folder is on.
pub(crate) fn free_bytes(folder: &File, _path: &Path) -> io::Result<u64> {
    let volume = rustix::fs::fstatvfs(folder)?;
    Ok(volume.f_bavail.saturating_mul(volume.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::{
        super::super::{Disk as _, FolderDisk, folder::LOCK_FILE},
        *,
    };

    #[test]
    fn nobody_but_the_owner_can_read_the_files() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/spool");
        let mut disk = FolderDisk::open(&path).unwrap();
        disk.append("file", b"bytes").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("file")), 0o600);
        assert_eq!(mode(&path.join(LOCK_FILE)), 0o600);
    }
}
