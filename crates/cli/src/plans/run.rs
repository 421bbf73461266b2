//! The commands.

use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::Value;

use super::Command;
use super::difference::{self, Change};
use super::file::{Plan, PlanFile, key};
use super::server::{ServerPlan, ServerPlans, check};
use crate::client::Connection;

impl Command {
    /// Does what was asked for, and says how it ended.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Get {
                names,
                output,
                server,
            } => {
                let plans = ServerPlans::fetch(&server.connect()?)?;
                let text = wanted(&plans, names)?.write()?;
                match output {
                    None => io::stdout().write_all(text.as_bytes())?,
                    Some(path) => fs::write(path, text)
                        .with_context(|| format!("failed to write {}", path.display()))?,
                }
                Ok(ExitCode::SUCCESS)
            }
            Self::Diff {
                file,
                prune,
                server,
            } => {
                let file = read(file)?;
                let difference = Difference::between(&server.connect()?, &file, *prune)?;
                io::stdout().write_all(difference.text.as_bytes())?;
                Ok(match difference.is_nothing() {
                    true => ExitCode::SUCCESS,
                    false => ExitCode::from(DIFFERENT),
                })
            }
            Self::Apply {
                file,
                prune,
                yes,
                server,
            } => {
                let file = read(file)?;
                let connection = server.connect()?;
                let difference = Difference::between(&connection, &file, *prune)?;
                io::stdout().write_all(difference.text.as_bytes())?;
                if difference.is_nothing() {
                    return Ok(ExitCode::SUCCESS);
                }
                if !yes && !is_agreed()? {
                    return Ok(ExitCode::from(DIFFERENT));
                }
                difference.apply(&connection)?;
                writeln!(
                    io::stdout(),
                    "Applied. Connected agents follow within seconds."
                )?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

/// What has to be done to make the server's plans like a file.
struct Difference {
    text: String,
    revision: u64,
    made: Vec<Plan>,
    /// Id, revision and what the plan shall say.
    changed: Vec<(String, u64, Plan)>,
    /// Id and revision.
    removed: Vec<(String, u64)>,
    /// The names in their order, if that is another.
    order: Option<Vec<String>>,
}

impl Difference {
    fn between(connection: &Connection, file: &PlanFile, prune: bool) -> anyhow::Result<Self> {
        let there = ServerPlans::fetch(connection)?;
        let mut difference = Self {
            text: String::new(),
            revision: there.revision,
            made: Vec::new(),
            changed: Vec::new(),
            removed: Vec::new(),
            order: None,
        };
        for plan in &file.plans {
            let before = there.named(&plan.name);
            let checked = check(connection, plan, before)
                .with_context(|| format!("plan {:?} is not possible", plan.name))?;
            let now = before.map(ServerPlan::plan);
            let (change, text) = difference::of(now.as_ref(), &checked.plan, &checked.computers);
            difference.text.push_str(&text);
            match (change, before) {
                (Change::Same, _) => {}
                (Change::Changed, Some(before)) => {
                    let change = (before.id.clone(), before.revision, checked.plan);
                    difference.changed.push(change);
                }
                (Change::Made | Change::Changed, _) => difference.made.push(checked.plan),
            }
        }
        let mut staying = Vec::new();
        for plan in there.plans.iter().filter(|plan| !plan.is_default) {
            let is_named = file
                .plans
                .iter()
                .any(|wanted| wanted.key() == key(plan.name()));
            if is_named || !prune {
                staying.push(plan.name());
                continue;
            }
            difference
                .text
                .push_str(&format!("- plan {:?}\n", plan.name()));
            difference.removed.push((plan.id.clone(), plan.revision));
        }
        let default = there.plans.iter().find(|plan| plan.is_default);
        let is_default = |plan: &&Plan| default.is_some_and(|it| key(it.name()) == plan.key());
        let named = file.plans.iter().filter(|plan| !is_default(plan));
        let named: Vec<_> = named.map(|plan| &*plan.name).collect();
        let order = difference::order(&staying, &named);
        // New plans come last by themselves.
        let keys = |names: &[&str]| names.iter().map(|name| key(name)).collect::<Vec<_>>();
        let staying_keys = keys(&staying);
        let new = keys(&named).into_iter();
        let new = new.filter(|name| !staying_keys.contains(name));
        let by_itself: Vec<_> = staying_keys.iter().cloned().chain(new).collect();
        if keys(&order) != by_itself {
            let text = format!("order: {} → {}\n", staying.join(", "), order.join(", "));
            difference.text.push_str(&text);
            difference.order = Some(order.into_iter().map(str::to_owned).collect());
        }
        if difference.text.is_empty() {
            difference
                .text
                .push_str("The server's plans are as the file says.\n");
        }
        Ok(difference)
    }

    fn is_nothing(&self) -> bool {
        let changes = self.made.len() + self.changed.len() + self.removed.len();
        changes == 0 && self.order.is_none()
    }

    fn apply(&self, connection: &Connection) -> anyhow::Result<()> {
        let failed = |plan: &Plan| format!("failed to apply plan {:?}", plan.name);
        for (id, revision, plan) in &self.changed {
            let _plan: Value = connection
                .put(&format!("/plans/{id}"), *revision, plan)
                .with_context(|| failed(plan))?;
        }
        for plan in &self.made {
            let _plan: Value = connection
                .post("/plans", plan)
                .with_context(|| failed(plan))?;
        }
        for (id, revision) in &self.removed {
            connection
                .delete(&format!("/plans/{id}"), *revision)
                .context("failed to remove a plan")?;
        }
        match &self.order {
            Some(names) => self.put_in_order(connection, names),
            None => Ok(()),
        }
    }

    fn put_in_order(&self, connection: &Connection, names: &[String]) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Order {
            plans: Vec<String>,
        }
        let now = ServerPlans::fetch(connection)?;
        let changes = self.changed.len() + self.made.len() + self.removed.len();
        if now.revision != self.revision + changes as u64 {
            bail!("somebody else changed plans meanwhile: apply the file again for their order");
        }
        let plans = names.iter().filter_map(|name| now.named(name));
        let order = Order {
            plans: plans.map(|plan| plan.id.clone()).collect(),
        };
        let _plans: Value = connection.put("/plans/order", now.revision, &order)?;
        Ok(())
    }
}

fn wanted(plans: &ServerPlans, names: &[String]) -> anyhow::Result<PlanFile> {
    if let Some(unknown) = names.iter().find(|name| plans.named(name).is_none()) {
        let there: Vec<_> = plans.plans.iter().map(ServerPlan::name).collect();
        bail!(
            "the server has no plan {unknown:?}; there are: {}",
            there.join(", ")
        );
    }
    let is_wanted =
        |name: &str| names.is_empty() || names.iter().any(|wanted| key(wanted) == key(name));
    let wanted = plans.plans.iter().filter(|plan| is_wanted(plan.name()));
    Ok(PlanFile {
        plans: wanted.map(ServerPlan::plan).collect(),
    })
}

fn read(path: &Path) -> anyhow::Result<PlanFile> {
    let text =
        fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    PlanFile::read(&text).with_context(|| path.display().to_string())
}

/// Asks whoever sits at the terminal.
fn is_agreed() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked whether to apply this: say --yes");
    }
    write!(io::stderr(), "Apply these changes? [y/N] ")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    let answer = answer.trim().to_lowercase();
    Ok(matches!(&*answer, "y" | "yes"))
}

/// There are differences, or they were not agreed to.
const DIFFERENT: u8 = 3;
