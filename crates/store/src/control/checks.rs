//! What agents told of the prerequisites of their computers.

use eidetic_model::{AgentId, Timestamp, UnmetCheck};

/// What an agent found when it looked last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownChecks {
    /// The agent.
    pub agent: AgentId,
    /// When it looked.
    pub at: Timestamp,
    /// What was unmet, by its name.
    pub unmet: Vec<KnownUnmet>,
}

/// A prerequisite that was unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownUnmet {
    /// What the agent told of it.
    pub check: UnmetCheck,
    /// When the agent told of it first, without having said that it was met since.
    pub since: Timestamp,
}
