//! What can go wrong with a spool, and what to do then.

use std::io;

use eidetic_model::{RecordSequence, SegmentId};

use crate::FormatError;

/// A surprise. Full disks are not among them: see [`crate::PushOutcome::Full`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// The disk failed. What was synced before is safe; open the spool again before going on.
    #[error("{file}: {source}")]
    Io {
        /// The file, or `.` for the folder.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has the spool open. Wait for it to end.
    #[error("the spool is in use by another process")]
    InUse,
    /// The key is not the one that the spool was made with. Find the right one.
    #[error("the key is not the one that the spool was made with")]
    WrongKey,
    /// Another version of the format. Use a newer agent.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// `spool.id` is missing or damaged: the other files cannot be read without it. Move the
    /// folder away and begin a new spool; the gap is everything that was in it.
    #[error("spool.id is missing or damaged")]
    DamagedHeader,
    /// An entry over the limit. Make it shorter.
    #[error("an entry of {bytes} bytes is too long, the most is {max}")]
    EntryTooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// An acknowledgement of entries that do not exist: the other side is confused.
    #[error("entries through {through} were acknowledged, the newest is {newest}")]
    AcknowledgedTooMuch {
        /// The last entry acknowledged.
        through: RecordSequence,
        /// The newest entry that there is.
        newest: RecordSequence,
    },
    /// There is no such segment. A mistake of the caller's.
    #[error("there is no segment {0} in the spool")]
    UnknownSegment(SegmentId),
    /// A segment with this id exists. A mistake of the caller's.
    #[error("segment {0} is in the spool already")]
    SegmentExists(SegmentId),
    /// The segment is sealed. A mistake of the caller's.
    #[error("segment {0} is not open")]
    SegmentNotOpen(SegmentId),
    /// The segment has no bytes: nothing to seal. Forget it, and record it as lost.
    #[error("segment {0} is empty")]
    SegmentEmpty(SegmentId),
    /// The segment cannot be read at this place. Forget it, and record it as lost.
    #[error("segment {segment} is damaged at byte {offset}")]
    SegmentDamaged {
        /// The segment.
        segment: SegmentId,
        /// The first byte that cannot be read.
        offset: u64,
    },
}

impl SpoolError {
    pub(crate) fn io(file: &str) -> impl FnOnce(io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::Io { file, source }
    }
}
