//! What is known of a computer at a moment, from all places that know something of it.

use std::{collections::HashMap, time::Duration};

use eidetic_checks::{CheckId, Need};
use eidetic_model::{AgentId, Timestamp};
use eidetic_store::{
    StoreError,
    control::{Agent, AgentState, AgentStatus, KnownChecks, SaidStatus},
};

use super::{ComputerStatus, Concern, concern, duplicates::Duplicate, status};
use crate::{
    components::{Components, Connection},
    plans::{Plan, PlanBook, facts_of},
};

/// What is known of a computer.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// Its agent.
    pub agent: &'a Agent,
    /// The agent's connection, if it is connected.
    pub connection: Option<&'a Connection>,
    /// What the agent said before, if it ever said something.
    pub said: Option<&'a SaidStatus>,
    /// What the agent found of its computer's prerequisites when it looked last.
    pub checks: Option<&'a KnownChecks>,
    /// The plan that it belongs to.
    pub plan: &'a Plan,
    /// How many plans name it.
    pub plans_naming: usize,
    /// That another computer has the same identity, if so.
    pub duplicate: Option<&'a Duplicate>,
    /// Since when this server listens.
    pub listening_since: Timestamp,
    /// The moment.
    pub now: Timestamp,
}

impl Observed<'_> {
    /// What the agent said last: on this connection, or before.
    pub fn last_said(&self) -> Option<AgentStatus> {
        let now = self.connection.and_then(|connection| connection.status);
        now.or_else(|| self.said.map(|said| said.status))
    }

    /// What the agent said on this connection.
    pub fn says(&self) -> Option<AgentStatus> {
        self.connection.and_then(|connection| connection.status)
    }

    /// For how long nothing has been heard of it, while this server listened.
    pub fn silent_for(&self) -> Duration {
        if self.connection.is_some() {
            return Duration::ZERO;
        }
        let since = self.agent.last_seen.unwrap_or(self.agent.enrolled);
        self.now.saturating_since(since.max(self.listening_since))
    }

    /// How many things that the agent needs to record and deliver were unmet when it looked last.
    pub fn needed_and_unmet(&self) -> usize {
        let unmet = self.checks.iter().flat_map(|checks| &checks.unmet);
        // A check of a newer agent is not in this server's list: it counts.
        let need = |name: &str| CheckId::called(name).map(|id| eidetic_checks::check(id).need);
        let is_needed = |name: &str| matches!(need(name), None | Some(Need::Always | Need::Screen));
        unmet.filter(|unmet| is_needed(&unmet.check.check)).count()
    }

    /// The status.
    pub fn status(&self) -> ComputerStatus {
        status::of(self)
    }

    /// What somebody should look at, the worst first.
    pub fn concerns(&self) -> Vec<Concern> {
        concern::of(self)
    }
}

/// What is known of all computers.
#[derive(Debug)]
pub struct Overview {
    agents: Vec<Agent>,
    said: HashMap<AgentId, SaidStatus>,
    checks: HashMap<AgentId, KnownChecks>,
    connections: HashMap<AgentId, Connection>,
    duplicates: HashMap<AgentId, Duplicate>,
    book: std::sync::Arc<PlanBook>,
    listening_since: Timestamp,
    now: Timestamp,
}

impl Overview {
    /// Looks.
    ///
    /// # Errors
    ///
    /// If a store does.
    pub async fn look(components: &Components) -> Result<Self, StoreError> {
        let agents = components.control.agents().await?;
        let said = components.health.statuses().await?.into_iter().collect();
        let checks = components.control.checks().await?;
        let checks = checks.into_iter().map(|known| (known.agent, known));
        let now = components.clock.wall();
        Ok(Self {
            agents,
            said,
            checks: checks.collect(),
            connections: components.connected.all(),
            duplicates: components.duplicates.all(components.clock.monotonic()),
            book: components.plans.borrow().clone(),
            listening_since: components.listening_since,
            now,
        })
    }

    /// When that was.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The plans.
    pub fn book(&self) -> &PlanBook {
        &self.book
    }

