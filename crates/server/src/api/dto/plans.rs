//! Monitoring plans, as clients see them.

use std::collections::{BTreeMap, HashSet};

use eidetic_model::{AgentId, ComputerFacts, PlanId};
use eidetic_store::control::{Agent, AgentState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::dto::ContainerState,
    components::Components,
    plans::{
        DeploymentDocument, ItemDocument, Plan, PlanBook, PlanDocument, PlanSettings, facts_of,
    },
};

/// All monitoring plans.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Plans {
    /// Counts up with each change of any plan, also of their order.
    pub revision: u64,
    /// The plans in their order: of those that name a computer the first counts. The default plan
    /// is the last.
    pub plans: Vec<PlanDetail>,
    /// The computers that more than one plan names.
    pub conflicts: Vec<PlanConflict>,
}

/// A monitoring plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanDetail {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Counts up, with gaps, with each change of this plan: what `If-Match` names.
    pub revision: u64,
    /// The number of its settings, which agents say once they follow them.
    pub settings_revision: u64,
    /// Whether it is the plan that is always there, for the computers that no other plan names.
    pub is_default: bool,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Which computers belong to it.
    pub items: Vec<PlanItem>,
    /// What its agents do.
    pub settings: PlanSettings,
    /// How the agent comes to its computers.
    pub deployment: DeploymentDocument,
    /// How far its agents follow it.
    pub state: PlanState,
}

/// Something that says which computers belong to a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanItem {
    /// The item.
    #[serde(flatten)]
    pub item: ItemDocument,
    /// How many of the known computers it means.
    pub computers: u32,
    /// What the directory said last, if it is a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub in_directory: Option<ContainerState>,
}

/// How far the agents of a plan follow its settings.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct PlanState {
    /// Computers that belong to the plan.
    pub computers: u32,
    /// Of these, those that are connected now.
    pub connected: u32,
    /// Of the connected ones, those on which the settings are in force.
    pub applied: u32,
    /// Computers of which something that the agent needs is unmet.
    pub with_unmet: u32,
    /// Computers of which a recording had a gap within the last seven days.
    pub with_gaps: u32,
}

/// Computers that have something to be warned of.
#[derive(Clone, Debug, Default)]
pub struct Warned {
    /// Of which something that the agent needs is unmet.
    pub with_unmet: HashSet<AgentId>,
    /// Of which a recording had a gap lately.
    pub with_gaps: HashSet<AgentId>,
}

/// A computer that more than one plan names.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanConflict {
    /// The id of the computer's agent.
    #[schema(format = Uuid)]
    pub agent_id: String,
    /// The computer's name.
    pub computer: String,
    /// The plans that name it, in their order: it belongs to the first.
    pub plans: Vec<NamingPlan>,
    /// What that means, for a person.
    pub explanation: String,
}

/// A plan that names a computer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NamingPlan {
    /// The plan's id.
    #[schema(format = Uuid)]
    pub id: String,
    /// Its name.
    pub name: String,
    /// By which of its items, in words.
    pub items: Vec<String>,
}

/// The order of the plans.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanOrder {
    /// The id of each plan, the one that counts first at the beginning. The default plan stays the
    /// last and may be left out.
    #[schema(value_type = Vec<String>)]
    pub plans: Vec<uuid::Uuid>,
}

/// Which plan shall name a computer.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictResolution {
    /// The computer's agent.
    #[schema(value_type = String, format = Uuid)]
    pub agent_id: uuid::Uuid,
    /// The one plan that shall name it; with the default plan none does.
    #[schema(value_type = String, format = Uuid)]
    pub plan_id: uuid::Uuid,
}

/// A plan to look at before it is stored.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanCheckRequest {
    /// The plan.
    pub plan: PlanDocument,
    /// The plan that it would replace; without, it would be a new one, the last but the default.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Uuid, nullable = false)]
    pub instead_of: Option<uuid::Uuid>,
}

/// What a plan would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanCheck {
    /// The plan as it would be stored, with all defaults.
    pub plan: PlanDocument,
    /// How many of the known computers each item means.
    pub items: Vec<u32>,
    /// The computers that would belong to it.
    pub computers: Vec<PlanCheckComputer>,
}

/// A computer that a plan names.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanCheckComputer {
    /// Its name.
    pub name: String,
    /// The plan to which it belongs now.
    pub plan_now: String,
    /// The plan to which it would belong: another one if that comes first in the order.
    pub plan_then: String,
}

