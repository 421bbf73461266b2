//! Copying files to a computer.

use std::time::Duration;

use russh_sftp::{
    client::{SftpSession, error::Error as SftpError},
    protocol::{FileAttributes, OpenFlags},
};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use crate::{
    DeployError, Observer, Step,
    commands::{MAKE_STAGE, shell},
    connection::{Connection, within},
};

/// A folder on the computer that no other account can enter.
pub(crate) struct Stage {
    path: String,
}

impl Stage {
    /// Makes one.
    pub(crate) async fn make(connection: &Connection) -> Result<Self, DeployError> {
        let attempt = "making a folder for the package";
        let made = connection
            .run(attempt, &shell(MAKE_STAGE), "", LIMIT)
            .await?;
        let path = made.out;
        let name = path.strip_prefix("/tmp/eidetic-deploy.");
        let is_ours = name.is_some_and(|name| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())
        });
        if made.code != Some(0) || !is_ours {
            return Err(DeployError::Command {
                attempt,
                said: made.complaint,
            });
        }
        Ok(Self { path })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Copies files there, and sees to it that they arrived as they were.
    pub(crate) async fn fill(
        &self,
        connection: &Connection,
        files: &[(&str, &[u8])],
        observer: &dyn Observer,
    ) -> Result<(), DeployError> {
        within("copying the package", COPY_LIMIT, async {
            let channel = connection.sftp().await?;
            let sftp = SftpSession::new(channel).await.map_err(no_sftp)?;
            let total = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
            let mut done = 0;
            observer.at(Step::Uploading { done, total });
            for (name, bytes) in files {
                let path = format!("{}/{name}", self.path);
                let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
                let only_mine = FileAttributes {
                    permissions: Some(0o600),
                    ..FileAttributes::empty()
                };
                let file = sftp.open_with_flags_and_attributes(path, flags, only_mine);
                let mut file = file.await.map_err(not_copied)?;
                for part in bytes.chunks(PART_BYTES) {
                    file.write_all(part).await.map_err(not_written)?;
                    done += part.len() as u64;
                    observer.at(Step::Uploading { done, total });
                }
                file.shutdown().await.map_err(not_written)?;
            }
            let _said_by_its_end = sftp.close().await;
            Ok(())
        })
        .await??;
        for (name, bytes) in files {
            self.check(connection, name, bytes).await?;
        }
        Ok(())
    }

    /// Leaves nothing behind.
    pub(crate) async fn remove(self, connection: &Connection) {
        let script = format!("rm -rf {}", self.path);
        let removed = connection
            .run("tidying up", &shell(&script), "", LIMIT)
            .await;
        if let Err(error) = removed {
            tracing::warn!(%error, folder = self.path, "copied files stay on the computer");
        }
    }

    async fn check(
        &self,
        connection: &Connection,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), DeployError> {
        let script = format!("sha256sum {}/{name}", self.path);
        let said = connection
            .run("checking the copy", &shell(&script), "", LIMIT)
            .await?;
        let expected = hex::encode(Sha256::digest(bytes));
        if said.out.split_whitespace().next() != Some(&*expected) {
            return Err(DeployError::NotCopied(
                "it did not arrive as it was sent".to_owned(),
            ));
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn no_sftp(error: SftpError) -> DeployError {
    DeployError::NotCopied(format!(
        "it takes no files over SFTP; allow `Subsystem sftp` in its SSH server ({error})"
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_copied(error: SftpError) -> DeployError {
    DeployError::NotCopied(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_written(error: std::io::Error) -> DeployError {
    DeployError::NotCopied(error.to_string())
}

const PART_BYTES: usize = 256 << 10;
const LIMIT: Duration = Duration::from_secs(60);
const COPY_LIMIT: Duration = Duration::from_secs(20 * 60);
