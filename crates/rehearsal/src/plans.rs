//! Whether plans go into a file and back, as an administrator does it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};

use crate::{
    api::Api,
    stack::{Server, beside_this, fresh_folder},
};

/// Writes the server's plans into a file, which is no change; changes the file, sees the difference,
/// applies it, and then there is none; and removes what was made.
pub fn kept_in_a_file(api: &Api, server: &Server) -> Result<()> {
    let folder = fresh_folder()?;
    let file = folder.path().join("plans.toml");
    run(server, &file, &["get", "-o"], 0)?;
    let original = fs::read_to_string(&file)?;
    run(server, &file, &["diff"], 0)?;

    let plan = "\n[[plan]]\nname = \"From a file\"\n\
        items = [{ kind = \"ip_range\", from = \"198.51.100.0\", to = \"198.51.100.9\" }]\n\
        settings.quality = \"low\"\n";
    fs::write(&file, format!("{original}{plan}"))?;
    let output = run(server, &file, &["diff"], 3)?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        said.starts_with("+ plan \"From a file\"") && said.contains("quality: \"low\""),
        "the difference is: {said}"
    );
    let refused = run(server, &file, &["apply"], 1)?;
    let said = String::from_utf8_lossy(&refused.stderr);
    ensure!(said.contains("say --yes"), "not asked, but: {said}");
    run(server, &file, &["apply", "--yes"], 0)?;
    run(server, &file, &["diff"], 0)?;
    let plans = api.get("/plans")?;
    ensure!(
        plans["plans"][0]["items"][0]["to"] == "198.51.100.9",
        "the plan was not made: {plans}"
    );

    fs::write(&file, &original)?;
    run(server, &file, &["diff"], 0)?;
    run(server, &file, &["diff", "--prune"], 3)?;
    run(server, &file, &["apply", "--prune", "--yes"], 0)?;
    run(server, &file, &["get", "-o"], 0)?;
    ensure!(
        fs::read_to_string(&file)? == original,
        "the plans are not what they were at first"
    );
    Ok(())
}

fn run(server: &Server, file: &Path, arguments: &[&str], code: i32) -> Result<Output> {
    let mut command: Command = beside_this("eidetic")?;
    let output = command
        .arg("plan")
        .args(arguments)
        .arg(file)
        .args(["--server", &server.endpoints().console])
        .env("EIDETIC_PASSWORD", &server.password)
        .env("EIDETIC_CA", server.authority())
        .stdin(std::process::Stdio::null())
        .output()
        .context("failed to start eidetic")?;
    ensure!(
        output.status.code() == Some(code),
        "eidetic plan {arguments:?} ended with {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(output)
}
