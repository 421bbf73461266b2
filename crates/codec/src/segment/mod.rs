//! The container: a header, packets one after the other, and an index at the end.
//!
//! A segment can be cut after any packet and read from any key frame. See `docs/codec.md`.

mod end;
mod header;
mod packet;
mod reader;
mod scanner;
#[cfg(feature = "encode")]
mod writer;

pub use end::{BadEnd, END_LOCATOR_BYTES, KeyFrame, SegmentEnd, end_packet_bytes};
pub use header::{
    FormatVersion, FrameInterval, HEADER_BYTES, HeaderError, HeaderProgress, MAX_HEADER_BYTES,
    SegmentHeader, check_readable_by,
};
pub use packet::{PacketError, PacketKind};
pub use reader::{Packet, SegmentReader};
pub use scanner::{PacketInfo, PacketScanner};
#[cfg(feature = "encode")]
pub use writer::{AppendError, SegmentWriter, Totals};

/// Reading a segment stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The header cannot be used.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The packet at this offset cannot be used.
    #[error("packet {number} at byte {offset}: {error}")]
    Packet {
        /// Offset of the packet from the segment's first byte.
        offset: u64,
        /// How many packets were read before it.
        number: u64,
        /// What is wrong with it.
        error: PacketError,
    },
}
