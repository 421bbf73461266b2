//! The installer for Windows, under Wine: installed, upgraded, repaired and removed, silently and
//! through its wizard, with a server on this computer.

pub mod computer;
mod wizard;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::Value;

use self::{
    computer::{Computer, KEY, SERVICE_KEY, windows_path},
    wizard::Wizard,
};
use crate::{
    api::Api,
    stack::{Server, fresh_folder},
    until::until,
};

/// What is rehearsed. The environment says which Wine prefix and which display it uses.
#[derive(Args)]
pub struct Arguments {
    /// The package.
    #[arg(long)]
    package: PathBuf,
    /// The same as a later version.
    #[arg(long)]
    later: PathBuf,
    /// One that fails when all is installed and the service runs.
    #[arg(long)]
    failing: PathBuf,
    /// The version of the first.
    #[arg(long)]
    version: String,
    /// The later version.
    #[arg(long)]
    later_version: String,
    /// Where pictures of the wizard are kept.
    #[arg(long)]
    pictures: PathBuf,
}

/// Rehearses it all. Fails at the first thing that is not so.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let api = server.sign_in()?;
    let mut rehearsal = Rehearsal {
        computer: Computer::fresh()?,
        package: windows_path(&arguments.package)?,
        later: windows_path(&arguments.later)?,
        failing: windows_path(&arguments.failing)?,
        server,
        api,
        starts: 0,
    };
    rehearsal.refusals()?;
    rehearsal.fails_late()?;
    ensure!(!rehearsal.computer.data().exists(), "its data is left");
    said("an installation that fails once the service runs leaves nothing");
    let agent = rehearsal.silently(arguments)?;
    rehearsal.removal_and_return(&agent)?;
    rehearsal.through_the_wizard(arguments)
}

struct Rehearsal {
    computer: Computer,
    package: String,
    later: String,
    failing: String,
    server: Server,
    api: Api,
    /// How often recording has begun, as far as it was waited for.
    starts: usize,
}

impl Rehearsal {
    /// What makes no sense is refused before anything is changed.
    fn refusals(&self) -> Result<()> {
        let computer = &self.computer;
        computer.become_version("win7")?;
        // Wine leaves what only Windows 10 has, where it was once.
        let _was_not_there = computer.forget_value(WINDOWS, "CurrentMajorVersionNumber");
        ensure!(computer.installer(&["/i", &self.package])? == FAILED);
        computer.become_version("win10")?;
        for wrong in ["SERVER=host:9004", "PORT=70000", "TOKEN=secret"] {
            let answers = ["/i", &self.package, "SERVER=host", wrong];
            ensure!(computer.installer(&answers)? == FAILED, "{wrong}");
        }
        ensure!(computer.installed_version()?.is_none());
        ensure!(computer.service_runs()?.is_none());
        ensure!(!computer.program().exists() && !computer.data().exists());
        said("what makes no sense, and Windows 7, is refused and changes nothing");
        Ok(())
    }

    /// What was installed and started is taken back.
    fn fails_late(&self) -> Result<()> {
        let (host, port) = self.address()?;
        let code = self.computer.installer(&[
            "/i",
            &self.failing,
            &format!("SERVER={host}"),
            &format!("PORT={port}"),
        ])?;
        ensure!(code == FAILED, "the installation ended with {code}");
        let log = self.computer.log()?;
        ensure!(log.contains("StartServices"), "it has failed too early");
        self.is_removed().context("after it failed")
    }

