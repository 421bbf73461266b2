//! The agent put on another computer by SSH, end to end: a real server, a real SSH server, the
//! agent's real binary.

mod debian;
mod peer;
mod stages;

use std::{fs, io::Write as _, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    api::Api,
    stack::{Server, beside_this, fresh_folder},
    until::until,
};
use peer::{PASSWORD, Peer};
pub use stages::run as run_stages;

/// Installs, upgrades and removes the agent on a peer, and breaks it in every way that can be
/// broken here.
pub fn run() -> Result<()> {
    let folder = fresh_folder()?;
    let mut rehearsal = Rehearsal::start(folder.path())?;
    let peer = Peer::start(&folder.path().join("peer"), None, 400)?;
    rehearsal.port = peer.port();
    let outcome = rehearse(&rehearsal, peer, folder.path());
    outcome.with_context(|| rehearsal.jobs_in_words())
}

fn rehearse(rehearsal: &Rehearsal, peer: Peer, folder: &Path) -> Result<()> {
    rehearsal.keep_account(&json!({"name": "Ann", "user": "ann", "password": PASSWORD}))?;
    rehearsal.keep_account(&json!({"name": "Bob", "user": "bob", "password": PASSWORD}))?;
    rehearsal.keep_account(&json!({"name": "Wrong", "user": "ann", "password": "wrong"}))?;
    let key = peer.private_key()?;
    rehearsal.keep_account(&json!({"name": "Kay", "user": "kay", "private_key": key}))?;
    let accounts = rehearsal.api.get("/accounts")?.to_string();
    ensure!(!accounts.contains(PASSWORD) && !accounts.contains("PRIVATE KEY"));

    rehearsal.fails("install", "Kay", "no_package", "put `eidetic-agent")?;
    rehearsal.put_package(b"")?;
    rehearsal.fails("install", "Wrong", "not_let_in", "the password is wrong")?;
    rehearsal.fails("install", "Bob", "no_right", "`sudo` does not allow it")?;
    ensure!(
        peer.written(PROGRAM).is_none(),
        "it was installed after all"
    );

    // By password, with sudo asking for it.
    let first = rehearsal.succeeds("install", "Ann")?;
    ensure!(installed_size(&peer)? == rehearsal.package_size()?);
    let connected = rehearsal.computer(&first)?;
    ensure!(
        connected["address"].is_string(),
        "not connected: {connected}"
    );
    let commands = peer.command_lines();
    ensure!(
        commands.contains("eidetic-agent setup")
            && !commands.contains("eidetic1.")
            && !commands.contains(PASSWORD),
        "{commands}"
    );
    println!("installed by password: the server sees agent {first}");

    // By key, with sudo asking for nothing: the same agent, another program.
    rehearsal.put_package(b"a later version")?;
    let second = rehearsal.succeeds("install", "Kay")?;
    ensure!(
        first == second,
        "the upgrade made another agent: {first}, {second}"
    );
    ensure!(installed_size(&peer)? == rehearsal.package_size()?);
    println!("upgraded by key: it is the same agent");

    rehearsal.removes_all(&peer)?;
    let again = rehearsal.job("remove", "Kay")?;
    ensure!(
        again["state"] == "done",
        "removing nothing is no failure: {again}"
    );
    println!("removed, and removed again");

    // As a Debian package, which goes before the program.
    let package = debian::pack(&rehearsal.packages, "0.1.0", &rehearsal.package())?;
    let third = rehearsal.succeeds("install", "Ann")?;
    ensure!(
        third != first,
        "a computer that was forgotten is a new agent"
    );
    ensure!(
        installed_size(&peer)? == rehearsal.package_size()?,
        "the package holds another program"
    );
    rehearsal.removes_all(&peer)?;
    fs::remove_file(package)?;
    println!("installed and removed as a Debian package");

    // The computer is set up anew: another key, and hardly any room.
    let port = peer.port();
    drop(peer);
    let peer = Peer::start(&folder.join("anew"), Some(port), 2)?;
    let key = peer.private_key()?;
    rehearsal.keep_account(&json!({"name": "Kay", "user": "kay", "private_key": key}))?;
    rehearsal.fails(
        "install",
        "Kay",
        "host_key_changed",
        "nothing was sent to it",
    )?;
    let known = format!("127.0.0.1:{port}");
    let forget = json!({"computer": known});
    rehearsal.api.post("/ssh-host-keys/forget", &forget)?;
    rehearsal.fails("install", "Kay", "disk_full", "/tmp has ")?;
    ensure!(
        peer.written(PROGRAM).is_none(),
        "it was installed after all"
    );
    drop(peer);

    // Nobody is there: it is tried again, until somebody does not want it any more.
    let job = rehearsal.ask("install", "Kay")?;
    let waiting = rehearsal.until(&job, |job| job["state"] == "retrying")?;
    ensure!(waiting["code"] == "unreachable", "{waiting}");
    let path = format!("/deployments/{job}/cancel");
    let cancelled = rehearsal.api.post(&path, &json!({}))?;
    ensure!(cancelled["state"] == "cancelled", "{cancelled}");
    println!("each failure was told with what to do about it");
    Ok(())
}

