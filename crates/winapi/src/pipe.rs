//! Named pipes between two processes of this computer.

use std::{io, os::windows::io::AsRawHandle as _};

use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};
use windows::Win32::{Foundation::HANDLE, System::Pipes::GetNamedPipeClientProcessId};

use crate::{descriptor::Descriptor, process::Account};

/// Which way a pipe leads, seen from the one that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The other side reads.
    Out,
    /// The other side writes.
    In,
}

/// Makes a pipe that one process can open, once: a process of the system, or of this account. The
/// name must be one that nobody can guess.
///
/// # Errors
///
/// What Windows says: that there is a pipe of that name already.
pub fn make(name: &str, direction: Direction, account: &Account) -> io::Result<NamedPipeServer> {
    let rights = format!("D:P(A;;GA;;;SY)(A;;GRGW;;;{})", account.sid);
    let descriptor = Descriptor::parse(&rights).map_err(io::Error::other)?;
    let mut attributes = descriptor.attributes();
    let mut options = ServerOptions::new();
    options
        .first_pipe_instance(true)
        .reject_remote_clients(true)
        .max_instances(1)
        .access_inbound(direction == Direction::In)
        .access_outbound(direction == Direction::Out);
    let attributes = (&raw mut attributes).cast();
    // SAFETY: these are attributes, which are valid during the call.
    unsafe { options.create_with_security_attributes_raw(name, attributes) }
}

/// The process that opened a pipe.
///
/// # Errors
///
/// What Windows says: that nobody has.
pub fn client_process(pipe: &NamedPipeServer) -> io::Result<u32> {
    let mut process = 0;
    let handle = HANDLE(pipe.as_raw_handle());
    // SAFETY: the handle is open, and the place for the answer outlives the call.
    unsafe { GetNamedPipeClientProcessId(handle, &raw mut process) }?;
    Ok(process)
}
