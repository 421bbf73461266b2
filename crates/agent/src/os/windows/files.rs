//! Files and folders of the agent: the folder is closed, and what is in it takes that over.

use std::{
    fs::{self, OpenOptions},
    io,
    os::windows::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use eidetic_winapi::{folder::close_to_others, protect};
use known_folders::{KnownFolder, get_known_folder_path};

/// The agent's folder, unless another one is named.
pub(crate) fn default_state_folder() -> PathBuf {
    get_known_folder_path(KnownFolder::ProgramData)
        .unwrap_or_else(|| PathBuf::from(r"C:\ProgramData"))
        .join(r"Eidetic\Agent")
}

/// What the command line says of it.
pub(crate) const STATE_FOLDER_HELP: &str =
    r"The agent's folder [default: C:\ProgramData\Eidetic\Agent]";

/// Makes a folder, which [`close_folder`] then closes.
pub(crate) fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Who may read a file is its folder's to say.
pub(crate) fn let_all_read(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Closes a folder to all but the system and the administrators. A link is refused: others may have
/// made it, and it may lead anywhere.
pub(crate) fn close_folder(path: &Path) -> io::Result<()> {
    let attributes = fs::symlink_metadata(path)?.file_attributes();
    if attributes & FILE_ATTRIBUTE_REPARSE_POINT != 0 {
        return Err(io::Error::other(
            "it is a link: remove it, or name another folder",
        ));
    }
    close_to_others(path).map_err(io::Error::other)
}

/// Folders take over from above who may enter.
pub(crate) fn open_folder_to_all(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A file that takes over from its folder who may open it.
pub(crate) fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// Makes durable which files there are in a folder, and their names.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
        .open(path)?
        .sync_all()
}

/// What is kept of a secret in its file: only this computer can read it.
pub(crate) fn seal_secret(secret: &[u8]) -> io::Result<Vec<u8>> {
    protect::seal(secret).map_err(io::Error::other)
}

/// The secret of which that was kept.
pub(crate) fn open_secret(kept: &[u8]) -> io::Result<Vec<u8>> {
    protect::open(kept).map_err(io::Error::other)
}

/// Without it a folder cannot be opened.
const FILE_FLAG_BACKUP_SEMANTICS: u32 = 0x0200_0000;

/// It is a link, or mounted from elsewhere.
const FILE_ATTRIBUTE_REPARSE_POINT: u32 = 0x400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::{SecretFiles, Secrets as _};

    #[test]
    fn key_on_the_disk_is_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::in_folder(folder.path().join("secrets"));
        secrets.write("spool", b"a key of the spool").unwrap();
        let kept = fs::read(folder.path().join("secrets/spool.key")).unwrap();
        assert!(!kept.windows(5).any(|bytes| bytes == b"spool"));
        let key = secrets.read("spool").unwrap();
        assert_eq!(key.as_deref(), Some(&b"a key of the spool"[..]));
    }
}
