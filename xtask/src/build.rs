//! Building the console, the decoder for the browser and the binaries.

use anyhow::Result;

use crate::{command::Run, wasm, workspace::Workspace};

/// How binaries are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick to build, for tests.
    Dev,
    /// Optimised.
    Release,
}

impl Profile {
    /// The name of its folder in the target folder.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds everything that is installed on a computer, and what rehearses it.
pub fn everything(workspace: &Workspace, profile: Profile) -> Result<()> {
    console(workspace)?;
    binaries(workspace, profile)
}

/// Builds the decoder and the console into `console/build`, from where the server takes it in.
pub fn console(workspace: &Workspace) -> Result<()> {
    npm_packages(workspace)?;
    wasm::decoder(workspace)?;
    workspace.npm().args(["run", "build"]).run()
}

/// Installs the console's npm packages as its lock file says.
pub fn npm_packages(workspace: &Workspace) -> Result<()> {
    workspace
        .npm()
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .run()
}

/// Builds the binaries.
pub fn binaries(workspace: &Workspace, profile: Profile) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--locked", "--bins"]);
    for package in ["agent", "server", "cli", "rehearsal"] {
        cargo.args(["--package", &format!("eidetic-{package}")]);
    }
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    cargo.run()
}

/// Builds the rehearsal alone, optimised: the benches of the codec need no other binary.
pub fn rehearsal(workspace: &Workspace) -> Result<()> {
    workspace
        .cargo()
        .args(["build", "--locked", "--bins", "--release"])
        .args(["--package", "eidetic-rehearsal"])
        .run()
}
