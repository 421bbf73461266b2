//! The packages for Debian: installed with preseeded answers, upgraded, removed and purged, on a copy
//! of this computer's files that is gone afterwards, with a server.
//!
//! The copy is an overlay: what the packages change is in a folder of its own, where it can be
//! searched. It is mounted in a mount namespace of this process alone (`cargo xtask` sees to that),
//! so that nothing is left whatever happens. At the end systemd is started in it.

mod booted;
mod terminal;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use clap::Args;
use eidetic_testkit::VirtualDisplay;

use self::booted::Booted;
use crate::{
    api::Api,
    stack::{Endpoints, Server, fresh_folder},
    until::until,
};

/// What is rehearsed.
#[derive(Args)]
pub struct Arguments {
    /// The agent's package.
    #[arg(long)]
    agent: PathBuf,
    /// The same as a later version.
    #[arg(long)]
    later: PathBuf,
    /// The server's package.
    #[arg(long)]
    server: PathBuf,
}

/// Rehearses it all. Fails at the first thing that is not so.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = fresh_folder()?;
    let mut server = Server::start(folder.path(), 0)?;
    let api = server.sign_in()?;
    let display = VirtualDisplay::start(320, 240)?;
    let computer = Computer::mount(folder.path())?;
    let agents = server.endpoints().agents.clone();
    let (host, port) = agents.rsplit_once(':').context("no port")?;

    computer.answer(&[("server", host), ("port", "70000"), ("token", FALSE_TOKEN)])?;
    let refused = computer.dpkg(&["--install"], &arguments.agent)?;
    ensure!(!refused.succeeded, "a port that is none was taken");
    ensure!(
        refused.told.contains("\"70000\" is not a TCP port")
            && refused.told.contains("dpkg-reconfigure eidetic-agent"),
        "{}",
        refused.told
    );
    computer.holds_nowhere(FALSE_TOKEN)?;
    computer.purge("eidetic-agent")?;
    said("an answer that makes no sense is refused by name");

    let token = server.enrolment_token()?;
    computer.answer(&[("server", host), ("port", port), ("token", &token)])?;
    let installed = computer.dpkg(&["--install"], &arguments.agent)?;
    ensure!(installed.succeeded, "{}", installed.told);
    ensure!(!installed.told.contains(&token), "the token is told");
    computer.has_agent()?;
    let pending = computer.path("var/lib/eidetic/agent/secrets/enrolment.key");
    let mode = fs::metadata(&pending)?.permissions().mode();
    ensure!(mode & 0o777 == 0o600, "the token's mode is {mode:o}");
    said("it is installed with preseeded answers, and starts with the computer");

    let mut service = computer.start_agent(display.name())?;
    let agent = online(&api)?;
    until("the token is forgotten", LONG, || {
        Ok((!pending.exists()).then_some(()))
    })?;
    computer.holds_nowhere(&token)?;
    service.stop();
    said("the server has enrolled it, and the token is left nowhere");

    let upgraded = computer.dpkg(&["--install"], &arguments.later)?;
    ensure!(upgraded.succeeded, "{}", upgraded.told);
    ensure!(
        upgraded.told.contains("is enrolled with"),
        "{}",
        upgraded.told
    );
    computer.has_agent()?;
    let answers = computer.told("debconf-show", &["eidetic-agent"])?;
    ensure!(
        answers.contains(&format!("eidetic-agent/server: {host}"))
            && answers.contains(&format!("eidetic-agent/port: {port}")),
        "{answers}"
    );
    let mut service = computer.start_agent(display.name())?;
    ensure!(online(&api)? == agent, "it is another agent");
    service.stop();
    said("it is upgraded, and all that it was told holds");

    let removed = computer.dpkg(&["--remove"], Path::new("eidetic-agent"))?;
    ensure!(removed.succeeded, "{}", removed.told);
    ensure!(
        !computer.path("usr/bin/eidetic-agent").exists()
            && computer
                .path("var/lib/eidetic/agent/identity.toml")
                .exists()
    );
    said("it is removed, and its data is there still");
    computer.purge("eidetic-agent")?;
    computer.is_clean()?;
    said("it is purged, and nothing is left");

    let installed = computer.dpkg(&["--install"], &arguments.server)?;
    ensure!(installed.succeeded, "{}", installed.told);
    ensure!(
        computer
            .told("getent", &["passwd", "eidetic"])?
            .contains("/var/lib/eidetic")
    );
    let enabled = "etc/systemd/system/multi-user.target.wants/eidetic-server.service";
    ensure!(computer.path(enabled).is_symlink());
    computer.purge("eidetic-server")?;
    computer.is_clean()?;
    said("the server's package is installed with its account, and purged");

    at_a_terminal(&computer, arguments, &mut server, &api)?;
    started_by_systemd(&computer, arguments, &mut server, &api)
}