    /// All computers, by name.
    pub fn computers(&self) -> impl Iterator<Item = Observed<'_>> {
        self.agents.iter().map(|agent| self.observed(agent))
    }

    /// One computer.
    pub fn computer(&self, agent: AgentId) -> Option<Observed<'_>> {
        let agent = self.agents.iter().find(|known| known.id == agent)?;
        Some(self.observed(agent))
    }

    fn observed<'a>(&'a self, agent: &'a Agent) -> Observed<'a> {
        let facts = facts_of(agent);
        let plans_naming = match agent.state {
            AgentState::Active => self.book.naming(&facts).count(),
            AgentState::Removed => 0,
        };
        Observed {
            agent,
            connection: self.connections.get(&agent.id),
            said: self.said.get(&agent.id),
            checks: self.checks.get(&agent.id),
            plan: self.book.plan_of(&facts),
            plans_naming,
            duplicate: self.duplicates.get(&agent.id),
            listening_since: self.listening_since,
            now: self.now,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use eidetic_model::{AgentId, ComputerFacts, UnmetCheck};
    use eidetic_store::control::KnownUnmet;
    use uuid::Uuid;

    use super::{
        super::duplicates::{Duplicate, Run},
        *,
    };
    use crate::plans::{PlanDocument, PlanSettings};

    const NOW: Timestamp = Timestamp::from_unix_micros(1_767_225_600_000_000);

    /// A computer that can be made to be in every situation.
    pub struct Case {
        pub agent: Agent,
        connection: Option<Connection>,
        said: Option<SaidStatus>,
        checks: Option<KnownChecks>,
        book: PlanBook,
        duplicate: Option<Duplicate>,
        listening_since: Timestamp,
    }

    impl Case {
        /// One that is connected and idle, and of no concern.
        pub fn connected() -> Self {
            let agent = Agent {
                id: AgentId::from_uuid(Uuid::from_u128(1)),
                computer_name: "RDS01".into(),
                agent_version: "0.1.0".into(),
                operating_system: "Debian".into(),
                facts: ComputerFacts::default(),
                enrolled: before(7_200),
                last_seen: Some(before(2)),
                state: AgentState::Active,
                certificate_serial: vec![1],
            };
            Self {
                agent,
                connection: Some(Connection {
                    number: 1,
                    stopped_since: None,
                    since: before(3_600),
                    address: "192.0.2.1".into(),
                    status: Some(AgentStatus::default()),
                }),
                said: None,
                checks: None,
                book: PlanBook::default(),
                duplicate: None,
                listening_since: before(86_400),
            }
        }

        pub fn says(&mut self) -> &mut AgentStatus {
            let connection = self.connection.as_mut().unwrap();
            connection.status.get_or_insert_default()
        }

        pub fn says_nothing(&mut self) {
            self.connection.as_mut().unwrap().status = None;
        }

        pub fn turn_monitoring_off(&mut self) {
            let plan = self.book.default_plan();
            let document = PlanDocument {
                settings: PlanSettings {
                    monitor: false,
                    ..PlanSettings::default()
                },
                ..plan.document().clone()
            };
            self.book = self
                .book
                .with_changed(plan.id(), plan.revision(), document)
                .unwrap();
            self.says().policy_revision = self.book.default_plan().settings_revision();
        }

        pub fn stop(&mut self) {
            self.connection.as_mut().unwrap().stopped_since = Some(before(9));
        }

        pub fn away_for(&mut self, seconds: u64) {
            if let Some(status) = self.connection.take().and_then(|before| before.status) {
                self.said = Some(SaidStatus {
                    at: before(seconds),
                    address: String::new(),
                    status,
                });
            }
            self.agent.last_seen = Some(before(seconds));
        }

        pub fn never_connected(&mut self, seconds: u64) {
            self.connection = None;
            self.said = None;
            self.agent.last_seen = None;
            self.agent.enrolled = before(seconds);
        }

        pub fn finds_unmet(&mut self, checks: &[&str]) {
            let unmet = checks.iter().map(|check| KnownUnmet {
                check: UnmetCheck {
                    check: (*check).to_owned(),
                    found: String::new(),
                    by_hand: vec![],
                },
                since: before(60),
            });
            self.checks = Some(KnownChecks {
                agent: self.agent.id,
                at: before(60),
                unmet: unmet.collect(),
            });
        }

        pub fn listening_for(&mut self, seconds: u64) {
            self.listening_since = before(seconds);
        }

        pub fn copy(&mut self) {
            let run = Run {
                id: Some([1; 16]),
                computer: "RDS01".into(),
                address: "192.0.2.1".into(),
            };
            self.duplicate = Some(Duplicate {
                first: run.clone(),
                second: run,
            });
        }

        pub fn observed<'a, T>(&'a self, look: impl FnOnce(&Observed<'a>) -> T) -> T {
            look(&Observed {
                agent: &self.agent,
                connection: self.connection.as_ref(),
                said: self.said.as_ref(),
                checks: self.checks.as_ref(),
                plan: self.book.default_plan(),
                plans_naming: 1,
                duplicate: self.duplicate.as_ref(),
                listening_since: self.listening_since,
                now: NOW,
            })
        }
    }

    fn before(seconds: u64) -> Timestamp {
        NOW.saturating_sub(Duration::from_secs(seconds))
    }
}
