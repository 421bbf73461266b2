//! Monitored computers and their enrolment.

use eidetic_model::Timestamp;
use eidetic_store::control::{Agent, AgentState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    directories::LeftDirectory, health_log::Severity, plans::PlanConflict,
    prerequisites::ComputerChecks,
};
use crate::{
    components::AgentStatus,
    health::{self, Concern, Observed, Overview, duplicates::Run},
    plans::{PlanBook, facts_of},
};

/// All monitored computers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Computers {
    /// The computers, by name.
    pub computers: Vec<Computer>,
    /// What the words for their status mean.
    pub statuses: Vec<StatusMeaning>,
}

/// What a word for a computer's status means.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatusMeaning {
    /// The status.
    pub status: ComputerStatus,
    /// The word for people.
    pub word: &'static str,
    /// What it means.
    pub explanation: &'static str,
    /// What to do; empty if nothing is to be done.
    pub advice: &'static str,
}

/// A monitored computer with all that is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComputerDetail {
    /// What the list of computers shows.
    #[serde(flatten)]
    pub computer: Computer,
    /// What its status means.
    pub meaning: StatusMeaning,
    /// What somebody should look at, the worst first.
    pub concerns_explained: Vec<ConcernDetail>,
    /// By which names it is known on the network.
    pub names: Vec<String>,
    /// By which addresses it is known on the network.
    pub addresses: Vec<String>,
    /// Since when its agent is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub connected_since_us: Option<i64>,
    /// Since when nothing is recorded there because an administrator stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stopped_since_us: Option<i64>,
    /// When it said what is shown of it: now if it is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub said_us: Option<i64>,
    /// The two computers with one identity, if there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duplicate: Option<DuplicateComputers>,
    /// What its agent found of its prerequisites when it looked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub checks: Option<ComputerChecks>,
    /// Where it was in a directory, if it is not any more: what was recorded there stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub left_directory: Option<LeftDirectory>,
}

/// Two computers with one identity.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DuplicateComputers {
    /// The one that is taken in.
    pub first: String,
    /// The one that has to wait.
    pub second: String,
}

/// Something of a computer that somebody should look at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConcernDetail {
    /// Its stable name: that of its events in the health log.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is called.
    pub title: &'static str,
    /// What the matter is.
    pub explanation: String,
    /// What to do.
    pub advice: &'static str,
}

/// Something of a computer that somebody should look at, in short.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ConcernShort {
    /// Its stable name.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is called.
    pub title: &'static str,
}

/// Whether the agent keeps the plan's ceiling for processor time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Budget {
    /// It does, with all frames that the plan asks for.
    Kept,
    /// It does, by recording fewer frames.
    KeptBySlowing,
    /// It does not.
    NotKept,
}

/// A monitored computer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Computer {
    /// The id of its agent.
    #[schema(format = Uuid)]
    pub agent_id: String,
    /// Its name.
    pub name: String,
    /// How it is, in a word.
    pub status: ComputerStatus,
    /// Whether its agent is connected.
    pub is_connected: bool,
    /// What somebody should look at, the worst first.
    pub concerns: Vec<ConcernShort>,
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
    /// From which address its agent is connected, or was last.
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
    /// Segments that wait to be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub segments_waiting: Option<u64>,
    /// By how many microseconds its clock is ahead of the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub clock_ahead_us: Option<i64>,
    /// The processor time of all of its agent's processes over the last minute, in percent of one
    /// core.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cpu_percent: Option<f64>,
    /// The memory of all of its agent's processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub memory_bytes: Option<u64>,
    /// Whether its recorders keep the plan's ceiling for processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub budget: Option<Budget>,
    /// What is free on the disk of the agent's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub disk_free_bytes: Option<u64>,
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

/// How a computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComputerStatus {
    /// Another computer has the same identity.
    Duplicate,
    /// Nothing is heard of it.
    NotResponding,
    /// Its plan says that nothing is recorded.
    Paused,
    /// It has not said yet how it is.
    Enrolled,
    /// Sessions are being recorded.
    Recording,
    /// Nobody is there who could be recorded.
    Idle,
    /// An administrator removed it.
    Removed,
}

/// What an enrolment token is wanted for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnrolmentTokenRequest {
    /// How long it can be used: 60 seconds to 30 days; one day by default.
    #[schema(minimum = 60, maximum = 2_592_000)]
    pub valid_for_secs: Option<u64>,
    /// The name of the computer that it is for, with or without its domain: another one is refused,
    /// which does not use the token up. Without it, it is for any.
    pub computer: Option<String>,
}

/// A token with which one agent can enrol.
#[derive(Serialize, ToSchema)]
pub struct IssuedEnrolmentToken {
    /// The token: it is shown this once.
    pub token: String,
    /// Until when it can be used.
    pub expires_us: i64,
    /// The computer that it is for, if it is for one alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub computer: Option<String>,
    /// The version of the agent's packages: of those that this server has, or its own.
    pub package_version: String,
}

impl Computers {
    /// All computers that this shows.
    pub fn new(overview: &Overview) -> Self {
        Self {
            computers: overview
                .computers()
                .map(|computer| Computer::new(&computer, overview.book()))
                .collect(),
            statuses: health::ComputerStatus::ALL.map(StatusMeaning::of).to_vec(),
        }
    }
}