    /// Gives the agent's id.
    fn silently(&mut self, arguments: &Arguments) -> Result<String> {
        let token = self.server.enrolment_token()?;
        let (host, port) = self.address()?;
        // Wine, unlike Windows, does not tell a package that another one takes its place: that the
        // data stays is asked for here.
        let code = self.computer.installer(&[
            "/i",
            &self.package,
            &format!("SERVER={host}"),
            &format!("PORT={port}"),
            &format!("TOKEN={token}"),
            "KEEPDATA=1",
        ])?;
        ensure!(code == 0, "the installation ended with {code}");
        self.is_installed(&arguments.version)?;
        let agent = self.is_recording()?;
        said("it is installed silently, runs, and the server has enrolled this computer");

        self.token_is_nowhere(&token)?;
        self.computer.restart()?;
        self.has_started_again(&agent)?;
        ensure!(
            !self.computer.registry_holds(&token)?,
            "the token is in the registry"
        );
        said("it starts with the computer, and the token is left nowhere");

        let code = self.computer.installer(&["/i", &self.later])?;
        ensure!(code == 0, "the upgrade ended with {code}");
        self.is_installed(&arguments.later_version)?;
        self.has_started_again(&agent)?;
        said("it is upgraded, and all that it was told holds");

        let code = self.computer.installer(&["/i", &self.package])?;
        ensure!(code == FAILED, "the downgrade ended with {code}");
        self.is_installed(&arguments.later_version)?;
        said("a downgrade is refused, and changes nothing");

        std::fs::remove_file(self.licence())?;
        self.computer.forget_value(KEY, "InstallFolder")?;
        let code = self
            .computer
            .installer(&[&["/i", &self.later][..], &REPAIR].concat())?;
        ensure!(code == 0, "the repair ended with {code}");
        self.is_installed(&arguments.later_version)?;
        ensure!(self.licence().exists(), "a file is not repaired");
        self.has_started_again(&agent).context("after the repair")?;
        said("it is repaired");
        Ok(agent)
    }

    fn removal_and_return(&mut self, agent: &str) -> Result<()> {
        let code = self.computer.installer(&["/x", &self.later])?;
        ensure!(code == 0, "the removal ended with {code}");
        self.is_removed()?;
        ensure!(
            self.computer.data().join("Agent/identity.toml").exists(),
            "the data was not to be removed"
        );
        said("it is removed but for its data, as it was asked for");

        self.fails_late()?;
        ensure!(
            self.computer.data().join("Agent/identity.toml").exists(),
            "data of before was removed"
        );
        said("an installation that fails leaves the data that was there before");

        let (host, port) = self.address()?;
        let code = self.computer.installer(&[
            "/i",
            &self.later,
            &format!("UAVR_SERVERNAME={host}"),
            &format!("UAVR_SERVERPORT={port}"),
        ])?;
        ensure!(code == 0, "the installation ended with {code}");
        self.has_started_again(agent)?;
        ensure!(self.computer.value(KEY, "Server")?.as_deref() == Some(&*host));
        ensure!(self.computer.value(KEY, "Port")?.as_deref() == Some(&*port));
        said("installed again, by the names of the model product, it is who it was");

        let other_name = [&["/i", &self.later, "SERVER=localhost"][..], &REPAIR].concat();
        let code = self.computer.installer(&other_name)?;
        ensure!(code == 0, "the change ended with {code}");
        ensure!(self.computer.value(KEY, "Server")?.as_deref() == Some("localhost"));
        self.has_started_again(agent)?;
        said("told another address of its server, it goes there");

        // What was said of the data at the first installation went with it.
        let code = self.computer.installer(&["/x", &self.later])?;
        ensure!(code == 0, "the removal ended with {code}");
        self.is_removed()?;
        ensure!(
            !self.computer.data().exists(),
            "something of the data is left"
        );
        said("it is removed, and nothing is left");
        Ok(())
    }

