//! A server and an agent, with fresh data folders, which end with their value.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tempfile::TempDir;

use crate::{api::Api, until::until};

/// A running server with a data folder of its own.
pub struct Server {
    process: Child,
    folder: PathBuf,
    endpoints: Endpoints,
    /// The administrator's password as it is now.
    pub password: String,
}

/// Where a server listens.
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoints {
    /// For agents: `host:port`.
    pub agents: String,
    /// For browsers: an address that begins with `https://`.
    pub console: String,
}

/// A running agent with a state folder of its own.
pub struct Agent {
    process: Child,
}

impl Server {
    /// Starts a server in an empty folder. `console_port` 0 is any free one.
    pub fn start(folder: &Path, console_port: u16) -> Result<Self> {
        Self::start_with(folder, console_port, "")
    }

    /// The same, with this configuration.
    pub fn start_with(folder: &Path, console_port: u16, config: &str) -> Result<Self> {
        fs::write(folder.join(CONFIG), config)?;
        let folder = folder.join("server");
        fs::create_dir_all(&folder)?;
        let console = format!("127.0.0.1:{console_port}");
        let mut process = spawn_server(&folder, "127.0.0.1:0", &console)?;
        let password = one_time_password(&mut process)?;
        let endpoints = endpoints_of(&mut process, &folder)?;
        Ok(Self {
            process,
            folder,
            endpoints,
            password,
        })
    }

    /// Stops it, lets `work` have its data folder for itself, and starts it again where it was.
    pub fn while_stopped<T>(&mut self, work: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        stop(&mut self.process);
        // A server that left cleanly has removed it; one that did not must not be taken for alive.
        let _gone_already = fs::remove_file(self.folder.join(ENDPOINTS));
        let done = work(&self.folder)?;
        let console = self.endpoints.console.trim_start_matches("https://");
        self.process = spawn_server(&self.folder, &self.endpoints.agents, console)?;
        self.endpoints = endpoints_of(&mut self.process, &self.folder)?;
        Ok(done)
    }

    /// Where it listens.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The certificate of the authority that signs this server's.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("pki/authority.pem")
    }

    /// A token with which one agent can enrol.
    pub fn enrolment_token(&self) -> Result<String> {
        let output = server("token", &self.folder)?.output()?;
        if !output.status.success() {
            bail!(
                "eidetic-server token: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .find(|word| word.starts_with("eidetic1."))
            .map(str::to_owned)
            .context("eidetic-server token printed no token")
    }

    /// Signs in with the one-time password and replaces it.
    pub fn sign_in(&mut self) -> Result<Api> {
        let mut api = Api::new(&self.endpoints.console)?;
        let chosen = "a-password-for-the-rehearsal";
        api.sign_in("administrator", &self.password)?;
        if self.password != chosen {
            api.change_password(&self.password, chosen)?;
            chosen.clone_into(&mut self.password);
        }
        Ok(api)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        stop(&mut self.process);
    }
}

impl Agent {
    /// Enrols an agent at a server and starts it on a display.
    pub fn start(folder: &Path, server: &Server, display: &str) -> Result<Self> {
        Self::enrol(folder, server)?;
        Self::run(folder, display, None)
    }

    /// The same, with this port for calls of the server.
    pub fn start_with_port(
        folder: &Path,
        server: &Server,
        display: &str,
        port: u16,
    ) -> Result<Self> {
        Self::enrol(folder, server)?;
        Self::run(folder, display, Some(port))
    }

    /// Starts one that was enrolled and has stopped.
    pub fn start_again(folder: &Path, display: &str, port: u16) -> Result<Self> {
        Self::run(folder, display, Some(port))
    }

    fn enrol(folder: &Path, server: &Server) -> Result<()> {
        let state = folder.join("agent");
        let token = server.enrolment_token()?;
        let status = agent("enrol", &state)?
            .args(["--server", &server.endpoints.agents])
            .args(["--token", &token])
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("eidetic-agent enrol ended with {status}");
        }
        Ok(())
    }

    fn run(folder: &Path, display: &str, port: Option<u16>) -> Result<Self> {
        let mut command = agent("run", &folder.join("agent"))?;
        if let Some(port) = port {
            command.arg("--control-port").arg(port.to_string());
        }
        let process = command
            .args(["--display", display])
            .stdin(Stdio::null())
            .spawn()
            .context("failed to start eidetic-agent")?;
        Ok(Self { process })
    }

    /// The service's process; its recorders are its children.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it cleanly, so that everything it recorded is sent.
    pub fn stop(mut self) {
        stop(&mut self.process);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        stop(&mut self.process);
    }
}

/// A folder for one rehearsal, removed with its value.
pub fn fresh_folder() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("eidetic-")
        .tempdir()
        .context("failed to make a folder for the rehearsal")
}

fn server(subcommand: &str, folder: &Path) -> Result<Command> {
    let mut command = beside_this("eidetic-server")?;
    command.arg(subcommand).arg("--data-folder").arg(folder);
    Ok(command)
}

fn agent(subcommand: &str, state: &Path) -> Result<Command> {
    let mut command = beside_this("eidetic-agent")?;
    command.arg(subcommand).arg("--state-folder").arg(state);
    Ok(command)
}

/// A program that was built together with this one.
pub fn beside_this(name: &str) -> Result<Command> {
    let this = std::env::current_exe().context("failed to find this program")?;
    let binary = this.with_file_name(name);
    if !binary.exists() {
        bail!(
            "{} does not exist: run `cargo xtask build`",
            binary.display()
        );
    }
    Ok(Command::new(binary))
}

fn spawn_server(folder: &Path, agents: &str, console: &str) -> Result<Child> {
    server("run", folder)?
        .arg("--config")
        .arg(folder.with_file_name(CONFIG))
        .args(["--agents-listen", agents])
        .args(["--console-listen", console])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start eidetic-server")
}

/// Where a server listens, as soon as it does.
fn endpoints_of(process: &mut Child, folder: &Path) -> Result<Endpoints> {
    until("the server listens", Duration::from_secs(30), || {
        if let Some(status) = process.try_wait()? {
            bail!("eidetic-server ended with {status} before it listened");
        }
        Ok(fs::read(folder.join(ENDPOINTS))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok()))
    })
}

/// The server prints it once, on its standard output, when it makes the administrator.
fn one_time_password(process: &mut Child) -> Result<String> {
    let stdout = process
        .stdout
        .take()
        .context("the server has no standard output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line?;
        if let Some((_, password)) = line.split_once("one-time password ") {
            return Ok(password.trim().to_owned());
        }
    }
    bail!("eidetic-server ended before it printed the administrator's password")
}

/// Asks a process to end, and ends it after ten seconds.
fn stop(process: &mut Child) {
    if let Some(id) = i32::try_from(process.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        let _gone_already = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
    let ended = until("the process ends", Duration::from_secs(10), || {
        Ok(process.try_wait()?.map(|_| ()))
    });
    if ended.is_err() {
        let _gone_already = process.kill();
        let _status = process.wait();
    }
}

/// A server's configuration, beside its data folder.
const CONFIG: &str = "server.toml";

/// Where a server writes where it listens, in its data folder.
const ENDPOINTS: &str = "run/endpoints.json";