impl StatusMeaning {
    fn of(status: health::ComputerStatus) -> Self {
        Self {
            status: status.into(),
            word: status.word(),
            explanation: status.explanation(),
            advice: status.advice(),
        }
    }
}

impl Computer {
    /// What is known of a computer.
    pub fn new(computer: &Observed<'_>, book: &PlanBook) -> Self {
        let agent = computer.agent;
        let said = match agent.state {
            AgentState::Active => computer.last_said(),
            AgentState::Removed => None,
        };
        let concerns = computer.concerns();
        let plan = match agent.state {
            AgentState::Active => {
                let applied = computer.says().map(|says| says.policy_revision);
                Some(ComputerPlan::new(book, agent, applied))
            }
            AgentState::Removed => None,
        };
        let address = match computer.connection {
            Some(connection) => Some(&connection.address),
            None => computer.said.map(|said| &said.address),
        };
        Self {
            agent_id: agent.id.to_string(),
            name: agent.computer_name.clone(),
            status: computer.status().into(),
            is_connected: computer.connection.is_some(),
            last_seen_us: agent.last_seen.map(Timestamp::as_unix_micros),
            enrolled_us: agent.enrolled.as_unix_micros(),
            agent_version: agent.agent_version.clone(),
            operating_system: agent.operating_system.clone(),
            address: address.cloned(),
            sessions_recorded: computer.says().map(|says| says.sessions_recorded),
            sessions_slowed: computer.says().map(|says| says.sessions_slowed),
            spool_bytes: said.map(|said| said.spool_bytes),
            entries_waiting: said.map(|said| said.entries_waiting),
            segments_waiting: said.map(|said| said.segments_waiting),
            clock_ahead_us: said.and_then(|said| said.clock_ahead_micros),
            cpu_percent: said
                .and_then(|said| said.cpu_permille)
                .map(|permille| f64::from(permille) / 10.0),
            memory_bytes: said.and_then(|said| said.memory_bytes),
            budget: computer
                .says()
                .and_then(|says| Budget::of(&says, &concerns)),
            disk_free_bytes: said.and_then(|said| said.disk_free_bytes),
            concerns: concerns.iter().map(|concern| (*concern).into()).collect(),
            plan,
        }
    }
}

impl ComputerDetail {
    /// All that is known of a computer.
    pub fn new(computer: &Observed<'_>, overview: &Overview) -> Self {
        let facts = &computer.agent.facts;
        let said = computer.says().map(|_| overview.now());
        let said = said.or_else(|| computer.said.map(|said| said.at));
        let named = |run: &Run| format!("{} at {}", run.computer, run.address);
        Self {
            computer: Computer::new(computer, overview.book()),
            meaning: StatusMeaning::of(computer.status()),
            concerns_explained: computer.concerns().into_iter().map(Into::into).collect(),
            names: facts.names.clone(),
            addresses: facts.addresses.iter().map(ToString::to_string).collect(),
            connected_since_us: computer
                .connection
                .map(|connection| connection.since.as_unix_micros()),
            stopped_since_us: computer
                .connection
                .and_then(|connection| connection.stopped_since)
                .map(Timestamp::as_unix_micros),
            said_us: said.map(Timestamp::as_unix_micros),
            checks: computer
                .checks
                .map(|known| ComputerChecks::new(known, &computer.agent.operating_system)),
            duplicate: computer.duplicate.map(|duplicate| DuplicateComputers {
                first: named(&duplicate.first),
                second: named(&duplicate.second),
            }),
            left_directory: None,
        }
    }
}

impl Budget {
    /// Nothing while nothing is recorded.
    fn of(says: &AgentStatus, concerns: &[Concern]) -> Option<Self> {
        let is_over = |concern: &Concern| matches!(concern, Concern::OverBudget { .. });
        if concerns.iter().any(is_over) {
            Some(Self::NotKept)
        } else if says.sessions_slowed > 0 {
            Some(Self::KeptBySlowing)
        } else if says.sessions_recorded > 0 && says.cpu_permille.is_some() {
            Some(Self::Kept)
        } else {
            None
        }
    }
}

impl From<Concern> for ConcernShort {
    fn from(concern: Concern) -> Self {
        Self {
            kind: concern.kind().name(),
            severity: concern.severity().into(),
            title: concern.kind().title(),
        }
    }
}

impl From<Concern> for ConcernDetail {
    fn from(concern: Concern) -> Self {
        Self {
            kind: concern.kind().name(),
            severity: concern.severity().into(),
            title: concern.kind().title(),
            explanation: concern.explanation(),
            advice: concern.advice(),
        }
    }
}

impl From<health::ComputerStatus> for ComputerStatus {
    fn from(status: health::ComputerStatus) -> Self {
        use health::ComputerStatus as Known;
        match status {
            Known::Duplicate => Self::Duplicate,
            Known::NotResponding => Self::NotResponding,
            Known::Paused => Self::Paused,
            Known::Enrolled => Self::Enrolled,
            Known::Recording => Self::Recording,
            Known::Idle => Self::Idle,
            Known::Removed => Self::Removed,
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
