//! The computers that a campaign can take.

use std::path::Path;

use eidetic_deploy::{Packages, System};
use eidetic_model::{AgentId, ComputerFacts};
use eidetic_search::fold;
use eidetic_store::{
    StoreError,
    control::{Agent, AgentState},
};

use super::stages::is_older;
use crate::{
    components::Components,
    deployment::jobs::{Action, ComputerKind, Order, State},
    plans::{ItemDocument, facts_of},
};

/// The computers that a campaign can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidates {
    /// The version of the packages that the server has; nothing if it has none.
    pub package_version: Option<String>,
    /// Those whose agents are older.
    pub older: Vec<Candidate>,
    /// Those that no plan names.
    pub without_plan: Vec<Candidate>,
}

/// A computer that a campaign can take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its agent.
    pub agent: AgentId,
    /// Its name.
    pub name: String,
    /// The agent's version.
    pub version: String,
    /// Whether its agent is connected.
    pub is_connected: bool,
    /// What it is.
    pub system: ComputerKind,
    /// Where to sign in.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// With which account, if that is known: as before, or as its plan says.
    pub account: Option<String>,
}

impl Candidates {
    /// Looks.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn look(components: &Components, packages: &Path) -> Result<Self, StoreError> {
        let agents = components.control.agents().await?;
        let book = components.plans.borrow().clone();
        let packages = Packages::in_folder(packages);
        let package_version = packages
            .version()
            // The program itself does not say which version it is: it is taken for the server's own.
            .map(|version| version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()));
        let reachable = agents
            .iter()
            .filter(|agent| agent.state == AgentState::Active);
        let windows_version = packages.windows_version();
        let all: Vec<_> = reachable
            .map(|agent| (facts_of(agent), candidate(components, agent)))
            .collect();
        let older = all.iter().filter(|(_, candidate)| {
            // A campaign brings all to one version: Windows has its own package.
            let is_there =
                candidate.system == ComputerKind::Linux || windows_version == package_version;
            let package = package_version.as_ref().filter(|_| is_there);
            package.is_some_and(|package| is_older(&candidate.version, package))
        });
        let without_plan = all
            .iter()
            .filter(|(facts, _)| book.naming(facts).count() == 0);
        let computers = |found: &(ComputerFacts, Candidate)| found.1.clone();
        Ok(Self {
            older: older.map(computers).collect(),
            without_plan: without_plan.map(computers).collect(),
            package_version,
        })
    }
}

/// As it was done before, if it was; else by its name in its plan, or its own.
fn candidate(components: &Components, agent: &Agent) -> Candidate {
    let before = components.deployment.jobs().into_iter().find(|job| {
        let was_installed = job.state == State::Done && job.order.action == Action::Install;
        was_installed && job.agent == Some(agent.id.as_uuid())
    });
    let system = match eidetic_checks::System::called(&agent.operating_system) {
        eidetic_checks::System::Linux => ComputerKind::Linux,
        eidetic_checks::System::Windows => ComputerKind::Windows,
    };
    let usual = System::from(system).usual_port();
    let (host, port, account) = match before.map(|job| job.order) {
        Some(Order {
            computer,
            port,
            account,
            ..
        }) => (computer, port.unwrap_or(usual), Some(account)),
        None => {
            let (host, account) = by_plan(components, agent);
            (host, usual, account)
        }
    };
    let connection = components.connected.connection(agent.id);
    Candidate {
        agent: agent.id,
        name: agent.computer_name.clone(),
        version: agent.agent_version.clone(),
        is_connected: connection.is_some(),
        system,
        host,
        port,
        account,
    }
}

fn by_plan(components: &Components, agent: &Agent) -> (String, Option<String>) {
    let facts = facts_of(agent);
    let book = components.plans.borrow().clone();
    let plan = book.plan_of(&facts);
    let meant = plan.items_meaning(&facts).filter(|(_, matches)| *matches);
    let items: Vec<_> = meant.map(|(item, _)| item).collect();
    let named = items.iter().find_map(|item| match item {
        ItemDocument::Computer(item) => Some(item.computer.trim().to_owned()),
        ItemDocument::IpRange(_) | ItemDocument::DirectoryContainer(_) => None,
    });
    let longest = facts.names.iter().max_by_key(|name| name.len());
    let own = longest.filter(|name| fold(name).starts_with(&fold(&agent.computer_name)));
    let host = named
        .or_else(|| own.cloned())
        .unwrap_or_else(|| agent.computer_name.clone());
    let deployment = &plan.document().deployment;
    let own = items.iter().find_map(|item| item.account());
    let account = own.or_else(|| deployment.account_for(&host));
    (host, account.map(str::to_owned))
}
