//! Files that only the server's account can read, replaced as a whole.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::PkiError;

/// Makes a folder that only this account can enter, if it is not there.
pub fn private_folder(path: &Path) -> Result<(), PkiError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| file_error("make the folder", path, source))
}

/// Replaces a file, so that after a crash either the old one or the new one is there.
pub fn write_private(path: &Path, text: &str) -> Result<(), PkiError> {
    let write = || -> io::Result<()> {
        let temporary = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent()
            .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|source| file_error("write", path, source))
}

/// The text of a file, if it is there.
pub fn read(path: &Path) -> Result<Option<String>, PkiError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file_error("read", path, source)),
    }
}

/// A failure with a file.
pub fn file_error(attempt: &'static str, path: &Path, source: io::Error) -> PkiError {
    PkiError::File {
        attempt,
        path: path.to_owned(),
        source,
    }
}

/// A file that is not what it should be.
pub fn unusable(path: &Path, reason: &(impl ToString + ?Sized)) -> PkiError {
    PkiError::Unusable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}