/// The questions are asked and answered at a terminal.
fn at_a_terminal(
    computer: &Computer,
    arguments: &Arguments,
    server: &mut Server,
    api: &Api,
) -> Result<()> {
    let agents = server.endpoints().agents.clone();
    let (host, port) = agents.rsplit_once(':').context("no port")?;
    let token = server.enrolment_token()?;
    let package = computer.with_package(&arguments.agent)?;
    let mut install = computer.command("dpkg");
    install
        .args(["--force-unsafe-io", "--install"])
        .arg(&package);
    let answers = [
        ("Host server:", host),
        ("Server TCP port:", port),
        ("Enrolment token:", &token),
    ];
    let seen = terminal::answer(install, &answers)?;
    ensure!(!seen.contains(&token), "the token is seen at the terminal");
    computer.has_agent()?;
    let display = VirtualDisplay::start(320, 240)?;
    let mut service = computer.start_agent(display.name())?;
    let before = online(api)?;
    service.stop();
    computer.holds_nowhere(&token)?;
    said("asked at a terminal, it takes the answers, and the token is not seen");

    // Perl's own way to read a line, unlike Debian's better ones, proposes nothing.
    let mut again = computer.command("dpkg-reconfigure");
    again.arg("eidetic-agent");
    let answers = [
        ("Host server:", host),
        ("Server TCP port:", port),
        ("Enrolment token:", ""),
    ];
    terminal::answer(again, &answers)?;
    let mut service = computer.start_agent(display.name())?;
    ensure!(online(api)? == before, "it is another agent");
    service.stop();
    computer.purge("eidetic-agent")?;
    computer.is_clean()?;
    said("asked again without a token, it stays who it is");
    Ok(())
}

/// On a computer that runs: packages start and stop what they bring.
fn started_by_systemd(
    computer: &Computer,
    arguments: &Arguments,
    server: &mut Server,
    api: &Api,
) -> Result<()> {
    let agents = server.endpoints().agents.clone();
    let (host, port) = agents.rsplit_once(':').context("no port")?;
    let token = server.enrolment_token()?;
    computer.answer(&[("server", host), ("port", port), ("token", &token)])?;
    computer.let_go()?;
    let booted = Booted::start(&computer.root)?;
    let dpkg = |arguments: &[&str], package: &Path| {
        told_by(
            booted
                .command("dpkg")
                .arg("--force-unsafe-io")
                .args(arguments)
                .arg(package),
        )
    };
    let installed = dpkg(&["--install"], &computer.with_package(&arguments.agent)?)?;
    ensure!(installed.succeeded, "{}", installed.told);
    let first = booted.runs(AGENT)?;
    let agent = online(api)?;
    said("systemd has started the agent, and the server sees it");
    booted.is_started_again(AGENT)?;
    said("a killed agent is started again");
    let upgraded = dpkg(&["--install"], &computer.with_package(&arguments.later)?)?;
    ensure!(upgraded.succeeded, "{}", upgraded.told);
    ensure!(booted.runs(AGENT)? != first && online(api)? == agent);
    booted.stops(AGENT)?;
    let purged = dpkg(&["--purge"], Path::new("eidetic-agent"))?;
    ensure!(purged.succeeded, "{}", purged.told);
    ensure!(!booted.has(AGENT)?, "systemd still knows the agent");
    said("an upgrade starts it anew, it stops cleanly, and purged it is forgotten");

    let settings = computer.path("etc/eidetic");
    fs::create_dir_all(&settings)?;
    // Others may have this computer's usual ports.
    let config = "agents_listen = \"127.0.0.1:0\"\nconsole_listen = \"127.0.0.1:0\"\n";
    fs::write(settings.join("server.toml"), config)?;
    let installed = dpkg(&["--install"], &computer.with_package(&arguments.server)?)?;
    ensure!(installed.succeeded, "{}", installed.told);
    booted.runs(SERVER)?;
    let endpoints = computer.path("var/lib/eidetic/server/run/endpoints.json");
    let endpoints: Endpoints = until("the server listens", LONG, || {
        let text = fs::read(&endpoints).ok();
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    })?;
    Api::new(&endpoints.console)?.get("/health")?;
    booted.is_started_again(SERVER)?;
    booted.stops(SERVER)?;
    let purged = dpkg(&["--purge"], Path::new("eidetic-server"))?;
    ensure!(purged.succeeded, "{}", purged.told);
    ensure!(!booted.has(SERVER)?, "systemd still knows the server");
    said("systemd starts the server, which answers, and starts it again when it is killed");
    Ok(())
}

