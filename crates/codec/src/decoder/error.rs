//! Why decoding stopped.

use crate::segment::PacketKind;

/// A packet cannot be decoded, although its checksum matched.
///
/// The decoder then refuses everything until the next key frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The picture is larger than the caller allows.
    #[error("picture of {width}x{height} exceeds the limit of {max_width}x{max_height}")]
    PictureTooLarge {
        /// Width in the header.
        width: u32,
        /// Height in the header.
        height: u32,
        /// Allowed width.
        max_width: u32,
        /// Allowed height.
        max_height: u32,
    },
    /// Decoding could take more memory than the caller allows.
    #[error("decoding may take {needed} bytes, over the limit of {limit}")]
    MemoryLimit {
        /// What it may take.
        needed: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A packet needs the picture before it, which is not there.
    #[error("decoding does not start at a key frame")]
    NoKeyFrame,
    /// The packet is not one that changes the picture.
    #[error("{0:?} packet holds no picture")]
    NotAFrame(PacketKind),
    /// The content makes no sense.
    #[error("bad {0} in packet content")]
    BadContent(&'static str),
    /// The picture is not the one that was encoded.
    #[error("picture hash {actual:016x} instead of {stored:016x}")]
    WrongPicture {
        /// The hash in the packet.
        stored: u64,
        /// The hash of the decoded picture.
        actual: u64,
    },
}
