//! Why a job could not be done, and what the agent is told then.

use eidetic_model::AgentId;
use eidetic_store::StoreError;
use eidetic_wire::server_link::Refusal;
use tracing::error;

/// A job could not be done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The agent sent what it must not.
    Misbehaved(String),
    /// A store failed. Nothing was acknowledged; the agent comes again later.
    Store(StoreError),
}

impl Failure {
    /// What the agent is told. The log is told more.
    pub fn refusal(self, agent: AgentId) -> Refusal {
        match self {
            Self::Misbehaved(message) => Refusal::misbehaved(message),
            Self::Store(error @ StoreError::Full { .. }) => {
                error!(%agent, %error, "no space left on the server: agents have to wait");
                Refusal::overloaded("the server has no space left: make room there")
            }
            Self::Store(error) => {
                let error = anyhow::Error::from(error);
                error!(%agent, error = format!("{error:#}"), "what an agent sent was not stored");
                Refusal::overloaded("the server cannot store now: see its log")
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
