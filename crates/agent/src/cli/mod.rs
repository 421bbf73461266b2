//! The command line.

mod check;
mod enrol;
mod setup;
mod status;
mod wizard;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use eidetic_runtime::Shutdown;
use eidetic_wire::DEFAULT_CONTROL_PORT;

use crate::{
    identity::Identity,
    os, recorder,
    secrets::SecretFiles,
    server_address::ServerAddress,
    service::{self, RunSettings},
    state_folder::StateFolder,
};

/// Records what the users of this computer do, and sends it to the server.
#[derive(Debug, Parser)]
#[command(name = "eidetic-agent", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes this computer known to a server, with a token that the server gave.
    Enrol {
        #[command(flatten)]
        folder: FolderArguments,
        #[command(flatten)]
        server: ServerArguments,
        /// Enrols a computer that is enrolled already.
        #[arg(long)]
        replace: bool,
    },
    /// Records the sessions of this computer until it is told to stop: the service.
    Run(RunArguments),
    /// Tells how the service is.
    Status {
        #[command(flatten)]
        folder: FolderArguments,
        /// Prints everything, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Asks for the server and its token, and keeps them for the service, which enrols this computer
    /// once it reaches the server.
    ///
    /// Asks nothing if `--server` says it, or if the standard input is no terminal: then it is read
    /// from there, a line each: host, port, token.
    Setup {
        #[command(flatten)]
        folder: FolderArguments,
        #[command(flatten)]
        answers: setup::Arguments,
    },
    /// Tells whether this computer is as the agent needs it, what is not, and how to mend it.
    ///
    /// Exits with 0 if all is good, 1 if something is unmet, and 2 if something could not be
    /// found out. Some of it only an administrator can find out.
    Check {
        #[command(flatten)]
        folder: FolderArguments,
        #[command(flatten)]
        sessions: os::SessionArguments,
        #[command(flatten)]
        check: check::CheckArguments,
    },
    /// Opens the display that the environment names: started by the service.
    #[cfg(target_os = "linux")]
    #[command(hide = true)]
    TryDisplay,
    /// Records one session: started by the service.
    #[command(hide = true)]
    Record(os::RecordArguments),
    /// Windows' own service: installs it, removes it.
    #[cfg(windows)]
    #[command(subcommand)]
    Service(os::ServiceCommand),
}

#[derive(Debug, Args)]
struct FolderArguments {
    #[arg(long, value_name = "DIR", help = os::STATE_FOLDER_HELP)]
    state_folder: Option<PathBuf>,
    #[command(flatten)]
    config: os::ConfigArguments,
}

#[derive(Debug, Args)]
struct ServerArguments {
    /// The server, with a port other than 9004 if need be.
    #[arg(long, value_name = "HOST[:PORT]")]
    server: ServerAddress,
    /// What `eidetic-server token` printed. Can be used once.
    ///
    /// Other accounts of this computer can read a command line: `-` reads the token from the
    /// standard input, and without this option a terminal is asked for it.
    #[arg(long, env = "EIDETIC_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

#[derive(Debug, Args)]
struct RunArguments {
    #[command(flatten)]
    folder: FolderArguments,
    #[command(flatten)]
    sessions: os::SessionArguments,
    /// Writes metrics for a monitoring system to this file every 5 seconds, in the Prometheus text
    /// format: for the textfile collector of node_exporter or windows_exporter, whose files end with
    /// `.prom`.
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
    /// Enrols with this server first, if this computer is not enrolled.
    #[arg(long, value_name = "HOST[:PORT]", requires = "token")]
    server: Option<ServerAddress>,
    /// What `eidetic-server token` printed; `-` reads it from the standard input.
    #[arg(long, env = "EIDETIC_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The TCP port for calls of the server; 0 opens none. Goes before the configuration's.
    #[arg(long, value_name = "PORT")]
    control_port: Option<u16>,
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    if let Command::Record(arguments) = &command {
        os::init_recorder_logging(arguments);
        return ExitCode::from(recorder::run(arguments).code());
    }
    #[cfg(windows)]
    if let Command::Service(command) = command {
        return command.run();
    }
    eidetic_runtime::init_logging();
    if let Command::Check {
        folder,
        sessions,
        check,
    } = command
    {
        return look(&folder, sessions, &check).unwrap_or_else(|error| {
            complain(&error);
            ExitCode::from(COULD_NOT_CHECK)
        });
    }
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Enrol {
            folder,
            server,
            replace,
        } => {
            let folder = StateFolder::open(&folder.path()?)?;
            runtime()?.block_on(enrol::run(&folder, server, replace))
        }
        Command::Run(arguments) => serve(arguments),
        Command::Setup { folder, answers } => {
            setup::run(&StateFolder::open(&folder.path()?)?, &answers)
        }
        Command::Status { folder, json } => status::run(&StateFolder::at(&folder.path()?), json),
        #[cfg(target_os = "linux")]
        Command::TryDisplay => {
            let display = std::env::var("DISPLAY").context("there is no display")?;
            os::open_screen(&display)?;
            Ok(())
        }
        // These have their own endings.
        Command::Record(_) | Command::Check { .. } => Ok(()),
        #[cfg(windows)]
        Command::Service(_) => Ok(()),
    }
}

