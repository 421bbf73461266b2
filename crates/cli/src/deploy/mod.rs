//! `eidetic deploy`: asks the server to put agents on computers, and tells how it goes.

mod stages;

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::client::{Connection, ServerArguments};

/// Install, upgrade or remove agents on Linux computers, by SSH, and on Windows computers, by SMB.
///
/// The server does it: it needs an account for the computers (the console's page Deployment) and the
/// agent's package (see docs/push.md). Each step is told as it happens; Ctrl-C ends only the telling.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  eidetic deploy web-1 web-2 --account 'Linux servers'
  eidetic deploy web-3
  eidetic deploy 10.0.0.7 --port 2222 --account root
  eidetic deploy web-1 --account 'Linux servers' --action remove
  eidetic deploy rds-1 rds-2 --system windows --account 'Domain administrator'
  eidetic deploy upgrade                       # in stages: one, some, all
  eidetic deploy remove old-1 old-2            # that no plan names, in stages
  eidetic deploy continue --leave-out-failed   # after it stopped

It ends with 0 if all went well, with 1 if the server cannot be asked, with 2 if a computer failed."
)]
pub struct Arguments {
    #[command(subcommand)]
    stages: Option<Stages>,
    #[command(flatten)]
    order: OrderArguments,
}

/// What is done in stages: one computer, some, all. It stops when one fails.
#[derive(Debug, Subcommand)]
enum Stages {
    /// Upgrade agents that are older than the server's package, in stages.
    Upgrade(stages::Upgrade),
    /// Remove agents from computers that no plan names, in stages.
    Remove(stages::Remove),
    /// Let what stopped in stages go on, or end it.
    Continue(stages::Resume),
}

/// What is done at once.
#[derive(Debug, Args)]
struct OrderArguments {
    /// Their names or addresses.
    #[arg(value_name = "COMPUTER")]
    computers: Vec<String>,
    /// The name of the account with which the server signs in there; that which the plan has for each
    /// computer, if it is left out.
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// What is to be done.
    #[arg(long, value_enum, default_value_t = Action::Install)]
    action: Action,
    /// What they are. Without it, what answers on each of them says so.
    #[arg(long, value_enum)]
    system: Option<System>,
    /// The port on which they are reached: 22 for Linux, 445 for Windows unless it is said. With it
    /// and no `--system`, they are Linux.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Ends once the server has taken the order.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// What a computer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum System {
    /// Reached by SSH.
    Linux,
    /// Reached by SMB: File and Printer Sharing.
    Windows,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    /// Install the agent, or upgrade it where it is older.
    Install,
    /// Remove it; what it has not sent yet stays there.
    Remove,
    /// Remove it with everything that it has not sent yet.
    Purge,
}

#[derive(Serialize)]
struct Order<'a> {
    computers: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<System>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
}

#[derive(Deserialize)]
struct Jobs {
    deployments: Vec<Job>,
}

#[derive(Clone, Deserialize)]
struct Job {
    id: String,
    computer: String,
    state: String,
    #[serde(default)]
    message: Option<String>,
    steps: Vec<Step>,
}

#[derive(Clone, Deserialize)]
struct Step {
    text: String,
}

/// Does what the command line says.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.stages {
        None => at_once(&arguments.order),
        Some(Stages::Upgrade(upgrade)) => upgrade.run(),
        Some(Stages::Remove(remove)) => remove.run(),
        Some(Stages::Continue(resume)) => resume.run(),
    }
}

