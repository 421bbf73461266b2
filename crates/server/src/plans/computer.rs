//! How a computer is known to the plans.

use eidetic_model::ComputerFacts;
use eidetic_store::control::Agent;

/// How a computer is known: by what its agent said last, and by its name.
pub fn facts_of(agent: &Agent) -> ComputerFacts {
    let names = std::iter::once(&agent.computer_name).chain(&agent.facts.names);
    ComputerFacts::new(names.cloned(), agent.facts.addresses.iter().copied())
}
