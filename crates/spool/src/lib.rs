//! The agent's queue on disk: what was recorded and is not yet stored by the server.
//!
//! It keeps two things: **entries**, small and numbered without holes, and **segments**, long runs
//! of bytes that grow, are sealed and never change after. To both it is all opaque bytes: what an
//! entry says and what a segment shows is the agent's business, and so is sending them. It reads
//! no clock and starts no thread.
//!
//! What it promises:
//!
//! - What [`Spool::sync`] has returned for survives a crash and a loss of power. Nothing else ever
//!   leaves: reading syncs first what it is about to give, so that the server never has something
//!   that the spool could still lose.
//! - After a crash the queue ends with the last whole entry, and each open segment with its last
//!   whole append; what was torn off is counted. A damaged entry in the middle keeps its number
//!   and reads as [`EntryContent::Damaged`], so that the gap can be told.
//! - It never grows over its limits: there [`PushOutcome::Full`] is an answer like another, and
//!   what the server acknowledges makes room again. Segments meet the limit first; a reserve
//!   stays for the entries.
//!
//! # On disk
//!
//! A folder (mode 0700) of files (mode 0600):
//!
//! ```text
//! spool.lock                         locked while a process has the spool open
//! spool.id                           format version, spool id, where its numbers begin
//! entries-00000000000000000001.log   entries from that number on; the last one is written to
//! segment-<uuid>.seg                 one segment
//! ```
//!
//! `entries-*.log` and `segment-*.seg` are runs of frames, all numbers little-endian:
//!
//! ```text
//! magic    4   e1 64 74 63
//! kind     4   1 entry, 2 segment begin, 3 part of an append, 4 end of an append, 5 segment end
//! number   8   the entry's number; in a segment the offset of the frame's first byte
//! length   4   of nonce and sealed content together
//! crc32    4   of the 20 bytes before
//! nonce   24   random
//! sealed   n   XChaCha20-Poly1305 of the content; binds the first spool id, the frame's place
//!              (file name and offset) and its header
//! ```
//!
//! The content of an entry is the entry; of a segment's begin, the number of the newest entry at
//! that time (8); of the frames of an append, the time until which the segment tells (8) and
//! bytes; of its end, that time (8), its length (8) and its SHA-256 (32).

mod content;
mod disk;
mod entries;
mod error;
mod format;
mod frame;
mod key;
mod segments;
mod spool;
#[cfg(test)]
mod tests;
mod volume;

pub use content::{
    AppendOutcome, CutSegment, EntryContent, PushOutcome, Recovered, SegmentState, SpooledEntry,
    SpooledSegment,
};
pub use disk::{Disk, FolderDisk};
pub use error::SpoolError;
pub use format::{FormatError, SpoolFormat};
pub use key::SpoolKey;
pub use spool::Spool;

/// The longest entry.
pub const MAX_ENTRY_BYTES: usize = 1 << 20;
