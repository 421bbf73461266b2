//! Wine's own process, which does what the kernel does on Windows.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Runs a program of Windows.
pub const WINE: &str = "/usr/lib/wine/wine64";

/// How the process is called.
pub const NAME: &str = "wineserver64";

const PROGRAM: &str = "/usr/lib/wine/wineserver64";

/// Has it stay when no program runs but services.
pub fn stay() -> Result<()> {
    let status = Command::new(PROGRAM).arg("--persistent").status()?;
    ensure!(status.success(), "wineserver ended with {status}");
    Ok(())
}

/// Ends it with all that runs, and waits until that is so.
pub fn end() -> Result<()> {
    for what in ["--kill", "--wait"] {
        // It says that it failed if nothing ran.
        Command::new(PROGRAM)
            .arg(what)
            .stderr(Stdio::null())
            .status()
            .context("failed to start wineserver")?;
    }
    Ok(())
}
