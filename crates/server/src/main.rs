//! The server's command line.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use eidetic_checks::exclusions::Exclusions;
use eidetic_model::Clock as _;
use eidetic_runtime::{Shutdown, SystemClock, init_logging};
use eidetic_server::{
    administrator, check,
    config::{Config, ConfigFile},
    folder::DataFolder,
    gateway,
    server::Server,
};

/// The Eidetic server: receives what agents record, stores it, and serves search and playback.
#[derive(Parser)]
#[command(name = "eidetic-server", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Run(RunArguments),
    /// Print a token with which one agent can enrol. Works beside a running server.
    Token(TokenArguments),
    /// Give a user a new one-time password and print it. Works beside a running server.
    ResetPassword(ResetPasswordArguments),
    /// Tell whether this computer is as the server needs it, what is not, and how to mend it.
    ///
    /// Exits with 0 if all is good, 1 if something is unmet, and 2 if something could not be
    /// found out. Works beside a running server; some of it only root or the server's account can
    /// find out.
    Check(CheckArguments),
}

#[derive(Args)]
struct CheckArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// Mend what can be mended safely, and tell what was before and what is after.
    #[arg(long)]
    fix: bool,
    /// Print everything, as JSON.
    #[arg(long)]
    json: bool,
    /// Print what an antivirus program should leave alone, and nothing else.
    #[arg(long, conflicts_with_all = ["fix", "json"])]
    exclusions: bool,
}

#[derive(Args)]
struct RunArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// Where agents connect to: an address and a port; port 0 for a free one.
    #[arg(long, value_name = "ADDRESS")]
    agents_listen: Option<String>,
    /// Where browsers connect to: an address and a port; port 0 for a free one.
    #[arg(long, value_name = "ADDRESS")]
    console_listen: Option<String>,
}

#[derive(Args)]
struct TokenArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// How long the token can be used, such as 90m, 24h or 7d.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = validity)]
    valid_for: Duration,
}

#[derive(Args)]
struct ResetPasswordArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// The user's name.
    #[arg(long, value_name = "NAME", default_value = administrator::FIRST_USER)]
    user: String,
}

#[derive(Args)]
struct CommonArguments {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where everything is kept.
    #[arg(long, value_name = "FOLDER")]
    data_folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_logging();
    if let Command::Check(arguments) = arguments.command {
        return check(arguments).unwrap_or_else(|error| {
            let _nobody_listens = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(COULD_NOT_CHECK)
        });
    }
    match execute(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_listens = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(async {
        match command {
            Command::Run(arguments) => run(arguments).await,
            Command::Token(arguments) => token(arguments).await,
            Command::ResetPassword(arguments) => reset_password(arguments).await,
            // It has endings of its own.
            Command::Check(_) => Ok(()),
        }
    });
    // Blocking work that is still under way is not acknowledged and may be cut off.
    runtime.shutdown_timeout(Duration::from_secs(5));
    result
}

async fn run(arguments: RunArguments) -> anyhow::Result<()> {
    let mut written = arguments.common.file()?;
    written.agents_listen = arguments.agents_listen.or(written.agents_listen);
    written.console_listen = arguments.console_listen.or(written.console_listen);
    let config = resolve(written)?;
    let mut server = Server::start(&config, Arc::new(SystemClock)).await?;
    let result = tokio::select! {
        // First, so that a request to leave is heeded from here on.
        biased;
        requested = Shutdown::requested_by_system() => requested.map_err(Into::into),
        error = serve(&mut server) => Err(error),
    };
    server.stop().await;
    result
}

/// Says where the server is, once one can sign in there, and waits. Returns why it failed.
async fn serve(server: &mut Server) -> anyhow::Error {
    match introduce(server).await {
        Ok(()) => server.failed().await,
        Err(error) => error,
    }
}

async fn introduce(server: &Server) -> anyhow::Result<()> {
    let control = server.components().control.clone();
    let first_password = administrator::make_first_user(control.as_ref()).await?;
    let endpoints = server.endpoints();
    say(&format!("agents connect to {}", endpoints.agents))?;
    say(&format!("the console is at {}", endpoints.console))?;
    if let Some(password) = first_password {
        say(&format!(
            "sign in as {:?} with the one-time password {password}",
            administrator::FIRST_USER
        ))?;
    }
    server.publish()
}

async fn token(arguments: TokenArguments) -> anyhow::Result<()> {
    let folder = arguments.common.folder()?;
    let authority = folder.authority(&SystemClock)?;
    let ticket = gateway::new_ticket(
        &folder.control()?,
        authority.certificate(),
        SystemClock.wall(),
        arguments.valid_for,
    )
    .await?;
    say(&ticket.to_text())
}

async fn reset_password(arguments: ResetPasswordArguments) -> anyhow::Result<()> {
    let control = arguments.common.folder()?.control()?;
    say(&administrator::reset_password(&control, &arguments.user).await?)
}

fn check(arguments: CheckArguments) -> anyhow::Result<ExitCode> {
    let config = resolve(arguments.common.file()?)?;
    if arguments.exclusions {
        let exclusions = Exclusions::of(&check::installation(&config));
        for line in exclusions.folders.iter().chain(&exclusions.programs) {
            say(line)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let form = match arguments.json {
        true => check::Form::Json,
        false => check::Form::Table,
    };
    let checked = check::run(&config, &SystemClock, arguments.fix, form);
    say(checked.text.trim_end())?;
    Ok(checked.exit_code)
}

impl CommonArguments {
    fn file(self) -> anyhow::Result<ConfigFile> {
        let mut file = match &self.config {
            Some(path) => ConfigFile::read(path)?,
            None => ConfigFile::default(),
        };
        file.data_folder = self.data_folder.or(file.data_folder);
        Ok(file)
    }

    fn folder(self) -> anyhow::Result<DataFolder> {
        let config = resolve(self.file()?)?;
        Ok(DataFolder::open(&config.data_folder)?)
    }
}

fn resolve(file: ConfigFile) -> anyhow::Result<Config> {
    let computer_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Ok(file.resolve(computer_name.trim())?)
}

fn validity(text: &str) -> anyhow::Result<Duration> {
    let span: jiff::Span = text.parse()?;
    let total = span.total((
        jiff::Unit::Second,
        jiff::SpanRelativeTo::days_are_24_hours(),
    ))?;
    let duration = Duration::try_from_secs_f64(total).context("it must not be negative")?;
    let range = Duration::from_secs(60)..=Duration::from_secs(365 * 86_400);
    anyhow::ensure!(range.contains(&duration), "it must be from 1m to 365d");
    Ok(duration)
}

/// As of `check`.
const COULD_NOT_CHECK: u8 = 2;

/// For people and scripts, on standard output; the log is on standard error.
fn say(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}
