//! The service manager of another computer: MS-SCMR, as much of it as one service for once needs.

use smb2::{Tree, client::Connection, pack::Guid};

use super::{
    ndr::{NdrReader, NdrWriter, TooShort},
    pipe::{CallError, Interface, Pipe},
};

/// A connection to it, open for making services.
pub(super) struct ServiceManager {
    pipe: Pipe,
    handle: Handle,
}

/// A service that was made.
pub(super) struct Service(Handle);

type Handle = [u8; 20];

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManagerError {
    #[error(transparent)]
    Call(#[from] CallError),
    /// Windows' own error.
    #[error("Windows error {0}")]
    Windows(u32),
}

impl From<TooShort> for ManagerError {
    fn from(error: TooShort) -> Self {
        Self::Call(CallError::Answer(error.to_string()))
    }
}

impl ServiceManager {
    /// Opens it (ROpenSCManagerW, section 3.1.4.15).
    pub(super) async fn open(connection: &Connection, ipc: &Tree) -> Result<Self, ManagerError> {
        let mut pipe = Pipe::open(connection, ipc, "svcctl", &SVCCTL).await?;
        let arguments = NdrWriter::default()
            .nothing()
            .nothing()
            .number(CONNECT | CREATE_SERVICE)
            .into_bytes();
        let answer = pipe.call(15, &arguments).await?;
        let handle = handle_and_code(&answer)?;
        Ok(Self { pipe, handle })
    }

    /// Makes a service that runs this command as the system, once it is started
    /// (RCreateServiceW, section 3.1.4.12).
    pub(super) async fn create(
        &mut self,
        name: &str,
        display_name: &str,
        command: &str,
    ) -> Result<Service, ManagerError> {
        let arguments = NdrWriter::default()
            .handle(&self.handle)
            .text(name)
            .pointer()
            .text(display_name)
            .number(START | QUERY_STATUS | DELETE)
            .number(OWN_PROCESS)
            .number(ON_DEMAND)
            .number(NORMAL_ERRORS)
            .text(command)
            // No group, no tag, no dependencies, the account of the system, no password.
            .nothing()
            .nothing()
            .nothing()
            .number(0)
            .nothing()
            .nothing()
            .number(0)
            .into_bytes();
        let answer = self.pipe.call(12, &arguments).await?;
        let mut reader = NdrReader::new(&answer);
        let tag = reader.number()?;
        if tag != 0 {
            reader.number()?;
        }
        let handle = reader.handle()?;
        done(reader.number()?)?;
        Ok(Service(handle))
    }

    /// Starts a service with these arguments (RStartServiceW, section 3.1.4.19).
    pub(super) async fn start(
        &mut self,
        service: &Service,
        arguments: &[&str],
    ) -> Result<(), ManagerError> {
        let count = u32::try_from(arguments.len()).unwrap_or(u32::MAX);
        let arguments = NdrWriter::default()
            .handle(&service.0)
            .number(count)
            .texts(arguments)
            .into_bytes();
        let answer = self.pipe.call(19, &arguments).await?;
        done(NdrReader::new(&answer).number()?)
    }

    /// Whether a service does not run any more (RQueryServiceStatusEx, section 3.1.4.36).
    pub(super) async fn has_stopped(&mut self, service: &Service) -> Result<bool, ManagerError> {
        let arguments = NdrWriter::default()
            .handle(&service.0)
            .number(PROCESS_STATUS)
            .number(PROCESS_STATUS_BYTES)
            .into_bytes();
        let answer = self.pipe.call(40, &arguments).await?;
        read_has_stopped(&answer)
    }

    /// Removes a service, as soon as it does not run any more (RDeleteService, section 3.1.4.3).
    pub(super) async fn delete(&mut self, service: Service) -> Result<(), ManagerError> {
        let arguments = NdrWriter::default().handle(&service.0).into_bytes();
        let answer = self.pipe.call(2, &arguments).await?;
        let deleted = done(NdrReader::new(&answer).number()?);
        // It goes when the last one lets go of it.
        self.let_go(&service.0).await;
        match deleted {
            Err(ManagerError::Windows(MARKED_FOR_DELETION)) => Ok(()),
            deleted => deleted,
        }
    }

    /// Closes it.
    pub(super) async fn close(mut self) {
        let handle = self.handle;
        self.let_go(&handle).await;
        self.pipe.close().await;
    }

    /// RCloseServiceHandle, section 3.1.4.1.
    async fn let_go(&mut self, handle: &Handle) {
        let arguments = NdrWriter::default().handle(handle).into_bytes();
        let _let_go_with_the_pipe = self.pipe.call(0, &arguments).await;
    }
}

fn handle_and_code(answer: &[u8]) -> Result<Handle, ManagerError> {
    let mut reader = NdrReader::new(answer);
    let handle = reader.handle()?;
    done(reader.number()?)?;
    Ok(handle)
}

fn read_has_stopped(answer: &[u8]) -> Result<bool, ManagerError> {
    let mut reader = NdrReader::new(answer);
    let status = reader.bytes(PROCESS_STATUS_BYTES as usize)?;
    let _needed = reader.number()?;
    done(reader.number()?)?;
    // SERVICE_STATUS_PROCESS, section 2.2.49: the kind, then the state.
    let mut status = NdrReader::new(status);
    let _kind = status.number()?;
    Ok(status.number()? == STOPPED)
}

const fn done(code: u32) -> Result<(), ManagerError> {
    match code {
        0 => Ok(()),
        code => Err(ManagerError::Windows(code)),
    }
}

/// Section 2.1.1.
const SVCCTL: Interface = Interface {
    id: Guid {
        data1: 0x367A_BB81,
        data2: 0x9844,
        data3: 0x35F1,
        data4: [0xAD, 0x32, 0x98, 0xF0, 0x38, 0x00, 0x10, 0x03],
    },
    version: 2,
};

/// Rights, section 3.1.4.
const CONNECT: u32 = 0x1;
const CREATE_SERVICE: u32 = 0x2;
const QUERY_STATUS: u32 = 0x4;
const START: u32 = 0x10;
const DELETE: u32 = 0x1_0000;

const OWN_PROCESS: u32 = 0x10;
const ON_DEMAND: u32 = 3;
const NORMAL_ERRORS: u32 = 1;

const PROCESS_STATUS: u32 = 0;
const PROCESS_STATUS_BYTES: u32 = 36;
const STOPPED: u32 = 1;

const MARKED_FOR_DELETION: u32 = 1072;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn status(state: u32, code: u32) -> Vec<u8> {
        let mut answer = NdrWriter::default().number(36).number(0x10).number(state);
        for _ in 0..7 {
            answer = answer.number(0);
        }
        answer.number(0).number(code).into_bytes()
    }

    #[test]
    fn whether_a_service_runs_is_read() {
        assert!(read_has_stopped(&status(1, 0)).unwrap());
        assert!(!read_has_stopped(&status(4, 0)).unwrap());
        assert!(matches!(
            read_has_stopped(&status(1, 6)),
            Err(ManagerError::Windows(6))
        ));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _refused = read_has_stopped(&bytes);
            let _refused = handle_and_code(&bytes);
        }
    }
}
