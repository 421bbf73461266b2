//! `eidetic deploy upgrade` and `remove`: the same work on many computers, in stages.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::{SOME_FAILED, let_it_work, say};
use crate::client::{Connection, ServerArguments};

/// How it is to be done.
#[derive(Debug, Args)]
pub struct StageArguments {
    /// The account with which the server signs in where it does not know one for a computer.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Within how many seconds each computer has to be done, from when it is begun.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(60..=86_400))]
    within: u64,
    /// Ends once the server has taken the order.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// Which agents are upgraded.
#[derive(Debug, Args)]
pub struct Upgrade {
    /// The names of computers, or the ids of their agents. Without any: all that are older than the
    /// server's package and connected.
    #[arg(value_name = "COMPUTER")]
    computers: Vec<String>,
    #[command(flatten)]
    stages: StageArguments,
}

/// Which agents are removed.
#[derive(Debug, Args)]
pub struct Remove {
    /// The names of computers that no plan names, or the ids of their agents.
    #[arg(required = true, value_name = "COMPUTER")]
    computers: Vec<String>,
    /// With everything that they have not sent yet.
    #[arg(long)]
    purge: bool,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    stages: StageArguments,
}

/// How one that stopped goes on, or that it does not.
#[derive(Debug, Args)]
pub struct Resume {
    /// Go on without the computers that failed; otherwise they are tried again.
    #[arg(long)]
    leave_out_failed: bool,
    /// End it instead: what is under way is brought to its end.
    #[arg(long, conflicts_with = "leave_out_failed")]
    cancel: bool,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Serialize)]
struct Order {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    within_secs: u64,
}

#[derive(Deserialize)]
struct Listed {
    campaigns: Vec<Campaign>,
    older: Vec<Candidate>,
    without_plan: Vec<Candidate>,
}

#[derive(Clone, Deserialize)]
struct Candidate {
    agent_id: String,
    name: String,
}

#[derive(Deserialize)]
struct Campaign {
    id: String,
    state: String,
    #[serde(default)]
    why: Option<String>,
    computers: Vec<Computer>,
}

#[derive(Deserialize)]
struct Computer {
    agent_id: String,
    name: String,
    stage: u8,
    state: String,
    #[serde(default)]
    why: Option<String>,
}

impl Upgrade {
    /// Upgrades agents.
    pub fn run(self: &Upgrade) -> anyhow::Result<ExitCode> {
        let server = self.stages.server.connect()?;
        let listed: Listed = server.get("/campaigns")?;
        let agents = match self.computers.is_empty() {
            true => None,
            false => Some(chosen(
                &listed.older,
                &self.computers,
                "no computer on Linux whose agent is older than the server's package",
            )?),
        };
        begin(&server, &self.stages, "upgrade", agents)
    }
}

impl Remove {
    /// Removes agents, once whoever is there has said so.
    pub fn run(self: &Remove) -> anyhow::Result<ExitCode> {
        let server = self.stages.server.connect()?;
        let listed: Listed = server.get("/campaigns")?;
        let which = "no computer on Linux that no plan names";
        let agents = chosen(&listed.without_plan, &self.computers, which)?;
        let what = match self.purge {
            true => "with everything that they have not sent",
            false => "and leave there what they have not sent",
        };
        let question = format!("Remove the agents of {} computers, {what}?", agents.len());
        if !self.yes && !is_agreed(&question)? {
            bail!("nothing is removed");
        }
        let kind = if self.purge { "purge" } else { "remove" };
        begin(&server, &self.stages, kind, Some(agents))
    }
}

impl Resume {
    /// Lets it go on, or ends it.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let server = self.server.connect()?;
        let listed: Listed = server.get("/campaigns")?;
        let mut open = listed.campaigns.into_iter();
        let open = open.find(|campaign| matches!(&*campaign.state, "running" | "stopped"));
        let id = open.context("nothing is under way in stages")?.id;
        if self.cancel {
            let path = format!("/campaigns/{id}/cancel");
            let _cancelled: Campaign = server.post(&path, &serde_json::json!({}))?;
            writeln!(io::stdout(), "cancelled")?;
            return Ok(ExitCode::SUCCESS);
        }
        let how = serde_json::json!({ "leave_out_failed": self.leave_out_failed });
        let campaign = server.post(&format!("/campaigns/{id}/continue"), &how)?;
        follow(&server, campaign)
    }
}

