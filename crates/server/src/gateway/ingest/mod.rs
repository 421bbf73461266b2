//! Stores what an agent sends, one job after the other, and says what became of it.

mod entries;
mod jobs;
mod segments;

pub use jobs::{Job, Jobs};
pub use segments::recover;

use eidetic_model::SpoolId;
use eidetic_store::{StoreError, control::Agent};
use eidetic_wire::{
    convert::Hello,
    server_link::{Input, Refusal},
};
use tracing::error;

use self::{entries::Entries, segments::Segments};
use crate::components::Components;

/// Stores what one agent sends on one connection.
pub struct Ingest {
    components: Components,
    agent: Agent,
    entries: Option<Entries>,
    segments: Segments,
}

/// A job could not be done.
#[derive(Debug)]
enum Failure {
    /// The agent sent what it must not.
    Misbehaved(String),
    /// A store failed. Nothing was acknowledged; the agent comes again later.
    Store(StoreError),
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
            Job::Open(hello) => self.open(hello).await,
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
        };
        done.unwrap_or_else(|failure| self.refuse(failure))
    }

    async fn open(&mut self, hello: Hello) -> Result<Input, Failure> {
        let control = &self.components.control;
        let last_sequence = control.last_sequence(self.agent.id, hello.spool).await?;
        self.note_what_it_is(&hello).await?;
        self.entries = Some(self.entries_of(hello.spool));
        let current = self.components.policy.borrow().clone();
        Ok(Input::Opened {
            last_sequence,
            policy_revision: current.revision,
            policy: current.policy,
        })
    }

    fn entries_of(&self, spool: SpoolId) -> Entries {
        Entries::new(self.components.clone(), self.agent.id, spool)
    }

    /// Agents are upgraded and computers renamed.
    async fn note_what_it_is(&mut self, hello: &Hello) -> Result<(), Failure> {
        let agent = &mut self.agent;
        let known = (
            &agent.agent_version,
            &agent.computer_name,
            &agent.operating_system,
        );
        let said = (
            &hello.agent_version,
            &hello.computer_name,
            &hello.operating_system,
        );
        if known == said {
            return Ok(());
        }
        // Read again: an administrator may have removed the agent since it was admitted.
        if let Some(mut current) = self.components.control.agent(agent.id).await? {
            current.agent_version.clone_from(&hello.agent_version);
            current.computer_name.clone_from(&hello.computer_name);
            current.operating_system.clone_from(&hello.operating_system);
            self.components.control.put_agent(current.clone()).await?;
            *agent = current;
        }
        Ok(())
    }

    fn refuse(&self, failure: Failure) -> Input {
        let agent = self.agent.id;
        Input::Stop(match failure {
            Failure::Misbehaved(message) => Refusal::misbehaved(message),
            Failure::Store(error @ StoreError::Full { .. }) => {
                error!(%agent, %error, "no space left on the server: agents have to wait");
                Refusal::overloaded("the server has no space left: make room there")
            }
            Failure::Store(error) => {
                let error = anyhow::Error::from(error);
                error!(%agent, error = format!("{error:#}"), "what an agent sent was not stored");
                Refusal::overloaded("the server cannot store now: see its log")
            }
        })
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