/// The computers that count: all but the removed ones.
pub fn monitored(agents: &[Agent]) -> impl Iterator<Item = &Agent> {
    agents
        .iter()
        .filter(|agent| agent.state == AgentState::Active)
}

impl Plans {
    /// The plans with what is known of their computers.
    pub fn new(
        book: &PlanBook,
        agents: &[Agent],
        components: &Components,
        warned: &Warned,
    ) -> Self {
        let computers: Vec<_> = monitored(agents)
            .map(|agent| (agent, facts_of(agent)))
            .collect();
        let mut states: BTreeMap<PlanId, PlanState> = BTreeMap::new();
        let mut conflicts = Vec::new();
        for (agent, facts) in &computers {
            let plan = book.plan_of(facts);
            let state = states.entry(plan.id()).or_default();
            state.computers += 1;
            state.with_unmet += u32::from(warned.with_unmet.contains(&agent.id));
            state.with_gaps += u32::from(warned.with_gaps.contains(&agent.id));
            if let Some(connection) = components.connected.connection(agent.id) {
                let revision = connection.status.map(|status| status.policy_revision);
                state.connected += 1;
                state.applied += u32::from(revision == Some(plan.settings_revision()));
            }
            conflicts.extend(PlanConflict::of(book, agent, facts));
        }
        let facts: Vec<_> = computers.into_iter().map(|(_, facts)| facts).collect();
        let plans = book.plans().iter().map(|plan| {
            let state = states.get(&plan.id()).copied().unwrap_or_default();
            PlanDetail::new(plan, state, &facts, components)
        });
        Self {
            revision: book.revision(),
            plans: plans.collect(),
            conflicts,
        }
    }
}

impl PlanDetail {
    fn new(
        plan: &Plan,
        state: PlanState,
        computers: &[ComputerFacts],
        components: &Components,
    ) -> Self {
        let document = plan.document();
        let counts = item_counts(plan, computers);
        let items = document.items.iter().zip(plan.items()).zip(counts);
        Self {
            id: plan.id().to_string(),
            revision: plan.revision(),
            settings_revision: plan.settings_revision(),
            is_default: plan.is_default(),
            name: document.name.clone(),
            description: document.description.clone(),
            items: items
                .map(|((document, item), computers)| PlanItem {
                    item: document.clone(),
                    computers,
                    in_directory: ContainerState::of(item, components),
                })
                .collect(),
            settings: document.settings.clone(),
            deployment: document.deployment.clone(),
            state,
        }
    }
}

/// How many of the computers each item means.
pub fn item_counts(plan: &Plan, computers: &[ComputerFacts]) -> Vec<u32> {
    let mut counts = vec![0; plan.document().items.len()];
    for computer in computers {
        let meaning = plan.items_meaning(computer);
        for (count, (_, means)) in counts.iter_mut().zip(meaning) {
            *count += u32::from(means);
        }
    }
    counts
}

impl PlanConflict {
    /// The conflict about a computer, if there is one.
    pub fn of(book: &PlanBook, agent: &Agent, facts: &ComputerFacts) -> Option<Self> {
        let plans: Vec<_> = book
            .naming(facts)
            .map(|plan| NamingPlan::new(plan, facts))
            .collect();
        let [first, others @ ..] = &plans[..] else {
            return None;
        };
        if others.is_empty() {
            return None;
        }
        let by = |plan: &NamingPlan| format!("{:?} ({})", plan.name, plan.items.join(", "));
        let names: Vec<_> = plans.iter().map(by).collect();
        Some(Self {
            agent_id: agent.id.to_string(),
            computer: agent.computer_name.clone(),
            explanation: format!(
                "{} is named by {} plans: {}. The first of them in the order counts, so it follows \
                 {:?}.",
                agent.computer_name,
                plans.len(),
                names.join(", "),
                first.name
            ),
            plans,
        })
    }
}

impl NamingPlan {
    fn new(plan: &Plan, facts: &ComputerFacts) -> Self {
        let meaning = plan.items_meaning(facts).filter(|(_, means)| *means);
        Self {
            id: plan.id().to_string(),
            name: plan.document().name.clone(),
            items: meaning.map(|(item, _)| item.in_words()).collect(),
        }
    }
}
