//! Monitored computers and their enrolment.

use eidetic_model::Timestamp;
use eidetic_store::control::{Agent, AgentState, KnownChecks};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    plans::{PlanConflict, facts_of},
    prerequisites::ComputerChecks,
};
use crate::{components::Connection, plans::PlanBook};

/// All monitored computers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Computers {
    /// The computers, by name.
    pub computers: Vec<Computer>,
}

/// A monitored computer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Computer {
    /// The id of its agent.
    #[schema(format = Uuid)]
    pub agent_id: String,
    /// Its name.
    pub name: String,
    /// Whether its agent is connected.
    pub status: ComputerStatus,
    /// When its agent was last heard of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_seen_us: Option<i64>,
    /// When its agent was enrolled.
    pub enrolled_us: i64,
    /// The agent's version.
    pub agent_version: String,
    /// Its operating system.
    pub operating_system: String,
    /// From which address its agent is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<String>,
    /// How many sessions are being recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sessions_recorded: Option<u32>,
    /// Of these sessions, those of which fewer frames are recorded than the policy allows, to keep
    /// its ceiling for processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sessions_slowed: Option<u32>,
    /// Bytes in the agent's spool.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub spool_bytes: Option<u64>,
    /// Entries that wait to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entries_waiting: Option<u64>,
    /// What its agent found of its prerequisites when it looked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub checks: Option<ComputerChecks>,
    /// The plan that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub plan: Option<ComputerPlan>,
}

/// The plan that a computer belongs to, and whether its agent follows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComputerPlan {
    /// The plan's id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The number of the settings that the agent shall follow.
    pub settings_revision: u64,
    /// The number of those that are in force on the computer, if it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub applied_revision: Option<u64>,
    /// Whether these are the same.
    pub is_applied: bool,
    /// What the matter is if more than one plan names the computer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conflict: Option<PlanConflict>,
}

/// Whether an agent is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComputerStatus {
    /// It is.
    Online,
    /// It is not.
    Offline,
    /// It may not connect any more.
    Removed,
}

/// What an enrolment token is wanted for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrolmentTokenRequest {
    /// How long it can be used: 60 seconds to 30 days; one day by default.
    #[schema(minimum = 60, maximum = 2_592_000)]
    pub valid_for_secs: Option<u64>,
}

/// A token with which one agent can enrol.
#[derive(Serialize, ToSchema)]
pub struct IssuedEnrolmentToken {
    /// The token: it is shown this once.
    pub token: String,
    /// Until when it can be used.
    pub expires_us: i64,
}

impl Computer {
    /// An agent, its connection if it is connected, and what it found of its prerequisites.
    pub fn new(
        agent: Agent,
        connection: Option<&Connection>,
        book: &PlanBook,
        checks: Option<&KnownChecks>,
    ) -> Self {
        let status = connection.and_then(|connection| connection.status);
        let plan = match agent.state {
            AgentState::Active => {
                let applied = status.map(|status| status.policy_revision);
                Some(ComputerPlan::new(book, &agent, applied))
            }
            AgentState::Removed => None,
        };
        Self {
            checks: checks.map(|known| ComputerChecks::new(known, &agent.operating_system)),
            plan,
            agent_id: agent.id.to_string(),
            name: agent.computer_name,
            status: match (agent.state, connection) {
                (AgentState::Removed, _) => ComputerStatus::Removed,
                (AgentState::Active, Some(_)) => ComputerStatus::Online,
                (AgentState::Active, None) => ComputerStatus::Offline,
            },
            last_seen_us: agent.last_seen.map(Timestamp::as_unix_micros),
            enrolled_us: agent.enrolled.as_unix_micros(),
            agent_version: agent.agent_version,
            operating_system: agent.operating_system,
            address: connection.map(|connection| connection.address.clone()),
            sessions_recorded: status.map(|status| status.sessions_recorded),
            sessions_slowed: status.map(|status| status.sessions_slowed),
            spool_bytes: status.map(|status| status.spool_bytes),
            entries_waiting: status.map(|status| status.entries_waiting),
        }
    }
}

impl ComputerPlan {
    fn new(book: &PlanBook, agent: &Agent, applied_revision: Option<u64>) -> Self {
        let facts = facts_of(agent);
        let plan = book.plan_of(&facts);
        Self {
            id: plan.id().to_string(),
            name: plan.document().name.clone(),
            settings_revision: plan.settings_revision(),
            applied_revision,
            is_applied: applied_revision == Some(plan.settings_revision()),
            conflict: PlanConflict::of(book, agent, &facts),
        }
    }
}
