//! Whether the server reaches an agent, end to end: the real binaries, over the agent's connection
//! and at its port.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use eidetic_testkit::VirtualDisplay;
use serde_json::{Value, json};

use crate::{
    api::Api,
    stack::{Agent, Server, beside_this, fresh_folder},
    until::until,
};

/// Calls an agent in every way that there is, and one that cannot be called.
pub fn run() -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let api = server.sign_in()?;
    let display = VirtualDisplay::start(320, 240).context("failed to start a display")?;
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();

    let agent = start(&first, &server, &display, port)?;
    let id = connected(&api, None)?;
    let said = call(&api, &id, "status", "any")?;
    ensure!(
        said["way"] == "stream" && said["is_connected"] == true,
        "{said}"
    );
    println!(
        "over its connection: {} sessions",
        said["sessions_recorded"]
    );
    let said = until("the port is open", Duration::from_secs(30), || {
        Ok(call(&api, &id, "status", "port").ok())
    })?;
    ensure!(
        said["way"] == "port" && said["address"] == format!("127.0.0.1:{port}"),
        "{said}"
    );
    println!("at its port: {}", said["address"]);

    let said = call(&api, &id, "stop", "any")?;
    ensure!(said["stopped_since_us"].is_i64(), "{said}");
    status_becomes(&api, &id, "paused")?;
    let told = eidetic(&server, "status")?;
    ensure!(told.contains("stopped by an administrator"), "{told}");
    let told = eidetic(&server, "restart")?;
    ensure!(told.contains("over the agent's connection"), "{told}");
    status_becomes(&api, &id, "recording")?;
    println!("stopped, seen as paused, and recording again");

    // An agent that does not reach the server, which knows where it was.
    agent.stop();
    let identity = first.join("agent/identity.toml");
    let written = fs::read_to_string(&identity)?;
    let elsewhere = written.replace(&server.endpoints().agents, "127.0.0.1:1");
    ensure!(written != elsewhere, "identity.toml has no such server");
    fs::write(&identity, elsewhere)?;
    let agent = Agent::start_again(&first, display.name(), port)?;
    let said = until("it is called at its port", Duration::from_secs(30), || {
        Ok(call(&api, &id, "collect", "any").ok())
    })?;
    ensure!(
        said["way"] == "port" && said["is_connected"] == false,
        "{said}"
    );
    ensure!(said["entries_waiting"].as_u64() > Some(0), "{said}");
    println!("not connected, and called at its port: {}", said["problem"]);

    // Somebody else at its address, with a certificate of the same authority.
    agent.stop();
    let other = start(&second, &server, &display, port)?;
    let other_id = connected(&api, Some(&id))?;
    until("the other's port is open", Duration::from_secs(30), || {
        Ok(call(&api, &other_id, "status", "port").ok())
    })?;
    let words = refused(&api, &id)?;
    ensure!(words.contains("does not prove to be this agent"), "{words}");
    println!("another agent is not taken for it: {words}");
    other.stop();

    let words = refused(&api, &id)?;
    ensure!(
        words.contains("nothing listens") && words.contains("Recording does not need it"),
        "{words}"
    );
    println!("a closed port is told: {words}");
    let looked = api.get("/viewings")?.to_string();
    for what in [
        "stopped recording",
        "restarted recording",
        "had an agent send",
    ] {
        ensure!(
            looked.contains(what),
            "{what:?} is not in the log: {looked}"
        );
    }
    Ok(())
}

fn start(folder: &Path, server: &Server, display: &VirtualDisplay, port: u16) -> Result<Agent> {
    fs::create_dir_all(folder)?;
    Agent::start_with_port(folder, server, display.name(), port)
}

fn call(api: &Api, id: &str, call: &str, way: &str) -> Result<Value> {
    let request = json!({"call": call, "way": way});
    api.post(&format!("/computers/{id}/control"), &request)
}

/// What is said of an agent that cannot be called.
fn refused(api: &Api, id: &str) -> Result<String> {
    match call(api, id, "status", "any") {
        Ok(said) => anyhow::bail!("it was called: {said}"),
        Err(error) => Ok(format!("{error:#}")),
    }
}

/// The id of the one agent that is connected, other than this one.
fn connected(api: &Api, but: Option<&str>) -> Result<String> {
    until("an agent is connected", Duration::from_secs(30), || {
        let computers = api.get("/computers")?;
        let computers = computers["computers"].as_array().cloned();
        let mut found = computers
            .unwrap_or_default()
            .into_iter()
            .filter(|computer| {
                computer["is_connected"] == true && computer["agent_id"].as_str() != but
            });
        let id = found.next();
        Ok(id.and_then(|computer| computer["agent_id"].as_str().map(str::to_owned)))
    })
}

fn status_becomes(api: &Api, id: &str, word: &str) -> Result<()> {
    until("the status changes", Duration::from_secs(30), || {
        let computer = api.get(&format!("/computers/{id}"))?;
        Ok((computer["status"] == word).then_some(()))
    })
}

/// `eidetic computer` with the only computer.
fn eidetic(server: &Server, command: &str) -> Result<String> {
    let computer = fs::read_to_string("/proc/sys/kernel/hostname")?;
    let mut eidetic: Command = beside_this("eidetic")?;
    let output: Output = eidetic
        .args(["computer", command, computer.trim()])
        .args(["--server", &server.endpoints().console])
        .env("EIDETIC_PASSWORD", &server.password)
        .env("EIDETIC_CA", server.authority())
        .stdin(std::process::Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "eidetic computer: {said}{complaint}"
    );
    Ok(said)
}
