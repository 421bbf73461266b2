//! `eidetic`: the administrator's command line.
//!
//! One module for each command; a command returns how it ended, and only this file talks to the
//! shell about it.

mod check;
mod client;
mod computer;
mod deploy;
mod export;
mod frames;
mod plans;
mod terminal;

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tools for Eidetic's recordings.
#[derive(Debug, Parser)]
#[command(name = "eidetic", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Turn raw screen frames into a segment and back.
    #[command(subcommand)]
    Frames(frames::Command),
    // Its arguments say more than a line.
    Export(Box<export::Arguments>),
    // So do its own.
    #[command(subcommand)]
    Plan(plans::Command),
    // So do these.
    Deploy(deploy::Arguments),
    Check(check::Arguments),
    #[command(subcommand)]
    Computer(computer::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        Command::Frames(command) => command.run().map(|()| ExitCode::SUCCESS),
        Command::Export(arguments) => export::run(arguments).map(|()| ExitCode::SUCCESS),
        Command::Plan(command) => command.run(),
        Command::Deploy(arguments) => deploy::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Computer(command) => command.run(),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::from(BROKEN_PIPE),
        Err(error) => {
            // Where standard error is gone too, the exit code has to do.
            let _ = writeln!(io::stderr(), "eidetic: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether whoever read our output has had enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// What a shell reports for a program that ended with the signal for a broken pipe.
const BROKEN_PIPE: u8 = 141;
