//! The computer with Windows: a Wine prefix with the agent in it.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, kill_process};

use crate::wine_server;

/// A Wine prefix, as the environment names it. What runs in it ends with this value.
pub struct Wine {
    prefix: PathBuf,
    display: String,
}

impl Wine {
    /// Puts the agent's program into the prefix, without anything of an earlier one. Its desktop is
    /// on this X display.
    pub fn start(agent: &Path, display: &str) -> Result<Self> {
        let prefix = env::var_os("WINEPREFIX").context("WINEPREFIX names no Wine prefix")?;
        let wine = Self {
            prefix: PathBuf::from(prefix),
            display: display.to_owned(),
        };
        wine_server::end()?;
        let folder = wine.prefix.join("drive_c/Eidetic");
        fs::create_dir_all(&folder)?;
        fs::copy(agent, folder.join("eidetic-agent.exe"))
            .context("failed to copy the agent's program")?;
        // What a rehearsal that failed has left.
        wine_server::stay()?;
        let mut uninstall = wine.agent(&["service", "uninstall"]);
        let _there_is_none = uninstall.stderr(Stdio::null()).status();
        wine_server::end()?;
        let data = wine.prefix.join("drive_c/ProgramData/Eidetic");
        if data.exists() {
            fs::remove_dir_all(data)?;
        }
        wine_server::stay()?;
        // Windows' own environment of a user is what a recorder gets: the display has to be in it.
        let arguments = ["add", ENVIRONMENT, "/v", "DISPLAY", "/d", display, "/f"];
        let status = wine.run("reg", &arguments).status()?;
        ensure!(status.success(), "reg ended with {status}");
        Ok(wine)
    }

    /// The agent's program.
    pub fn agent(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(r"C:\Eidetic\eidetic-agent.exe");
        command.args(arguments);
        command
    }

    /// A program of Windows.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(wine_server::WINE);
        command.arg(program).env("DISPLAY", &self.display);
        command
    }

    /// Moves the mouse, as a person does.
    pub fn move_mouse(&self, (x, y): (u32, u32)) -> Result<()> {
        let status = Command::new("xdotool")
            .args(["mousemove", &x.to_string(), &y.to_string()])
            .env("DISPLAY", &self.display)
            .status()
            .context("failed to start xdotool")?;
        ensure!(status.success(), "xdotool ended with {status}");
        Ok(())
    }

    /// The process of the one recorder.
    pub fn recorder(&self) -> Result<Pid> {
        self.agent_process("record")
    }

    /// The process of the service.
    pub fn service(&self) -> Result<Pid> {
        self.agent_process("service")
    }

    /// The process of Wine itself, which does what the kernel does on Windows.
    pub fn server(&self) -> Result<Pid> {
        let found = all_processes()?
            .filter_map(Result::ok)
            .find(|process| {
                let is_server = process
                    .stat()
                    .is_ok_and(|stat| stat.comm == wine_server::NAME);
                is_server && self.is_of_this_prefix(process)
            })
            .context("Wine's server does not run")?;
        Pid::from_raw(found.pid).context("a process has the number 0")
    }

    fn agent_process(&self, command: &str) -> Result<Pid> {
        let found = all_processes()?
            .filter_map(Result::ok)
            .find(|process| self.is_agent(process, command))
            .with_context(|| format!("no agent runs as {command}"))?;
        Pid::from_raw(found.pid).context("a process has the number 0")
    }

    /// Ends everything at once, and starts anew what starts with the computer.
    pub fn lose_power(&self) -> Result<()> {
        wine_server::end()?;
        wine_server::stay()?;
        let status = self.run("sc", &["query", "EideticAgent"]).status()?;
        ensure!(status.success(), "the service is not there any more");
        Ok(())
    }

    fn is_agent(&self, process: &Process, command: &str) -> bool {
        let is_agent = process.cmdline().is_ok_and(|line| {
            let program = line
                .first()
                .is_some_and(|it| it.ends_with("eidetic-agent.exe"));
            program && line.get(1).is_some_and(|it| it == command)
        });
        is_agent && self.is_of_this_prefix(process)
    }

    fn is_of_this_prefix(&self, process: &Process) -> bool {
        process.environ().is_ok_and(|environment| {
            let prefix = environment.get(OsStr::new("WINEPREFIX"));
            prefix.is_some_and(|prefix| *prefix == *self.prefix)
        })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(program);
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        let _has_ended = wine_server::end();
    }
}

/// A command that has to succeed.
pub trait Succeeds {
    /// Runs it, and fails if it does.
    fn succeeds(&mut self, what: &str) -> Result<()>;
}

impl Succeeds for Command {
    fn succeeds(&mut self, what: &str) -> Result<()> {
        let status = self
            .status()
            .with_context(|| format!("failed to start {self:?}"))?;
        ensure!(status.success(), "{what} ended with {status}");
        Ok(())
    }
}

/// Kills a process.
pub fn kill(process: Pid) -> Result<()> {
    kill_process(process, Signal::KILL).context("failed to kill a process of the agent")
}

/// Where the environment is that all users have in common.
const ENVIRONMENT: &str = r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment";