fn look(
    folder: &FolderArguments,
    sessions: os::SessionArguments,
    check: &check::CheckArguments,
) -> anyhow::Result<ExitCode> {
    let config = folder.config.read()?;
    let path = folder.path()?;
    let sessions = os::SessionProbe::of(&os::SessionSource::find(sessions, &config)?);
    runtime()?.block_on(check::run(
        &StateFolder::at(&path),
        check,
        sessions,
        control_port(&config),
    ))
}

fn serve(arguments: RunArguments) -> anyhow::Result<()> {
    let config = arguments.folder.config.read()?;
    let folder = StateFolder::open(&arguments.folder.path()?)?;
    let control_port = arguments
        .control_port
        .unwrap_or_else(|| control_port(&config));
    let sessions = os::SessionSource::find(arguments.sessions, &config)?;
    let metrics_file = arguments.metrics_file.or(config.metrics_file);
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        if let (Some(server), token @ Some(_)) = (arguments.server, arguments.token) {
            let secrets = SecretFiles::in_folder(folder.secrets());
            if Identity::read(&folder.identity(), &secrets)?.is_none() {
                enrol::run(&folder, ServerArguments { server, token }, false).await?;
            }
        }
        let asked_to_leave = async {
            let asked = Shutdown::requested_by_system().await;
            asked.context("failed to watch for signals")
        };
        service::run(
            settings(folder, sessions, control_port, metrics_file)?,
            asked_to_leave,
        )
        .await
    });
    // A name service that hangs is not waited for.
    runtime.shutdown_background();
    result
}

/// How the service is to run.
pub(crate) fn settings(
    folder: StateFolder,
    sessions: os::SessionSource,
    control_port: u16,
    metrics_file: Option<PathBuf>,
) -> anyhow::Result<RunSettings> {
    Ok(RunSettings {
        folder,
        sessions,
        metrics_file,
        program: os::own_program()?,
        control_port,
    })
}

/// The port for calls of the server that the configuration says, or the usual one; 0: none.
pub(crate) fn control_port(config: &os::Config) -> u16 {
    config.control_port.unwrap_or(DEFAULT_CONTROL_PORT)
}

impl FolderArguments {
    fn path(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.state_folder {
            return Ok(path.clone());
        }
        let config = self.config.read()?;
        Ok(config.state_folder.unwrap_or_else(os::default_state_folder))
    }
}

/// Two threads: one can wait for the disk while the other goes on.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("failed to start the runtime")
}

/// As of `check`.
const COULD_NOT_CHECK: u8 = 2;

#[expect(
    clippy::print_stderr,
    reason = "the answer to the person at the terminal"
)]
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("eidetic-agent: {error:#}");
}
