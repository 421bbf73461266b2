//! Recorded sessions and their segments.

use eidetic_model::{AgentId, GapReason, SegmentDescription, SessionDescription, Timestamp};

/// A session, as far as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedSession {
    /// What was known at its beginning.
    pub description: SessionDescription,
    /// The agent that records it.
    pub agent: AgentId,
    /// Whether it goes on.
    pub presence: Presence,
    /// The last time of which something is known.
    pub last_known: Timestamp,
    /// Microseconds of idle time.
    pub idle_micros: u64,
    /// The descriptions of the applications used, in the order in which they were first seen.
    pub applications: Vec<String>,
    /// How many activity records there are.
    pub activities: u64,
    /// Those from before this time were removed, because their retention was over.
    pub records_removed_until: Option<Timestamp>,
    /// Bytes of its segments.
    pub segment_bytes: u64,
}

/// Whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It does, as far as is known.
    Running,
    /// It ended at this time.
    Ended(Timestamp),
}

/// A segment, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSegment {
    /// What was known at its beginning.
    pub description: SegmentDescription,
    /// How much of it has come.
    pub state: SegmentState,
    /// Until when it tells what the display showed.
    pub until: Timestamp,
    /// Its durable bytes up to the last whole packet.
    pub bytes: u64,
    /// Its key frames, in order.
    pub key_frames: Vec<KeyFrame>,
}

/// How much of a segment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentState {
    /// More may come.
    Growing,
    /// All, with this SHA-256.
    Sealed([u8; 32]),
    /// It will not come, or not whole.
    Lost(GapReason),
}

/// Where in a segment decoding can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyFrame {
    /// The time of the frame.
    pub time: Timestamp,
    /// The offset of its packet in the segment.
    pub offset: u64,
}
