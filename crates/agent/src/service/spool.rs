//! The spool, as the service writes it and the upload reads it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use eidetic_model::{SegmentDescription, SegmentId};
use eidetic_spool::Spool;
use tokio::sync::Notify;

/// The spool of this agent: shared, with a bell that rings when there is something new in it.
pub(crate) struct SharedSpool {
    spool: Mutex<Spool>,
    changed: Notify,
    /// What was said of the segments that wait: a server that lost it is told again.
    announced: Mutex<BTreeMap<SegmentId, SegmentDescription>>,
}

impl SharedSpool {
    /// Shares the spool.
    pub(crate) fn new(spool: Spool) -> Self {
        Self {
            spool: Mutex::new(spool),
            changed: Notify::new(),
            announced: Mutex::default(),
        }
    }

    /// The spool, for a moment: it works on the disk, so not to be held from a task without
    /// `block_in_place`.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Spool> {
        // The spool says itself which of its failures leave it unusable.
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that there is something new.
    pub(crate) fn ring(&self) {
        self.changed.notify_one();
    }

    /// Returns once there is something new since the last time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Remembers what was said of a segment.
    pub(crate) fn remember(&self, segment: SegmentDescription) {
        let mut announced = self.announced();
        if announced.len() < MOST_REMEMBERED {
            announced.insert(segment.id, segment);
        }
    }

    /// What was said of a segment, if it began in this run of the service.
    pub(crate) fn remembered(&self, segment: SegmentId) -> Option<SegmentDescription> {
        self.announced().get(&segment).cloned()
    }

    /// Forgets a segment that waits no more.
    pub(crate) fn forget_remembered(&self, segment: SegmentId) {
        self.announced().remove(&segment);
    }

    fn announced(&self) -> MutexGuard<'_, BTreeMap<SegmentId, SegmentDescription>> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// More segments never wait: a segment is minutes long, and the spool is bounded.
const MOST_REMEMBERED: usize = 16_384;
