//! The file that is made: whole, or not at all.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use tempfile::{NamedTempFile, TempPath};

/// Which container, by the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// H.264 in MP4.
    Mp4,
    /// AV1 in WebM.
    WebM,
}

impl Format {
    /// The format of a file with this name.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let extension = path.extension().and_then(OsStr::to_str);
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("mp4") => Ok(Self::Mp4),
            Some("webm") => Ok(Self::WebM),
            _ => bail!(
                "{}: the file's name must end in .mp4 or .webm",
                path.display()
            ),
        }
    }
}

/// A file that gets its name when it is complete, and is gone if it never is: also after Ctrl-C.
pub struct Output {
    file: BufWriter<File>,
    path: PathBuf,
    /// The name until then; taken by whoever decides what becomes of the file.
    temporary: Arc<Mutex<Option<TempPath>>>,
}

impl Output {
    /// Begins a file in the folder of `path`.
    pub fn create(path: &Path, overwrite: bool) -> anyhow::Result<Self> {
        if path.exists() && !overwrite {
            bail!(
                "{} is there already: say --force to replace it",
                path.display()
            );
        }
        let temporary = temporary_file(folder_of(path))
            .with_context(|| format!("failed to make a file beside {}", path.display()))?;
        let (file, temporary) = temporary.into_parts();
        let temporary = Arc::new(Mutex::new(Some(temporary)));
        remove_when_interrupted(Arc::clone(&temporary))?;
        Ok(Self {
            file: BufWriter::with_capacity(1 << 18, file),
            path: path.to_owned(),
            temporary,
        })
    }

    /// The file as it is written.
    pub fn file(&mut self) -> &mut BufWriter<File> {
        &mut self.file
    }

    /// Gives the file its name. Returns how many bytes it has.
    pub fn complete(mut self) -> anyhow::Result<u64> {
        let failed = || format!("failed to write {}", self.path.display());
        self.file.flush().with_context(failed)?;
        let file = self.file.get_ref();
        file.sync_all().with_context(failed)?;
        let bytes = file.metadata().with_context(failed)?.len();
        // Whoever interrupts from here on comes too late.
        let mut temporary = self
            .temporary
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let temporary = temporary.take().context("interrupted")?;
        temporary.persist(&self.path).with_context(failed)?;
        Ok(bytes)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // Who listens for Ctrl-C has the name, too, and never lets go of it.
        drop(
            self.temporary
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }
}

/// The folder in which a file lies.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// At Ctrl-C and the like, removes the file before this program ends.
fn remove_when_interrupted(temporary: Arc<Mutex<Option<TempPath>>>) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        let mut temporary = temporary.lock().unwrap_or_else(PoisonError::into_inner);
        // Removed by dropping it.
        drop(temporary.take());
        std::process::exit(INTERRUPTED);
    })
    .context("failed to listen for Ctrl-C")
}

/// A file that others may read as they may any other; temporary ones usually are private.
fn temporary_file(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".eidetic-export-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// What a shell reports for a program that ended with the signal of Ctrl-C.
const INTERRUPTED: i32 = 130;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_the_format() {
        let format = |name: &str| Format::of(Path::new(name)).ok();
        assert_eq!(format("clip.mp4"), Some(Format::Mp4));
        assert_eq!(format("a.b/clip.WebM"), Some(Format::WebM));
        assert_eq!(format("clip"), None);
        assert_eq!(format("clip.avi"), None);
    }
}
