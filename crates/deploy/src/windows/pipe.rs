//! Calling procedures of a computer over a named pipe.
//!
//! MS-RPCE over SMB (section 2.1.1.2): each message is written to the pipe and its answer read from
//! it in one go. Who calls is whom the SMB session belongs to; that session signs and encrypts what
//! is said, so that the messages themselves are not.

use smb2::{
    Tree,
    client::Connection,
    msg::{
        close::CloseRequest,
        create::{
            CreateDisposition, CreateRequest, CreateResponse, ImpersonationLevel, ShareAccess,
        },
        ioctl::{FSCTL_PIPE_TRANSCEIVE, IoctlRequest, IoctlResponse, SMB2_0_IOCTL_IS_FSCTL},
    },
    pack::{Guid, Pack as _, ReadCursor, Unpack as _, WriteCursor},
    rpc::{build_request, parse_bind_ack, parse_response_fragment},
    types::{Command, FileId, OplockLevel, TreeId, flags::FileAccessMask, status::NtStatus},
};

/// An open pipe, bound to an interface.
pub(super) struct Pipe {
    connection: Connection,
    tree: TreeId,
    file: FileId,
    calls: u32,
}

/// An interface of procedures and its version.
pub(super) struct Interface {
    pub(super) id: Guid,
    pub(super) version: u32,
}

/// Why a call did not come back.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error(transparent)]
    Smb(#[from] smb2::Error),
    /// The computer refused to run the procedure at all.
    #[error("it was refused with {0:#010x}")]
    Fault(u32),
    /// What came back is not what should.
    #[error("its answer makes no sense: {0}")]
    Answer(String),
}

impl Pipe {
    /// Opens a pipe and binds it.
    pub(super) async fn open(
        connection: &Connection,
        tree: &Tree,
        name: &str,
        interface: &Interface,
    ) -> Result<Self, CallError> {
        let request = CreateRequest {
            requested_oplock_level: OplockLevel::None,
            impersonation_level: ImpersonationLevel::Impersonation,
            desired_access: FileAccessMask::new(
                FileAccessMask::FILE_READ_DATA | FileAccessMask::FILE_WRITE_DATA,
            ),
            file_attributes: 0,
            share_access: ShareAccess(ShareAccess::FILE_SHARE_READ | ShareAccess::FILE_SHARE_WRITE),
            create_disposition: CreateDisposition::FileOpen,
            create_options: 0,
            name: name.to_owned(),
            create_contexts: Vec::new(),
        };
        let tree = tree.tree_id;
        let frame = connection
            .execute(Command::Create, &request, Some(tree))
            .await?;
        expect_success(frame.header.status, Command::Create)?;
        let opened = CreateResponse::unpack(&mut ReadCursor::new(&frame.body))?;
        let pipe = Self {
            connection: connection.clone(),
            tree,
            file: opened.file_id,
            calls: 1,
        };
        let answer = pipe.exchange(bind(interface)).await?;
        parse_bind_ack(&answer)?;
        Ok(pipe)
    }

    /// Calls a procedure by its number. Gives what it gives.
    pub(super) async fn call(
        &mut self,
        procedure: u16,
        arguments: &[u8],
    ) -> Result<Vec<u8>, CallError> {
        self.calls += 1;
        let request = build_request(self.calls, procedure, arguments);
        if request.len() > MOST_BYTES {
            return Err(CallError::Answer("the question is too long".to_owned()));
        }
        let answer = self.exchange(request).await?;
        read_answer(&answer).map(<[u8]>::to_vec)
    }

    /// Closes it.
    pub(super) async fn close(self) {
        let request = CloseRequest {
            flags: 0,
            file_id: self.file,
        };
        let closed = self
            .connection
            .execute(Command::Close, &request, Some(self.tree));
        let _closed_with_the_connection = closed.await;
    }