    fn through_the_wizard(&mut self, arguments: &Arguments) -> Result<()> {
        let pictures = &arguments.pictures;
        let (host, port) = self.address()?;
        let token = self.server.enrolment_token()?;
        let mut wizard = Wizard::open(&self.computer, &["/i", &self.package], pictures)?;
        wizard.keep_picture("welcome")?;
        wizard.turn(NEXT)?;
        wizard.click(LICENCE)?;
        wizard.keep_picture("licence")?;
        wizard.turn(NEXT)?;
        wizard.keep_picture("folder")?;
        wizard.turn(BROWSE)?;
        wizard.keep_picture("browse")?;
        wizard.close(CANCEL)?;
        wizard.turn(NEXT)?;
        // Without an answer.
        wizard.turn(NEXT)?;
        wizard.keep_picture("problem")?;
        wizard.close(OK)?;
        wizard.fill(SERVER, &host)?;
        wizard.fill(PORT, &port)?;
        wizard.fill(TOKEN, &token)?;
        wizard.keep_picture("server")?;
        wizard.turn(NEXT)?;
        wizard.keep_picture("ready")?;
        self.starts = self.starts()?;
        wizard.turn_to_end(&self.computer, NEXT)?;
        wizard.keep_picture("done")?;
        let code = wizard.finish(NEXT)?;
        ensure!(code == 0, "the wizard ended with {code}");
        self.is_installed(&arguments.version)?;
        self.is_recording()?;
        self.token_is_nowhere(&token)?;
        said("it is installed through its wizard");

        let mut wizard = Wizard::open(&self.computer, &["/i", &self.package], pictures)?;
        wizard.keep_picture("maintenance")?;
        wizard.turn(REMOVE)?;
        wizard.keep_picture("remove")?;
        wizard.turn(CANCEL)?;
        wizard.turn(YES)?;
        wizard.keep_picture("cancelled")?;
        let code = wizard.finish(NEXT)?;
        ensure!(code == CANCELLED, "the wizard ended with {code}");
        self.is_installed(&arguments.version)?;
        said("the wizard that changes an installation can be cancelled, and changes nothing");

        std::fs::remove_file(self.licence())?;
        self.computer.forget_value(KEY, "InstallFolder")?;
        let mut wizard = Wizard::open(&self.computer, &["/i", &self.package], pictures)?;
        wizard.turn_to_end(&self.computer, REPAIR_BUTTON)?;
        let code = wizard.finish(NEXT)?;
        ensure!(code == 0, "the wizard ended with {code}");
        self.is_installed(&arguments.version)?;
        self.is_recording().context("after the repair")?;
        said("it is repaired through its wizard");

        let mut wizard = Wizard::open(&self.computer, &["/i", &self.package], pictures)?;
        wizard.turn(REMOVE)?;
        wizard.turn_to_end(&self.computer, NEXT)?;
        let code = wizard.finish(NEXT)?;
        ensure!(code == 0, "the wizard ended with {code}");
        self.is_removed()?;
        ensure!(
            !self.computer.data().exists(),
            "something of the data is left"
        );
        said("it is removed through its wizard, and nothing is left");
        wizard::pictures_differ(pictures, PICTURES)
    }

    fn address(&self) -> Result<(String, String)> {
        let agents = &self.server.endpoints().agents;
        let (host, port) = agents.rsplit_once(':').context("no port")?;
        Ok((host.to_owned(), port.to_owned()))
    }

    fn licence(&self) -> PathBuf {
        self.computer.program().join("Agent/LICENSE-MIT.txt")
    }

