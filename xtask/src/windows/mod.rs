//! The agent for Windows, built on Linux and tested under Wine.

pub mod msi;
mod wine;

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};

pub use self::wine::Prefix;
use crate::{
    build::Profile,
    command::Run,
    licences::{Part, Programs},
    workspace::Workspace,
};

/// What Rust calls the system.
const TARGET: &str = "x86_64-pc-windows-gnu";

/// The terms of what the C compiler adds to each program.
const RUNTIME_LICENCE: &str = "/usr/share/doc/mingw-w64-common/copyright";

/// The crates that the agent consists of.
const PACKAGES: &[&str] = &[
    "agent",
    "capture",
    "checks",
    "codec",
    "model",
    "msi-actions",
    "pipe-relay",
    "runtime",
    "search",
    "spool",
    "winapi",
    "wire",
];

/// Builds `eidetic-agent.exe`, and says where it is.
pub fn agent(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let [agent, _] = agent_and_actions(workspace, profile)?;
    Ok(agent)
}

/// Builds what the installer is made of, and says where it is: `eidetic-agent.exe`, and the library
/// that Windows Installer calls. Always both in one go: built apart, optimised, neither could use
/// what was compiled for the other.
pub fn agent_and_actions(workspace: &Workspace, profile: Profile) -> Result<[PathBuf; 2]> {
    let mut cargo = cargo(workspace, "build");
    cargo.args(["--bins", "--lib"]);
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    cargo
        .run()
        .context("failed to build the agent and its installer's library for Windows")?;
    let folder = target(workspace).join(TARGET).join(profile.folder());
    Ok(["eidetic-agent.exe", "eidetic_msi_actions.dll"].map(|name| folder.join(name)))
}

/// Installs, upgrades and removes the agent under Wine as a server does it from afar.
pub fn rehearse_push(workspace: &Workspace) -> Result<()> {
    let [(version, package), (later_version, later)] = msi::two_versions(workspace)?;
    let prefix = Prefix::open(workspace)?;
    let folder = target(workspace).join(TARGET).join(Profile::Dev.folder());
    let mut rehearsal = workspace.built(Profile::Dev, "eidetic-rehearsal");
    rehearsal.arg("push").arg("--package").arg(package);
    rehearsal.arg("--later").arg(later);
    rehearsal.args(["--version", &version, "--later-version", &later_version]);
    rehearsal
        .arg("--relay")
        .arg(folder.join("eidetic-pipe-relay.exe"));
    prefix.apply_to(&mut rehearsal);
    rehearsal.run()
}

/// What of others is in the agent and its installer's library.
pub fn contents() -> Result<Programs<'static>> {
    let text = fs::read_to_string(RUNTIME_LICENCE)
        .with_context(|| format!("failed to read {RUNTIME_LICENCE}, which its package brings"))?;
    Ok(Programs {
        packages: &["eidetic-agent", "eidetic-msi-actions"],
        target: TARGET,
        others: vec![Part {
            name: "MinGW-w64 runtime".to_owned(),
            licence: "ZPL-2.1".to_owned(),
            origin: "https://www.mingw-w64.org".to_owned(),
            texts: vec![text],
        }],
    })
}

/// Builds the tests.
pub fn build_tests(workspace: &Workspace) -> Result<()> {
    tests(workspace).arg("--no-run").run()
}

/// Runs the tests in this prefix.
pub fn run_tests(workspace: &Workspace, prefix: &Prefix) -> Result<()> {
    let fixture = fixture(workspace).context("failed to build the program of the tests")?;
    let mut cargo = tests(workspace);
    prefix.apply_to(&mut cargo);
    cargo.arg("--quiet").env("EIDETIC_FIXTURE", fixture).run()
}

/// Builds the program whose windows the tests look at, and says where it is.
pub fn fixture(workspace: &Workspace) -> Result<PathBuf> {
    let (program, resource) = (
        target(workspace).join("fixture.exe"),
        target(workspace).join("fixture.res.o"),
    );
    Command::new("x86_64-w64-mingw32-windres")
        .arg(workspace.path("xtask/src/windows/fixture.rc"))
        .arg(&resource)
        .run()?;
    Command::new(wine::COMPILER)
        .args(["-O2", "-Wall", "-Werror", "-mwindows", "-municode", "-o"])
        .arg(&program)
        .arg(workspace.path("xtask/src/windows/fixture.c"))
        .arg(resource)
        .run()?;
    Ok(program)
}

/// Runs clippy on what only Windows has, and on the rest again.
pub fn clippy(workspace: &Workspace) -> Result<()> {
    let mut cargo = cargo_command(workspace, "/usr/bin/cargo-clippy", "clippy");
    // Else it would be rustup's that it calls.
    cargo.env("CARGO", "/usr/bin/cargo");
    cargo
        .args(["--all-targets", "--", "--deny", "warnings"])
        .run()
}

fn tests(workspace: &Workspace) -> Command {
    let mut cargo = cargo(workspace, "test");
    cargo.args(["--lib", "--bins", "--tests", "--no-fail-fast"]);
    cargo
}

/// Debian's cargo for this target and these crates, always with the same standard library, so that
/// what was built for one command serves the others: rustup has no other for Windows here than one
/// that is built from Debian's source.
fn cargo(workspace: &Workspace, command: &str) -> Command {
    cargo_command(workspace, "/usr/bin/cargo", command)
}

fn cargo_command(workspace: &Workspace, program: &str, command: &str) -> Command {
    let mut cargo = workspace.command(program);
    cargo
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", target(workspace))
        .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", wine::PROGRAM)
        // Cargo run by rustup passes its own toolchain on, which is not the one wanted here.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .args([command, "--locked", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,test");
    for package in PACKAGES {
        cargo.args(["--package", &format!("eidetic-{package}")]);
    }
    cargo
}

fn target(workspace: &Workspace) -> PathBuf {
    workspace.target().join("windows")
}
