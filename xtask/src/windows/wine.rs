//! Wine: a Windows of the tests' own, and a display for it.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

use super::target;
use crate::{command::Run, workspace::Workspace};

/// Runs a program of Windows.
pub const PROGRAM: &str = "/usr/lib/wine/wine64";

const SERVER: &str = "/usr/lib/wine/wineserver64";

/// A Windows of our own in a folder, on a virtual display. What runs in it ends with this value.
pub struct Prefix {
    folder: PathBuf,
    display: VirtualDisplay,
}

impl Prefix {
    /// The one in the target folder, which is made if it is not there.
    pub fn open(workspace: &Workspace) -> Result<Self> {
        let folder = target(workspace).join("wine");
        let prefix = Self {
            display: VirtualDisplay::start()?,
            folder,
        };
        // What a run that was broken off has left.
        prefix.end();
        let made = prefix.folder.join("made");
        if !made.exists() {
            println!("making a Wine prefix");
            if prefix.folder.exists() {
                fs::remove_dir_all(&prefix.folder)?;
            }
            fs::create_dir_all(&prefix.folder)?;
            let mut boot = Command::new(PROGRAM);
            boot.args(["wineboot", "--init"]);
            prefix.apply_to(&mut boot);
            boot.stderr(Stdio::null()).run()?;
            prefix.install_shim(workspace)?;
            fs::write(made, b"")?;
        }
        Ok(prefix)
    }

    /// Has a command's programs run in it.
    pub fn apply_to(&self, command: &mut Command) {
        command
            .env("WINEPREFIX", &self.folder)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            // Wine would offer to install what web pages and .NET programs need.
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env("DISPLAY", &self.display.name);
    }

    /// Ends all that runs in it.
    fn end(&self) {
        for what in ["--kill", "--wait"] {
            let mut end = Command::new(SERVER);
            end.arg(what).env("WINEPREFIX", &self.folder);
            let _nothing_runs = end.stderr(Stdio::null()).status();
        }
    }

    fn install_shim(&self, workspace: &Workspace) -> Result<()> {
        let library = self
            .folder
            .join("drive_c/windows/system32/bcryptprimitives.dll");
        // Wine has put a link or a file there that the compiler must not write through.
        remove_if_there(&library)?;
        Command::new(COMPILER)
            .args(["-O2", "-shared", "-o"])
            .arg(&library)
            .arg(workspace.path("xtask/src/windows/shim.c"))
            .arg("-ladvapi32")
            .run()
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        self.end();
    }
}

/// An X server without a screen. It ends with this value.
struct VirtualDisplay {
    server: Child,
    name: String,
}

impl VirtualDisplay {
    fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-noreset"])
            .args(["-screen", "0", "1280x800x24"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start Xvfb")?;
        let output = server.stdout.take().context("Xvfb has no output")?;
        let mut number = String::new();
        BufReader::new(output).read_line(&mut number)?;
        Ok(Self {
            server,
            name: format!(":{}", number.trim()),
        })
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        let _has_ended = self.server.kill();
        let _has_ended = self.server.wait();
    }
}

fn remove_if_there(file: &Path) -> Result<()> {
    if file.symlink_metadata().is_ok() {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Debian's name of the C compiler for Windows.
pub const COMPILER: &str = "x86_64-w64-mingw32-gcc";
