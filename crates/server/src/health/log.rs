//! The health log, as those who write to it see it.

use std::sync::Arc;

use eidetic_model::{AdjustmentRecord, AgentId, Clock};
use eidetic_store::{
    StoreError,
    control::{Agent, HealthEvent, HealthStore},
};
use tracing::error;

use super::EventKind;

/// Where what happens to the system is kept. Cheap to clone.
#[derive(Clone)]
pub struct HealthLog {
    store: Arc<dyn HealthStore>,
    clock: Arc<dyn Clock>,
}

/// Something that happened, but for when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// What kind of event it is.
    pub kind: EventKind,
    /// The agent that it concerns, if it is one.
    pub agent: Option<AgentId>,
    /// The computer that it concerns; empty if none.
    pub computer: String,
    /// The plan that it concerns; empty if none.
    pub plan: String,
    /// What happened, for a person. Nothing of what was captured.
    pub text: String,
    /// What was before, if something was changed.
    pub before: String,
    /// What is after, if something was changed.
    pub after: String,
}

impl Happened {
    /// To the system as a whole.
    pub fn here(kind: EventKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            agent: None,
            computer: String::new(),
            plan: String::new(),
            text: text.into(),
            before: String::new(),
            after: String::new(),
        }
    }

    /// To a computer.
    pub fn to(kind: EventKind, agent: &Agent, text: impl Into<String>) -> Self {
        Self {
            agent: Some(agent.id),
            computer: agent.computer_name.clone(),
            ..Self::here(kind, text)
        }
    }
}

impl HealthLog {
    /// A log in this store.
    pub fn new(store: Arc<dyn HealthStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Keeps what happened.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn keep(&self, events: Vec<Happened>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let when = self.clock.wall();
        let events = events.into_iter().map(|event| HealthEvent {
            when,
            severity: event.kind.severity(),
            kind: event.kind.name().to_owned(),
            agent: event.agent,
            computer: event.computer,
            plan: event.plan,
            text: event.text,
            before: event.before,
            after: event.after,
        });
        self.store.note_health(events.collect()).await
    }

    /// Keeps what happened, if it can: nothing waits for the log.
    pub async fn note(&self, events: Vec<Happened>) {
        if let Err(error) = self.keep(events).await {
            error!(%error, "health log could not be written");
        }
    }

    /// Keeps that a prerequisite was adjusted on a computer that belongs to this plan, or could
    /// not be.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn record_adjustment(
        &self,
        agent: &Agent,
        plan: &str,
        adjustment: AdjustmentRecord,
    ) -> Result<(), StoreError> {
        let check = &adjustment.check;
        let (kind, text) = match &adjustment.problem {
            None => (
                EventKind::PrerequisiteAdjusted,
                format!("The prerequisite {check} was adjusted."),
            ),
            Some(problem) => (
                EventKind::PrerequisiteNotMended,
                format!("The prerequisite {check} could not be adjusted: {problem}"),
            ),
        };
        let happened = Happened {
            plan: plan.to_owned(),
            before: adjustment.before,
            after: adjustment.after,
            ..Happened::to(kind, agent, text)
        };
        self.keep(vec![happened]).await
    }
}
