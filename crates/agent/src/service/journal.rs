//! How the service writes to the spool.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use eidetic_model::{
    Clock, Entry, GapReason, SegmentDescription, SegmentId, SessionId, SpoolLimits, Timestamp,
};
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
    clock: Arc<dyn Clock>,
    /// What did not fit and is gone, until it is told of.
    losses: BTreeMap<SessionId, Loss>,
    /// What did not fit and is not to be lost, in order. While there is something here, what comes
    /// after it waits or is lost too, so that the server never hears of an end before a beginning.
    owed: VecDeque<Entry>,
}

/// Records of a session that are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// Why.
    pub(super) reason: GapReason,
    /// Since when.
    pub(super) from: Timestamp,
    /// How many.
    pub(super) entries: u64,
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
    pub(super) fn new(spool: Arc<SharedSpool>, clock: Arc<dyn Clock>) -> Self {
        Self {
            spool,
            clock,
            losses: BTreeMap::new(),
            owed: VecDeque::new(),
        }
    }

    /// Adds an entry that may be lost if there is no room: then it is counted, to be told of as a
    /// gap.
    pub(super) fn entry(&mut self, entry: &Entry) -> Result<Kept, SpoolError> {
        let kept = if self.owed.is_empty() {
            self.push(entry)?
        } else {
            Kept::Full
        };
        if kept == Kept::Full {
            self.count_loss(entry, GapReason::SpoolFull);
        }
        Ok(kept)
    }

    /// Adds an entry that is not to be lost: if there is no room it is owed, and is to be noted
    /// for the next start.
    ///
    /// No captured content: what is owed is noted outside of the spool.
    pub(super) fn keep(&mut self, entry: Entry) -> Result<(), SpoolError> {
        if self.owed.is_empty() && self.push(&entry)? == Kept::Kept {
            return Ok(());
        }
        self.owe(entry);
        Ok(())
    }

    /// Owes an entry, to be paid with the next [`Self::pay`].
    pub(super) fn owe(&mut self, entry: Entry) {
        let most = match entry {
            Entry::SessionOpened(_) | Entry::SessionClosed(_) => 2 * MOST_OWED,
            _ => MOST_OWED,
        };
        if self.owed.len() < most {
            self.owed.push_back(entry);
        } else {
            self.count_loss(&entry, GapReason::SpoolFull);
        }
    }

    /// Writes what is owed, as far as there is room.
    pub(super) fn pay(&mut self) -> Result<Kept, SpoolError> {
        while let Some(entry) = self.owed.pop_front() {
            if self.push(&entry)? == Kept::Full {
                self.owed.push_front(entry);
                return Ok(Kept::Full);
            }
        }
        Ok(Kept::Kept)
    }

    /// What is owed.
    pub(super) fn owed(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.owed.iter()
    }

    /// Whether something is owed or was lost.
    pub(super) fn is_behind(&self) -> bool {
        !self.owed.is_empty() || !self.losses.is_empty()
    }

    /// What was lost of a session.
    pub(super) fn loss_of(&self, session: SessionId) -> Option<Loss> {
        self.losses.get(&session).copied()
    }

    /// What was lost of a session, which the caller tells of.
    pub(super) fn take_loss_of(&mut self, session: SessionId) -> Option<Loss> {
        self.losses.remove(&session)
    }

    /// Gives up what was lost of sessions that are gone, of which nothing can be told any more.
    pub(super) fn forget_losses(&mut self) {
        for (session, loss) in std::mem::take(&mut self.losses) {
            error!(%session, entries = loss.entries, "records of a session that is over are lost");
        }
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
        if self.entry(&Entry::SegmentOpened(description.clone()))? == Kept::Full {
            return Ok(Kept::Full);
        }
        if self.spool.lock().begin_segment(id)? == AppendOutcome::Full {
            self.lose(id, GapReason::SpoolFull)?;
            return Ok(Kept::Full);
        }
        self.spool.remember(description);
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
                self.spool.forget_remembered(segment);
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
        self.keep(Entry::SegmentLost { segment, reason })
    }

    /// Whether segments can go on after the spool was full: some way under the limit, so that it
    /// is not full again at once.
    pub(super) fn has_room_again(&mut self) -> Result<bool, SpoolError> {
        self.spool.lock().takes_segments(ROOM_TO_RESUME)
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

    fn push(&mut self, entry: &Entry) -> Result<Kept, SpoolError> {
        let bytes = to_proto::entry(entry).encode_to_vec();
        let pushed = self.spool.lock().push_entry(&bytes);
        let kept = match pushed {
            Ok(PushOutcome::Stored(_)) => Kept::Kept,
            Ok(PushOutcome::Full) => Kept::Full,
            Err(SpoolError::EntryTooLong { bytes, max }) => {
                error!(bytes, max, "record is too long and is lost");
                self.count_loss(entry, GapReason::Overloaded);
                Kept::Kept
            }
            Err(error) => return Err(error),
        };
        self.spool.ring();
        Ok(kept)
    }

    fn count_loss(&mut self, entry: &Entry, reason: GapReason) {
        let Some(session) = session_of(entry) else {
            error!("that a segment is lost cannot be told");
            return;
        };
        let now = self.clock.wall();
        let loss = self.losses.entry(session).or_insert_with(|| {
            error!(%session, reason = reason.what(), "records are being lost");
            Loss {
                reason,
                from: now,
                entries: 0,
            }
        });
        loss.entries += 1;
    }
}

fn session_of(entry: &Entry) -> Option<SessionId> {
    match entry {
        Entry::SessionOpened(session) => Some(session.id),
        Entry::Activity(record) => Some(record.session),
        Entry::Idle(idle) => Some(idle.session),
        Entry::SessionClosed(ending) => Some(ending.session),
        Entry::SegmentOpened(segment) => Some(segment.session),
        Entry::SegmentLost { .. } => None,
    }
}

/// The most entries that wait outside of the spool.
const MOST_OWED: usize = 256;

/// The room that a new segment must have: its first key frame fits.
const ROOM_TO_BEGIN: u64 = 1 << 20;

/// The room that there must be before segments go on: a quarter of the smallest spool.
const ROOM_TO_RESUME: u64 = 4 << 20;
