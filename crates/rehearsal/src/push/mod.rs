//! The agent put on a Windows computer by SMB and its service manager, end to end: a real server,
//! Debian's Samba as the computer's file sharing, Wine as its Windows, the agent's real package.

mod bridge;
mod samba;

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::{
    api::Api,
    installer::computer::{Computer, KEY},
    stack::{Server, fresh_folder},
    until::until,
};
use bridge::Bridge;
use samba::{ADMINISTRATOR, Kind, OFF, PASSWORD, Samba, USER};

/// What to put there.
#[derive(Args)]
pub struct Arguments {
    /// The package.
    #[arg(long)]
    package: PathBuf,
    /// A later one.
    #[arg(long)]
    later: PathBuf,
    /// The package's version.
    #[arg(long)]
    version: String,
    /// The later one's.
    #[arg(long)]
    later_version: String,
    /// The program that lets others speak with pipes in Wine.
    #[arg(long)]
    relay: PathBuf,
}

/// Installs, upgrades and removes the agent, and breaks it in every way that can be broken here.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = fresh_folder()?;
    let computer = Computer::fresh()?;
    let samba_folder = folder.path().join("samba");
    let bridge = Bridge::start(&arguments.relay, &Samba::sockets(&samba_folder))?;
    let windows = computer.windows();
    let samba = Samba::start(&samba_folder, &windows, Kind::Usual, None)?;
    let packages = folder.path().join("packages");
    fs::create_dir(&packages)?;
    let config = format!("packages = {packages:?}\nagents_address = \"127.0.0.1\"\n");
    let mut server = Server::start_with(folder.path(), 0, &config)?;
    let api = server.sign_in()?;
    let rehearsal = Rehearsal {
        api,
        packages,
        port: samba.port(),
        computer,
        samba_folder,
    };
    let outcome = rehearse(&rehearsal, samba, arguments);
    let outcome = outcome.with_context(|| rehearsal.jobs_in_words());
    drop(bridge);
    outcome
}

fn rehearse(rehearsal: &Rehearsal, samba: Samba, arguments: &Arguments) -> Result<()> {
    for (name, user, password) in [
        ("Administrator", ADMINISTRATOR, PASSWORD),
        ("Wrong", ADMINISTRATOR, "wrong"),
        ("User", USER, PASSWORD),
        ("Off", OFF, PASSWORD),
    ] {
        let account = json!({"name": name, "user": user, "password": password});
        rehearsal.api.post("/accounts", &account)?;
    }
    rehearsal.fails("install", "Administrator", "no_package", "x64.msi")?;
    let package = rehearsal.put(&arguments.package)?;
    rehearsal.fails("install", "Wrong", "not_let_in", "the password is wrong")?;
    rehearsal.fails("install", "Off", "not_let_in", "the account is disabled")?;
    rehearsal.fails(
        "install",
        "User",
        "no_right",
        "LocalAccountTokenFilterPolicy",
    )?;
    rehearsal.is_cancelled_while_copying()?;
    rehearsal.nothing_is_left()?;
    ensure!(rehearsal.computer.installed_version()?.is_none());

    let first = rehearsal.succeeds("install", "Administrator")?;
    rehearsal.is_installed(&arguments.version)?;
    rehearsal.is_connected(&first)?;
    println!("installed: the server sees agent {first}");

    let again = rehearsal.succeeds("install", "Administrator")?;
    ensure!(first == again, "repeated, it is another agent: {again}");
    rehearsal.is_installed(&arguments.version)?;
    println!("installed again: it is the same agent");

    fs::remove_file(package)?;
    rehearsal.put(&arguments.later)?;
    // Wine, unlike Windows, does not tell the old package that it is replaced.
    rehearsal.computer.put_value(KEY, "KeepData", "1")?;
    let upgraded = rehearsal.succeeds("install", "Administrator")?;
    ensure!(
        first == upgraded,
        "upgraded, it is another agent: {upgraded}"
    );
    rehearsal.is_installed(&arguments.later_version)?;
    println!("upgraded: it is the same agent");

    let older = rehearsal.put(&arguments.package)?;
    let later = rehearsal.packages.join(name_of(&arguments.later)?);
    fs::remove_file(&later)?;
    rehearsal.fails("install", "Administrator", "installer_failed", "code 1603")?;
    rehearsal.is_installed(&arguments.later_version)?;
    fs::remove_file(older)?;
    rehearsal.put(&arguments.later)?;
    println!("an older package is refused, and nothing is changed");

    rehearsal.removes_all()?;
    let again = rehearsal.job("remove", "Administrator")?;
    ensure!(
        again["state"] == "done",
        "removing nothing is no failure: {again}"
    );
    println!("removed, and removed again");

    let port = samba.port();
    let samba = rehearsal.restart(samba, Kind::WithoutAdminShare)?;
    rehearsal.fails("install", "Administrator", "no_admin_share", "AutoShareWks")?;
    let samba = rehearsal.restart(samba, Kind::Old)?;
    rehearsal.fails(
        "install",
        "Administrator",
        "smb_too_old",
        "it speaks SMB 3.0.2",
    )?;
    ensure!(samba.port() == port);
    drop(samba);

    // Nobody is there: it is tried again, until somebody does not want it any more.
    let job = rehearsal.ask("install", "Administrator")?;
    let waiting = rehearsal.until(&job, |job| job["state"] == "retrying")?;
    ensure!(waiting["code"] == "unreachable", "{waiting}");
    let path = format!("/deployments/{job}/cancel");
    let cancelled = rehearsal.api.post(&path, &json!({}))?;
    ensure!(cancelled["state"] == "cancelled", "{cancelled}");
    println!("each failure was told with what to do about it");
    Ok(())
}