/// This computer, as the packages see it. What they change is gone with this value.
struct Computer {
    root: PathBuf,
    changed: PathBuf,
}

struct Told {
    succeeded: bool,
    told: String,
}

impl Computer {
    fn mount(folder: &Path) -> Result<Self> {
        let [root, memory] = ["root", "memory"].map(|name| folder.join(name));
        for path in [&root, &memory] {
            fs::create_dir(path)?;
        }
        // An overlay cannot have its changes in another overlay, which a container's files are in.
        let memory_text = memory.display();
        mount(&["-t", "tmpfs", "tmpfs", &memory_text.to_string()])?;
        let computer = Self {
            changed: memory.join("changed"),
            root,
        };
        let work = memory.join("work");
        for path in [&computer.changed, &work] {
            fs::create_dir(path)?;
        }
        let options = format!(
            "lowerdir=/,upperdir={},workdir={}",
            computer.changed.display(),
            work.display()
        );
        let root = computer.root.display().to_string();
        mount(&["-t", "overlay", "-o", &options, "overlay", &root])
            .context("root's rights and a kernel with overlayfs are needed")?;
        for shared in SHARED {
            mount(&["--bind", &format!("/{shared}"), &format!("{root}/{shared}")])?;
        }
        Ok(computer)
    }

    /// Shares nothing with this computer any more: what is started in it has its own.
    fn let_go(&self) -> Result<()> {
        for shared in SHARED {
            let path = self.path(shared);
            let status = Command::new("umount").arg(&path).status()?;
            ensure!(
                status.success(),
                "umount {} ended with {status}",
                path.display()
            );
        }
        Ok(())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command
            .arg(&self.root)
            .arg(program)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8");
        command
    }

