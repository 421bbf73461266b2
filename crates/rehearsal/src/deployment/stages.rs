//! Upgrades and removals in stages, on computers of their own.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::peer::{PASSWORD, Peer};
use crate::{
    api::Api,
    stack::{Server, beside_this, fresh_folder},
    until::until,
};

/// Upgrades two computers in stages, stops when the first one fails, goes on after the server was
/// started again, and removes both.
pub fn run() -> Result<()> {
    let folder = fresh_folder()?;
    let packages = folder.path().join("packages");
    fs::create_dir(&packages)?;
    let config = format!("packages = {packages:?}\nagents_address = \"127.0.0.1\"\n");
    let mut server = Server::start_with(folder.path(), 0, &config)?;
    let api = server.sign_in()?;
    let account = json!({"name": "Ann", "user": "ann", "password": PASSWORD});
    api.post("/accounts", &account)?;
    let peers = ["one", "two"].map(|name| Peer::start(&folder.path().join(name), None, 400));
    let [one, two] = peers;
    let (one, two) = (one?, two?);

    let package = packages.join("eidetic-agent");
    put_older_agent(&package)?;
    let agents = [install(&api, one.port())?, install(&api, two.port())?];
    ensure!(versions(&api, &agents)? == [OLDER, OLDER]);
    println!("two computers have agents of version {OLDER}");

    // A package that does not work: the second computer is not touched.
    fs::write(&package, "#!/bin/sh\nexit 1\n")?;
    fs::set_permissions(&package, fs::Permissions::from_mode(0o755))?;
    let campaign = begin(&api, &json!({"kind": "upgrade", "within_secs": 300}))?;
    let stopped = becomes(&api, &campaign, "stopped")?;
    ensure!(
        stopped["stage"] == 1 && stopped["computers"][1]["state"] == "waiting",
        "{stopped}"
    );
    let untouched = stopped["computers"][1]["agent_id"].clone();
    let version = version(&api, untouched.as_str().unwrap_or_default())?;
    ensure!(version == OLDER, "the second has {version}");
    println!("it stops at the first that fails: {}", stopped["why"]);

    server.while_stopped(|_| put_agent(&package))?;
    let still = one_campaign(&api, &campaign)?;
    ensure!(still["state"] == "stopped", "{still}");
    let path = format!("/campaigns/{campaign}/continue");
    api.post(&path, &json!({}))?;
    let done = becomes(&api, &campaign, "done")?;
    let states = done["computers"].as_array().context("no computers")?;
    ensure!(
        states.iter().all(|computer| computer["state"] == "good"),
        "{done}"
    );
    let now = env!("CARGO_PKG_VERSION");
    ensure!(versions(&api, &agents)? == [now, now]);
    println!("after the server was started again it goes on: both have {now}");

    let campaign = begin(&api, &json!({"kind": "remove", "agents": agents}))?;
    becomes(&api, &campaign, "done")?;
    for peer in [&one, &two] {
        ensure!(peer.written(super::PROGRAM).is_none(), "the agent stayed");
    }
    for agent in &agents {
        let computer = api.get(&format!("/computers/{agent}"))?;
        ensure!(computer["status"] == "removed", "{computer}");
    }
    println!("both are removed, one after the other");
    Ok(())
}

/// The agent's binary that calls itself older: nothing else of it is changed.
fn put_older_agent(package: &Path) -> Result<()> {
    let (now, older) = (env!("CARGO_PKG_VERSION").as_bytes(), OLDER.as_bytes());
    ensure!(now.len() == older.len(), "OLDER has another length");
    let mut bytes = fs::read(agent()?)?;
    let mut place = 0;
    let mut changed = 0;
    while let Some(found) = bytes[place..]
        .windows(now.len())
        .position(|part| part == now)
    {
        let at = place + found;
        bytes[at..at + now.len()].copy_from_slice(older);
        place = at + now.len();
        changed += 1;
    }
    ensure!(changed > 0, "the agent does not say its version");
    put(package, &bytes)
}

fn put_agent(package: &Path) -> Result<()> {
    put(package, &fs::read(agent()?)?)
}

fn put(package: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(package, bytes)?;
    Ok(fs::set_permissions(
        package,
        fs::Permissions::from_mode(0o755),
    )?)
}

fn agent() -> Result<PathBuf> {
    Ok(beside_this("eidetic-agent")?.get_program().into())
}

/// Installs what is in the packages' folder. The agent that came.
fn install(api: &Api, port: u16) -> Result<String> {
    let order = json!({"computers": ["127.0.0.1"], "port": port, "account": "Ann"});
    let answer = api.post("/deployments", &order)?;
    let id = answer["deployments"][0]["id"].as_str();
    let id = id.context("no job was made")?;
    let job = until("the agent is installed", LIMIT, || {
        let job = api.get(&format!("/deployments/{id}"))?;
        Ok((job["state"] == "done" || job["state"] == "failed").then_some(job))
    })?;
    let agent = job["agent_id"].as_str();
    agent.map(str::to_owned).with_context(|| job.to_string())
}

fn begin(api: &Api, order: &Value) -> Result<String> {
    let begun = api.post("/campaigns", order)?;
    let id = begun["id"].as_str();
    id.map(str::to_owned).context("no campaign was begun")
}

fn one_campaign(api: &Api, id: &str) -> Result<Value> {
    let all = api.get("/campaigns")?;
    let mut all = all["campaigns"]
        .as_array()
        .cloned()
        .unwrap_or_default()
        .into_iter();
    let found = all.find(|campaign| campaign["id"] == id);
    found.context("the campaign is gone")
}

fn becomes(api: &Api, id: &str, state: &str) -> Result<Value> {
    let reached = until("the campaign goes on", LIMIT, || {
        let campaign = one_campaign(api, id)?;
        Ok((campaign["state"] != "running").then_some(campaign))
    })?;
    ensure!(
        reached["state"] == state,
        "not {state}: {reached:#}\n{:#}",
        api.get("/deployments")?
    );
    Ok(reached)
}

fn versions(api: &Api, agents: &[String; 2]) -> Result<[String; 2]> {
    Ok([version(api, &agents[0])?, version(api, &agents[1])?])
}

fn version(api: &Api, agent: &str) -> Result<String> {
    let computer = api.get(&format!("/computers/{agent}"))?;
    ensure!(
        computer["is_connected"] == true,
        "not connected: {computer}"
    );
    let version = computer["agent_version"].as_str();
    version.map(str::to_owned).context("it has no version")
}

const OLDER: &str = "0.0.9";
const LIMIT: Duration = Duration::from_secs(300);
