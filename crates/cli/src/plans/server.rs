//! The plans that a server has.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::file::{Plan, key};
use crate::client::{ClientError, Connection};

/// All plans, in their order.
#[derive(Debug, Deserialize)]
pub struct ServerPlans {
    /// The revision of their order.
    pub revision: u64,
    /// The plans.
    pub plans: Vec<ServerPlan>,
}

/// One plan.
#[derive(Debug, Deserialize)]
pub struct ServerPlan {
    /// Its id.
    pub id: String,
    /// Its revision.
    pub revision: u64,
    /// Whether it is the plan that is always there.
    pub is_default: bool,
    name: String,
    description: String,
    settings: Map<String, Value>,
    items: Vec<Map<String, Value>>,
    #[serde(default)]
    deployment: Map<String, Value>,
}

/// What the server says of a plan before it has it.
#[derive(Debug, Deserialize)]
pub struct Checked {
    /// The plan with all defaults.
    pub plan: Plan,
    /// The computers that it names.
    pub computers: Vec<CheckedComputer>,
}

/// A computer that a plan names.
#[derive(Debug, Deserialize)]
pub struct CheckedComputer {
    /// Its name.
    pub name: String,
    /// The plan that it belongs to now.
    pub plan_now: String,
    /// The plan that it would belong to.
    pub plan_then: String,
}

impl ServerPlans {
    /// Asks for them.
    pub fn fetch(connection: &Connection) -> Result<Self, ClientError> {
        connection.get("/plans")
    }

    /// The plan of this name.
    pub fn named(&self, name: &str) -> Option<&ServerPlan> {
        let wanted = key(name);
        self.plans.iter().find(|plan| key(&plan.name) == wanted)
    }
}

impl ServerPlan {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Without what only the server says of it.
    pub fn plan(&self) -> Plan {
        let mut items = self.items.clone();
        for item in &mut items {
            item.remove("computers");
            item.remove("in_directory");
        }
        let mut deployment = self.deployment.clone();
        // The server says it of a plan that says nothing itself.
        if deployment.len() == 1 && deployment.get("automatic") == Some(&Value::Bool(false)) {
            deployment.clear();
        }
        Plan {
            name: self.name.clone(),
            description: self.description.clone(),
            settings: self.settings.clone(),
            items,
            deployment,
        }
    }
}

/// Asks the server what it makes of a plan.
pub fn check(
    connection: &Connection,
    plan: &Plan,
    instead_of: Option<&ServerPlan>,
) -> Result<Checked, ClientError> {
    #[derive(Serialize)]
    struct Check<'a> {
        plan: &'a Plan,
        #[serde(skip_serializing_if = "Option::is_none")]
        instead_of: Option<&'a str>,
    }
    let check = Check {
        plan,
        instead_of: instead_of.map(|plan| &*plan.id),
    };
    connection.post("/plans/check", &check)
}
