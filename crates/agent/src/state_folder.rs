//! The agent's folder: what is in it, and replacing files in it so that a crash never leaves half.
//!
//! ```text
//! agent/                mode 0700; on Windows for the system and the administrators
//!   identity.toml       who this agent is, from enrolment
//!   secrets/            keys, each a file of mode 0600
//!   spool/              see the crate `eidetic-spool`
//!   alive.toml          what is being recorded and what is owed, for the next start
//!   policy.toml         the last policy from the server, for a start without it
//!   prerequisites.toml  adjustments that the server does not have, and how its clock goes
//!   status.json         what `eidetic-agent status` shows
//! ```

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::os;

/// The agent's folder.
#[derive(Clone, Debug)]
pub(crate) struct StateFolder(PathBuf);

impl StateFolder {
    /// The folder at `path`, which is made if need be, for its owner alone.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        make_private_folder(path)
            .with_context(|| format!("failed to make the state folder {}", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder at `path` as it is.
    pub(crate) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Who this agent is.
    pub(crate) fn identity(&self) -> PathBuf {
        self.0.join("identity.toml")
    }

    /// The keys.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }

    /// The spool.
    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    /// What is being recorded.
    pub(crate) fn alive(&self) -> PathBuf {
        self.0.join("alive.toml")
    }

    /// The last policy.
    pub(crate) fn policy(&self) -> PathBuf {
        self.0.join("policy.toml")
    }

    /// What is noted of prerequisites.
    pub(crate) fn prerequisites(&self) -> PathBuf {
        self.0.join("prerequisites.toml")
    }

    /// What the service says of itself.
    pub(crate) fn status(&self) -> PathBuf {
        self.0.join("status.json")
    }
}

/// Makes a folder for its owner alone; one that is there is closed to others. Folders above it
/// that have to be made are open to all: others keep their own things there.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        make_open_folder(parent)?;
    }
    match os::create_private_folder(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    os::close_folder(path)
}

fn make_open_folder(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_open_folder(parent)?;
    }
    match fs::create_dir(path) {
        // Somebody else was faster, and says who may enter.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made?,
    }
    // Whatever the umask is: a service's is strict.
    os::open_folder_to_all(path)
}

/// Replaces a file, or makes it, for its owner alone: after a crash it has the old content or the
/// new one.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = os::private_file()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&new)?;
    file.write_all(content)?;
    file.sync_data()?;
    drop(file);
    fs::rename(&new, path)?;
    if let Some(folder) = path.parent() {
        os::sync_folder(folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_old_content_or_the_new_one() {
        let outer = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(&outer.path().join("eidetic/agent")).unwrap();
        replace_file(&folder.alive(), b"one").unwrap();
        replace_file(&folder.alive(), b"two").unwrap();
        assert_eq!(fs::read(folder.alive()).unwrap(), b"two");
        let names = fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), 1, "nothing else is left");
    }
}
