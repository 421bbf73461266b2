//! Messages that have no type in the model.

use std::fmt;

use bytes::Bytes;
use eidetic_model::{ComputerFacts, SegmentId, SpoolId};

use crate::ProtocolVersion;

/// What an agent says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The oldest version of the protocol that it speaks.
    pub oldest: ProtocolVersion,
    /// The newest.
    pub newest: ProtocolVersion,
    /// Its version.
    pub agent_version: String,
    /// The computer's name.
    pub computer_name: String,
    /// The computer's operating system.
    pub operating_system: String,
    /// The spool that its entries come from.
    pub spool: SpoolId,
    /// How the computer is known on the network.
    pub facts: ComputerFacts,
    /// This run of the agent, if it says: every run has another.
    pub run: Option<[u8; 16]>,
    /// The port at which it takes calls of the server, if it does and says so.
    pub control_port: Option<u16>,
}

/// Some bytes of a segment.
#[derive(Clone, PartialEq, Eq)]
pub struct SegmentChunk {
    /// The segment.
    pub id: SegmentId,
    /// Where in the segment they begin.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

impl SegmentChunk {
    /// Where in the segment they end.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

/// The bytes are pixels, which nobody logs.
impl fmt::Debug for SegmentChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentChunk")
            .field("id", &self.id)
            .field("offset", &self.offset)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}