struct Rehearsal {
    server: Server,
    api: Api,
    packages: std::path::PathBuf,
    port: u16,
}

impl Rehearsal {
    fn start(folder: &Path) -> Result<Self> {
        let packages = folder.join("packages");
        fs::create_dir(&packages)?;
        let config = format!("packages = {packages:?}\nagents_address = \"127.0.0.1\"\n");
        let mut server = Server::start_with(folder, 0, &config)?;
        let api = server.sign_in()?;
        Ok(Self {
            server,
            api,
            packages,
            port: 0,
        })
    }

    fn keep_account(&self, account: &Value) -> Result<()> {
        self.api.post("/accounts", account).map(drop)
    }

    /// The agent's binary, with something behind it that makes it another one.
    fn put_package(&self, behind: &[u8]) -> Result<()> {
        let program = beside_this("eidetic-agent")?;
        let path = self.package();
        fs::copy(program.get_program(), &path)?;
        let mut file = fs::OpenOptions::new().append(true).open(&path)?;
        Ok(file.write_all(behind)?)
    }

    fn package(&self) -> std::path::PathBuf {
        self.packages.join("eidetic-agent")
    }

    fn package_size(&self) -> Result<u64> {
        Ok(fs::metadata(self.package())?.len())
    }

    fn ask(&self, action: &str, account: &str) -> Result<String> {
        let order = json!({
            "computers": ["127.0.0.1"], "port": self.port, "account": account, "action": action,
        });
        let answer = self.api.post("/deployments", &order)?;
        let id = answer["deployments"][0]["id"].as_str();
        id.map(str::to_owned).context("no job was made")
    }

    fn until(&self, job: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        until("the job came to its end", Duration::from_secs(300), || {
            let job = self.api.get(&format!("/deployments/{job}"))?;
            Ok(is_so(&job).then_some(job))
        })
    }

    fn job(&self, action: &str, account: &str) -> Result<Value> {
        let id = self.ask(action, account)?;
        self.until(&id, |job| {
            job["state"] == "done" || job["state"] == "failed"
        })
    }

    fn fails(&self, action: &str, account: &str, code: &str, says: &str) -> Result<()> {
        let job = self.job(action, account)?;
        let message = job["message"].as_str().unwrap_or_default();
        println!("{code}: {message}");
        ensure!(job["state"] == "failed" && job["code"] == code, "{job}");
        ensure!(message.contains(says), "{says:?} is not in {message:?}");
        Ok(())
    }

    fn succeeds(&self, action: &str, account: &str) -> Result<String> {
        let job = self.job(action, account)?;
        ensure!(job["state"] == "done", "{job}");
        let agent = job["agent_id"].as_str();
        agent.map(str::to_owned).context("no agent came")
    }

    /// Removes everything, and looks for what stayed.
    fn removes_all(&self, peer: &Peer) -> Result<()> {
        let removed = self.job("purge", "Kay")?;
        ensure!(removed["state"] == "done", "{removed}");
        for path in [PROGRAM, UNIT, debian::UNIT, IDENTITY] {
            ensure!(peer.written(path).is_none(), "{path} stayed");
        }
        Ok(())
    }

    fn computer(&self, agent: &str) -> Result<Value> {
        let computers = self.api.get("/computers")?;
        let computers = computers["computers"].as_array().cloned();
        let mut computers = computers.unwrap_or_default().into_iter();
        let found = computers.find(|computer| computer["agent_id"] == agent);
        found.with_context(|| format!("the server does not list agent {agent}"))
    }

    fn jobs_in_words(&self) -> String {
        let jobs = self.api.get("/deployments").unwrap_or_default();
        format!("the jobs of {}: {jobs:#}", self.server.endpoints().console)
    }
}

fn installed_size(peer: &Peer) -> Result<u64> {
    let program = peer.written(PROGRAM).context("it was not installed")?;
    Ok(fs::metadata(program)?.len())
}

const PROGRAM: &str = "/usr/bin/eidetic-agent";
const IDENTITY: &str = "/var/lib/eidetic/agent/identity.toml";
const UNIT: &str = "/etc/systemd/system/eidetic-agent.service";
