//! Makes thumbnails: a few at once, and none twice.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Bytes;
use eidetic_model::SessionId;
use eidetic_store::{
    StoreError,
    control::{Presence, RecordedSession, StoredSegment},
    segments::SegmentStore,
};
use tokio::sync::Semaphore;
use tracing::warn;

use super::{cache::Cache, choice::Choice, picture};

/// Makes thumbnails, and keeps those made last.
#[derive(Debug)]
pub struct Thumbnails {
    cache: Mutex<Cache>,
    /// Decoding takes memory in proportion to the picture: a few at once, others wait.
    workers: Arc<Semaphore>,
}

impl Default for Thumbnails {
    fn default() -> Self {
        Self {
            cache: Mutex::default(),
            workers: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
        }
    }
}

impl Thumbnails {
    /// The thumbnail of a session as PNG; `None` if there is no picture that can be decoded.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn thumbnail(
        &self,
        session: &RecordedSession,
        segments: &[StoredSegment],
        store: &dyn SegmentStore,
        now: Duration,
    ) -> Result<Option<Bytes>, StoreError> {
        let id = session.description.id;
        let is_running = session.presence == Presence::Running;
        let Some(choice) = Choice::of(is_running, segments) else {
            return Ok(None);
        };
        if let Some(kept) = self.kept(id, &choice, now) {
            return Ok(Some(kept));
        }
        let Ok(permit) = Arc::clone(&self.workers).acquire_owned().await else {
            return Ok(None);
        };
        // Who waited may have waited for just this one.
        if let Some(kept) = self.kept(id, &choice, now) {
            return Ok(Some(kept));
        }
        let Some(bytes) = choice.read(store).await? else {
            return Ok(None);
        };
        let until = choice.until;
        let made = tokio::task::spawn_blocking(move || {
            // Whoever asked may leave meanwhile: the work counts until it is done.
            let _held_while_working = permit;
            picture::make(&bytes, until)
        });
        match made.await {
            Ok(Ok(png)) => {
                let png = Bytes::from(png);
                self.lock().keep(id, choice, png.clone(), now);
                Ok(Some(png))
            }
            Ok(Err(error)) => {
                warn!(session = %id, segment = %choice.segment, %error, "no thumbnail");
                Ok(None)
            }
            Err(error) => {
                warn!(session = %id, segment = %choice.segment, %error, "no thumbnail");
                Ok(None)
            }
        }
    }

    fn kept(&self, id: SessionId, choice: &Choice, now: Duration) -> Option<Bytes> {
        self.lock().find(id, choice, now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

const PICTURES_AT_ONCE: usize = 2;
