//! The same work on many computers in stages, as clients see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::deployment::campaign::{self, Candidate, Progress, State, Work};

/// Campaigns, and the computers that another one could take.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Campaigns {
    /// The latest first.
    pub campaigns: Vec<Campaign>,
    /// The version of the packages that the server has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub package_version: Option<String>,
    /// Computers whose agents are older.
    pub older: Vec<CampaignCandidate>,
    /// Computers that no plan names: they have left theirs, or never were in one.
    pub without_plan: Vec<CampaignCandidate>,
}

/// A computer that a campaign can take.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CampaignCandidate {
    /// The id of its agent.
    #[schema(format = Uuid)]
    pub agent_id: String,
    /// Its name.
    pub name: String,
    /// The agent's version.
    pub agent_version: String,
    /// Whether its agent is connected. Those that are not are upgraded only if they are named.
    pub is_connected: bool,
    /// Where the server signs in.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// With which account, if that is known: as before, or as its plan says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub account: Option<String>,
}

/// The same work on many computers: one, then some, then all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Campaign {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// What is done: `upgrade`, `remove` or `purge`.
    pub kind: &'static str,
    /// The version to which agents are upgraded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<String>,
    /// Who asked for it.
    pub asked_by: String,
    /// When.
    pub created_us: i64,
    /// Within how many seconds each computer has to be done, from when it is begun.
    pub within_secs: u64,
    /// `running`, `stopped`, `done` or `cancelled`.
    pub state: &'static str,
    /// What failed, if it is stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why: Option<String>,
    /// The stage that is under way: 1, 2 or 3. None if all are over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stage: Option<u8>,
    /// Its computers, in the order in which they are taken.
    pub computers: Vec<CampaignComputer>,
}

/// A computer of a campaign.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CampaignComputer {
    /// The id of its agent.
    #[schema(format = Uuid)]
    pub agent_id: String,
    /// Its name.
    pub name: String,
    /// Its stage: 1, 2 or 3.
    pub stage: u8,
    /// `waiting`, `under_way`, `good`, `failed` or `left_out`.
    pub state: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub why: Option<String>,
    /// The id of what is done on it now, among the deployments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid, nullable = false)]
    pub deployment_id: Option<String>,
}

/// What a campaign shall do.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignRequest {
    /// What is to be done.
    pub kind: CampaignKind,
    /// The agents of the computers: 1 to 2000. To upgrade, without it, all those that are older and
    /// connected. To remove, they have to be named.
    #[serde(default)]
    pub agents: Option<Vec<String>>,
    /// With which account, where another one is not known for a computer.
    #[serde(default)]
    pub account: Option<String>,
    /// Within how many seconds each computer has to be done: 60 to 86400. Default: 900.
    #[serde(default)]
    pub within_secs: Option<u64>,
}

/// What a campaign can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CampaignKind {
    /// Upgrade agents to the server's package.
    Upgrade,
    /// Remove agents; what they have not sent stays there.
    Remove,
    /// Remove agents with everything that they have not sent.
    Purge,
}

/// How a campaign that stopped goes on.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignContinuation {
    /// Go on without the computers that failed; otherwise they are tried again.
    pub leave_out_failed: bool,
}

impl From<Candidate> for CampaignCandidate {
    fn from(candidate: Candidate) -> Self {
        Self {
            agent_id: candidate.agent.to_string(),
            name: candidate.name,
            agent_version: candidate.version,
            is_connected: candidate.is_connected,
            host: candidate.host,
            port: candidate.port,
            account: candidate.account,
        }
    }
}

impl From<campaign::Campaign> for Campaign {
    fn from(campaign: campaign::Campaign) -> Self {
        let stage = campaign.stage();
        let (kind, version) = match campaign.work {
            Work::Upgrade { version } => ("upgrade", Some(version)),
            Work::Remove => ("remove", None),
            Work::Purge => ("purge", None),
        };
        let (state, why) = match campaign.state {
            State::Running => ("running", None),
            State::Stopped { why } => ("stopped", Some(why)),
            State::Done => ("done", None),
            State::Cancelled => ("cancelled", None),
        };
        Self {
            id: campaign.id.to_string(),
            kind,
            version,
            asked_by: campaign.asked_by,
            created_us: campaign.created_us,
            within_secs: campaign.within_secs,
            state,
            why,
            stage: stage.map(|stage| stage + 1),
            computers: campaign.members.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<campaign::Member> for CampaignComputer {
    fn from(member: campaign::Member) -> Self {
        let (state, why, job) = match member.progress {
            Progress::Waiting => ("waiting", None, None),
            Progress::Asked { job, .. } => ("under_way", None, Some(job)),
            Progress::Good => ("good", None, None),
            Progress::Failed { why } => ("failed", Some(why), None),
            Progress::LeftOut => ("left_out", None, None),
        };
        Self {
            agent_id: member.agent.to_string(),
            name: member.name,
            stage: member.stage + 1,
            state,
            why,
            deployment_id: job.map(|job| job.to_string()),
        }
    }
}
