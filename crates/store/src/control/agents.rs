//! Agents and their enrolment.

use eidetic_model::{AgentId, ComputerFacts, Timestamp};

/// An enrolled agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// The computer's name.
    pub computer_name: String,
    /// The agent's version.
    pub agent_version: String,
    /// The computer's operating system.
    pub operating_system: String,
    /// How the computer was known on the network when it was connected last.
    pub facts: ComputerFacts,
    /// When it was enrolled.
    pub enrolled: Timestamp,
    /// When it was last heard of.
    pub last_seen: Option<Timestamp>,
    /// Whether it may connect.
    pub state: AgentState,
    /// The serial number of its certificate; connections with another are refused.
    pub certificate_serial: Vec<u8>,
}

/// What an agent says that it is. Agents are upgraded and computers renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentDescription {
    /// The computer's name.
    pub computer_name: String,
    /// The agent's version.
    pub agent_version: String,
    /// The computer's operating system.
    pub operating_system: String,
    /// How the computer is known on the network.
    pub facts: ComputerFacts,
}

/// What became of a certificate that an agent uses for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakenUp {
    /// It is the agent's now.
    Yes,
    /// There is no such agent, or it was removed.
    NotActive,
}

/// Whether an agent may connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// It may.
    Active,
    /// An administrator removed it.
    Removed,
}

/// A token with which one agent may enrol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentToken {
    /// SHA-256 of its secret.
    pub secret_sha256: [u8; 32],
    /// When it was made.
    pub created: Timestamp,
    /// When it expires.
    pub expires: Timestamp,
}

/// An agent that enrols, with what is kept when its token is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolling {
    /// SHA-256 of the secret of its token.
    pub secret_sha256: [u8; 32],
    /// The agent; it replaces what was known of one with its id.
    pub agent: Agent,
    /// The name and the new value of a setting that has to fit the agent.
    pub setting: (String, String),
}

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It is used up now.
    Yes,
    /// There is no such token.
    Unknown,
    /// It was used before.
    AlreadyUsed,
    /// It has expired.
    Expired,
}
