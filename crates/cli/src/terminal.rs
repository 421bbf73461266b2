//! What is different when a person looks on.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::bail;

/// Refuses to pour bytes over a terminal.
pub fn refuse_binary_output() -> anyhow::Result<()> {
    if io::stdout().is_terminal() {
        bail!("standard output is a terminal: redirect it to a file or a program");
    }
    Ok(())
}

/// Refuses to wait for bytes from a keyboard.
pub fn refuse_binary_input() -> anyhow::Result<()> {
    if io::stdin().is_terminal() {
        bail!("standard input is a terminal: redirect it from a file or a program");
    }
    Ok(())
}

/// A line on standard error that counts, if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    visible: bool,
    drawn: bool,
    steps: u64,
}

impl Progress {
    /// A line that is not drawn yet.
    pub fn new() -> Self {
        Self {
            visible: io::stderr().is_terminal(),
            drawn: false,
            steps: 0,
        }
    }

    /// Takes note of one more frame, and now and then draws what `line` says.
    pub fn step(&mut self, line: impl FnOnce() -> String) {
        self.steps += 1;
        if self.visible && self.steps.is_multiple_of(STEPS_BETWEEN_DRAWINGS) {
            self.drawn = true;
            let _ = write!(io::stderr(), "\r\x1b[K{}", line());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

const STEPS_BETWEEN_DRAWINGS: u64 = 32;
