//! How the service writes to the spool.

use std::sync::Arc;

use eidetic_model::{Entry, GapReason, SegmentDescription, SegmentId, SpoolLimits, Timestamp};
use eidetic_spool::{AppendOutcome, PushOutcome, SpoolError};
use eidetic_wire::convert::to_proto;
use prost::Message as _;
use tracing::{error, warn};

use super::spool::SharedSpool;

/// Writes entries and segments to the spool.
///
/// An entry in the spool is a protocol buffer, `eidetic.agent.v1.Entry`, so that it is sent as it
/// stands there.
pub(super) struct Journal {
    spool: Arc<SharedSpool>,
    /// Entries that did not fit since the spool was last told of.
    lost_entries: u64,
}

/// Whether something is in the spool now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Kept {
    /// It is.
    Kept,
    /// There was no room.
    Full,
}

impl Journal {
    /// Writes to this spool.
    pub(super) fn new(spool: Arc<SharedSpool>) -> Self {
        Self {
            spool,
            lost_entries: 0,
        }
    }

    /// Adds an entry. One that does not fit is counted.
    pub(super) fn entry(&mut self, entry: &Entry) -> Result<(), SpoolError> {
        let bytes = to_proto::entry(entry).encode_to_vec();
        match self.spool.lock().push_entry(&bytes) {
            Ok(PushOutcome::Stored(_)) => {}
            Ok(PushOutcome::Full) => {
                self.lost_entries += 1;
                if self.lost_entries == 1 {
                    error!("spool is full, records are being lost");
                }
            }
            Err(SpoolError::EntryTooLong { bytes, max }) => {
                self.lost_entries += 1;
                error!(bytes, max, "record is too long and is lost");
            }
            Err(error) => return Err(error),
        }
        self.spool.ring();
        Ok(())
    }

    /// Announces and begins a segment. If it is full, the segment was announced and is lost.
    pub(super) fn begin_segment(
        &mut self,
        description: SegmentDescription,
    ) -> Result<Kept, SpoolError> {
        let id = description.id;
        if !self.spool.lock().takes_segments(ROOM_TO_BEGIN)? {
            return Ok(Kept::Full);
        }
        self.entry(&Entry::SegmentOpened(description))?;
        if self.spool.lock().begin_segment(id)? == AppendOutcome::Full {
            self.lose(id, GapReason::SpoolFull)?;
            return Ok(Kept::Full);
        }
        Ok(Kept::Kept)
    }

    /// Adds bytes to a segment, which now tells what was to be seen until then.
    pub(super) fn append(
        &mut self,
        segment: SegmentId,
        bytes: &[u8],
        until: Timestamp,
    ) -> Result<Kept, SpoolError> {
        let outcome = self.spool.lock().append_segment(segment, bytes, until);
        self.spool.ring();
        match outcome {
            Ok(AppendOutcome::Stored) => Ok(Kept::Kept),
            Ok(AppendOutcome::Full) => Ok(Kept::Full),
            // The server would not take it: it was given up, and told to be.
            Err(SpoolError::UnknownSegment(_)) => Ok(Kept::Kept),
            Err(error) => Err(error),
        }
    }

    /// Ends a segment: as it is, or as a loss if nothing of it is there.
    pub(super) fn seal(&mut self, segment: SegmentId, reason: GapReason) -> Result<(), SpoolError> {
        let sealed = self.spool.lock().seal_segment(segment);
        match sealed {
            Ok(_) => {
                self.spool.ring();
                Ok(())
            }
            Err(SpoolError::SegmentEmpty(_)) => {
                self.spool.lock().forget_segment(segment)?;
                self.lose(segment, reason)
            }
            Err(error @ (SpoolError::UnknownSegment(_) | SpoolError::SegmentNotOpen(_))) => {
                warn!(%segment, %error, "segment cannot be sealed");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Tells that a segment will never come.
    pub(super) fn lose(&mut self, segment: SegmentId, reason: GapReason) -> Result<(), SpoolError> {
        warn!(%segment, reason = reason.what(), "segment is lost");
        self.entry(&Entry::SegmentLost { segment, reason })
    }

    /// Whether segments can go on after the spool was full: some way under the limit, so that it
    /// is not full again at once.
    pub(super) fn has_room_again(&mut self) -> Result<bool, SpoolError> {
        self.spool.lock().takes_segments(ROOM_TO_RESUME)
    }

    /// The entries that were lost since the last call.
    pub(super) fn take_lost_entries(&mut self) -> u64 {
        std::mem::take(&mut self.lost_entries)
    }

    /// Changes the spool's limits.
    pub(super) fn set_limits(&mut self, limits: SpoolLimits) {
        self.spool.lock().set_limits(limits);
    }

    /// Makes everything durable.
    pub(super) fn sync(&mut self) -> Result<(), SpoolError> {
        self.spool.lock().sync()
    }

    /// The spool itself.
    pub(super) fn spool(&self) -> &SharedSpool {
        &self.spool
    }
}

/// The room that a new segment must have: its first key frame fits.
const ROOM_TO_BEGIN: u64 = 1 << 20;

/// The room that there must be before segments go on: a quarter of the smallest spool.
const ROOM_TO_RESUME: u64 = 4 << 20;
