//! What is found, check by check.

mod agent;
mod server;
mod words;

use std::time::Duration;

use eidetic_model::Timestamp;

pub use agent::examine_agent;
pub use server::examine_server;

pub(crate) use agent::{REMOTE_REGISTRY, WMI, control_port, one as agent_again};
pub(crate) use server::{agents_port, one as server_again};

use crate::{
    catalogue::catalogue,
    check::{Check, CheckId, Place},
    machine::Answer,
};

/// What was found of one prerequisite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The prerequisite.
    pub check: CheckId,
    /// Whether it is met.
    pub verdict: Verdict,
    /// What there is, in words.
    pub found: String,
}

/// Whether a prerequisite is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Met,
    /// It is not.
    Unmet,
    /// It could not be found out.
    Unknown,
}

/// What an agent knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentFacts {
    /// The server that the agent is enrolled with; nothing if it is not enrolled.
    pub server: Answer<Option<(String, u16)>>,
    /// Its certificate.
    pub certificate: Answer<Option<Certificate>>,
    /// By how many microseconds its clock is ahead of the server's; nothing if it never heard of
    /// the server.
    pub ahead_micros: Option<i64>,
    /// The free bytes that the plan leaves on the disk.
    pub min_free_bytes: u64,
    /// The sessions.
    pub sessions: Sessions,
}

/// What an agent knows of the sessions of its computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// They are told, and these are their displays; each with why it cannot be opened, if so.
    Told(Vec<(String, Result<(), String>)>),
    /// Nothing tells of them; why.
    NotTold(String),
    /// The system always tells of them.
    BySystem,
}

/// What a server knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFacts {
    /// Where it is to listen for agents.
    pub agents_listen: std::net::SocketAddr,
    /// The certificate that agents see; nothing before the first start.
    pub server_certificate: Answer<Option<Certificate>>,
    /// The certificate that browsers see.
    pub console_certificate: Answer<Option<Certificate>>,
}

/// From when until when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

impl Finding {
    fn met(check: CheckId, found: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Met,
            found: found.into(),
        }
    }

    fn unmet(check: CheckId, found: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Unmet,
            found: found.into(),
        }
    }

    fn met_if(is_met: bool, check: CheckId, found: impl Into<String>) -> Self {
        match is_met {
            true => Self::met(check, found),
            false => Self::unmet(check, found),
        }
    }

    /// What follows from an answer; without one, that it could not be found out.
    fn of<T>(check: CheckId, answer: Answer<T>, judge: impl FnOnce(T) -> Self) -> Self {
        match answer {
            Ok(answer) => judge(answer),
            Err(reason) => Self {
                check,
                verdict: Verdict::Unknown,
                found: reason.to_string(),
            },
        }
    }
}

impl Verdict {
    /// The word for it, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Unknown => "unknown",
        }
    }
}

/// The checks of a computer with this place.
fn listed(place: Place, is_wanted: impl Fn(&Check) -> bool) -> impl Iterator<Item = CheckId> {
    catalogue()
        .iter()
        .filter(move |check| check.place == place && is_wanted(check))
        .map(|check| check.id)
}

/// A clock that is off by more makes records of two computers hard to compare.
const MOST_SKEW: Duration = Duration::from_secs(60);

/// Less on the server's disk is soon used up.
const MIN_DATA_BYTES: u64 = 3 << 30;
