//! The prerequisites of monitored computers, as clients see them.

use eidetic_checks::{CheckId, Installation, Need, System, network::NetworkFinding};
use eidetic_model::AdjustmentRecord;
use eidetic_store::control::{KnownChecks, KnownUnmet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an agent found of its computer's prerequisites.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComputerChecks {
    /// When it looked.
    pub checked_us: i64,
    /// What was unmet; nothing if all was good.
    pub unmet: Vec<UnmetPrerequisite>,
}

/// A prerequisite that is unmet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnmetPrerequisite {
    /// Its id, which never changes.
    pub id: String,
    /// What has to be.
    pub title: String,
    /// What there is.
    pub found: String,
    /// What it means, and what does not work.
    pub meaning: String,
    /// What needs it.
    pub needed_for: PrerequisiteNeed,
    /// How to mend it by hand: lines of text and commands.
    pub by_hand: Vec<String>,
    /// Whether the agent can mend it, if its plan says so.
    pub can_be_mended: bool,
    /// Since when it is known to be unmet.
    pub since_us: i64,
}

/// What needs a prerequisite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrerequisiteNeed {
    /// Recording and delivering.
    Always,
    /// Recording the screen.
    Screen,
    /// Installing the agent from the server, and nothing after that.
    PushInstallation,
    /// Calls of the server to the agent, without which it works too.
    ControlCalls,
}

/// What an agent changed on its computer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Adjustments {
    /// The changes, the latest first.
    pub adjustments: Vec<Adjustment>,
}

/// Something that an agent changed on its computer, or tried to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Adjustment {
    /// For which prerequisite.
    pub id: String,
    /// When, by the computer's clock.
    pub at_us: i64,
    /// What was found before.
    pub before: String,
    /// What was found after.
    pub after: String,
    /// Why it is not mended; nothing if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<String>,
}

/// A computer to look at over the network.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkCheckRequest {
    /// Its name or address.
    #[schema(min_length = 1, max_length = 253)]
    pub computer: String,
}

/// What the server found of a computer over the network.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NetworkChecks {
    /// The computer, as it was asked for.
    pub computer: String,
    /// What was tried, in this order.
    pub checks: Vec<NetworkCheck>,
    /// What its agent found last, if it is known by that name or address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub agent: Option<ComputerChecks>,
}

/// Something that the server tried.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NetworkCheck {
    /// Its id, which never changes: `name`, `ssh`, `smb`, `rpc`, `control-port`.
    pub id: String,
    /// What was tried.
    pub title: String,
    /// Whether it answers.
    pub is_met: bool,
    /// What was found.
    pub found: String,
    /// What needs it.
    pub needed_for: PrerequisiteNeed,
    /// What to do if it does not answer.
    pub by_hand: String,
}

impl ComputerChecks {
    /// What an agent found, on a computer with this system.
    pub fn new(known: &KnownChecks, operating_system: &str) -> Self {
        let system = System::called(operating_system);
        let unmet = known.unmet.iter();
        Self {
            checked_us: known.at.as_unix_micros(),
            unmet: unmet
                .map(|unmet| UnmetPrerequisite::new(unmet, system))
                .collect(),
        }
    }
}

impl UnmetPrerequisite {
    fn new(known: &KnownUnmet, system: System) -> Self {
        let told = &known.check;
        let listed = CheckId::called(&told.check).map(eidetic_checks::check);
        let fill = |line: &str| Installation::usual_agent(system).fill(line);
        Self {
            id: told.check.clone(),
            // One of a newer agent is not in this server's list.
            title: listed.map_or_else(|| told.check.clone(), |check| fill(check.title)),
            found: told.found.clone(),
            meaning: listed.map(|check| fill(check.meaning)).unwrap_or_default(),
            needed_for: listed.map_or(Need::Always, |check| check.need).into(),
            by_hand: told.by_hand.clone(),
            can_be_mended: listed.is_some_and(|check| check.mended.is_some()),
            since_us: known.since.as_unix_micros(),
        }
    }
}

impl From<Need> for PrerequisiteNeed {
    fn from(need: Need) -> Self {
        match need {
            Need::Always => Self::Always,
            Need::Screen => Self::Screen,
            Need::PushInstallation => Self::PushInstallation,
            Need::ControlCalls => Self::ControlCalls,
        }
    }
}

impl From<AdjustmentRecord> for Adjustment {
    fn from(record: AdjustmentRecord) -> Self {
        Self {
            id: record.check,
            at_us: record.at.as_unix_micros(),
            before: record.before,
            after: record.after,
            problem: record.problem,
        }
    }
}

impl From<NetworkFinding> for NetworkCheck {
    fn from(finding: NetworkFinding) -> Self {
        Self {
            id: finding.id.to_owned(),
            title: finding.title,
            is_met: finding.is_met,
            found: finding.found,
            needed_for: finding.need.into(),
            by_hand: finding.by_hand.to_owned(),
        }
    }
}
