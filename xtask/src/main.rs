//! The project's own commands. Each installs what it needs.
//!
//! This program needs nothing but a C linker, so that it can be built on a machine that has
//! nothing yet; what needs the project's crates is in `crates/rehearsal`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal"
)]

mod build;
mod command;
mod packages;
mod steps;
mod test;
mod wasm;
mod windows;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::{build::Profile, command::Run as _, workspace::Workspace};

/// The project's own commands. Each installs what it needs (Debian packages, npm packages).
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the console, the decoder for the browser and the binaries, optimised.
    Build(BuildArguments),
    /// Runs everything that must pass: format, clippy, unit, integration and end-to-end tests, and
    /// the agent's tests for Windows under Wine.
    Test(TestArguments),
    /// The same as `test`: what CI runs.
    Ci,
    /// Records a desktop with real applications and serves it, until Ctrl-C.
    ///
    /// Starts a server with a fresh data folder, a virtual display with real applications driven
    /// by a script, and an agent that records it; prints the console's address and an
    /// administrator's one-time password.
    Demo(DemoArguments),
    /// Measures what recording, searching and seeking cost on this machine.
    Bench(BenchArguments),
}

#[derive(Args)]
struct BuildArguments {
    /// Builds the agent for Windows instead, on this computer.
    #[arg(long)]
    windows: bool,
}

#[derive(Args)]
struct TestArguments {
    /// Only this stage.
    stage: Option<test::Stage>,
    /// Only the steps whose name contains this word.
    #[arg(long)]
    only: Option<String>,
}

#[derive(Args)]
struct DemoArguments {
    /// Records this existing X display instead of a virtual one.
    #[arg(long, value_name = "DISPLAY")]
    display: Option<String>,
    /// Ends after this many seconds, and checks that what was recorded can be searched and
    /// played: prints one line, and fails if it cannot.
    #[arg(long = "for", value_name = "SECONDS")]
    for_secs: Option<u64>,
    /// The console's port on this computer.
    #[arg(long, default_value_t = 9443)]
    port: u16,
}

#[derive(Args)]
struct BenchArguments {
    /// Seconds for each of the measured situations.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let workspace = Workspace::find()?;
    match cli.command {
        Command::Build(BuildArguments { windows: true }) => {
            packages::install(packages::WINDOWS)?;
            let agent = windows::agent(&workspace, Profile::Release)?;
            println!("built {}", agent.display());
            Ok(())
        }
        Command::Build(BuildArguments { windows: false }) => {
            packages::install(packages::BUILD)?;
            build::everything(&workspace, Profile::Release)
        }
        Command::Test(arguments) => {
            test::run(&workspace, arguments.stage, arguments.only.as_deref())
        }
        Command::Ci => test::run(&workspace, None, None),
        Command::Demo(arguments) => demo(&workspace, &arguments),
        Command::Bench(arguments) => bench(&workspace, &arguments),
    }
}

fn demo(workspace: &Workspace, arguments: &DemoArguments) -> Result<()> {
    packages::install(packages::BUILD)?;
    packages::install(packages::DESKTOP)?;
    build::everything(workspace, Profile::Release)?;
    let mut command = workspace.built(Profile::Release, "eidetic-rehearsal");
    command
        .arg("demo")
        .args(["--port", &arguments.port.to_string()]);
    if let Some(display) = &arguments.display {
        command.args(["--display", display]);
    }
    if let Some(seconds) = arguments.for_secs {
        command.args(["--for", &seconds.to_string()]);
    }
    command.run()
}

fn bench(workspace: &Workspace, arguments: &BenchArguments) -> Result<()> {
    packages::install(packages::BUILD)?;
    packages::install(packages::DESKTOP)?;
    build::everything(workspace, Profile::Release)?;
    println!("measuring, {} s for each situation", arguments.seconds);
    let mut command = workspace.built(Profile::Release, "eidetic-rehearsal");
    command
        .arg("bench")
        .args(["--seconds", &arguments.seconds.to_string()])
        .arg("--seek-script")
        .arg(workspace.path("console/tests/bench/seek.mjs"));
    command.run()
}
