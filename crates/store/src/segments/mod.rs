//! Screen segments: large, immutable, read by range.

mod incoming;
mod memory;
mod object;
#[cfg(test)]
mod suite;

pub use memory::MemorySegments;
pub use object::ObjectSegments;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use eidetic_model::{SegmentEnd, SegmentId};

use crate::StoreError;

/// Segments, first growing, then whole.
#[async_trait]
pub trait SegmentStore: Send + Sync {
    /// How many bytes of a growing segment are durable; 0 if there are none.
    async fn durable_bytes(&self, id: SegmentId) -> Result<u64, StoreError>;

    /// Adds bytes to a growing segment, and makes them durable. Bytes that are there already are
    /// skipped; a hole is refused. Returns how many bytes are durable now.
    async fn append(
        &self,
        id: SegmentId,
        offset: u64,
        bytes: Bytes,
    ) -> Result<Appended, StoreError>;

    /// Checks a growing segment against its length and hash, and makes it whole.
    async fn seal(&self, end: &SegmentEnd) -> Result<Sealed, StoreError>;

    /// Forgets the bytes of a growing segment.
    async fn discard(&self, id: SegmentId) -> Result<(), StoreError>;

    /// Bytes of a segment, growing or whole; fewer than asked if it ends before. `None` if there
    /// is no such segment.
    async fn read(&self, id: SegmentId, range: Range<u64>) -> Result<Option<Bytes>, StoreError>;

    /// Forgets a segment.
    async fn delete(&self, id: SegmentId) -> Result<(), StoreError>;

    /// The segments that are still growing, to be taken up again after a restart.
    async fn growing(&self) -> Result<Vec<SegmentId>, StoreError>;
}

/// What became of appended bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// The segment now has this many durable bytes.
    Durable(u64),
    /// The bytes begin after the end, which is here. Nothing was added.
    Hole {
        /// Where the segment ends.
        durable: u64,
    },
    /// The segment is whole already.
    AlreadySealed,
}

/// What became of a segment that was to be made whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// It is whole, and durable.
    Stored,
    /// Some of its bytes have not come.
    Incomplete {
        /// How many have.
        durable: u64,
    },
    /// Its bytes do not have the hash that was said.
    HashMismatch,
}
