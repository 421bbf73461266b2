//! What is to be done on a computer, and how far it has come.

use std::time::Duration;

use eidetic_deploy::{Cancel, System};
use eidetic_model::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The computer's name or address.
    pub computer: String,
    /// What it is; `None` is found out, but where a port is given: that is one of an SSH server.
    #[serde(default)]
    pub system: Option<ComputerKind>,
    /// The port on which it is reached, if it is another than the usual one.
    #[serde(default)]
    pub port: Option<u16>,
    /// With which account.
    pub account: String,
    /// What is to be done.
    pub action: Action,
    /// Who asked for it: a user, or a plan.
    pub asked_by: String,
}

/// What a computer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComputerKind {
    /// Linux, reached by SSH.
    Linux,
    /// Windows, reached by SMB.
    Windows,
}

impl Order {
    /// What the computer is, if that need not be found out.
    pub(super) fn known_system(&self) -> Option<System> {
        match (self.system, self.port) {
            (Some(kind), _) => Some(kind.into()),
            (None, Some(_)) => Some(System::Linux),
            (None, None) => None,
        }
    }
}

impl From<ComputerKind> for System {
    fn from(kind: ComputerKind) -> Self {
        match kind {
            ComputerKind::Linux => Self::Linux,
            ComputerKind::Windows => Self::Windows,
        }
    }
}

impl From<System> for ComputerKind {
    fn from(system: System) -> Self {
        match system {
            System::Linux => Self::Linux,
            System::Windows => Self::Windows,
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The agent is installed, or upgraded where it is older.
    Install,
    /// The agent is removed; what it has not sent stays there.
    Remove,
    /// The agent is removed with everything that it recorded and has not sent.
    Purge,
}

/// A job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// What was asked for.
    pub order: Order,
    /// When.
    pub created: Timestamp,
    /// How far it has come.
    pub state: State,
    /// How often it was begun.
    pub attempts: u32,
    /// What was done, in order.
    pub steps: Vec<StepLine>,
    /// The agent that it brought, once the server has seen it.
    pub agent: Option<Uuid>,
    pub(super) cancel: Cancel,
}

/// How far a job has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It waits for its turn.
    Waiting,
    /// It is being done.
    Running,
    /// It failed in a way that may pass: it is tried again then.
    Retrying {
        /// When.
        at_us: i64,
        /// The kind of failure.
        code: String,
        /// What failed and what to do.
        message: String,
    },
    /// It is done.
    Done,
    /// It failed.
    Failed {
        /// The kind of failure.
        code: String,
        /// What failed and what to do.
        message: String,
    },
    /// Somebody did not want it any more.
    Cancelled,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLine {
    /// When it began.
    pub at_us: i64,
    /// What.
    pub text: String,
    /// How much of it is done, where that is known.
    pub percent: Option<u8>,
}

/// A job as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    id: Uuid,
    order: Order,
    created_us: i64,
    state: State,
    attempts: u32,
    steps: Vec<StepLine>,
    agent: Option<Uuid>,
}

impl Job {
    pub(super) fn new(id: Uuid, order: Order, created: Timestamp) -> Self {
        Self {
            id,
            order,
            created,
            state: State::Waiting,
            attempts: 0,
            steps: Vec::new(),
            agent: None,
            cancel: Cancel::default(),
        }
    }

    /// Whether nothing more happens.
    pub const fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Done | State::Failed { .. } | State::Cancelled
        )
    }

    /// When it may be begun; `None` if it may not.
    pub(super) const fn due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Waiting => Some(self.created),
            State::Retrying { at_us, .. } => Some(Timestamp::from_unix_micros(*at_us)),
            _ => None,
        }
    }

    pub(super) fn kept(&self) -> Kept {
        Kept {
            id: self.id,
            order: self.order.clone(),
            created_us: self.created.as_unix_micros(),
            state: self.state.clone(),
            attempts: self.attempts,
            steps: self.steps.clone(),
            agent: self.agent,
        }
    }
}

impl From<Kept> for Job {
    fn from(kept: Kept) -> Self {
        let created = Timestamp::from_unix_micros(kept.created_us);
        Self {
            // What a server was doing when it stopped is begun anew: every step may be repeated.
            state: match kept.state {
                State::Running => State::Waiting,
                state => state,
            },
            attempts: kept.attempts,
            steps: kept.steps,
            agent: kept.agent,
            ..Self::new(kept.id, kept.order, created)
        }
    }
}

/// After so many attempts, how long to wait before the next; `None` if it is given up.
pub(super) const fn wait_after(attempts: u32) -> Option<Duration> {
    match attempts {
        0 | 1 => Some(Duration::from_secs(30)),
        2 => Some(Duration::from_secs(2 * 60)),
        3 => Some(Duration::from_secs(10 * 60)),
        4 => Some(Duration::from_secs(30 * 60)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system_of(system_and_port: &str) -> Option<System> {
        let json = format!(
            r#"{{"computer": "a", "account": "b", "action": "install", "asked_by": "c"
            {system_and_port}}}"#
        );
        let order: Order = serde_json::from_str(&json).unwrap();
        order.known_system()
    }

    #[test]
    fn orders_that_were_kept_before_there_was_windows_are_for_linux() {
        assert_eq!(system_of(r#", "port": 22"#), Some(System::Linux));
    }

    #[test]
    fn what_is_not_said_is_found_out() {
        assert_eq!(system_of(""), None);
        let windows = system_of(r#", "system": "windows", "port": 4450"#);
        assert_eq!(windows, Some(System::Windows));
    }
}
