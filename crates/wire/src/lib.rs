//! What agent and server say to each other: messages, their conversion to and from the model,
//! protocol versions, enrolment tickets, and the two ends of the connection as state machines
//! without I/O.
//!
//! The gRPC transport itself is the agent's and the server's: both wrap an end from here.

pub mod agent_link;
pub mod convert;
mod redacted;
pub mod server_link;
mod ticket;
mod version;

/// The generated messages and stubs of `proto/eidetic/agent/v1/`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated code, documented in the proto file"
)]
pub mod proto {
    tonic::include_proto!("eidetic.agent.v1");
}

pub use agent_link::{AgentLink, Backoff};
pub use ticket::{EnrolmentTicket, TicketError};
pub use version::{NegotiationError, ProtocolVersion, negotiate};

/// The name in the server's certificate that agents ask for, whatever address they connect to:
/// the authority that signed it is private, so the name only has to be fixed.
pub const SERVER_TLS_NAME: &str = "eidetic-server";

/// The TCP port that agents connect to, unless configured otherwise.
pub const DEFAULT_PORT: u16 = 9004;

/// The TCP port at which agents take calls of the server, unless configured otherwise.
pub const DEFAULT_CONTROL_PORT: u16 = 9003;

/// The largest message that either side takes.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// The most entries in one message.
pub const MAX_ENTRIES_PER_MESSAGE: usize = 1_000;

/// The most bytes of a segment in one message.
pub const MAX_SEGMENT_BYTES_PER_MESSAGE: usize = 256 << 10;

/// The longest segment that a server takes.
pub const MAX_SEGMENT_BYTES: u64 = 64 << 20;
