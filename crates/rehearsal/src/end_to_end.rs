//! The browser tests, against a recording made for them.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    desktop::{Desktop, WANTED_TITLE},
    stack::{Agent, Server, fresh_folder},
    until::pause,
};

/// How long the desktop is recorded before the tests begin. It goes on during them, so that
/// there is a running session to watch.
const HEAD_START: Duration = Duration::from_secs(45);

/// Starts everything, records for a while and runs the tests in this folder with Node's runner.
pub fn run(tests: &Path) -> Result<()> {
    let folder = fresh_folder()?;
    let server = Server::start(folder.path(), 0)?;
    let person = Desktop::start()?.use_it(folder.path())?;
    let agent = Agent::start(folder.path(), &server, person.display())?;
    pause(HEAD_START);

    let files = test_files(tests)?;
    let status = Command::new("node")
        .arg("--test")
        .arg("--test-concurrency=1")
        .args(&files)
        .env("EIDETIC_CONSOLE", &server.endpoints().console)
        .env("EIDETIC_PASSWORD", &server.password)
        .env("EIDETIC_WANTED_TITLE", WANTED_TITLE)
        .status()
        .context("failed to start node")?;
    drop(agent);
    if !status.success() {
        bail!("the browser tests ended with {status}");
    }
    Ok(())
}

fn test_files(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("failed to read {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("no tests in {}", folder.display());
    }
    Ok(files)
}