    async fn exchange(&self, message: Vec<u8>) -> Result<Vec<u8>, CallError> {
        let request = IoctlRequest {
            ctl_code: FSCTL_PIPE_TRANSCEIVE,
            file_id: self.file,
            max_input_response: 0,
            max_output_response: u32::try_from(MOST_BYTES).unwrap_or(u32::MAX),
            flags: SMB2_0_IOCTL_IS_FSCTL,
            input_data: message,
        };
        let frame = self
            .connection
            .execute(Command::Ioctl, &request, Some(self.tree))
            .await?;
        expect_success(frame.header.status, Command::Ioctl)?;
        let response = IoctlResponse::unpack(&mut ReadCursor::new(&frame.body))?;
        Ok(response.output_data)
    }
}

/// What a procedure gave, in one message: nothing that is called here gives more.
fn read_answer(message: &[u8]) -> Result<&[u8], CallError> {
    if message.get(2) == Some(&FAULT) {
        let code = message.get(24..).and_then(<[u8]>::first_chunk);
        return Err(CallError::Fault(
            code.map_or(0, |code| u32::from_le_bytes(*code)),
        ));
    }
    let (answer, is_last) = parse_response_fragment(message)?;
    match is_last {
        true => Ok(answer),
        false => Err(CallError::Answer("it goes on".to_owned())),
    }
}

/// Names the interface that is to be spoken (C706, section 12.6.4.3).
fn bind(interface: &Interface) -> Vec<u8> {
    let mut message = WriteCursor::with_capacity(BIND_BYTES);
    message.write_bytes(&[5, 0, BIND, FIRST_AND_LAST, 0x10, 0, 0, 0]);
    message.write_u16_le(BIND_BYTES as u16);
    message.write_u16_le(0);
    message.write_u32_le(1);
    message.write_u16_le(MOST_BYTES as u16);
    message.write_u16_le(MOST_BYTES as u16);
    message.write_u32_le(0);
    // One context, with one way of writing values.
    message.write_bytes(&[1, 0, 0, 0, 0, 0, 1, 0]);
    interface.id.pack(&mut message);
    message.write_u32_le(interface.version);
    NDR.id.pack(&mut message);
    message.write_u32_le(NDR.version);
    message.into_inner()
}

fn expect_success(status: NtStatus, command: Command) -> Result<(), smb2::Error> {
    match status {
        NtStatus::SUCCESS => Ok(()),
        status => Err(smb2::Error::Protocol { status, command }),
    }
}

/// MS-RPCE, section 2.2.4.12, and C706, appendix I.
const NDR: Interface = Interface {
    id: Guid {
        data1: 0x8A88_5D04,
        data2: 0x1CEB,
        data3: 0x11C9,
        data4: [0x9F, 0xE8, 0x08, 0x00, 0x2B, 0x10, 0x48, 0x60],
    },
    version: 2,
};

const BIND: u8 = 11;

const FAULT: u8 = 3;

const FIRST_AND_LAST: u8 = 3;

const BIND_BYTES: usize = 72;

/// What all versions of Windows take and give in one message.
const MOST_BYTES: usize = 4_280;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn binding_is_as_long_as_it_says() {
        assert_eq!(bind(&NDR).len(), BIND_BYTES);
    }

    #[test]
    fn a_fault_is_told_with_its_code() {
        let mut fault = vec![5, 0, FAULT, 3, 0x10, 0, 0, 0, 32, 0, 0, 0, 2, 0, 0, 0];
        fault.extend([0; 8]);
        fault.extend(5_u32.to_le_bytes());
        assert!(matches!(read_answer(&fault), Err(CallError::Fault(5))));
        assert!(matches!(
            read_answer(&fault[..20]),
            Err(CallError::Fault(0))
        ));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _refused = read_answer(&bytes);
            let _refused = parse_bind_ack(&bytes);
            let _refused = IoctlResponse::unpack(&mut ReadCursor::new(&bytes));
        }

        #[test]
        fn what_looks_like_an_answer_is_read_or_refused(
            length in any::<u16>(),
            rest in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut bytes = vec![5, 0, 2, 3, 0x10, 0, 0, 0];
            bytes.extend(length.to_le_bytes());
            bytes.extend(rest);
            if let Ok(answer) = read_answer(&bytes) {
                prop_assert!(answer.len() <= bytes.len());
            }
        }
    }
}
