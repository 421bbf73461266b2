//! The agent's folder: what is in it, and replacing files in it so that a crash never leaves half.
//!
//! ```text
//! agent/                mode 0700
//!   identity.toml       who this agent is, from enrolment
//!   secrets/            keys, each a file of mode 0600
//!   spool/              see the crate `eidetic-spool`
//!   alive.toml          what is being recorded and what is owed, for the next start
//!   policy.toml         the last policy from the server, for a start without it
//!   status.json         what `eidetic-agent status` shows
//! ```

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

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
    match private(&mut DirBuilder::new()).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
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
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(())
}

fn private(builder: &mut DirBuilder) -> &DirBuilder {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    builder
}

/// Replaces a file, or makes it, for its owner alone: after a crash it has the old content or the
/// new one.
pub(crate) fn replace_file(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(content)?;
    file.sync_data()?;
    drop(file);
    fs::rename(&new, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_data()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn folders_and_files_are_for_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
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
    #[cfg(unix)]
    fn folders_above_are_open_to_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let outer = tempfile::tempdir().unwrap();
        let above = outer.path().join("eidetic");
        let folder = StateFolder::open(&above.join("agent")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&above), 0o755);
        assert_eq!(mode(folder.path()), 0o700);
    }
}
