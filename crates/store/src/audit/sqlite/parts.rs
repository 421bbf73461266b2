//! The part files: which there are, and connections to them.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::Connection;

use super::schema::{MIGRATIONS, PAGE_BYTES};
use crate::{
    StoreError,
    audit::position::Month,
    sqlite::{Failure, open_readable, open_writable},
};

/// The part files of one audit database.
pub(super) struct Parts {
    folder: PathBuf,
    known: Mutex<BTreeMap<Month, Part>>,
    generations: AtomicU64,
    /// A full disk, for tests.
    #[cfg(test)]
    pub max_pages: Option<u32>,
}

/// One part file.
struct Part {
    /// Tells it from an earlier one of the same month that was removed.
    generation: u64,
    /// Its connections that are not in use.
    idle: Vec<Connection>,
}

/// A connection for reading one part; goes back to its part when dropped.
pub(super) struct Reader<'p> {
    parts: &'p Parts,
    month: Month,
    generation: u64,
    connection: Option<Connection>,
}

impl Parts {
    /// Finds the parts in a folder, makes the folder if it is not there, and checks that each part
    /// can be read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |attempt| move |source: io::Error| file_error(attempt, source);
        fs::create_dir_all(folder).map_err(failed("make the folder of the audit database"))?;
        let parts = Self {
            folder: folder.to_owned(),
            known: Mutex::default(),
            generations: AtomicU64::default(),
            #[cfg(test)]
            max_pages: None,
        };
        for entry in fs::read_dir(folder).map_err(failed("list the audit database"))? {
            let name = entry
                .map_err(failed("list the audit database"))?
                .file_name();
            let month = name
                .to_str()
                .and_then(|name| name.strip_suffix(".db"))
                .and_then(|month| month.parse().ok());
            if let Some(month) = month {
                parts
                    .writer(month)
                    .map_err(|failure| failure.into_error("open the audit database", WHAT))?;
            }
        }
        Ok(parts)
    }

    /// The parts, oldest first.
    pub fn months(&self) -> Vec<Month> {
        self.known().keys().copied().collect()
    }

    /// Opens a part for writing; makes it if it is not there.
    pub fn writer(&self, month: Month) -> Result<Connection, Failure> {
        let is_known = self.known().contains_key(&month);
        let what = format!("part {month} of the audit database");
        let connection = open_writable(&self.path(month), PAGE_BYTES, &what, MIGRATIONS)?;
        #[cfg(test)]
        if let Some(max_pages) = self.max_pages {
            connection.pragma_update(None, "max_page_count", max_pages)?;
        }
        if !is_known {
            File::open(&self.folder)
                .and_then(|folder| folder.sync_all())
                .map_err(|source| file_error("keep a new part of the audit database", source))?;
            self.known().insert(
                month,
                Part {
                    generation: self.generations.fetch_add(1, Ordering::Relaxed),
                    idle: Vec::new(),
                },
            );
        }
        Ok(connection)
    }

    /// A connection for reading a part; `None` if it is not there (any more).
    pub fn reader(&self, month: Month) -> Result<Option<Reader<'_>>, Failure> {
        let (generation, idle) = match self.known().get_mut(&month) {
            None => return Ok(None),
            Some(part) => (part.generation, part.idle.pop()),
        };
        let connection = match idle {
            Some(connection) => connection,
            None => open_readable(&self.path(month))?,
        };
        Ok(Some(Reader {
            parts: self,
            month,
            generation,
            connection: Some(connection),
        }))
    }

    /// Removes a part. It must not be open for writing.
    pub fn remove(&self, month: Month) -> Result<(), Failure> {
        self.known().remove(&month);
        let path = self.path(month);
        // The log goes last: without the file it is never read, but the file is nothing without it.
        for suffix in ["", "-shm", "-wal"] {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            match fs::remove_file(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(file_error("remove a part of the audit database", error).into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The bytes of all parts on disk.
    pub fn bytes(&self) -> Result<u64, StoreError> {
        let mut bytes = 0;
        let failed = |source| file_error("measure the audit database", source);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            // A file that is just being removed has no length any more.
            if let Ok(metadata) = entry.map_err(failed)?.metadata() {
                bytes += metadata.len();
            }
        }
        Ok(bytes)
    }

    fn path(&self, month: Month) -> PathBuf {
        self.folder.join(format!("{month}.db"))
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Month, Part>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::ops::Deref for Reader<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("it is taken only when dropped")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take();
        let mut known = self.parts.known();
        let idle: usize = known.values().map(|part| part.idle.len()).sum();
        if idle < MAX_IDLE
            && let Some(part) = known.get_mut(&self.month)
            && part.generation == self.generation
        {
            part.idle.extend(connection);
        }
    }
}

fn file_error(attempt: &'static str, source: io::Error) -> StoreError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::Full { what: WHAT }
        }
        _ => StoreError::Failed {
            attempt,
            source: Box::new(source),
        },
    }
}

/// What the audit database holds, as errors say it.
pub(super) const WHAT: &str = "activity records";

const MAX_IDLE: usize = 32;
