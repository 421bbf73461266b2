//! Files and folders of the agent: the owner's rights are in their modes.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

/// The agent's folder, unless another one is named.
pub(crate) fn default_state_folder() -> PathBuf {
    PathBuf::from("/var/lib/eidetic/agent")
}

/// What the command line says of it.
pub(crate) const STATE_FOLDER_HELP: &str = "The agent's folder [default: /var/lib/eidetic/agent]";

/// Makes a folder for its owner alone.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Closes a folder to all but its owner.
pub(crate) fn close_folder(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Lets everybody into a folder, whatever the umask is: a service's is strict.
pub(crate) fn open_folder_to_all(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// Lets everybody read a file, whatever the umask is.
pub(crate) fn let_all_read(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// A file that is for its owner alone.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes durable which files there are in a folder, and their names.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_data()
}

/// What is kept of a secret in its file, which nobody else can read.
pub(crate) fn seal_secret(secret: &[u8]) -> io::Result<Vec<u8>> {
    Ok(secret.to_vec())
}

/// The secret of which that was kept.
pub(crate) fn open_secret(kept: &[u8]) -> io::Result<Vec<u8>> {
    Ok(kept.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state_folder::{StateFolder, replace_file};

    #[test]
    fn folders_and_files_are_for_their_owner_alone() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("agent");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let folder = StateFolder::open(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        replace_file(&folder.alive(), b"one").unwrap();
        replace_file(&folder.alive(), b"two").unwrap();
        assert_eq!(fs::read(folder.alive()).unwrap(), b"two");
        assert_eq!(mode(&folder.alive()), 0o600);
    }

    #[test]
    fn folders_above_are_open_to_others() {
        let outer = tempfile::tempdir().unwrap();
        let above = outer.path().join("eidetic");
        let folder = StateFolder::open(&above.join("agent")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&above), 0o755);
        assert_eq!(mode(folder.path()), 0o700);
    }
}
