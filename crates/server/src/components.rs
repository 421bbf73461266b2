//! What every part of the server shares: its stores, its clock, and the news of what changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use eidetic_model::{AgentId, Clock, IdSource, SegmentId, SessionId, Timestamp};
pub use eidetic_store::control::AgentStatus;
use eidetic_store::{
    audit::AuditStore,
    control::{ControlStore, HealthStore},
    segments::SegmentStore,
};
use tokio::sync::{broadcast, watch};

use crate::{
    control::Lines,
    deployment::Deployment,
    directory::Directories,
    health::{HealthLog, duplicates::Duplicates},
    mail::Mail,
    plans::PlanBook,
};

/// What every part of the server shares. Cheap to clone.
#[derive(Clone)]
pub struct Components {
    /// Activity records.
    pub audit: Arc<dyn AuditStore>,
    /// Control data.
    pub control: Arc<dyn ControlStore>,
    /// How agents and the system are doing.
    pub health: Arc<dyn HealthStore>,
    /// Screen segments.
    pub segments: Arc<dyn SegmentStore>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// What changed, for those who watch.
    pub news: News,
    /// The monitoring plans that hold now.
    pub plans: watch::Sender<Arc<PlanBook>>,
    /// The agents that are connected now.
    pub connected: ConnectedAgents,
    /// The agents that shall look at their prerequisites now.
    pub check_requests: broadcast::Sender<AgentId>,
    /// Accounts and jobs for putting agents on other computers.
    pub deployment: Deployment,
    /// Directories and the computers that they have.
    pub directories: Directories,
    /// How attached agents are called.
    pub lines: Lines,
    /// How the daily mail is sent.
    pub mail: Mail,
    /// Agents of which there are two.
    pub duplicates: Duplicates,
    /// Since when this server listens.
    pub listening_since: Timestamp,
}

impl Components {
    /// Where what happens to the system is kept.
    pub fn health_log(&self) -> HealthLog {
        HealthLog::new(Arc::clone(&self.health), Arc::clone(&self.clock))
    }
}

/// Tells of changes once they are durable. A listener that is too slow is told how much it
/// missed and reads the stores again; nobody waits for it.
#[derive(Clone, Debug)]
pub struct News(broadcast::Sender<Change>);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A session began, ended, or had an idle stretch.
    Session(SessionId),
    /// A session has new activities.
    Activities(SessionId),
    /// A segment began, grew, or became whole.
    Segment {
        /// The session that it shows.
        session: SessionId,
        /// The segment.
        segment: SegmentId,
    },
    /// An agent was enrolled, connected or disconnected.
    Agent(AgentId),
}

impl News {
    /// No news yet.
    #[expect(clippy::new_without_default, reason = "it is started, not defaulted")]
    pub fn new() -> Self {
        Self(broadcast::Sender::new(1024))
    }

    /// Tells everybody who listens.
    pub fn tell(&self, change: Change) {
        let _nobody_listens = self.0.send(change);
    }

    /// Changes from now on.
    pub fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }
}

/// The agents that are connected now.
#[derive(Clone, Debug, Default)]
pub struct ConnectedAgents(Arc<Mutex<HashMap<AgentId, Connection>>>);

/// What is known of an agent that is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Distinguishes connections of one agent.
    pub number: u64,
    /// Since when.
    pub since: Timestamp,
    /// From which address.
    pub address: String,
    /// What it said last.
    pub status: Option<AgentStatus>,
    /// Since when nothing is recorded there because an administrator stopped it.
    pub stopped_since: Option<Timestamp>,
}

impl ConnectedAgents {
    /// An agent connected. A connection that it had before is forgotten.
    pub fn insert(&self, agent: AgentId, connection: Connection) {
        self.lock().insert(agent, connection);
    }

    /// An agent said something of itself on this connection, and since when it is stopped.
    pub fn update(
        &self,
        agent: AgentId,
        number: u64,
        status: AgentStatus,
        stopped_since: Option<Timestamp>,
    ) {
        if let Some(connection) = self.lock().get_mut(&agent)
            && connection.number == number
        {
            connection.status = Some(status);
            connection.stopped_since = stopped_since;
        }
    }

    /// A connection ended. A newer one of the same agent stays.
    pub fn remove(&self, agent: AgentId, number: u64) {
        let mut agents = self.lock();
        if agents.get(&agent).is_some_and(|c| c.number == number) {
            agents.remove(&agent);
        }
    }

    /// What is known of an agent's connection, if it is connected.
    pub fn connection(&self, agent: AgentId) -> Option<Connection> {
        self.lock().get(&agent).cloned()
    }

    /// Until when the running sessions of an agent are known to go on, beyond what it recorded:
    /// while nothing changes there is nothing to record. `None` if it is not connected.
    pub fn known_until(&self, agent: AgentId) -> Option<Timestamp> {
        let status = self.lock().get(&agent)?.status?;
        status.known_until.filter(|_| status.sessions_recorded > 0)
    }

    /// All connections.
    pub fn all(&self) -> HashMap<AgentId, Connection> {
        self.lock().clone()
    }

    /// How many agents are connected.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AgentId, Connection>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}
