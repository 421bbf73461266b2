//! The copy of this computer, started: systemd runs in it as it does on a computer of its own, and
//! starts what a package has installed.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use procfs::process::all_processes;
use rustix::process::{Pid, Signal, kill_process};

use crate::until::until;

/// It ends with this value.
pub struct Booted {
    container: Child,
    systemd: i32,
}

impl Booted {
    /// Starts what is in this folder, with nothing in it but what systemd needs itself.
    pub fn start(root: &Path) -> Result<Self> {
        let target = root.join("etc/systemd/system").join(TARGET);
        fs::write(target, TARGET_FILE)?;
        // This computer's may forbid packages to start what they install.
        let policy = root.join("usr/sbin/policy-rc.d");
        if policy.exists() {
            fs::remove_file(policy)?;
        }
        let container = Command::new("systemd-nspawn")
            .arg("--directory")
            .arg(root)
            .args(["--register=no", "--keep-unit", "--link-journal=no"])
            // The packages are tried by root's account; the server is this computer's.
            .args(["--private-users=no", "--console=pipe", "--quiet"])
            .args(["/lib/systemd/systemd", &format!("--unit={TARGET}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("failed to start systemd-nspawn")?;
        let mut booted = Self {
            container,
            systemd: 0,
        };
        booted.systemd = until("systemd runs", LONG, || {
            let status = booted.container.try_wait()?;
            ensure!(status.is_none(), "systemd-nspawn has ended: {status:?}");
            child_of(booted.container.id(), "systemd")
        })?;
        until("the computer has started", LONG, || {
            let told = booted.told("systemctl", &["is-active", TARGET])?;
            Ok((told.trim() == "active").then_some(()))
        })?;
        Ok(booted)
    }

    /// A program on it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--all", "--target", &self.systemd.to_string()])
            .arg("--")
            .arg(program)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    /// Waits until a service runs, and gives its process as it is numbered there.
    pub fn runs(&self, unit: &str) -> Result<u32> {
        until(&format!("{unit} runs"), LONG, || {
            let told = self.told("systemctl", &["is-active", unit])?;
            if told.trim() != "active" {
                return Ok(None);
            }
            let told = self.property(unit, "MainPID")?;
            Ok(told.parse().ok().filter(|id| *id != 0))
        })
        .with_context(|| {
            let lines = ["--no-pager", "--lines", "30", "--unit", unit];
            self.told("journalctl", &lines).unwrap_or_default()
        })
    }

    /// Kills a service, and waits until systemd has started it again.
    pub fn is_started_again(&self, unit: &str) -> Result<()> {
        let before = self.runs(unit)?;
        let process = before.to_string();
        let killed = self.command("kill").args(["-KILL", &process]).status()?;
        ensure!(killed.success(), "{unit} cannot be killed");
        until(&format!("{unit} is started again"), LONG, || {
            Ok(Some(self.runs(unit)?).filter(|now| *now != before))
        })?;
        Ok(())
    }

    /// Stops a service, which has to end by itself and without a complaint.
    pub fn stops(&self, unit: &str) -> Result<()> {
        self.told("systemctl", &["stop", unit])?;
        let [state, result] = [
            self.property(unit, "ActiveState")?,
            self.property(unit, "Result")?,
        ];
        ensure!(
            state == "inactive" && result == "success",
            "{unit} was stopped, and is {state}: {result}"
        );
        Ok(())
    }

    /// Whether there is such a service.
    pub fn has(&self, unit: &str) -> Result<bool> {
        Ok(self.property(unit, "LoadState")? == "loaded")
    }

    fn property(&self, unit: &str, name: &str) -> Result<String> {
        let told = self.told("systemctl", &["show", "--property", name, "--value", unit])?;
        Ok(told.trim().to_owned())
    }

    fn told(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.command(program).args(arguments).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        if let Some(id) = i32::try_from(self.container.id())
            .ok()
            .and_then(Pid::from_raw)
        {
            // It ends all that runs in it first.
            let _has_ended = kill_process(id, Signal::TERM);
        }
        let _has_ended = self.container.wait();
    }
}

fn child_of(parent: u32, name: &str) -> Result<Option<i32>> {
    let parent = i32::try_from(parent)?;
    let found = all_processes()?.filter_map(Result::ok).find(|process| {
        let stat = process.stat();
        stat.is_ok_and(|stat| stat.ppid == parent && stat.comm == name)
    });
    Ok(found.map(|process| process.pid))
}

const TARGET: &str = "rehearsal.target";

const TARGET_FILE: &str = "\
[Unit]
Description=What packages are installed on
Requires=basic.target dbus.socket
After=basic.target dbus.socket
";

const LONG: Duration = Duration::from_secs(90);