struct Rehearsal {
    api: Api,
    packages: PathBuf,
    port: u16,
    computer: Computer,
    samba_folder: PathBuf,
}

impl Rehearsal {
    fn put(&self, package: &Path) -> Result<PathBuf> {
        let path = self.packages.join(name_of(package)?);
        fs::copy(package, &path)?;
        Ok(path)
    }

    fn restart(&self, samba: Samba, kind: Kind) -> Result<Samba> {
        let port = samba.port();
        drop(samba);
        let windows = self.computer.windows();
        Samba::start(&self.samba_folder, &windows, kind, Some(port))
    }

    fn ask(&self, action: &str, account: &str) -> Result<String> {
        let order = json!({
            "computers": ["127.0.0.1"], "system": "windows", "port": self.port,
            "account": account, "action": action,
        });
        let answer = self.api.post("/deployments", &order)?;
        let id = answer["deployments"][0]["id"].as_str();
        id.map(str::to_owned).context("no job was made")
    }

    fn until(&self, job: &str, is_so: impl Fn(&Value) -> bool) -> Result<Value> {
        until("the job came to its end", Duration::from_secs(600), || {
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

    /// Somebody does not want it any more while the package is on its way.
    fn is_cancelled_while_copying(&self) -> Result<()> {
        let job = self.ask("install", "Administrator")?;
        let is_copying = |job: &Value| {
            let steps = job["steps"].as_array();
            steps.is_some_and(|steps| steps.iter().any(|step| step["percent"].is_number()))
        };
        self.until(&job, is_copying)?;
        self.api
            .post(&format!("/deployments/{job}/cancel"), &json!({}))?;
        self.until(&job, |job| job["state"] == "cancelled")?;
        println!("cancelled while the package was copied");
        Ok(())
    }

    fn succeeds(&self, action: &str, account: &str) -> Result<String> {
        let job = self.job(action, account)?;
        ensure!(job["state"] == "done", "{job}");
        self.nothing_is_left()?;
        let agent = job["agent_id"].as_str();
        agent.map(str::to_owned).context("no agent came")
    }

    fn is_installed(&self, version: &str) -> Result<()> {
        let found = self.computer.installed_version()?;
        ensure!(found.as_deref() == Some(version), "it is {found:?}");
        let runs = self.computer.service_runs()?;
        ensure!(runs == Some(true), "the service does not run");
        Ok(())
    }

    fn is_connected(&self, agent: &str) -> Result<()> {
        let computers = self.api.get("/computers")?;
        let computers = computers["computers"].as_array().cloned();
        let mut computers = computers.unwrap_or_default().into_iter();
        let found = computers.find(|computer| computer["agent_id"] == agent);
        let found = found.context("the server does not list it")?;
        ensure!(found["is_connected"] == true, "not connected: {found}");
        Ok(())
    }

    /// Neither what was copied, nor the service, nor the token.
    fn nothing_is_left(&self) -> Result<()> {
        for entry in fs::read_dir(self.computer.windows())? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            ensure!(!name.starts_with(OWN), "{name} is left");
        }
        let services = self.computer.services()?;
        ensure!(!services.contains(OWN), "a service is left: {services}");
        ensure!(!self.computer.registry_holds("eidetic1.")?);
        Ok(())
    }

    fn removes_all(&self) -> Result<()> {
        let removed = self.job("purge", "Administrator")?;
        ensure!(removed["state"] == "done", "{removed}");
        self.nothing_is_left()?;
        ensure!(self.computer.installed_version()?.is_none());
        ensure!(self.computer.service_runs()?.is_none());
        for folder in [self.computer.program(), self.computer.data()] {
            ensure!(!folder.exists(), "{} stayed", folder.display());
        }
        Ok(())
    }

    fn jobs_in_words(&self) -> String {
        let jobs = self.api.get("/deployments").unwrap_or_default();
        format!("the jobs: {jobs:#}")
    }
}

fn name_of(path: &Path) -> Result<&OsStr> {
    path.file_name().context("the package has no name")
}

const OWN: &str = "EideticDeploy-";
