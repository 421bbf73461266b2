//! Segments in memory.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use eidetic_model::{SegmentEnd, SegmentId};
use sha2::{Digest, Sha256};

use super::{Appended, Sealed, SegmentStore};
use crate::StoreError;

/// Segments in memory: they end with this value.
#[derive(Debug, Default)]
pub struct MemorySegments(Mutex<HashMap<SegmentId, Segment>>);

#[derive(Debug)]
enum Segment {
    Growing(Vec<u8>),
    Whole(Bytes),
}

impl MemorySegments {
    /// No segments.
    pub fn new() -> Self {
        Self::default()
    }

    fn segments(&self) -> MutexGuard<'_, HashMap<SegmentId, Segment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SegmentStore for MemorySegments {
    async fn durable_bytes(&self, id: SegmentId) -> Result<u64, StoreError> {
        Ok(match self.segments().get(&id) {
            Some(Segment::Growing(bytes)) => bytes.len() as u64,
            _ => 0,
        })
    }

    async fn append(
        &self,
        id: SegmentId,
        offset: u64,
        bytes: Bytes,
    ) -> Result<Appended, StoreError> {
        let mut segments = self.segments();
        let durable = match segments.get(&id) {
            Some(Segment::Whole(_)) => return Ok(Appended::AlreadySealed),
            Some(Segment::Growing(growing)) => growing.len() as u64,
            None => 0,
        };
        if offset > durable {
            return Ok(Appended::Hole { durable });
        }
        let segment = segments
            .entry(id)
            .or_insert_with(|| Segment::Growing(Vec::new()));
        let Segment::Growing(growing) = segment else {
            return Ok(Appended::AlreadySealed);
        };
        let known = usize::try_from(durable - offset).unwrap_or(usize::MAX);
        growing.extend(bytes.get(known..).unwrap_or_default());
        Ok(Appended::Durable(growing.len() as u64))
    }

    async fn seal(&self, end: &SegmentEnd) -> Result<Sealed, StoreError> {
        let mut segments = self.segments();
        let bytes = match segments.get(&end.id) {
            None => return Ok(Sealed::Incomplete { durable: 0 }),
            Some(Segment::Whole(bytes)) if Sha256::digest(bytes)[..] == end.sha256 => {
                return Ok(Sealed::Stored);
            }
            Some(Segment::Whole(_)) => return Ok(Sealed::HashMismatch),
            Some(Segment::Growing(bytes)) => bytes,
        };
        let durable = bytes.len() as u64;
        if durable < end.bytes {
            return Ok(Sealed::Incomplete { durable });
        }
        if durable > end.bytes || Sha256::digest(bytes)[..] != end.sha256 {
            return Ok(Sealed::HashMismatch);
        }
        let whole = Segment::Whole(bytes.clone().into());
        segments.insert(end.id, whole);
        Ok(Sealed::Stored)
    }

    async fn discard(&self, id: SegmentId) -> Result<(), StoreError> {
        let mut segments = self.segments();
        if matches!(segments.get(&id), Some(Segment::Growing(_))) {
            segments.remove(&id);
        }
        Ok(())
    }

    async fn read(&self, id: SegmentId, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        let segments = self.segments();
        let bytes = match segments.get(&id) {
            None => return Ok(None),
            Some(Segment::Growing(bytes)) => bytes.as_slice(),
            Some(Segment::Whole(bytes)) => bytes,
        };
        let within = |offset: u64| {
            usize::try_from(offset)
                .unwrap_or(usize::MAX)
                .min(bytes.len())
        };
        let (start, end) = (within(range.start), within(range.end));
        let bytes = bytes.get(start..end).unwrap_or_default();
        Ok(Some(Bytes::copy_from_slice(bytes)))
    }

    async fn delete(&self, id: SegmentId) -> Result<(), StoreError> {
        self.segments().remove(&id);
        Ok(())
    }

    async fn growing(&self) -> Result<Vec<SegmentId>, StoreError> {
        let segments = self.segments();
        let mut growing: Vec<_> = segments
            .iter()
            .filter(|(_, segment)| matches!(segment, Segment::Growing(_)))
            .map(|(id, _)| *id)
            .collect();
        growing.sort_unstable();
        Ok(growing)
    }
}
