//! The one who does the jobs.

use eidetic_model::{AdjustmentRecord, CheckReport, ComputerFacts, SpoolId};
use eidetic_store::control::{Agent, AgentDescription};
use eidetic_wire::{convert::Hello, server_link::Input};

use super::{Job, entries::Entries, failure::Failure, segments::Segments};
use crate::{
    components::{Change, Components},
    control::note_port,
    plans::facts_of,
};

/// Stores what one agent sends on one connection.
pub struct Ingest {
    components: Components,
    agent: Agent,
    entries: Option<Entries>,
    segments: Segments,
}

impl Ingest {
    /// Nothing was stored yet.
    pub fn new(components: Components, agent: Agent) -> Self {
        Self {
            segments: Segments::new(components.clone(), agent.id),
            components,
            agent,
            entries: None,
        }
    }

    /// Does a job. The answer is for the link.
    pub async fn run(&mut self, job: Job) -> Input {
        let done = match job {
            Job::Open(hello, facts) => self.open(hello, facts).await,
            Job::Entries(entries) => match &mut self.entries {
                Some(store) => store.store(&entries).await.map(Input::EntriesStored),
                None => Err(Failure::Misbehaved("entries came before Hello".to_owned())),
            },
            Job::Append(chunk) => {
                let id = chunk.id;
                let outcome = self.segments.append(&chunk).await;
                outcome.map(|outcome| Input::Segment(id, outcome))
            }
            Job::End(end) => {
                let outcome = self.segments.end(&end).await;
                outcome.map(|outcome| Input::Segment(end.id, outcome))
            }
            Job::Query(id) => {
                let outcome = self.segments.query(id).await;
                outcome.map(|outcome| Input::Segment(id, outcome))
            }
            Job::Checks(report) => self.keep_checks(report).await,
        };
        done.unwrap_or_else(|failure| Input::Stop(failure.refusal(self.agent.id)))
    }

    async fn open(&mut self, hello: Hello, facts: ComputerFacts) -> Result<Input, Failure> {
        let control = &self.components.control;
        let last_sequence = control.last_sequence(self.agent.id, hello.spool).await?;
        let book = self.components.plans.borrow().clone();
        let plan = book.plan_of(&facts);
        self.note_what_it_is(&hello, facts.clone()).await?;
        note_port(control.as_ref(), self.agent.id, hello.control_port).await?;
        self.agent.computer_name.clone_from(&hello.computer_name);
        self.agent.facts = facts;
        self.entries = Some(self.entries_of(hello.spool));
        Ok(Input::Opened {
            last_sequence,
            policy_revision: plan.settings_revision(),
            policy: plan.policy().clone(),
            server_time: self.components.clock.wall(),
        })
    }

    async fn keep_checks(&self, report: CheckReport) -> Result<Input, Failure> {
        let agent = self.agent.id;
        let adjustments = report
            .adjustments
            .iter()
            .map(|adjustment| adjustment.id)
            .collect();
        for adjustment in report.adjustments {
            self.keep_adjustment(adjustment).await?;
        }
        let control = &self.components.control;
        control.keep_checks(agent, report.at, report.unmet).await?;
        self.components.news.tell(Change::Agent(agent));
        Ok(Input::ChecksStored {
            adjustments,
            server_time: self.components.clock.wall(),
        })
    }

    /// What is told twice is kept once. It is in the health log first: if one of the two cannot be
    /// written, the agent tells it again, and it is rather there twice than not at all.
    async fn keep_adjustment(&self, adjustment: AdjustmentRecord) -> Result<(), Failure> {
        let control = &self.components.control;
        let kept = control.adjustments(self.agent.id, usize::MAX).await?;
        if kept.iter().any(|kept| kept.id == adjustment.id) {
            return Ok(());
        }
        let book = self.components.plans.borrow().clone();
        let plan = &book.plan_of(&facts_of(&self.agent)).document().name;
        let log = self.components.health_log();
        log.record_adjustment(&self.agent, plan, adjustment.clone())
            .await?;
        control.note_adjustment(self.agent.id, adjustment).await?;
        Ok(())
    }

    fn entries_of(&self, spool: SpoolId) -> Entries {
        Entries::new(self.components.clone(), self.agent.clone(), spool)
    }

    /// Agents are upgraded and computers renamed.
    async fn note_what_it_is(&self, hello: &Hello, facts: ComputerFacts) -> Result<(), Failure> {
        let known = AgentDescription {
            computer_name: self.agent.computer_name.clone(),
            agent_version: self.agent.agent_version.clone(),
            operating_system: self.agent.operating_system.clone(),
            facts: self.agent.facts.clone(),
        };
        let said = AgentDescription {
            computer_name: hello.computer_name.clone(),
            agent_version: hello.agent_version.clone(),
            operating_system: hello.operating_system.clone(),
            facts,
        };
        if said != known {
            // Only this is written: an administrator may be removing the agent.
            let control = &self.components.control;
            control.describe_agent(self.agent.id, said).await?;
        }
        Ok(())
    }
}
