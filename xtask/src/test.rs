//! Everything that must pass.

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    build::{self, Profile},
    command::Run,
    deb, packages,
    steps::Steps,
    wasm, windows,
    workspace::Workspace,
};

/// A part of it that can be run alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// Everything but the agent on Windows.
    Linux,
    /// The agent on Windows: built here, tested under Wine.
    Windows,
}

/// Runs all stages or one, and of them only the steps whose name contains a word.
pub fn run(workspace: &Workspace, stage: Option<Stage>, only: Option<&str>) -> Result<()> {
    let mut steps = Steps::new(only);
    if stage != Some(Stage::Windows) {
        linux(workspace, &mut steps)?;
    }
    if stage == Some(Stage::Windows) {
        steps.step("windows stage's server", || {
            packages::install(packages::BUILD)?;
            build::everything(workspace, Profile::Dev)
        })?;
    }
    if stage != Some(Stage::Linux) {
        windows(workspace, &mut steps)?;
    }
    steps.print_times();
    Ok(())
}

fn windows(workspace: &Workspace, steps: &mut Steps<'_>) -> Result<()> {
    steps.step("windows packages", || packages::install(packages::WINDOWS))?;
    steps.step("windows clippy", || windows::clippy(workspace))?;
    steps.step("windows build of the tests", || {
        windows::build_tests(workspace)
    })?;
    steps.step("windows build of the agent", || {
        windows::agent(workspace, Profile::Dev).map(drop)
    })?;
    steps.step("windows unit tests under Wine", || {
        let prefix = windows::Prefix::open(workspace)?;
        windows::run_tests(workspace, &prefix)
    })?;
    steps.step("windows service under Wine", || {
        let prefix = windows::Prefix::open(workspace)?;
        let mut rehearsal = workspace.built(Profile::Dev, "eidetic-rehearsal");
        rehearsal
            .args(["windows", "--agent"])
            .arg(windows::agent(workspace, Profile::Dev)?)
            .arg("--fixture")
            .arg(windows::fixture(workspace)?);
        prefix.apply_to(&mut rehearsal);
        rehearsal.run()
    })?;
    steps.step("windows installer packages", || {
        packages::install(packages::MSI)?;
        packages::install(packages::WIZARD)
    })?;
    steps.step("windows installer under Wine", || {
        windows::msi::rehearse(workspace)
    })?;
    steps.step("windows deployment by SMB", || {
        packages::install(packages::MSI)?;
        packages::install(packages::SMB_PEER)?;
        windows::rehearse_push(workspace)
    })
}

fn linux(workspace: &Workspace, steps: &mut Steps<'_>) -> Result<()> {
    steps.step("debian packages", || {
        packages::install(packages::BUILD)?;
        packages::install(packages::DESKTOP)?;
        packages::install(packages::MAIL_PEER)?;
        packages::install_directory()
    })?;
    steps.step("rust format", || {
        workspace.cargo().args(["fmt", "--all", "--check"]).run()
    })?;
    steps.step("npm packages", || build::npm_packages(workspace))?;
    steps.step("decoder for the browser", || wasm::decoder(workspace))?;
    steps.step("console check", || {
        workspace.npm().args(["run", "check"]).run()
    })?;
    steps.step("console unit tests", || {
        workspace.npm().args(["test"]).run()
    })?;
    steps.step("console build", || {
        workspace.npm().args(["run", "build"]).run()
    })?;
    steps.step("binaries", || build::binaries(workspace, Profile::Dev))?;
    steps.step("test runner", || install_nextest(workspace))?;
    steps.step("rust tests", || {
        workspace
            .cargo()
            .args([
                "nextest",
                "run",
                "--workspace",
                "--locked",
                "--no-fail-fast",
            ])
            .run()
    })?;
    steps.step("documentation tests", || {
        workspace
            .cargo()
            .args(["test", "--doc", "--workspace", "--locked", "--quiet"])
            .run()
    })?;
    steps.step("decoder against native", || {
        workspace
            .built(Profile::Dev, "eidetic-rehearsal")
            .arg("compare-decoders")
            .arg("--wasm")
            .arg(workspace.path("console/static/decoder.wasm"))
            .arg("--script")
            .arg(workspace.path("crates/codec-wasm/tests/node/decode.mjs"))
            .run()
    })?;
    steps.step("end-to-end tests in the browser", || {
        workspace
            .built(Profile::Dev, "eidetic-rehearsal")
            .arg("end-to-end")
            .arg("--tests")
            .arg(workspace.path("console/tests/e2e"))
            .run()
    })?;
    steps.step("message to users and listed windows alone", || {
        workspace
            .built(Profile::Dev, "eidetic-rehearsal")
            .arg("session-plan")
            .run()
    })?;
    steps.step("packages for Debian", || {
        packages::install(packages::DEB)?;
        deb::rehearse(workspace)
    })?;
    steps.step("calls of the server to agents", || {
        workspace
            .built(Profile::Dev, "eidetic-rehearsal")
            .arg("control")
            .run()
    })?;
    steps.step("deployment by SSH", || {
        packages::install(packages::SSH_PEER)?;
        workspace
            .built(Profile::Dev, "eidetic-rehearsal")
            .arg("deployment")
            .run()
    })?;
    steps.step("clippy", || {
        workspace
            .cargo()
            .args(["clippy", "--workspace", "--all-targets", "--locked"])
            .args(["--", "--deny", "warnings"])
            .run()
    })
}

/// Builds the test runner from crates.io where it is missing.
fn install_nextest(workspace: &Workspace) -> Result<()> {
    let version = workspace.cargo().args(["nextest", "--version"]).output();
    if version.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    workspace
        .cargo()
        .args(["install", "--locked", "--quiet", "cargo-nextest"])
        .run()
}
