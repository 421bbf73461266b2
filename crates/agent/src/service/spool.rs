//! The spool, as the service writes it and the upload reads it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use eidetic_spool::Spool;
use tokio::sync::Notify;

/// The spool of this agent: shared, with a bell that rings when there is something new in it.
pub(crate) struct SharedSpool {
    spool: Mutex<Spool>,
    changed: Notify,
}

impl SharedSpool {
    /// Shares the spool.
    pub(crate) fn new(spool: Spool) -> Self {
        Self {
            spool: Mutex::new(spool),
            changed: Notify::new(),
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
}
