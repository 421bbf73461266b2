//! That somebody looked is recorded, before he sees anything.

use std::{collections::HashMap, ops::Range, sync::Arc, time::Duration};

use eidetic_model::{Clock, Timestamp};
use eidetic_store::{
    StoreError,
    control::{ControlStore, Looked, SignInId, ViewingEvent, ViewingId},
};
use tokio::sync::Mutex;

use super::auth::SignedIn;

/// Records what users look at and what they change.
pub struct ViewingLog {
    control: Arc<dyn ControlStore>,
    clock: Arc<dyn Clock>,
    /// When something that comes in many requests was recorded last, by the monotonic clock.
    recent: Mutex<HashMap<Look, Duration>>,
    /// How much of a recording each sign-in was shown within the last hour.
    watched: Mutex<HashMap<(SignInId, String), Watched>>,
}

struct Watched {
    id: ViewingId,
    looked: Looked,
    /// When it was recorded first, and when it was kept last, by the monotonic clock.
    since: Duration,
    kept: Duration,
}

type Look = (SignInId, &'static str, String);

impl ViewingLog {
    /// A log in this store.
    pub fn new(control: Arc<dyn ControlStore>, clock: Arc<dyn Clock>) -> Self {
        Self {
            control,
            clock,
            recent: Mutex::default(),
            watched: Mutex::default(),
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
        let event = self.event(by, what, object.into());
        self.control.note_viewing(event).await?;
        Ok(())
    }

    /// As [`Self::note`], for what changes something: with what was before and what is after.
    ///
    /// # Errors
    ///
    /// As [`Self::note`].
    pub async fn note_change(
        &self,
        by: &SignedIn,
        what: &'static str,
        object: impl Into<String>,
        (before, after): (String, String),
    ) -> Result<(), StoreError> {
        let event = ViewingEvent {
            before,
            after,
            ..self.event(by, what, object.into())
        };
        self.control.note_viewing(event).await?;
        Ok(())
    }

    /// Records that a part of a recording is shown: once an hour for each sign-in and session, with
    /// how much of it was shown in that hour.
    ///
    /// # Errors
    ///
    /// As [`Self::note`].
    pub async fn note_watched(
        &self,
        by: &SignedIn,
        session: String,
        shown: Range<Timestamp>,
    ) -> Result<(), StoreError> {
        let (now, last) = (self.clock.monotonic(), self.clock.wall());
        let key = (by.sign_in, session);
        // Held while it is written, so that nothing is shown before it is recorded.
        let mut watched = self.watched.lock().await;
        if let Some(known) = watched.get_mut(&key)
            && is_recent(known.since, now)
        {
            let looked = Looked {
                from: known.looked.from.min(shown.start),
                until: known.looked.until.max(shown.end),
                last,
            };
            let is_more = (looked.from, looked.until) != (known.looked.from, known.looked.until);
            if is_more || now.saturating_sub(known.kept) >= KEEP_LAST_EVERY {
                self.control.note_looked(known.id, looked).await?;
                known.looked = looked;
                known.kept = now;
            }
            return Ok(());
        }
        let looked = Looked {
            from: shown.start,
            until: shown.end,
            last,
        };
        let event = ViewingEvent {
            looked: Some(looked),
            ..self.event(by, "watched session", key.1.clone())
        };
        let id = self.control.note_viewing(event).await?;
        if watched.len() >= MAX_RECENT {
            watched.retain(|_, known| is_recent(known.since, now));
        }
        if watched.len() >= MAX_RECENT {
            // Records more often, never less.
            watched.clear();
        }
        watched.insert(
            key,
            Watched {
                id,
                looked,
                since: now,
                kept: now,
            },
        );
        Ok(())
    }

    fn event(&self, by: &SignedIn, what: &'static str, object: String) -> ViewingEvent {
        ViewingEvent {
            when: self.clock.wall(),
            user: by.user.clone(),
            address: by.address.to_string(),
            what: what.to_owned(),
            object,
            ..ViewingEvent::default()
        }
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

/// How exactly it is known when somebody stopped looking.
const KEEP_LAST_EVERY: Duration = Duration::from_secs(10);

const MAX_RECENT: usize = 4096;
