//! That somebody looked is recorded, before he sees anything.

use std::{collections::HashMap, sync::Arc, time::Duration};

use eidetic_model::Clock;
use eidetic_store::{
    StoreError,
    control::{ControlStore, SignInId, ViewingEvent},
};
use tokio::sync::Mutex;

use super::auth::SignedIn;

/// Records what users look at and what they change.
pub struct ViewingLog {
    control: Arc<dyn ControlStore>,
    clock: Arc<dyn Clock>,
    /// When something that comes in many requests was recorded last, by the monotonic clock.
    recent: Mutex<HashMap<Look, Duration>>,
}

type Look = (SignInId, &'static str, String);

impl ViewingLog {
    /// A log in this store.
    pub fn new(control: Arc<dyn ControlStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            control,
            clock,
            recent: Mutex::default(),
        }
    }

    /// Records that a user did something to an object.
    ///
    /// # Errors
    ///
    /// If it could not be recorded: then it must not be shown.
    pub async fn note(
        &self,
        by: &SignedIn,
        what: &'static str,
        object: impl Into<String>,
    ) -> Result<(), StoreError> {
        self.control
            .note_viewing(ViewingEvent {
                when: self.clock.wall(),
                user: by.user.clone(),
                address: by.address.to_string(),
                what: what.to_owned(),
                object: object.into(),
            })
            .await
    }

    /// As [`Self::note`], for what a browser does in many requests: once an hour for each
    /// sign-in and object.
    ///
    /// # Errors
    ///
    /// As [`Self::note`].
    pub async fn note_once(
        &self,
        by: &SignedIn,
        what: &'static str,
        object: impl Into<String>,
    ) -> Result<(), StoreError> {
        let look = (by.sign_in, what, object.into());
        // Held while it is written, so that a second request shows nothing before it is recorded.
        let mut recent = self.recent.lock().await;
        let now = self.clock.monotonic();
        if recent
            .get(&look)
            .is_some_and(|noted| is_recent(*noted, now))
        {
            return Ok(());
        }
        self.note(by, what, look.2.clone()).await?;
        remember(&mut recent, look, now);
        Ok(())
    }

    /// As [`Self::note`], for the first of many requests, whose others are given to
    /// [`Self::note_once`].
    ///
    /// # Errors
    ///
    /// As [`Self::note`].
    pub async fn note_first(
        &self,
        by: &SignedIn,
        what: &'static str,
        object: impl Into<String>,
    ) -> Result<(), StoreError> {
        let look = (by.sign_in, what, object.into());
        self.note(by, what, look.2.clone()).await?;
        let now = self.clock.monotonic();
        remember(&mut *self.recent.lock().await, look, now);
        Ok(())
    }
}

fn remember(recent: &mut HashMap<Look, Duration>, look: Look, now: Duration) {
    if recent.len() >= MAX_RECENT {
        recent.retain(|_, noted| is_recent(*noted, now));
    }
    if recent.len() >= MAX_RECENT {
        // Records more often, never less.
        recent.clear();
    }
    recent.insert(look, now);
}

fn is_recent(noted: Duration, now: Duration) -> bool {
    now.saturating_sub(noted) < NOTED_FOR
}

const NOTED_FOR: Duration = Duration::from_secs(3600);

const MAX_RECENT: usize = 4096;