    fn told(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.command(program).args(arguments).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Answers the agent's questions before they are asked.
    fn answer(&self, answers: &[(&str, &str)]) -> Result<()> {
        let mut preseed = self
            .command("debconf-set-selections")
            .stdin(Stdio::piped())
            .spawn()?;
        let mut input = preseed.stdin.take().context("no input")?;
        for (question, answer) in answers {
            let kind = if *question == "token" {
                "password"
            } else {
                "string"
            };
            writeln!(
                input,
                "eidetic-agent eidetic-agent/{question} {kind} {answer}"
            )?;
        }
        drop(input);
        let status = preseed.wait()?;
        ensure!(status.success(), "debconf-set-selections: {status}");
        Ok(())
    }

    fn dpkg(&self, arguments: &[&str], package: &Path) -> Result<Told> {
        let package_here = match package.is_file() {
            true => self.with_package(package)?,
            false => package.to_owned(),
        };
        told_by(
            self.command("dpkg")
                .arg("--force-unsafe-io")
                .args(arguments)
                .arg(package_here)
                .stdin(Stdio::null()),
        )
    }

    /// Puts a package on it, in place of the one before, and says where it is there.
    fn with_package(&self, package: &Path) -> Result<PathBuf> {
        // The folder of the package may be none that the copy shares. Its name is none of ours.
        fs::copy(package, self.path("var/tmp/package.deb"))?;
        Ok(PathBuf::from("/var/tmp/package.deb"))
    }

    fn purge(&self, package: &str) -> Result<()> {
        let purged = self.dpkg(&["--purge"], Path::new(package))?;
        ensure!(purged.succeeded, "{}", purged.told);
        Ok(())
    }

    fn has_agent(&self) -> Result<()> {
        for file in [
            "usr/bin/eidetic-agent",
            "lib/systemd/system/eidetic-agent.service",
            "usr/share/doc/eidetic-agent/copyright",
            "usr/share/doc/eidetic-agent/THIRD-PARTY-LICENCES.gz",
        ] {
            ensure!(self.path(file).exists(), "{file} is missing");
        }
        let enabled = "etc/systemd/system/multi-user.target.wants/eidetic-agent.service";
        ensure!(
            self.path(enabled).is_symlink(),
            "the service does not start with the computer"
        );
        Ok(())
    }

    /// What systemd would start, for one display.
    fn start_agent(&self, display: &str) -> Result<Service> {
        let process = self
            .command("/usr/bin/eidetic-agent")
            .args(["run", "--display", display])
            .env("EIDETIC_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()?;
        Ok(Service(process))
    }

    /// That none of the files that were changed holds this text.
    fn holds_nowhere(&self, text: &str) -> Result<()> {
        for file in files(&self.changed)? {
            let found = fs::read(&file)?
                .windows(text.len())
                .any(|bytes| bytes == text.as_bytes());
            ensure!(!found, "{} holds the token", file.display());
        }
        Ok(())
    }

    /// That nothing with our name is left.
    fn is_clean(&self) -> Result<()> {
        for file in files(&self.changed)? {
            let path = file.strip_prefix(&self.changed)?.display().to_string();
            ensure!(!path.contains("eidetic"), "{path} is left");
        }
        for folder in ["var/lib/eidetic", "etc/eidetic"] {
            ensure!(!self.path(folder).exists(), "{folder} is left");
        }
        let answers = self.told("debconf-show", &["eidetic-agent"])?;
        ensure!(answers.is_empty(), "{answers}");
        Ok(())
    }
}

/// The agent's service, which ends with this value.
struct Service(Child);

impl Service {
    fn stop(&mut self) {
        if let Some(id) = i32::try_from(self.0.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            let _has_ended = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _status = self.0.wait();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until the one computer is online, and says which agent it is.
fn online(api: &Api) -> Result<String> {
    until("the server sees this computer", LONG, || {
        let told = api.get("/computers")?;
        let computers = told["computers"].as_array().context("no computers")?;
        let online = computers.iter().find(|it| it["is_connected"] == true);
        let id = online.and_then(|computer| computer["agent_id"].as_str());
        Ok(id.map(str::to_owned))
    })
}

/// The files in a folder. What was removed is a device there, and left out.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            found.extend(files(&entry.path())?);
        } else if kind.is_file() && !kind.is_char_device() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn told_by(command: &mut Command) -> Result<Told> {
    let output = command.output().context("failed to start dpkg")?;
    let told = [output.stdout, output.stderr].concat();
    Ok(Told {
        succeeded: output.status.success(),
        told: String::from_utf8_lossy(&told).into_owned(),
    })
}

fn mount(arguments: &[&str]) -> Result<()> {
    let status = Command::new("mount")
        .args(arguments)
        .status()
        .context("failed to start mount")?;
    ensure!(status.success(), "mount {arguments:?} ended with {status}");
    Ok(())
}

fn said(what: &str) {
    println!("ok: {what}");
}

/// Has the form of a token, and is none of this server's.
const FALSE_TOKEN: &str = "eidetic1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What the copy has in common with this computer.
const SHARED: [&str; 3] = ["dev", "proc", "tmp"];

const AGENT: &str = "eidetic-agent.service";

const SERVER: &str = "eidetic-server.service";

const LONG: Duration = Duration::from_secs(90);
