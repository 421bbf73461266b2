//! The computers that plans name and on which the agent is to be installed by itself.

use eidetic_model::ComputerFacts;
use eidetic_search::fold;
use eidetic_store::{StoreError, control::AgentState};
use tracing::info;

use super::jobs::{Action, Order};
use crate::{
    components::Components,
    plans::{ItemDocument, Plan},
};

/// Asks for the agent on each computer that a plan names, if the plan says so, no agent is there
/// yet, and it was not asked for before: what failed is for somebody to look at.
///
/// # Errors
///
/// If the store fails.
pub async fn add_jobs(components: &Components) -> Result<(), StoreError> {
    let book = components.plans.borrow().clone();
    let agents = components.control.agents().await?;
    let active = agents
        .iter()
        .filter(|agent| agent.state == AgentState::Active);
    let known: Vec<_> = active
        .map(|agent| {
            let names = agent.facts.names.iter().cloned();
            let names = names.chain([agent.computer_name.clone()]);
            ComputerFacts::new(names, agent.facts.addresses.iter().copied())
        })
        .collect();
    for plan in book.plans() {
        for (computer, account) in wanted(plan, &known) {
            let asked = components.deployment.jobs();
            let is_known = |order: &Order| fold(&order.computer) == fold(&computer);
            if asked.iter().any(|job| is_known(&job.order)) {
                continue;
            }
            let now = components.clock.wall();
            let order = Order {
                computer: computer.clone(),
                system: None,
                port: None,
                account,
                action: Action::Install,
                asked_by: format!("plan {}", plan.document().name),
            };
            let id = components.ids.new_id(now);
            match components.deployment.add(id, order, now) {
                Ok(_) => info!(computer, "the plan asks for an agent"),
                Err(refused) => info!(computer, %refused, "no agent is asked for"),
            }
        }
    }
    Ok(())
}

/// The computers of a plan without an agent, each with its account.
fn wanted(plan: &Plan, known: &[ComputerFacts]) -> Vec<(String, String)> {
    let deployment = &plan.document().deployment;
    if !deployment.automatic {
        return Vec::new();
    }
    let items = plan.document().items.iter().zip(plan.items());
    let missing = items.filter(|(_, item)| !known.iter().any(|facts| item.matches(facts)));
    let computers = missing.filter_map(|(document, _)| match document {
        ItemDocument::Computer(item) => Some(item.computer.trim().to_owned()),
        ItemDocument::IpRange(_) => None,
    });
    computers
        .filter_map(|computer| {
            let account = deployment.account_of(&computer)?.to_owned();
            Some((computer, account))
        })
        .collect()
}
