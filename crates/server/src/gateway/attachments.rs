//! Sees to it that each agent is attached once: a newer connection takes the older one's place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use eidetic_model::AgentId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

/// The attached agents. Clones share them.
#[derive(Clone, Default)]
pub struct Attachments(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    last_number: u64,
    agents: HashMap<AgentId, Entry>,
}

struct Entry {
    replaced: CancellationToken,
    turn: Arc<AsyncMutex<()>>,
}

/// A connection's place. Dropping it makes room.
pub struct Place {
    attachments: Attachments,
    agent: AgentId,
    /// Distinguishes connections of one agent.
    pub number: u64,
    /// A newer connection wants this place: finish and leave.
    pub replaced: CancellationToken,
    turn: Arc<AsyncMutex<()>>,
}

impl Attachments {
    /// Takes an agent's place, and tells the connection that had it to leave.
    pub fn take(&self, agent: AgentId) -> Place {
        let mut inner = self.lock();
        inner.last_number += 1;
        let number = inner.last_number;
        let replaced = CancellationToken::new();
        let previous = inner.agents.remove(&agent);
        let turn = match previous {
            Some(previous) => {
                previous.replaced.cancel();
                previous.turn
            }
            None => Arc::default(),
        };
        inner.agents.insert(
            agent,
            Entry {
                replaced: replaced.clone(),
                turn: turn.clone(),
            },
        );
        drop(inner);
        Place {
            attachments: self.clone(),
            agent,
            number,
            replaced,
            turn,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl Place {
    /// Waits until the connections before this one have finished: what they store must not mix
    /// with what this one stores.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn turn(&self) -> OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.attachments.lock();
        // The entry and this place: no other connection of the agent is there or finishing.
        if Arc::strong_count(&self.turn) <= 2 {
            inner.agents.remove(&self.agent);
        }
    }
}

#[cfg(test)]
mod tests {
    use eidetic_model::AgentId;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_newer_connection_waits_until_the_older_has_left() {
        let attachments = Attachments::default();
        let agent = AgentId::from_uuid(Uuid::from_u128(1));
        let older = attachments.take(agent);
        let turn = older.turn().await;
        assert!(!older.replaced.is_cancelled());

        let newer = attachments.take(agent);
        assert!(older.replaced.is_cancelled());
        assert!(newer.turn.clone().try_lock_owned().is_err());
        drop(newer);
        let newest = attachments.take(agent);
        assert!(newest.turn.clone().try_lock_owned().is_err());
        drop(turn);
        drop(older);
        let turn = newest.turn().await;
        assert_eq!(attachments.lock().agents.len(), 1, "the newest one's");
        drop(turn);
        drop(newest);
        assert!(attachments.lock().agents.is_empty());
    }
}
