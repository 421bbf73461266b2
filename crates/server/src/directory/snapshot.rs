//! What a directory said last of a container.

use std::collections::{BTreeSet, HashSet};

use eidetic_directory::{DirectoryComputer, Found};
use eidetic_model::{ComputerKind, DirectoryContainer, Member, Members, Timestamp};
use serde::{Deserialize, Serialize};

use super::AskError;

/// What a directory said last of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// When it said so; `None` if it never did.
    pub read_us: Option<i64>,
    /// When it was asked last.
    pub asked_us: i64,
    /// Why it did not answer when it was asked last.
    pub problem: Option<Problem>,
    /// The computers in it.
    pub computers: Vec<KeptComputer>,
    /// Computers that were in it and are not any more, the latest first.
    pub gone: Vec<GoneComputer>,
    /// How many others are disabled.
    pub disabled: u32,
    /// How many others have no name that a computer can have.
    pub nameless: u32,
}

/// Why a directory did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The kind of failure.
    pub code: String,
    /// What failed, and what to do about it.
    pub message: String,
}

/// A computer in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptComputer {
    /// What stays the same when it is renamed.
    pub id: String,
    /// Its name, without the domain.
    pub name: String,
    /// Its name with the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
}

/// A computer that is not in a container any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoneComputer {
    /// The computer, as it was.
    pub computer: KeptComputer,
    /// Since when that is known.
    pub since_us: i64,
}

/// A snapshot and the container that it is of, as they are stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    directory: String,
    container: Option<String>,
    domain_controllers: bool,
    servers: bool,
    workstations: bool,
    excluded: BTreeSet<String>,
    snapshot: Snapshot,
}

impl Snapshot {
    /// Nothing was said yet.
    pub(super) const fn new() -> Self {
        Self {
            read_us: None,
            asked_us: 0,
            problem: None,
            computers: Vec::new(),
            gone: Vec::new(),
            disabled: 0,
            nameless: 0,
        }
    }

    /// What is known after the directory was asked again. What it did not answer changes nothing.
    pub(super) fn after(&self, asked: Result<&Found, &AskError>, now: Timestamp) -> Self {
        let now_us = now.as_unix_micros();
        let found = match asked {
            Ok(found) => found,
            Err(error) => {
                return Self {
                    asked_us: now_us,
                    problem: Some(Problem {
                        code: error.code().to_owned(),
                        message: error.to_string(),
                    }),
                    ..self.clone()
                };
            }
        };
        let there: HashSet<_> = found.computers.iter().map(|it| &*it.id).collect();
        let went = self.computers.iter().map(|computer| GoneComputer {
            computer: computer.clone(),
            since_us: now_us,
        });
        let gone = went.chain(self.gone.iter().cloned());
        let gone = gone.filter(|gone| !there.contains(&*gone.computer.id));
        Self {
            read_us: Some(now_us),
            asked_us: now_us,
            problem: None,
            gone: gone.take(MAX_GONE).collect(),
            computers: found.computers.iter().map(KeptComputer::from).collect(),
            disabled: found.disabled,
            nameless: found.nameless,
        }
    }

    /// The computers in it.
    pub(super) fn members(&self) -> Members {
        Members::new(self.computers.iter().map(Member::from))
    }
}

impl Stored {
    pub(super) fn new(container: &DirectoryContainer, snapshot: &Snapshot) -> Self {
        Self {
            directory: container.directory.clone(),
            container: container.container.clone(),
            domain_controllers: container.kinds.contains(&ComputerKind::DomainController),
            servers: container.kinds.contains(&ComputerKind::Server),
            workstations: container.kinds.contains(&ComputerKind::Workstation),
            excluded: container.excluded.clone(),
            snapshot: snapshot.clone(),
        }
    }

    pub(super) fn read(self) -> (DirectoryContainer, Snapshot) {
        let kinds = [
            (self.domain_controllers, ComputerKind::DomainController),
            (self.servers, ComputerKind::Server),
            (self.workstations, ComputerKind::Workstation),
        ];
        let kinds = kinds.into_iter().filter(|(is_in, _)| *is_in);
        let container = DirectoryContainer {
            directory: self.directory,
            container: self.container,
            kinds: kinds.map(|(_, kind)| kind).collect(),
            excluded: self.excluded,
        };
        (container, self.snapshot)
    }
}

impl From<&DirectoryComputer> for KeptComputer {
    fn from(computer: &DirectoryComputer) -> Self {
        Self {
            id: computer.id.clone(),
            name: computer.name.clone(),
            dns_name: computer.dns_name.clone(),
        }
    }
}

impl From<&KeptComputer> for Member {
    fn from(computer: &KeptComputer) -> Self {
        Self {
            name: computer.name.clone(),
            dns_name: computer.dns_name.clone(),
        }
    }
}

/// So many that went are remembered of a container.
const MAX_GONE: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Found {
        let computer = |name: &&str| DirectoryComputer {
            id: format!("id of {name}"),
            name: (*name).to_owned(),
            dns_name: None,
            kind: ComputerKind::Server,
            operating_system: String::new(),
        };
        Found {
            computers: names.iter().map(computer).collect(),
            ..Found::default()
        }
    }

    fn gone(snapshot: &Snapshot) -> Vec<(&str, i64)> {
        let gone = snapshot.gone.iter();
        gone.map(|gone| (&*gone.computer.name, gone.since_us))
            .collect()
    }

    #[test]
    fn what_went_is_remembered_until_it_comes_again_and_a_failure_changes_nothing() {
        let at = Timestamp::from_unix_micros;
        let first = Snapshot::new().after(Ok(&found(&["a", "b", "c"])), at(1));
        let second = first.after(Ok(&found(&["a"])), at(2));
        assert_eq!(gone(&second), [("b", 2), ("c", 2)]);
        let error = AskError::NoDirectory("Corp".into());
        let failed = second.after(Err(&error), at(3));
        assert_eq!((failed.read_us, failed.asked_us), (Some(2), 3));
        assert_eq!(failed.computers, second.computers);
        assert_eq!(failed.problem.as_ref().unwrap().code, "no_directory");
        let fourth = failed.after(Ok(&found(&["b"])), at(4));
        assert_eq!(gone(&fourth), [("a", 4), ("c", 2)]);
        assert_eq!(fourth.problem, None);
    }
}
