//! A package's questions, answered by somebody at a terminal.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rexpect::{process::WaitStatus, session::spawn_command};

/// Runs a program in a terminal and answers what it asks: after each of these words, a line.
/// An empty one takes what is proposed. Gives all that was to be seen there.
pub fn answer(mut program: Command, answers: &[(&str, &str)]) -> Result<String> {
    program
        .env("DEBIAN_FRONTEND", "readline")
        .env("DEBIAN_PRIORITY", "low")
        .env("TERM", "dumb");
    let mut terminal =
        spawn_command(program, Some(LIMIT_MILLIS)).context("failed to open a terminal")?;
    let mut seen = String::new();
    for (question, answer) in answers {
        let before = terminal
            .exp_string(question)
            .with_context(|| format!("it does not ask: {question}, after: {seen}"))?;
        seen.push_str(&before);
        seen.push_str(question);
        terminal.send_line(answer)?;
    }
    seen.push_str(&terminal.exp_eof().context("it does not end")?);
    let status = terminal.process().wait()?;
    ensure!(
        matches!(status, WaitStatus::Exited(_, 0)),
        "it ended with {status:?}: {seen}"
    );
    Ok(seen)
}

const LIMIT_MILLIS: u64 = 90_000;
