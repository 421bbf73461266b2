//! Thumbnails that were made lately.

use std::{collections::HashMap, time::Duration};

use axum::body::Bytes;
use eidetic_model::SessionId;

use super::choice::Choice;

/// Thumbnails that were made lately. Those used longest ago make room for others.
#[derive(Debug, Default)]
pub struct Cache {
    kept: HashMap<SessionId, Kept>,
    /// INVARIANT: the sum of the lengths of what is kept, at most [`MAX_BYTES`].
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Kept {
    choice: Choice,
    png: Bytes,
    made: Duration,
    last_use: u64,
}

impl Cache {
    /// The thumbnail of a session, if it shows what was chosen; of a running session, what was
    /// chosen a moment ago is good enough.
    pub fn find(&mut self, session: SessionId, choice: &Choice, now: Duration) -> Option<Bytes> {
        let kept = self.kept.get_mut(&session)?;
        let is_fresh = now.saturating_sub(kept.made) < RUNNING_FOR;
        if kept.choice != *choice && !(choice.is_running && kept.choice.is_running && is_fresh) {
            return None;
        }
        self.uses += 1;
        kept.last_use = self.uses;
        Some(kept.png.clone())
    }

    /// Keeps a thumbnail that was made now.
    pub fn keep(&mut self, session: SessionId, choice: Choice, png: Bytes, now: Duration) {
        if png.len() > MAX_BYTES {
            return;
        }
        self.forget(session);
        while self.bytes + png.len() > MAX_BYTES {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.last_use);
            let Some((&oldest, _)) = oldest else { break };
            self.forget(oldest);
        }
        self.uses += 1;
        self.bytes += png.len();
        self.kept.insert(
            session,
            Kept {
                choice,
                png,
                made: now,
                last_use: self.uses,
            },
        );
    }

    fn forget(&mut self, session: SessionId) {
        if let Some(kept) = self.kept.remove(&session) {
            self.bytes -= kept.png.len();
        }
    }
}

const MAX_BYTES: usize = 32 << 20;

const RUNNING_FOR: Duration = Duration::from_secs(10);
