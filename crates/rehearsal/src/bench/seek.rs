//! Seeking in a browser.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::report::Report;
use crate::stack::Server;

/// What the script prints, in milliseconds.
#[derive(Deserialize)]
struct Measured {
    open: f64,
    seeks: Vec<f64>,
}

/// Opens a session in a headless browser and seeks to random moments of it.
pub fn measure(script: &Path, server: &Server, session: &str, report: &mut Report) -> Result<()> {
    let output = Command::new("node")
        .arg(script)
        .env("EIDETIC_CONSOLE", &server.endpoints().console)
        .env("EIDETIC_PASSWORD", &server.password)
        .env("EIDETIC_SESSION", session)
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("failed to start node")?;
    ensure!(
        output.status.success(),
        "the script that seeks ended with {}",
        output.status
    );
    let measured: Measured =
        serde_json::from_slice(&output.stdout).context("the script's answer")?;
    let duration = |millis: f64| Duration::from_secs_f64(millis.max(0.0) / 1e3);
    report.line(
        "opening an hour-long recording",
        &format!("{:.0} ms to the first picture", measured.open),
    );
    report.latencies(
        "seeking in an hour-long recording",
        measured.seeks.into_iter().map(duration).collect(),
    );
    Ok(())
}