    /// Files, registry, service, list of programs.
    fn is_installed(&self, version: &str) -> Result<()> {
        let computer = &self.computer;
        let found = computer.installed_version()?;
        ensure!(found.as_deref() == Some(version), "it is {found:?}");
        for file in FILES {
            let path = computer.program().join("Agent").join(file);
            ensure!(path.exists(), "{file} is missing");
        }
        let (host, port) = self.address()?;
        for (name, value) in [
            ("Server", &*host),
            ("Port", &*port),
            ("InstallFolder", r"C:\Program Files\Eidetic\Agent\"),
        ] {
            let found = computer.value(KEY, name)?;
            ensure!(found.as_deref() == Some(value), "{name} is {found:?}");
        }
        ensure!(computer.service_runs()? == Some(true));
        let start = computer.value(SERVICE_KEY, "Start")?;
        ensure!(start.as_deref() == Some("0x2"), "Start is {start:?}");
        ensure!(computer.has_key(EVENT_SOURCE)?);
        Ok(())
    }

    /// Nothing of it is left but, maybe, its data.
    fn is_removed(&self) -> Result<()> {
        let computer = &self.computer;
        ensure!(
            computer.installed_version()?.is_none(),
            "it is still in the list"
        );
        ensure!(computer.service_runs()?.is_none(), "the service is left");
        ensure!(!computer.program().exists(), "files are left");
        for key in [KEY, r"HKLM\SOFTWARE\Eidetic", SERVICE_KEY, EVENT_SOURCE] {
            ensure!(!computer.has_key(key)?, "{key} is left");
        }
        Ok(())
    }

    /// Waits until the server has a record of this computer's, and says which agent it is.
    fn is_recording(&mut self) -> Result<String> {
        let agent = until("the server sees this computer", LONG, || {
            let told = self.api.get("/computers")?;
            let online = told["computers"].as_array().and_then(|computers| {
                let mut online = computers.iter().filter(|it| it["is_connected"] == true);
                online.next().cloned()
            });
            Ok(online)
        })?;
        until("a session is recorded", LONG, || {
            Ok((self.starts()? > self.starts).then_some(()))
        })?;
        self.starts = self.starts()?;
        let id = agent["agent_id"].as_str().context("no id")?;
        Ok(id.to_owned())
    }

    /// Waits until the same agent records again.
    fn has_started_again(&mut self, agent: &str) -> Result<()> {
        ensure!(self.is_recording()? == agent, "it is another agent");
        Ok(())
    }

    fn starts(&self) -> Result<usize> {
        let found: Vec<Value> = self.api.search("Monitoring start")?;
        Ok(found.len())
    }

    fn token_is_nowhere(&self, token: &str) -> Result<()> {
        let pending = self.computer.data().join("Agent/secrets/enrolment.key");
        until("the token is forgotten", LONG, || {
            Ok((!pending.exists()).then_some(()))
        })?;
        for line in self.computer.log()?.lines() {
            // Wine, unlike Windows, writes down the properties that are to be hidden.
            let is_wine = WINES_OWN.iter().any(|start| line.starts_with(start));
            ensure!(is_wine || !line.contains(token), "the token is in the log");
        }
        Ok(())
    }
}

fn said(what: &str) {
    println!("ok: {what}");
}

const WINDOWS: &str = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion";

/// What is in the program's folder.
const FILES: [&str; 4] = [
    "eidetic-agent.exe",
    "LICENSE-APACHE.txt",
    "LICENSE-MIT.txt",
    "THIRD-PARTY-LICENCES.txt",
];

const EVENT_SOURCE: &str =
    r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\EideticAgent";

/// What `msiexec /fecmus` asks for, which Wine does not know.
const REPAIR: [&str; 2] = ["REINSTALL=ALL", "REINSTALLMODE=ecmus"];

/// 1603 (`ERROR_INSTALL_FAILURE`), as much of it as Wine tells.
const FAILED: i32 = 1_603 % 256;

/// 1602 (`ERROR_INSTALL_USEREXIT`), as much of it as Wine tells.
const CANCELLED: i32 = 1_602 % 256;

const WINES_OWN: [&str; 3] = [
    "Property(S): TOKEN",
    "Property(S): SetUpAgent",
    "Property(S): CustomActionData",
];

/// Places on the wizard's pages, in the units of dialogs: `xtask/src/windows/msi/wizard.rs`.
const NEXT: [i32; 2] = [264, 251];

const CANCEL: [i32; 2] = [332, 251];

const YES: [i32; 2] = [98, 80];

const BROWSE: [i32; 2] = [53, 118];

const OK: [i32; 2] = [130, 80];

const LICENCE: [i32; 2] = [26, 217];

const SERVER: [i32; 2] = [100, 78];

const PORT: [i32; 2] = [50, 117];

const TOKEN: [i32; 2] = [100, 156];

const REPAIR_BUTTON: [i32; 2] = [60, 75];

const REMOVE: [i32; 2] = [60, 121];

const PICTURES: &[&str] = &[
    "welcome",
    "licence",
    "folder",
    "browse",
    "problem",
    "server",
    "ready",
    "done",
    "maintenance",
    "remove",
    "cancelled",
];

/// Wine starts slowly on a computer that has much to do.
const LONG: Duration = Duration::from_secs(90);
