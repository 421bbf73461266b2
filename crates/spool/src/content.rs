//! What is in a spool, and what became of what was put in.

use eidetic_model::{RecordSequence, SegmentEnd, SegmentId};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// It is in the spool, under this number.
    Stored(RecordSequence),
    /// The spool or the disk is full; nothing was added.
    Full,
}

/// What became of bytes for a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// They are in the spool.
    Stored,
    /// The spool or the disk is full; nothing was added. Seal the segment.
    Full,
}

/// An entry that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpooledEntry {
    /// Its number.
    pub sequence: RecordSequence,
    /// What is in it.
    pub content: EntryContent,
}

/// What the disk gave back.
#[derive(Clone, PartialEq, Eq)]
pub enum EntryContent {
    /// What was pushed.
    Intact(Vec<u8>),
    /// The disk damaged it. Send a gap under its number instead.
    Damaged,
}

/// Captured content: only its length is shown.
impl std::fmt::Debug for EntryContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Intact(bytes) => write!(f, "Intact({} bytes)", bytes.len()),
            Self::Damaged => f.write_str("Damaged"),
        }
    }
}

/// A segment in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpooledSegment {
    /// The segment.
    pub id: SegmentId,
    /// How many bytes of it there are.
    pub bytes: u64,
    /// The entry that announced it, or a later one: once the server has that one it may be sent.
    pub announced_by: RecordSequence,
    /// Whether it can still grow.
    pub state: SegmentState,
}

/// Whether a segment can still grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentState {
    /// It grows.
    Open,
    /// It never changes again.
    Sealed(SegmentEnd),
    /// A crash left nothing of it. Record it as lost, then forget it.
    Lost,
}

/// What was found when the spool was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// There was no spool: this one is new.
    pub fresh: bool,
    /// Bytes of unfinished writes that were cut off: nothing of it was ever synced.
    pub torn_bytes: u64,
    /// Entries of the newest file that cannot be read; those of older ones show when read.
    pub damaged_entries: u64,
    /// Segments that were open: cut after their last whole append, and sealed.
    pub cut_segments: Vec<CutSegment>,
    /// Segments of which nothing is left, [`SegmentState::Lost`].
    pub lost_segments: Vec<SegmentId>,
}

/// A segment that a crash ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutSegment {
    /// How it ends now.
    pub end: SegmentEnd,
    /// How many bytes on disk were cut off.
    pub lost_bytes: u64,
}
