//! The one word for how a computer is, and what it means.

use std::time::Duration;

use eidetic_model::Recording;
use eidetic_store::control::AgentState;

use super::Observed;
use crate::components::Connection;

/// How a computer is. Every computer has exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComputerStatus {
    /// Another computer has the same identity.
    Duplicate,
    /// Nothing is heard of it.
    NotResponding,
    /// Its plan says that nothing is recorded, or an administrator stopped it.
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

/// The status of a computer of which this is known. The first that holds counts.
pub(super) fn of(computer: &Observed<'_>) -> ComputerStatus {
    if computer.agent.state == AgentState::Removed {
        return ComputerStatus::Removed;
    }
    if computer.duplicate.is_some() {
        return ComputerStatus::Duplicate;
    }
    if computer.silent_for() > patience(computer) {
        return ComputerStatus::NotResponding;
    }
    let is_stopped = |connection: &Connection| connection.stopped_since.is_some();
    if computer.plan.policy().recording() == Recording::Off
        || computer.connection.is_some_and(is_stopped)
    {
        return ComputerStatus::Paused;
    }
    match computer.last_said() {
        None => ComputerStatus::Enrolled,
        Some(said) if said.sessions_recorded > 0 => ComputerStatus::Recording,
        Some(_) => ComputerStatus::Idle,
    }
}

/// How long a computer may be silent.
fn patience(computer: &Observed<'_>) -> Duration {
    match computer.agent.last_seen {
        Some(_) => SILENT_AFTER,
        // Its service is being set up.
        None => FIRST_CONNECTION_WITHIN,
    }
}

impl ComputerStatus {
    /// All of them, in the order in which somebody should look at them.
    pub const ALL: [Self; 7] = [
        Self::Duplicate,
        Self::NotResponding,
        Self::Paused,
        Self::Enrolled,
        Self::Recording,
        Self::Idle,
        Self::Removed,
    ];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::NotResponding => "not_responding",
            Self::Paused => "paused",
            Self::Enrolled => "enrolled",
            Self::Recording => "recording",
            Self::Idle => "idle",
            Self::Removed => "removed",
        }
    }

    /// The word that people see.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "Duplicate",
            Self::NotResponding => "Not responding",
            Self::Paused => "Paused",
            Self::Enrolled => "Enrolled",
            Self::Recording => "Recording",
            Self::Idle => "Idle",
            Self::Removed => "Removed",
        }
    }

    /// What it means.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Duplicate => {
                "Two computers connect with the identity of this one, as when its disk was copied. \
                 The one that was connected first goes on; what the other records waits on its disk."
            }
            Self::NotResponding => {
                "Nothing has been heard of its agent for more than a minute. If the agent runs, it \
                 goes on recording, and sends what it has when it reaches the server again."
            }
            Self::Paused => {
                "Nothing is recorded: its plan says so, or an administrator stopped it. The agent is \
                 connected."
            }
            Self::Enrolled => {
                "It has a certificate, and its agent has not said anything yet. That takes a few \
                 seconds after the agent's service was started."
            }
            Self::Recording => "At least one session is being recorded.",
            Self::Idle => {
                "Its agent is connected, and there is no session that its plan asks for. Recording \
                 begins by itself when somebody logs on."
            }
            Self::Removed => {
                "An administrator removed it: its agent may not connect any more. What it recorded \
                 is kept as long as its plan says."
            }
        }
    }

    /// What to do; nothing if there is nothing to be done.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Duplicate => {
                "Give the second one a new identity here: it enrols by itself at its next attempt, \
                 within a minute or two, and sends what it recorded meanwhile as a computer of its \
                 own. Or by hand: on the copy, stop the agent's service, delete `identity.toml` in the agent's folder, run \
                 `eidetic-agent enrol` with a token of its own, and start the service again: what \
                 it recorded meanwhile is sent then. Then press \"It is resolved\" here."
            }
            Self::NotResponding => {
                "See that the computer is on and that the agent's service runs (`eidetic-agent \
                 status` there says why it does not connect), and that the computer reaches this \
                 server's TCP port 9004."
            }
            Self::Paused => {
                "If it should be recorded, switch monitoring on in its plan, or let recording go on \
                 here if it was stopped."
            }
            Self::Enrolled => {
                "If it stays so, start the agent's service on the computer; `eidetic-agent status` \
                 there says what is missing."
            }
            Self::Recording | Self::Idle => "",
            Self::Removed => "To have it back, enrol its agent again with a new token.",
        }
    }
}

/// Agents say something every 5 seconds, and try again at least once a minute.
const SILENT_AFTER: Duration = Duration::from_secs(75);

const FIRST_CONNECTION_WITHIN: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::{super::observed::tests::Case, *};

    #[test]
    fn each_status_follows_from_what_is_known() {
        let check = |change: &dyn Fn(&mut Case), expected: ComputerStatus| {
            let mut case = Case::connected();
            change(&mut case);
            assert_eq!(case.observed(Observed::status), expected);
        };
        check(&|_| {}, ComputerStatus::Idle);
        check(
            &|case| case.says().sessions_recorded = 1,
            ComputerStatus::Recording,
        );
        check(&|case| case.says_nothing(), ComputerStatus::Enrolled);
        check(&|case| case.turn_monitoring_off(), ComputerStatus::Paused);
        check(&|case| case.stop(), ComputerStatus::Paused);
        check(&|case| case.away_for(74), ComputerStatus::Idle);
        check(&|case| case.away_for(76), ComputerStatus::NotResponding);
        check(&|case| case.copy(), ComputerStatus::Duplicate);
        let removed = |case: &mut Case| {
            case.copy();
            case.agent.state = AgentState::Removed;
        };
        check(&removed, ComputerStatus::Removed);
    }

    #[test]
    fn one_that_was_never_there_has_more_time_and_silence_counts_while_the_server_listens() {
        let mut case = Case::connected();
        case.never_connected(599);
        assert_eq!(case.observed(Observed::status), ComputerStatus::Enrolled);
        case.never_connected(601);
        assert_eq!(
            case.observed(Observed::status),
            ComputerStatus::NotResponding
        );
        let mut case = Case::connected();
        case.away_for(3_600);
        case.listening_for(30);
        assert_eq!(case.observed(Observed::status), ComputerStatus::Idle);
    }

    #[test]
    fn every_status_is_explained_and_those_that_need_somebody_say_what_to_do() {
        let names: std::collections::BTreeSet<_> = ComputerStatus::ALL
            .iter()
            .map(|status| status.name())
            .collect();
        assert_eq!(names.len(), ComputerStatus::ALL.len());
        for status in ComputerStatus::ALL {
            assert!(status.explanation().ends_with('.'), "{status:?}");
            let is_fine = matches!(status, ComputerStatus::Recording | ComputerStatus::Idle);
            assert_eq!(status.advice().is_empty(), is_fine, "{status:?}");
        }
    }
}
