//! Running other programs.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Running a command and minding how it ends.
pub trait Run {
    /// Runs it; fails if it does.
    fn run(&mut self) -> Result<()>;
    /// Runs it and gives what it printed; fails if it does.
    fn output_text(&mut self) -> Result<String>;
}

impl Run for Command {
    fn run(&mut self) -> Result<()> {
        let status = self
            .status()
            .with_context(|| format!("failed to start {self:?}"))?;
        if !status.success() {
            bail!("{} ended with {status}", self.get_program().display());
        }
        Ok(())
    }

    fn output_text(&mut self) -> Result<String> {
        let output = self
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("failed to start {self:?}"))?;
        if !output.status.success() {
            bail!(
                "{} ended with {}",
                self.get_program().display(),
                output.status
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
