//! A folder of our own in Windows' folder on the computer, over the share `ADMIN$`.

use std::{sync::Arc, time::Duration};

use smb2::{
    FileWriter, Tree,
    client::Connection,
    msg::{
        close::CloseRequest,
        create::{
            CreateDisposition, CreateRequest, CreateResponse, ImpersonationLevel, ShareAccess,
        },
        query_info::InfoType,
        set_info::SetInfoRequest,
    },
    pack::{ReadCursor, Unpack as _},
    types::{Command, FileId, OplockLevel, flags::FileAccessMask, status::NtStatus},
};

use super::{explain, session::Session};
use crate::{DeployError, Observer, Step, connection::within};

/// The folder. Only administrators and the system can enter it.
pub(super) struct Stage {
    connection: Connection,
    share: Arc<Tree>,
    name: String,
    free_mib: u64,
    files: Vec<&'static str>,
}

impl Stage {
    /// Makes it, if there is room for this many bytes in it.
    pub(super) async fn make(
        session: &mut Session,
        name: String,
        needed: u64,
    ) -> Result<Self, DeployError> {
        let share = session.share("ADMIN$").await?;
        let mut connection = session.connection.clone();
        let attempt = "looking for room";
        let room = within(attempt, LIMIT, share.fs_info(&mut connection)).await?;
        let free = room.map_err(not_copied)?.free_bytes;
        let stage = Self {
            connection,
            share: Arc::new(share),
            name,
            free_mib: free >> 20,
            files: Vec::new(),
        };
        if free < needed {
            return Err(stage.full(needed));
        }
        let made = within(
            "making a folder for the package",
            LIMIT,
            stage.make_folder(),
        )
        .await?;
        match made {
            Ok(()) => Ok(stage),
            Err(error) if explain::status(&error) == Some(explain::ACCESS_DENIED) => {
                Err(session.no_administrator())
            }
            Err(error) => Err(not_copied(error)),
        }
    }

    /// What it is called, as the computer itself finds it.
    pub(super) fn path(&self) -> String {
        format!(r"%SystemRoot%\{}", self.name)
    }