fn begin(
    server: &Connection,
    stages: &StageArguments,
    kind: &'static str,
    agents: Option<Vec<String>>,
) -> anyhow::Result<ExitCode> {
    let order = Order {
        kind,
        agents,
        account: stages.account.clone(),
        within_secs: stages.within,
    };
    let campaign: Campaign = server.post("/campaigns", &order)?;
    match stages.no_wait {
        true => {
            let count = campaign.computers.len();
            writeln!(
                io::stdout(),
                "the server has taken the order, for {count} computers"
            )?;
            Ok(ExitCode::SUCCESS)
        }
        false => follow(server, campaign),
    }
}

/// Tells what becomes of each computer until it is over, or stops.
fn follow(server: &Connection, mut campaign: Campaign) -> anyhow::Result<ExitCode> {
    let mut told: HashMap<String, String> = HashMap::new();
    loop {
        for computer in &campaign.computers {
            let line = in_words(computer);
            if told.get(&computer.agent_id) != Some(&line) {
                say(&computer.name, &line)?;
                told.insert(computer.agent_id.clone(), line);
            }
        }
        match &*campaign.state {
            "running" => {}
            "done" => return Ok(ExitCode::SUCCESS),
            "stopped" => {
                let why = campaign.why.as_deref().unwrap_or("something failed");
                let how = "`eidetic deploy continue` goes on: with what failed, without it \
                           (--leave-out-failed), or not at all (--cancel)";
                writeln!(io::stdout(), "stopped: {why}\n{how}")?;
                return Ok(ExitCode::from(SOME_FAILED));
            }
            state => {
                writeln!(io::stdout(), "{state}")?;
                return Ok(ExitCode::from(SOME_FAILED));
            }
        }
        let_it_work();
        let listed: Listed = server.get("/campaigns")?;
        let mut all = listed.campaigns.into_iter();
        let same = all.find(|known| known.id == campaign.id);
        campaign = same.context("the server does not know it any more")?;
    }
}

fn in_words(computer: &Computer) -> String {
    let stage = computer.stage;
    match (&*computer.state, &computer.why) {
        ("waiting", _) => format!("waits for stage {stage}"),
        ("under_way", _) => format!("stage {stage}, under way"),
        ("good", _) => "done".to_owned(),
        (state, Some(why)) => format!("{state}: {why}"),
        (state, None) => state.to_owned(),
    }
}

fn chosen(
    possible: &[Candidate],
    wanted: &[String],
    otherwise: &str,
) -> anyhow::Result<Vec<String>> {
    let find = |wanted: &String| {
        let lower = wanted.to_lowercase();
        let is_meant =
            |found: &&Candidate| found.agent_id == lower || found.name.to_lowercase() == lower;
        let mut found = possible.iter().filter(is_meant);
        let first = found
            .next()
            .with_context(|| format!("{wanted:?} is {otherwise}"))?;
        ensure!(
            found.next().is_none(),
            "{wanted:?} is the name of several computers: say the ids of their agents"
        );
        Ok(first.agent_id.clone())
    };
    wanted.iter().map(find).collect()
}

fn is_agreed(question: &str) -> anyhow::Result<bool> {
    ensure!(
        io::stdin().is_terminal(),
        "nobody can be asked here: say --yes"
    );
    write!(io::stdout(), "{question} [y/N] ")?;
    io::stdout().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, name: &str) -> Candidate {
        Candidate {
            agent_id: id.into(),
            name: name.into(),
        }
    }

    #[test]
    fn computers_are_named_by_name_or_agent_and_others_are_refused() {
        let all = [
            candidate("1", "Web-1"),
            candidate("2", "twin"),
            candidate("3", "twin"),
        ];
        let choose = |wanted: &[&str]| {
            let wanted: Vec<_> = wanted.iter().map(|name| (*name).to_owned()).collect();
            chosen(&all, &wanted, "none of them").map_err(|error| error.to_string())
        };
        assert_eq!(choose(&["web-1", "3"]).unwrap(), ["1", "3"]);
        assert!(choose(&["web-2"]).unwrap_err().contains("none of them"));
        assert!(choose(&["twin"]).unwrap_err().contains("several"));
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let computer: Computer = serde_json::from_str(
            r#"{"agent_id": "1", "name": "a", "stage": 2, "state": "failed", "why": "full"}"#,
        )
        .unwrap();
        assert_eq!(in_words(&computer), "failed: full");
    }
}
