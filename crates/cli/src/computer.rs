//! `eidetic computer`: calls the agent of a computer, by way of the server.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::client::{Connection, ServerArguments};

/// Ask the agent of a computer how it is, or tell it to send, stop or restart
///
/// The server calls the agent over the agent's own connection if there is one, and else at TCP 9003 of
/// its computer; the answer says which way. Each call is in the log of who saw and did what.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  eidetic computer status web-1 --server https://eidetic.example:9443
  eidetic computer stop 'RDS01' --server https://eidetic.example:9443
  eidetic computer status web-1 --way port     # is TCP 9003 open?

It ends with 0 if the agent did it, with 1 if it could not be called.")]
pub enum Command {
    /// Show how its agent is now.
    Status(Arguments),
    /// Send what waits there now, without waiting for the next try.
    Collect(Arguments),
    /// Record nothing there until `restart`, or until the agent's service is started again.
    Stop(Arguments),
    /// End what is recorded there and begin anew; also after `stop`.
    Restart(Arguments),
}

/// Which computer, and which way.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Its name, or the id of its agent.
    computer: String,
    /// Which way.
    #[arg(long, value_enum, default_value_t = Way::Any)]
    way: Way,
    /// Print what the server says, as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// Over the agent's own connection if there is one, else to the port of its computer.
    Any,
    /// To the port of its computer.
    Port,
}

#[derive(Serialize)]
struct Request {
    call: &'static str,
    way: Way,
}

#[derive(Deserialize)]
struct Computers {
    computers: Vec<Computer>,
}

#[derive(Deserialize)]
struct Computer {
    agent_id: String,
    name: String,
    status: String,
}

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    way: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    agent_version: String,
    computer_name: String,
    connection: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    sessions_recorded: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stopped_since_us: Option<i64>,
    spool_bytes: u64,
    entries_waiting: u64,
    segments_waiting: u64,
    is_connected: bool,
}

impl Command {
    /// Calls the agent and prints what it says.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let (call, arguments) = match self {
            Self::Status(arguments) => ("status", arguments),
            Self::Collect(arguments) => ("collect", arguments),
            Self::Stop(arguments) => ("stop", arguments),
            Self::Restart(arguments) => ("restart", arguments),
        };
        let server = arguments.server.connect()?;
        let id = find(&server, &arguments.computer)?;
        let request = Request {
            call,
            way: arguments.way,
        };
        let answer: Answer = server.post(&format!("/computers/{id}/control"), &request)?;
        let text = match arguments.json {
            true => serde_json::to_string_pretty(&answer)?,
            false => in_words(&answer),
        };
        writeln!(io::stdout(), "{}", text.trim_end())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The id of the agent of a computer.
fn find(server: &Connection, wanted: &str) -> anyhow::Result<String> {
    let computers: Computers = server.get("/computers")?;
    one_of(computers.computers, wanted)
}

fn one_of(computers: Vec<Computer>, wanted: &str) -> anyhow::Result<String> {
    let lower = wanted.to_lowercase();
    let is_meant = |computer: &Computer| {
        computer.agent_id == lower
            || computer.name.to_lowercase() == lower && computer.status != "removed"
    };
    let mut found = computers.into_iter().filter(is_meant);
    let first = found
        .next()
        .with_context(|| format!("the server knows no computer {wanted:?}"))?;
    if let Some(second) = found.next() {
        bail!(
            "{wanted:?} is the name of several computers: say the id of its agent, such as {} or {}",
            first.agent_id,
            second.agent_id
        );
    }
    Ok(first.agent_id)
}

fn in_words(answer: &Answer) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<10} {value}");
    };
    let way = match &answer.address {
        Some(address) => format!("to {address}"),
        None => "over the agent's connection".to_owned(),
    };
    line("computer", answer.computer_name.clone());
    line("called", way);
    line("agent", answer.agent_version.clone());
    line(
        "server",
        match &answer.problem {
            Some(problem) => format!("{}: {problem}", answer.connection),
            None if answer.is_connected => "connected".to_owned(),
            None => answer.connection.clone(),
        },
    );
    line(
        "recording",
        match answer.stopped_since_us {
            Some(_) => {
                "stopped by an administrator; `eidetic computer restart` lets it go on".to_owned()
            }
            None => format!("{} sessions", answer.sessions_recorded),
        },
    );
    line(
        "waiting",
        format!(
            "{} records and {} segments, {} bytes on disk",
            answer.entries_waiting, answer.segments_waiting, answer.spool_bytes
        ),
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn computer(id: &str, name: &str, status: &str) -> Computer {
        Computer {
            agent_id: id.into(),
            name: name.into(),
            status: status.into(),
        }
    }

    #[test]
    fn a_computer_is_found_by_its_name_unless_two_have_it() {
        let all = || {
            vec![
                computer("1", "Web-1", "idle"),
                computer("2", "web-1", "removed"),
                computer("3", "twin", "idle"),
                computer("4", "twin", "idle"),
            ]
        };
        assert_eq!(one_of(all(), "WEB-1").unwrap(), "1");
        assert_eq!(one_of(all(), "4").unwrap(), "4");
        let error = one_of(all(), "twin").unwrap_err().to_string();
        assert!(error.contains("3 or 4"), "{error}");
        assert!(one_of(all(), "nobody").is_err());
    }

    #[test]
    fn what_an_agent_says_is_told_with_the_way_it_was_called() {
        let answer: Answer = serde_json::from_str(
            r#"{"way": "port", "address": "192.0.2.1:9003", "agent_version": "0.1.0",
            "computer_name": "web-1", "connection": "down", "problem": "nothing answers",
            "sessions_recorded": 0, "stopped_since_us": 5, "spool_bytes": 9, "entries_waiting": 2,
            "segments_waiting": 1, "is_connected": false}"#,
        )
        .unwrap();
        let text = in_words(&answer);
        assert!(text.contains("called     to 192.0.2.1:9003"), "{text}");
        assert!(text.contains("down: nothing answers"), "{text}");
        assert!(text.contains("stopped by an administrator"), "{text}");
    }
}
