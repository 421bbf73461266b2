//! The demo, the end-to-end tests and the benches: the real binaries on a desktop with real
//! applications.
//!
//! Started by `cargo xtask`, which installs and builds what is needed. The binaries under trial
//! are those that lie beside this one.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for a terminal"
)]

mod api;
mod bench;
mod check;
mod codec_bench;
mod control;
mod debian;
mod decoders;
mod demo;
mod deployment;
mod desktop;
mod end_to_end;
mod export;
mod installer;
mod plans;
mod push;
mod recording;
mod session_plan;
mod stack;
mod until;
mod windows;
mod wine_server;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Rehearses Eidetic: the real binaries on a desktop with real applications.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Records a desktop and serves it.
    Demo(demo::Arguments),
    /// Compares the browser's decoder with the native one.
    CompareDecoders(decoders::Arguments),
    /// Runs the browser tests against a recording made for them.
    EndToEnd {
        /// The folder of the tests.
        #[arg(long)]
        tests: PathBuf,
    },
    /// Rehearses the agent on Windows, under Wine, with a server.
    Windows(windows::Arguments),
    /// Rehearses the packages for Debian, on a copy of this computer's files.
    Debian(debian::Arguments),
    /// Rehearses putting the agent on another computer by SSH. Needs root.
    Deployment {
        /// Only upgrades and removals in stages.
        #[arg(long)]
        stages: bool,
    },
    /// Rehearses calls of the server to an agent, over its connection and at its port.
    Control,
    /// Rehearses what a plan asks of a session: the message to its user, and listed windows alone.
    SessionPlan,
    /// Rehearses the agent's installer for Windows, under Wine, with a server.
    Installer(installer::Arguments),
    /// Rehearses putting the agent on a Windows computer by SMB, with Samba and Wine. Needs root.
    Push(push::Arguments),
    /// Measures what the agent costs under Wine, beside the agent on Linux.
    WindowsBench(windows::BenchArguments),
    /// Measures what recording, searching and seeking cost.
    Bench(bench::Arguments),
    /// Measures the codec beside its peers, on recordings of real applications.
    CodecBench(codec_bench::Arguments),
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
    match cli.command {
        Command::Demo(arguments) => demo::run(&arguments),
        Command::CompareDecoders(arguments) => decoders::compare(&arguments),
        Command::EndToEnd { tests } => end_to_end::run(&tests),
        Command::Windows(arguments) => windows::run(&arguments),
        Command::Debian(arguments) => debian::run(&arguments),
        Command::Deployment { stages: false } => {
            deployment::run()?;
            deployment::run_stages()
        }
        Command::Deployment { stages: true } => deployment::run_stages(),
        Command::Control => control::run(),
        Command::SessionPlan => session_plan::run(),
        Command::Installer(arguments) => installer::run(&arguments),
        Command::Push(arguments) => push::run(&arguments),
        Command::WindowsBench(arguments) => windows::bench(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::CodecBench(arguments) => codec_bench::run(&arguments),
    }
}