    /// Copies files there. Each arrives as it is: what is on its way is encrypted and authenticated.
    pub(super) async fn fill(
        &mut self,
        files: &[(&'static str, &[u8])],
        observer: &dyn Observer,
    ) -> Result<(), DeployError> {
        let total = files.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let copied = within("copying the package", COPY_LIMIT, async {
            let mut done = 0;
            observer.at(Step::Uploading { done, total });
            for (name, bytes) in files {
                // From now on there may be something of it, which is removed again.
                self.files.push(name);
                let mut writer = self.writer(name).await?;
                for part in bytes.chunks(PART_BYTES) {
                    writer.write_chunk(part).await?;
                    done += part.len() as u64;
                    observer.at(Step::Uploading { done, total });
                }
                writer.finish().await?;
            }
            Ok(())
        });
        copied.await?.map_err(|error: smb2::Error| {
            match explain::status(&error) == Some(explain::DISK_FULL) {
                true => self.full(total),
                false => not_copied(error),
            }
        })
    }

    /// What is in a small file there; nothing if there is none yet.
    pub(super) async fn read(&mut self, name: &str) -> Result<Option<String>, DeployError> {
        let path = self.inside(name);
        let reading = self.share.read_file_compound(&mut self.connection, &path);
        match within("reading what was done", LIMIT, reading).await? {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            // It is being written, or replaced.
            Err(error) => match explain::status(&error) {
                Some(
                    explain::NOT_FOUND
                    | 0xC000_0043
                    | explain::ACCESS_DENIED
                    | 0xC000_0056
                    | 0xC000_0011,
                ) => Ok(None),
                _ => Err(super::session::lost(&error)),
            },
        }
    }

    /// Takes a file away. What is in use for a moment is tried again.
    pub(super) async fn delete(&mut self, name: &str) -> Result<(), smb2::Error> {
        let path = self.inside(name);
        for _ in 0..DELETE_TRIES {
            match self.share.delete_file(&mut self.connection, &path).await {
                Ok(()) => return Ok(()),
                Err(error) => match explain::status(&error) {
                    Some(explain::NOT_FOUND) => return Ok(()),
                    Some(_) => tokio::time::sleep(DELETE_AGAIN_AFTER).await,
                    None => return Err(error),
                },
            }
        }
        self.share.delete_file(&mut self.connection, &path).await
    }

    /// Leaves nothing behind.
    pub(super) async fn remove(mut self, left_by_the_program: &[&str]) {
        let names: Vec<_> = self.files.drain(..).collect();
        let names = names.iter().chain(left_by_the_program);
        let removed = within("tidying up", LIMIT, async {
            for name in names {
                self.delete(name).await?;
            }
            let name = self.name.clone();
            self.share
                .delete_directory(&mut self.connection, &name)
                .await
        });
        if let Err(error) | Ok(Err(error)) = removed.await.map(|done| done.map_err(not_copied)) {
            tracing::warn!(%error, folder = self.name, "copied files stay on the computer");
        }
    }

    /// That there is no room.
    pub(super) fn full(&self, needed: u64) -> DeployError {
        DeployError::DiskFull {
            place: "Windows' drive".to_owned(),
            free_mib: self.free_mib,
            needed_mib: needed.div_ceil(1 << 20),
        }
    }

    async fn make_folder(&self) -> Result<(), smb2::Error> {
        let request = CreateRequest {
            requested_oplock_level: OplockLevel::None,
            impersonation_level: ImpersonationLevel::Impersonation,
            desired_access: FileAccessMask::new(
                FileAccessMask::FILE_READ_DATA
                    | FileAccessMask::FILE_READ_ATTRIBUTES
                    | FileAccessMask::READ_CONTROL
                    | FileAccessMask::WRITE_DAC,
            ),
            file_attributes: DIRECTORY,
            share_access: ShareAccess(ShareAccess::FILE_SHARE_READ),
            create_disposition: CreateDisposition::FileCreate,
            create_options: IS_DIRECTORY,
            name: self.name.clone(),
            create_contexts: Vec::new(),
        };
        let body = self.ask(Command::Create, &request).await?;
        let folder = CreateResponse::unpack(&mut ReadCursor::new(&body))?.file_id;
        // Before anything is in it.
        let closed_to_others = self.close_to_others(folder).await;
        let close = CloseRequest {
            flags: 0,
            file_id: folder,
        };
        self.ask(Command::Close, &close).await?;
        closed_to_others
    }

    async fn close_to_others(&self, folder: FileId) -> Result<(), smb2::Error> {
        let request = SetInfoRequest {
            info_type: InfoType::Security,
            file_info_class: 0,
            additional_information: WHO_MAY_ENTER,
            file_id: folder,
            buffer: SYSTEM_AND_ADMINISTRATORS.to_vec(),
        };
        self.ask(Command::SetInfo, &request).await.map(drop)
    }

    async fn ask(
        &self,
        command: Command,
        request: &dyn smb2::pack::Pack,
    ) -> Result<Vec<u8>, smb2::Error> {
        let tree = Some(self.share.tree_id);
        let frame = self.connection.execute(command, request, tree).await?;
        match frame.header.status {
            NtStatus::SUCCESS => Ok(frame.body),
            status => Err(smb2::Error::Protocol { status, command }),
        }
    }

    async fn writer(&self, name: &str) -> Result<FileWriter, smb2::Error> {
        let path = self.inside(name);
        self.share
            .create_file_writer_exclusive(self.connection.clone(), &path)
            .await
    }

    fn inside(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }
}

fn not_copied(error: smb2::Error) -> DeployError {
    match error {
        smb2::Error::Disconnected | smb2::Error::Timeout | smb2::Error::Io(_) => {
            super::session::lost(&error)
        }
        error => DeployError::NotCopied(error.to_string()),
    }
}

/// D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA), as it is sent (MS-DTYP, section 2.4.6): nothing is
/// inherited, and all that is made in it inherits this.
#[rustfmt::skip]
const SYSTEM_AND_ADMINISTRATORS: [u8; 72] = [
    // The descriptor: no owner, no group, a list that is protected, at 20.
    1, 0, 0x04, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0,
    // The list of two.
    2, 0, 52, 0, 2, 0, 0, 0,
    // Everything to S-1-5-18.
    0, 3, 20, 0, 0xFF, 0x01, 0x1F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
    // Everything to S-1-5-32-544.
    0, 3, 24, 0, 0xFF, 0x01, 0x1F, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 0x02, 0, 0,
];

/// The list, and that nothing is inherited (MS-SMB2, section 2.2.39).
const WHO_MAY_ENTER: u32 = 0x8000_0004;

const DIRECTORY: u32 = 0x10;

const IS_DIRECTORY: u32 = 1;

const PART_BYTES: usize = 1 << 20;

const LIMIT: Duration = Duration::from_secs(60);

const COPY_LIMIT: Duration = Duration::from_secs(20 * 60);

/// A program that has ended is in use for a moment longer.
const DELETE_TRIES: u32 = 20;

const DELETE_AGAIN_AFTER: Duration = Duration::from_millis(250);
