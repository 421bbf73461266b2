//! Virtual X displays.

use std::{
    ffi::{OsStr, OsString},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::Context;

use crate::eventually;

/// An Xvfb display with programs on it. All of them end with this value.
#[derive(Debug)]
pub struct VirtualDisplay {
    name: String,
    environment: Vec<(OsString, OsString)>,
    programs: Vec<Child>,
    server: Child,
}

impl VirtualDisplay {
    /// Starts a display of this size; the X server chooses a free number.
    ///
    /// # Errors
    ///
    /// If Xvfb is not installed or does not start.
    pub fn start(width: u32, height: u32) -> anyhow::Result<Self> {
        Self::start_server(&format!("{width}x{height}x24"), &[])
    }

    /// Starts a display of this size with another number of bits a pixel.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with_depth(width: u32, height: u32, depth: u8) -> anyhow::Result<Self> {
        Self::start_server(&format!("{width}x{height}x{depth}"), &[])
    }

    /// Starts a display of this size that lacks an extension, such as `MIT-SHM`.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_without(width: u32, height: u32, extension: &str) -> anyhow::Result<Self> {
        Self::start_server(&format!("{width}x{height}x24"), &["-extension", extension])
    }

    fn start_server(screen: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-nolisten",
                "tcp",
                "-noreset",
                "-screen",
                "0",
            ])
            .arg(screen)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start Xvfb (Debian package xvfb)")?;
        let stdout = server
            .stdout
            .take()
            .context("Xvfb has no standard output")?;
        let mut number = String::new();
        BufReader::new(stdout)
            .read_line(&mut number)
            .context("failed to read the display's number")?;
        let number: u32 = number
            .trim()
            .parse()
            .context("Xvfb ended before its display was ready")?;
        Ok(Self {
            name: format!(":{number}"),
            environment: Vec::new(),
            programs: Vec::new(),
            server,
        })
    }

    /// The display's name, such as `:99`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the programs that are started from now on a variable in their environment.
    pub fn set_environment(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }

    /// Starts a program on the display and returns its process id.
    ///
    /// # Errors
    ///
    /// If it is not installed.
    pub fn spawn<S: AsRef<OsStr>>(
        &mut self,
        program: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> anyhow::Result<u32> {
        let child = self
            .command(program)
            .args(arguments)
            .spawn()
            .with_context(|| format!("failed to start {program}"))?;
        let id = child.id();
        self.programs.push(child);
        Ok(id)
    }

    /// Starts a window manager (openbox) and waits until it manages windows.
    ///
    /// # Errors
    ///
    /// If it is not installed.
    pub fn start_window_manager(&mut self) -> anyhow::Result<()> {
        // It announces itself before it is ready: windows that come in between stay without it.
        let name = format!("eidetic-{}{}", std::process::id(), self.name);
        let ready = std::env::temp_dir().join(name);
        let announce = format!("touch {}", ready.display());
        self.spawn("openbox", ["--sm-disable", "--startup", &announce])?;
        eventually("the window manager is ready", || {
            std::fs::remove_file(&ready).ok()
        });
        Ok(())
    }

    /// A command that will run on the display, without input and output.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("DISPLAY", &self.name)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Ends the X server under its programs, as a crash would.
    pub fn kill_server(&mut self) {
        let _gone_already = self.server.kill();
        let _status = self.server.wait();
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        for program in &mut self.programs {
            let _gone_already = program.kill();
            let _status = program.wait();
        }
        self.kill_server();
    }
}
