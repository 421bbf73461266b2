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
mod deb;
mod licences;
mod packages;
mod steps;
mod test;
mod wasm;
mod windows;
mod workspace;

use std::{path::PathBuf, process::ExitCode};

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
    /// Builds the packages for Debian: `eidetic-agent_VERSION_amd64.deb`, `eidetic-server_...`.
    Deb,
    /// Builds the agent's installer for Windows, `eidetic-agent-VERSION-x64.msi`.
    ///
    /// See `docs/deployment.md` for what it asks and takes.
    Msi(MsiArguments),
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
    ///
    /// `bench codec` measures the codec alone, beside other encoders; `bench windows` the agent on
    /// Windows, under Wine, beside the one on Linux; `bench agents` the server with many agents.
    Bench(BenchArguments),
}

#[derive(Args)]
struct BuildArguments {
    /// Builds the agent for Windows instead, on this computer.
    #[arg(long)]
    windows: bool,
}

#[derive(Args)]
struct MsiArguments {
    /// Of an agent that is not optimised: quicker to build, for trying out the installer.
    #[arg(long)]
    dev: bool,
    /// As another version than the product's, for trying out upgrades.
    #[arg(long, value_name = "VERSION", default_value = env!("CARGO_PKG_VERSION"))]
    as_version: String,
    #[command(flatten)]
    signing: windows::msi::Signing,
}

#[derive(Args)]
struct TestArguments {
    /// One part alone.
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
#[command(args_conflicts_with_subcommands = true)]
struct BenchArguments {
    /// Seconds for each of the measured situations.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    #[command(subcommand)]
    part: Option<BenchPart>,
}

#[derive(Subcommand)]
enum BenchPart {
    /// Measures the codec beside its peers, on recordings of real applications.
    ///
    /// Five recordings are made in the first run, by scripts that use a terminal, a browser, an
    /// editor, a spreadsheet and a file manager on a virtual display (about 25 minutes in all), and
    /// kept in the target folder under bench/codec: delete a file there to have it made again.
    ///
    /// This codec, x264 (lossless and not), VP9 and SVT-AV1 then encode the same frames with one
    /// thread each. The peers take about a quarter of an hour; their results are kept beside the
    /// recordings too, and used again as long as recordings and encoders are the same.
    ///
    /// Prints a table for each recording with the aims and whether they are met.
    Codec(CodecBenchArguments),
    /// Measures the server with 300 agents: how long they take to enrol and attach, what holding
    /// their streams costs it, and how soon a change of a plan reaches all of them.
    Agents,
    /// Measures CPU and memory of the agent under Wine, beside the agent on Linux on the same
    /// desktop: while its one window stands still, and while text is written into it.
    ///
    /// An indication: Wine copies screens in another way than Windows.
    Windows(WindowsBenchArguments),
}

#[derive(Args)]
struct WindowsBenchArguments {
    /// Seconds for each of the measured situations.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

#[derive(Args)]
struct CodecBenchArguments {
    /// Only these recordings, with commas between them: busy, film, office, remote, static.
    #[arg(long, value_name = "NAMES")]
    only: Option<String>,
    /// Measures this codec alone.
    #[arg(long)]
    no_peers: bool,
    /// Measures the peers again, also where their results are kept.
    #[arg(long, conflicts_with = "no_peers")]
    fresh_peers: bool,
    /// Writes everything into this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measures nothing: writes the picture at this many seconds of each of the recordings into a
    /// PPM file beside it.
    #[arg(long, value_name = "SECONDS")]
    picture_at: Option<f64>,
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
        Command::Deb => deb(&workspace),
        Command::Msi(arguments) => msi(&workspace, &arguments),
        Command::Test(arguments) => {
            test::run(&workspace, arguments.stage, arguments.only.as_deref())
        }
        Command::Ci => test::run(&workspace, None, None),
        Command::Demo(arguments) => demo(&workspace, &arguments),
        Command::Bench(arguments) => bench(&workspace, &arguments),
    }
}

fn deb(workspace: &Workspace) -> Result<()> {
    packages::install(packages::BUILD)?;
    packages::install(packages::DEB)?;
    build::everything(workspace, Profile::Release)?;
    for package in deb::pack(workspace, Profile::Release, env!("CARGO_PKG_VERSION"))? {
        println!("built {}", package.display());
    }
    Ok(())
}

fn msi(workspace: &Workspace, arguments: &MsiArguments) -> Result<()> {
    packages::install(packages::WINDOWS)?;
    packages::install(packages::MSI)?;
    let profile = match arguments.dev {
        true => Profile::Dev,
        false => Profile::Release,
    };
    let version = &arguments.as_version;
    let package = windows::msi::build(workspace, profile, version, &arguments.signing)?;
    println!("built {}", package.display());
    Ok(())
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
    match &arguments.part {
        Some(BenchPart::Codec(arguments)) => return codec_bench(workspace, arguments),
        Some(BenchPart::Windows(arguments)) => return windows_bench(workspace, arguments),
        Some(BenchPart::Agents) => return agents_bench(workspace),
        None => {}
    }
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

fn windows_bench(workspace: &Workspace, arguments: &WindowsBenchArguments) -> Result<()> {
    packages::install(packages::BUILD)?;
    packages::install(packages::DESKTOP)?;
    packages::install(packages::WINDOWS)?;
    build::everything(workspace, Profile::Release)?;
    let agent = windows::agent(workspace, Profile::Release)?;
    let prefix = windows::Prefix::open(workspace)?;
    println!("measuring, {} s for each situation", arguments.seconds);
    let mut command = workspace.built(Profile::Release, "eidetic-rehearsal");
    command
        .args(["windows-bench", "--agent"])
        .arg(agent)
        .arg("--fixture")
        .arg(windows::fixture(workspace)?)
        .args(["--seconds", &arguments.seconds.to_string()]);
    prefix.apply_to(&mut command);
    command.run()
}

fn agents_bench(workspace: &Workspace) -> Result<()> {
    packages::install(packages::BUILD)?;
    workspace
        .cargo()
        .args(["bench", "--package", "eidetic-server", "--bench", "agents"])
        .run()
}

fn codec_bench(workspace: &Workspace, arguments: &CodecBenchArguments) -> Result<()> {
    packages::install(packages::BUILD)?;
    packages::install(packages::DESKTOP)?;
    packages::install(packages::CODEC_BENCH)?;
    build::npm_packages(workspace)?;
    wasm::decoder(workspace)?;
    build::rehearsal(workspace)?;
    let mut command = workspace.built(Profile::Release, "eidetic-rehearsal");
    command
        .arg("codec-bench")
        .arg("--cache")
        .arg(workspace.target().join("bench/codec"))
        .arg("--decode-script")
        .arg(workspace.path("console/tests/bench/decode.mjs"))
        .arg("--decoder")
        .arg(workspace.path("console/static/decoder.wasm"));
    if let Some(names) = &arguments.only {
        command.args(["--only", names]);
    }
    if arguments.no_peers {
        command.arg("--no-peers");
    }
    if arguments.fresh_peers {
        command.arg("--fresh-peers");
    }
    if let Some(file) = &arguments.json {
        // The program runs in the checkout, the file is meant where this one runs.
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    if let Some(seconds) = arguments.picture_at {
        command.args(["--picture-at", &seconds.to_string()]);
    }
    command.run()
}
