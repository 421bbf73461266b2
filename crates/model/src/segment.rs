//! Segments: bounded runs of one display's packets.

use crate::{DisplayIndex, SegmentId, SessionId, Timestamp};

/// What is known of a segment when it is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentDescription {
    /// The segment.
    pub id: SegmentId,
    /// The session that it shows.
    pub session: SessionId,
    /// The display that it shows.
    pub display: DisplayIndex,
    /// The time of its first frame.
    pub start: Timestamp,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Where the display's left edge is on the session's desktop, in pixels.
    pub left: i32,
    /// Where the display's top edge is on the session's desktop, in pixels.
    pub top: i32,
}

/// What is known of a segment once it is whole. It never changes after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentEnd {
    /// The segment.
    pub id: SegmentId,
    /// The time until which it tells what the display showed.
    pub end: Timestamp,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of all its bytes.
    pub sha256: [u8; 32],
}
