//! The command line.

mod enrol;
mod status;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::{
    config::Config,
    identity::Identity,
    os::{self, SessionSource},
    recorder,
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
    /// Records one session: started by the service.
    #[command(hide = true)]
    Record,
}

#[derive(Debug, Args)]
struct FolderArguments {
    /// The agent's folder [default: /var/lib/eidetic/agent].
    #[arg(long, value_name = "DIR")]
    state_folder: Option<PathBuf>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
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
    /// Records this X display, such as `:0`, instead of the sessions that logind tells of.
    #[arg(long)]
    display: Option<String>,
    /// The account whose session the display is [default: the one that runs this].
    #[arg(long, requires = "display")]
    user: Option<String>,
    /// Enrols with this server first, if this computer is not enrolled.
    #[arg(long, value_name = "HOST[:PORT]", requires = "token")]
    server: Option<ServerAddress>,
    /// What `eidetic-server token` printed; `-` reads it from the standard input.
    #[arg(long, env = "EIDETIC_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let command = CommandLine::parse().command;
    eidetic_runtime::init_logging();
    if let Command::Record = command {
        return ExitCode::from(recorder::run().code());
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
        Command::Status { folder, json } => status::run(&StateFolder::at(&folder.path()?), json),
        Command::Record => Ok(()),
    }
}

fn serve(arguments: RunArguments) -> anyhow::Result<()> {
    let config = arguments.folder.config()?;
    let folder = StateFolder::open(&arguments.folder.path()?)?;
    let sessions = session_source(arguments.display.or(config.display), arguments.user)?;
    runtime()?.block_on(async {
        if let (Some(server), token @ Some(_)) = (arguments.server, arguments.token) {
            let secrets = SecretFiles::in_folder(folder.secrets());
            if Identity::read(&folder.identity(), &secrets)?.is_none() {
                enrol::run(&folder, ServerArguments { server, token }, false).await?;
            }
        }
        service::run(RunSettings {
            folder,
            sessions,
            program: os::own_program(),
        })
        .await
    })
}

fn session_source(display: Option<String>, user: Option<String>) -> anyhow::Result<SessionSource> {
    let Some(name) = display else {
        return Ok(SessionSource::Logind);
    };
    if let Some(user) = &user {
        anyhow::ensure!(os::account_exists(user), "there is no account {user:?}");
    }
    Ok(SessionSource::Display { name, user })
}

impl FolderArguments {
    fn config(&self) -> anyhow::Result<Config> {
        let named = self.config != Path::new(DEFAULT_CONFIG);
        Config::read(&self.config, named)
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.state_folder {
            return Ok(path.clone());
        }
        Ok(self
            .config()?
            .state_folder
            .unwrap_or_else(|| PathBuf::from(DEFAULT_STATE_FOLDER)))
    }
}

/// Two threads: one can wait for the disk while the other goes on.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("failed to start the runtime")
}

#[expect(
    clippy::print_stderr,
    reason = "the answer to the person at the terminal"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("eidetic-agent: {error:#}");
}

const DEFAULT_CONFIG: &str = "/etc/eidetic/agent.toml";

const DEFAULT_STATE_FOLDER: &str = "/var/lib/eidetic/agent";
