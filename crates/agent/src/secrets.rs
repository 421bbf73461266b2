//! Keys at rest.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::{
    os,
    state_folder::{make_private_folder, replace_file},
};

/// Where keys are kept, so that nobody but the agent can read them.
pub(crate) trait Secrets: Send + Sync {
    /// The secret of this name, if there is one.
    fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>>;

    /// Keeps a secret, in the place of an older one.
    fn write(&self, name: &str, secret: &[u8]) -> anyhow::Result<()>;

    /// Removes a secret, if there is one.
    fn forget(&self, name: &str) -> anyhow::Result<()>;
}

/// Keeps each secret in a file that only its owner, root or the system, can read.
#[derive(Debug)]
pub(crate) struct SecretFiles(PathBuf);

impl SecretFiles {
    /// In this folder.
    pub(crate) fn in_folder(path: PathBuf) -> Self {
        Self(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(Path::new(name).with_extension("key"))
    }
}

impl Secrets for SecretFiles {
    fn read(&self, name: &str) -> anyhow::Result<Option<Vec<u8>>> {
        match fs::read(self.file(name)) {
            Ok(sealed) => os::open_secret(&sealed).map(Some).with_context(|| {
                format!("the {name} key was sealed on another computer or is damaged")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("failed to read the {name} key")),
        }
    }

    fn write(&self, name: &str, secret: &[u8]) -> anyhow::Result<()> {
        make_private_folder(&self.0)
            .and_then(|()| replace_file(&self.file(name), &os::seal_secret(secret)?))
            .with_context(|| format!("failed to write the {name} key"))
    }

    fn forget(&self, name: &str) -> anyhow::Result<()> {
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("failed to remove the {name} key"))
            }
            _ => Ok(()),
        }
    }
}

/// The secret of 32 random bytes of this name; made at the first time.
pub(crate) fn random_key(secrets: &dyn Secrets, name: &str) -> anyhow::Result<[u8; 32]> {
    if let Some(secret) = secrets.read(name)? {
        return <[u8; 32]>::try_from(secret)
            .map_err(|_| anyhow::anyhow!("the {name} key has not 32 bytes: it was damaged"));
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).context("the operating system gives no random bytes")?;
    secrets.write(name, &key)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = SecretFiles::in_folder(folder.path().join("secrets"));
        let key = random_key(&secrets, "spool").unwrap();
        assert_eq!(random_key(&secrets, "spool").unwrap(), key);
        assert_ne!(random_key(&secrets, "other").unwrap(), key);
        secrets.write("spool", b"cut").unwrap();
        assert!(random_key(&secrets, "spool").is_err());
    }
}
