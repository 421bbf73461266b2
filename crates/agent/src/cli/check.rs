//! `eidetic-agent check`.

use std::{io::Write as _, process::ExitCode};

use clap::Args;
use eidetic_checks::{
    Finding, Report, Scope, Verdict, examine_agent, exclusions::Exclusions, mend_agent,
    system::ThisComputer,
};
use eidetic_model::{Clock as _, Policy};
use eidetic_runtime::SystemClock;

use crate::{
    os, policy_file,
    prerequisites::{Notes, gather, installation},
    state_folder::StateFolder,
};

/// What is looked at, and what is done about it.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Mends what can be mended safely, and tells what was before and what is after.
    #[arg(long)]
    fix: bool,
    /// Also what only serves installing the agent from the server, and calls of the server.
    #[arg(long)]
    push: bool,
    /// Prints everything, as JSON.
    #[arg(long)]
    json: bool,
    /// Prints what an antivirus program should leave alone, and nothing else.
    #[arg(long, conflicts_with_all = ["fix", "push", "json"])]
    exclusions: bool,
}

/// Looks at this computer.
pub(super) async fn run(
    folder: &StateFolder,
    arguments: &CheckArguments,
    mut sessions: os::SessionProbe,
    control_port: u16,
) -> anyhow::Result<ExitCode> {
    let installation = installation(folder, control_port);
    if arguments.exclusions {
        let exclusions = Exclusions::of(&installation);
        for line in exclusions.folders.iter().chain(&exclusions.programs) {
            print(line)?;
        }
        print(&exclusions.defender())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (_, policy) = policy_file::read(&folder.policy())?.unwrap_or((0, Policy::default()));
    // It is the service that speaks with the server.
    let ahead = Notes::read(&folder.prerequisites())
        .ok()
        .and_then(|notes| notes.ahead_micros);
    let gathered = async |sessions: &mut os::SessionProbe| {
        let found = sessions.look().await;
        gather(folder, found, ahead, policy.spool().min_free_bytes)
    };
    let facts = gathered(&mut sessions).await;
    let now = SystemClock.wall();
    let scope = match arguments.push {
        true => Scope::Everything,
        false => Scope::Lasting,
    };
    let mut findings = examine_agent(&ThisComputer, &facts, &installation, now);
    let mut adjustments = Vec::new();
    if arguments.fix {
        let is_wanted =
            |found: &&Finding| found.verdict == Verdict::Unmet && scope.includes(found.check);
        for found in findings.iter().filter(is_wanted) {
            adjustments.extend(mend_agent(found, &ThisComputer, &facts, &installation, now));
        }
        if !adjustments.is_empty() {
            let facts = gathered(&mut sessions).await;
            findings = examine_agent(&ThisComputer, &facts, &installation, now);
        }
    }
    let computer = os::computer_name();
    let report = Report {
        computer: &computer,
        scope,
        findings: &findings,
        adjustments: &adjustments,
        installation: &installation,
    };
    match arguments.json {
        true => print(&report.to_json())?,
        false => print(&report.to_text())?,
    }
    Ok(report.exit_code())
}

/// To the person, or the program, that asked.
fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{}", text.trim_end())?)
}
