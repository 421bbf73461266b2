//! The computers that plans name and on which the agent is to be installed by itself.

use std::collections::HashSet;

use eidetic_model::{ComputerFacts, Item};
use eidetic_search::fold;
use eidetic_store::{StoreError, control::AgentState};
use tracing::info;

use super::{
    QueueError,
    jobs::{Action, Order},
};
use crate::{
    components::Components,
    plans::{ItemDocument, Plan, facts_of},
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
    let known: Vec<_> = active.map(facts_of).collect();
    let asked = components.deployment.jobs().into_iter();
    let mut asked: HashSet<_> = asked.map(|job| fold(&job.order.computer)).collect();
    for plan in book.plans() {
        for (computer, account) in wanted(plan, &known) {
            if !asked.insert(fold(&computer)) {
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
                // The others are asked for when plans or directories are looked at again.
                Err(refused @ QueueError::TooMany) => {
                    info!(%refused, "no more agents are asked for");
                    return Ok(());
                }
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
    let mut wanted = Vec::new();
    for (document, item) in plan.document().items.iter().zip(plan.items()) {
        for computer in missing(document, item, known) {
            if let Some(account) = deployment.account_of(document, &computer) {
                let account = account.to_owned();
                wanted.push((computer, account));
            }
        }
    }
    wanted
}

/// The computers that an item names and that have no agent.
fn missing(document: &ItemDocument, item: &Item, known: &[ComputerFacts]) -> Vec<String> {
    match (document, item) {
        (ItemDocument::Computer(named), item) => {
            let is_there = known.iter().any(|facts| item.matches(facts));
            let missing = (!is_there).then(|| named.computer.trim().to_owned());
            missing.into_iter().collect()
        }
        (_, Item::Container(item)) => {
            let members = &item.members;
            let there = known.iter().filter_map(|facts| members.place_of(facts));
            let there: HashSet<_> = there.collect();
            let all = members.all().iter().enumerate();
            let missing = all.filter(|(place, _)| !there.contains(place));
            missing
                .map(|(_, member)| member.dns_name.as_ref().unwrap_or(&member.name).clone())
                .collect()
        }
        _ => Vec::new(),
    }
}
