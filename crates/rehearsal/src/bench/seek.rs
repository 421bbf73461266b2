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

/// Opens a short session and an hour-long one in a headless browser, and seeks to moments all over
/// the long one.
pub fn measure(
    script: &Path,
    server: &Server,
    short: &str,
    long: &str,
    report: &mut Report,
) -> Result<()> {
    let opened = |measured: &Measured| format!("{:.0} ms to the first picture", measured.open);
    let measured = run(script, server, short)?;
    report.line("opening the short recording", &opened(&measured));
    let measured = run(script, server, long)?;
    report.line("opening an hour-long recording", &opened(&measured));
    let seeks = measured.seeks.into_iter();
    report.latencies(
        "seeking in an hour-long recording",
        seeks
            .map(|millis| Duration::from_secs_f64(millis.max(0.0) / 1e3))
            .collect(),
    );
    Ok(())
}

fn run(script: &Path, server: &Server, session: &str) -> Result<Measured> {
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
    serde_json::from_slice(&output.stdout).context("the script's answer")
}
