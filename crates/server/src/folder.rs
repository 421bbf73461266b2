//! The data folder: what is where, and that only one server runs on it.
//!
//! | path | what |
//! |---|---|
//! | `control.db` | control data (SQLite) |
//! | `audit/` | activity records (SQLite part files) |
//! | `segments/` | screen segments |
//! | `pki/` | the server's certificates and keys, and the key of the accounts' secrets |
//! | `run/server.lock` | held by the server that runs |
//! | `run/endpoints.json` | where the server that runs can be reached |

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use eidetic_model::Clock;
use eidetic_runtime::RandomIds;
use eidetic_store::{
    StoreError, audit::SqliteAudit, control::SqliteControl, segments::ObjectSegments,
};
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};

use crate::{
    components::{Components, ConnectedAgents, News},
    control::Lines,
    deployment::{Deployment, vault::Vault},
    directory::Directories,
    health::duplicates::Duplicates,
    mail::Mail,
    pki::{Authority, PkiError},
    plans,
};

/// A server's data folder.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// The right to run a server on a folder. Another process cannot have it at the same time.
#[derive(Debug)]
pub struct RunLock(#[expect(dead_code, reason = "held, not used")] File);

/// Where a running server can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// For agents: an address and a port.
    pub agents: String,
    /// For browsers: a URL.
    pub console: String,
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A file or folder cannot be read or written.
    #[error("failed to {attempt} {path}")]
    File {
        /// What was tried.
        attempt: &'static str,
        /// The path.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A server runs on it.
    #[error("another server is running on {0}: stop it first, or choose another data folder")]
    InUse(PathBuf),
    /// A store cannot be opened.
    #[error("failed to open the stores in {path}")]
    Store {
        /// The data folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The authority cannot be opened.
    #[error(transparent)]
    Pki(#[from] PkiError),
}

impl DataFolder {
    /// The folder; made if it is not there. It is for this account only: one that is there is
    /// closed to others.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let folder = Self(path.to_owned());
        for folder in [path.to_owned(), folder.run()] {
            make_private(&folder).map_err(|source| FolderError::File {
                attempt: "make the folder",
                path: folder,
                source,
            })?;
        }
        Ok(folder)
    }

    /// Where the certificates are.
    pub fn pki(&self) -> PathBuf {
        self.0.join("pki")
    }

    /// Takes the right to run a server on this folder.
    ///
    /// # Errors
    ///
    /// If another process has it.
    pub fn lock(&self) -> Result<RunLock, FolderError> {
        let path = self.run().join("server.lock");
        let failed = |source| FolderError::File {
            attempt: "lock",
            path: path.clone(),
            source,
        };
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock(file)),
            Err(TryLockError::WouldBlock) => Err(FolderError::InUse(self.0.clone())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    /// The authority in this folder; made if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be read or made.
    pub fn authority(&self, clock: &dyn Clock) -> Result<Authority, FolderError> {
        Ok(Authority::open(&self.pki(), clock.wall())?)
    }

    /// Only the control data: beside a running server, too.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub fn control(&self) -> Result<SqliteControl, FolderError> {
        SqliteControl::open(self.0.join("control.db")).map_err(|source| self.store_error(source))
    }

    /// All stores and what else the parts of a server share.
    ///
    /// # Errors
    ///
    /// If a store cannot be opened.
    pub async fn components(&self, clock: Arc<dyn Clock>) -> Result<Components, FolderError> {
        let failed = |source| self.store_error(source);
        let control = Arc::new(self.control()?);
        let audit = SqliteAudit::open(self.0.join("audit"), clock.clone()).map_err(failed)?;
        let segments = ObjectSegments::local(self.0.join("segments"))
            .await
            .map_err(failed)?;
        let plans = plans::load(control.as_ref()).await.map_err(failed)?;
        let vault = Vault::open(&self.pki())?;
        let deployment = Deployment::new(vault.clone());
        deployment.load(control.as_ref()).await.map_err(failed)?;
        let directories = Directories::default();
        directories.load(control.as_ref()).await.map_err(failed)?;
        // Before the first agent comes: none shall be in another plan until a directory is asked.
        let plans = plans.with_members(directories.members());
        Ok(Components {
            audit: Arc::new(audit),
            health: control.clone(),
            control,
            segments: Arc::new(segments),
            listening_since: clock.wall(),
            clock,
            ids: Arc::new(RandomIds),
            news: News::new(),
            plans: watch::Sender::new(Arc::new(plans)),
            connected: ConnectedAgents::default(),
            lines: Lines::default(),
            duplicates: Duplicates::default(),
            mail: Mail::new(vault),
            deployment,
            check_requests: broadcast::Sender::new(256),
            directories,
        })
    }

    /// Tells scripts where the server can be reached.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn publish(&self, endpoints: &Endpoints) -> Result<(), FolderError> {
        let path = self.run().join("endpoints.json");
        let write = || -> io::Result<()> {
            let temporary = path.with_extension("new");
            let mut file = File::create(&temporary)?;
            serde_json::to_writer(&mut file, endpoints)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(|source| FolderError::File {
            attempt: "write",
            path: path.clone(),
            source,
        })
    }

    /// Takes back what [`DataFolder::publish`] told.
    pub fn unpublish(&self) {
        let _not_there = fs::remove_file(self.run().join("endpoints.json"));
    }

    fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    fn store_error(&self, source: StoreError) -> FolderError {
        FolderError::Store {
            path: self.0.clone(),
            source,
        }
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn only_one_server_runs_on_a_folder() {
        let temporary = TempDir::new().unwrap();
        let folder = DataFolder::open(&temporary.path().join("data")).unwrap();
        let lock = folder.lock().unwrap();
        let refused = folder.lock().unwrap_err();
        assert!(matches!(refused, FolderError::InUse(_)), "{refused}");
        drop(lock);
        assert!(folder.lock().is_ok());
    }

    #[test]
    fn a_folder_that_is_there_is_closed_to_other_accounts() {
        use std::os::unix::fs::PermissionsExt as _;
        let temporary = TempDir::new().unwrap();
        let path = temporary.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        DataFolder::open(&path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn scripts_find_where_the_server_is() {
        let temporary = TempDir::new().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let endpoints = Endpoints {
            agents: "127.0.0.1:9004".into(),
            console: "https://127.0.0.1:9443".into(),
        };
        folder.publish(&endpoints).unwrap();
        let path = temporary.path().join("run/endpoints.json");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "{\"agents\":\"127.0.0.1:9004\",\"console\":\"https://127.0.0.1:9443\"}\n"
        );
        folder.unpublish();
        assert!(!path.exists());
    }
}
