//! `eidetic check`: a computer, as its server sees it over the network.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::client::ServerArguments;

/// Look at a computer from its server, over the network
///
/// The server looks up the computer's name and tries its ports, and tells what the computer's agent
/// found there last, if it has one. Exits with 0 if all is good; with 1 if the name is not known, if
/// the agent found something unmet, or if there is no agent and no way to install one (neither SSH
/// nor file sharing answers); with 2 if the server could not be asked.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The computer's name or address.
    computer: String,
    /// Print what the server says, as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArguments,
}

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
struct NetworkChecks {
    computer: String,
    checks: Vec<NetworkCheck>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentChecks>,
}

#[derive(Debug, Serialize, Deserialize)]
struct NetworkCheck {
    id: String,
    title: String,
    is_met: bool,
    found: String,
    needed_for: String,
    by_hand: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct AgentChecks {
    checked_us: i64,
    unmet: Vec<Unmet>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Unmet {
    id: String,
    title: String,
    found: String,
    meaning: String,
    by_hand: Vec<String>,
}

/// Asks the server and prints what it says.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let asked = || -> anyhow::Result<NetworkChecks> {
        let computer = &arguments.computer;
        let connection = arguments.server.connect()?;
        let request = serde_json::json!({ "computer": computer });
        Ok(connection.post("/network-checks", &request)?)
    };
    let checks = match asked() {
        Ok(checks) => checks,
        Err(error) => {
            let _ = writeln!(io::stderr(), "eidetic: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let text = match arguments.json {
        true => serde_json::to_string_pretty(&checks)?,
        false => table(&checks),
    };
    writeln!(io::stdout(), "{}", text.trim_end())?;
    Ok(ExitCode::from(u8::from(!is_good(&checks))))
}

fn is_good(checks: &NetworkChecks) -> bool {
    let is_met = |id| {
        checks
            .checks
            .iter()
            .any(|check| check.id == id && check.is_met)
    };
    match &checks.agent {
        _ if !is_met("name") => false,
        Some(agent) => agent.unmet.is_empty(),
        None => is_met("ssh") || is_met("smb"),
    }
}

fn table(checks: &NetworkChecks) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for check in &checks.checks {
        let word = if check.is_met { "ok" } else { "no answer" };
        let _ = writeln!(text, "{word:<10}  {:<32}  {}", check.title, check.found);
        if !check.is_met {
            let need = match &*check.needed_for {
                "push_installation" => "push installation only",
                "control_calls" => "calls of the server to the agent only",
                _ => "recording and delivering",
            };
            let _ = writeln!(
                text,
                "{:<10}  {:<32}  needed for {need}. {}",
                "", "", check.by_hand
            );
        }
    }
    match &checks.agent {
        None => text.push_str("\nNo agent on it has told anything of its prerequisites.\n"),
        Some(agent) if agent.unmet.is_empty() => {
            text.push_str("\nIts agent found nothing unmet.\n");
        }
        Some(agent) => {
            text.push_str("\nIts agent found unmet:\n");
            for unmet in &agent.unmet {
                let _ = writeln!(text, "\n{}: {}", unmet.id, unmet.title);
                let _ = writeln!(text, "  {}\n  {}", unmet.found, unmet.meaning);
                for line in &unmet.by_hand {
                    let _ = writeln!(text, "  - {line}");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(met: &[&str], agent: Option<&[&str]>) -> NetworkChecks {
        let check = |id: &str| NetworkCheck {
            id: id.into(),
            title: id.to_uppercase(),
            is_met: met.contains(&id),
            found: "words".into(),
            needed_for: "push_installation".into(),
            by_hand: "Start it.".into(),
        };
        NetworkChecks {
            computer: "pc".into(),
            checks: ["name", "ssh", "smb"].map(check).into(),
            agent: agent.map(|unmet| AgentChecks {
                checked_us: 1,
                unmet: unmet
                    .iter()
                    .map(|id| Unmet {
                        id: (*id).into(),
                        title: "Title".into(),
                        found: "found".into(),
                        meaning: "meaning".into(),
                        by_hand: vec!["do this".into()],
                    })
                    .collect(),
            }),
        }
    }

    #[test]
    fn an_installed_agent_needs_no_open_port_and_a_new_one_needs_a_way_in() {
        assert!(is_good(&checks(&["name"], Some(&[]))));
        assert!(is_good(&checks(&["name", "smb"], None)));
        assert!(!is_good(&checks(&["name"], None)));
        assert!(!is_good(&checks(&["name", "ssh"], Some(&["logind"]))));
        assert!(!is_good(&checks(&["ssh"], None)));
    }

    #[test]
    fn what_does_not_answer_says_what_needs_it_and_what_to_do() {
        let text = table(&checks(&["name"], Some(&["logind"])));
        assert!(
            text.contains("needed for push installation only. Start it."),
            "{text}"
        );
        assert!(text.contains("  - do this"), "{text}");
    }
}