fn at_once(arguments: &OrderArguments) -> anyhow::Result<ExitCode> {
    let order = order(arguments)?;
    let server = arguments.server.connect()?;
    let jobs: Jobs = server.post("/deployments", &order)?;
    if arguments.no_wait {
        for job in &jobs.deployments {
            say(&job.computer, "the server has taken the order")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    follow(&server, jobs.deployments)
}

// The command line itself cannot ask for them: in stages none are needed.
fn order(arguments: &OrderArguments) -> anyhow::Result<Order<'_>> {
    anyhow::ensure!(
        !arguments.computers.is_empty(),
        "say which computers, or `upgrade`, `remove` or `continue` (see --help)"
    );
    Ok(Order {
        computers: &arguments.computers,
        account: arguments.account.as_deref(),
        action: arguments.action,
        system: arguments.system,
        port: arguments.port,
    })
}

/// Tells each step until all jobs are over.
fn follow(server: &Connection, mut jobs: Vec<Job>) -> anyhow::Result<ExitCode> {
    let mut told: HashMap<String, String> = HashMap::new();
    let mut all_went_well = true;
    while !jobs.is_empty() {
        let mut rest = Vec::new();
        for job in jobs {
            let job: Job = server.get(&format!("/deployments/{}", job.id))?;
            let (line, is_over) = in_words(&job);
            if told.get(&job.id) != Some(&line) {
                say(&job.computer, &line)?;
                told.insert(job.id.clone(), line);
            }
            match is_over {
                Some(went_well) => all_went_well &= went_well,
                None => rest.push(job),
            }
        }
        jobs = rest;
        if !jobs.is_empty() {
            let_it_work();
        }
    }
    Ok(match all_went_well {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(SOME_FAILED),
    })
}

/// How far a job is; whether it went well, once it is over.
fn in_words(job: &Job) -> (String, Option<bool>) {
    let message = job.message.as_deref().unwrap_or("it says no more");
    let step = job.steps.last().map_or("waiting", |step| &step.text);
    match job.state.as_str() {
        "done" => ("done".to_owned(), Some(true)),
        "failed" => (format!("failed: {message}"), Some(false)),
        "cancelled" => ("cancelled".to_owned(), Some(false)),
        "retrying" => (format!("is tried again later: {message}"), None),
        "waiting" => ("waiting".to_owned(), None),
        _ => (step.to_owned(), None),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server's work is followed by asking"
)]
fn let_it_work() {
    sleep(LOOK_EVERY);
}

fn say(computer: &str, what: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{computer}: {what}")
}

const LOOK_EVERY: Duration = Duration::from_millis(500);
const SOME_FAILED: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn job(json: &str) -> Job {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_failure_is_told_with_its_message_and_a_retry_goes_on() {
        let failed = job(
            r#"{"id": "1", "computer": "a", "state": "failed", "attempts": 1,
            "message": "the disk is full", "steps": [{"text": "connecting", "at_us": 1}]}"#,
        );
        assert_eq!(
            in_words(&failed),
            ("failed: the disk is full".into(), Some(false))
        );
        let running = job(r#"{"id": "1", "computer": "a", "state": "running",
            "steps": [{"text": "connecting"}, {"text": "signing in"}]}"#);
        assert_eq!(in_words(&running), ("signing in".into(), None));
        let retrying = job(r#"{"id": "1", "computer": "a", "state": "retrying",
            "message": "nothing answers", "steps": []}"#);
        assert_eq!(in_words(&retrying).1, None);
    }

    /// The arguments are put together at all, and the two forms keep out of each other's way.
    #[test]
    fn computers_are_named_at_once_or_work_is_done_in_stages() {
        use clap::{CommandFactory as _, Parser};
        #[derive(Debug, Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        Line::command().debug_assert();
        let parse = |line: &str| Line::try_parse_from(line.split(' '));
        let at_once = parse("deploy web-1 upgrade-me --account A").unwrap();
        assert_eq!(at_once.arguments.order.computers, ["web-1", "upgrade-me"]);
        let stages = parse("deploy upgrade").unwrap().arguments.stages;
        assert!(matches!(stages, Some(Stages::Upgrade(_))));
        assert!(
            parse("deploy remove").is_err(),
            "computers have to be named"
        );
        let by_plan = parse("deploy web-1").unwrap().arguments.order;
        assert_eq!(order(&by_plan).unwrap().account, None);
        let nothing = parse("deploy --account A").unwrap().arguments.order;
        assert!(order(&nothing).is_err());
    }
}
