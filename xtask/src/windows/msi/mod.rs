//! The installer for Windows: `eidetic-agent-VERSION-x64.msi`, made on Linux.
//!
//! wixl makes the package out of `packaging/windows/agent.wxs`; msibuild adds what wixl has no words
//! for: [`wizard`], whose tables [`dialogs`] writes, the [`actions`], and their order. Files are
//! gathered in a folder of their own, since wixl takes no others.

mod actions;
mod dialogs;
mod licence;
mod signing;
mod table;
mod wizard;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

pub use self::signing::Signing;
use self::signing::Trial;
use super::{Prefix, target};
use crate::{build::Profile, command::Run, licences, workspace::Workspace};

/// Builds the package, and says where it is. The version is the product's, but for tests.
pub fn build(
    workspace: &Workspace,
    profile: Profile,
    version: &str,
    signing: &Signing,
) -> Result<PathBuf> {
    let next = next_version(version).with_context(|| {
        format!("Windows Installer knows no version like {version}: it is three numbers: 1.2.3")
    })?;
    signing.check()?;
    let [agent, actions] = super::agent_and_actions(workspace, profile)?;
    let folder = target(workspace).join("msi");
    let stage = folder.join("stage");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    fs::create_dir_all(&stage)?;
    for (built, name) in [(agent, "eidetic-agent.exe"), (actions, "actions.dll")] {
        let file = stage.join(name);
        strip(&built, &file)?;
        signing.sign(&file)?;
    }
    for name in ["LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(workspace.path(name), stage.join(name))?;
    }
    let others = licences::third_party(workspace, super::contents()?)?;
    // The editor of Server 2016 knows no other ends of lines.
    fs::write(
        stage.join("THIRD-PARTY-LICENCES"),
        others.replace('\n', "\r\n"),
    )?;
    for entry in fs::read_dir(workspace.path("packaging/windows"))? {
        let entry = entry?;
        fs::copy(entry.path(), stage.join(entry.file_name()))?;
    }
    let package = stage.join("package.msi");
    in_folder("wixl", &stage)
        .args(["--arch", "x64", "--define"])
        .arg(format!("VERSION={version}"))
        .args(["--define", &format!("NEXTVERSION={next}")])
        .args(["--output", "package.msi", "agent.wxs"])
        // It complains of what it can be told by msibuild only.
        .stderr(Stdio::null())
        .run()
        .context("failed to make the package")?;
    add_tables(workspace, &stage)?;
    signing.sign(&package)?;
    let name = folder.join(format!("eidetic-agent-{version}-x64.msi"));
    fs::rename(package, &name)?;
    Ok(name)
}

/// Packages of an agent that is not optimised: the product's version, and the one after it.
pub fn two_versions(workspace: &Workspace) -> Result<[(String, PathBuf); 2]> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let later = next_version(&version).context("the product's version has no next one")?;
    let build = |version: &str| build(workspace, Profile::Dev, version, &Signing::default());
    let (package, later_package) = (build(&version)?, build(&later)?);
    Ok([(version, package), (later, later_package)])
}

/// Signs it, and installs, upgrades, repairs and removes it under Wine.
pub fn rehearse(workspace: &Workspace) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let later = next_version(version).context("the product's version has no next one")?;
    let trial = Trial::make(target(workspace).join("msi/signing"))?;
    let build = |version: &str, signing: &Signing| build(workspace, Profile::Dev, version, signing);
    let package = build(version, &trial.signing())?;
    let later_package = build(&later, &Signing::default())?;
    trial.verify_all(&package)?;
    ensure!(
        trial.verify(&later_package).is_err(),
        "a package that was not signed is taken for signed"
    );
    println!("ok: program, library and package are signed, and what does not fit is refused");
    let failing = failing(&package)?;
    let prefix = Prefix::open(workspace)?;
    let mut rehearsal = workspace.built(Profile::Dev, "eidetic-rehearsal");
    rehearsal.arg("installer");
    rehearsal.arg("--package").arg(package);
    rehearsal.arg("--later").arg(later_package);
    rehearsal.arg("--failing").arg(failing);
    rehearsal.args(["--version", version, "--later-version", &later]);
    rehearsal
        .arg("--pictures")
        .arg(target(workspace).join("msi/pictures"));
    prefix.apply_to(&mut rehearsal);
    rehearsal.run()
}

/// The same package, but that it fails once the service runs: a function is called without its data.
fn failing(package: &Path) -> Result<PathBuf> {
    let failing = package.with_extension("failing.msi");
    fs::copy(package, &failing)?;
    Command::new("msibuild")
        .arg(&failing)
        .arg("-q")
        .args(actions::failing_late())
        .run()
        .context("failed to make a package that fails")?;
    Ok(failing)
}

fn add_tables(workspace: &Workspace, stage: &Path) -> Result<()> {
    let text = |name| fs::read_to_string(workspace.path(name));
    let licence = licence::rtf(
        "Eidetic may be used under the terms of the MIT licence or of the Apache licence 2.0, at \
         your option. Both follow.",
        &[&text("LICENSE-MIT")?, &text("LICENSE-APACHE")?],
    );
    let dialogs = wizard::wizard(&licence);
    let actions = actions::actions();
    let mut import = in_folder("msibuild", stage);
    import.args(["package.msi", "-i"]);
    for table in dialogs.tables().into_iter().chain([&actions.table]) {
        import.arg(table.write(stage)?);
    }
    import.run().context("failed to add the wizard")?;
    in_folder("msibuild", stage)
        .args(["package.msi", "-q"])
        .args(actions.statements.iter().chain(&dialogs.statements))
        .run()
        .context("failed to add the order of what is done")
}

/// A copy without what only debuggers read.
fn strip(from: &Path, to: &Path) -> Result<()> {
    Command::new("x86_64-w64-mingw32-strip")
        .arg("-o")
        .arg(to)
        .arg(from)
        .run()
}

fn in_folder(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

/// The version that follows, if Windows Installer can compare both with others.
fn next_version(version: &str) -> Option<String> {
    let numbers = version.split('.').map(str::parse);
    let numbers: Vec<u16> = numbers.collect::<Result<_, _>>().ok()?;
    match numbers[..] {
        [major @ ..=255, minor @ ..=255, patch @ ..=65_534] => {
            Some(format!("{major}.{minor}.{}", patch + 1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_that_can_be_compared_have_a_next_one() {
        assert_eq!(next_version("0.1.0").as_deref(), Some("0.1.1"));
        assert_eq!(next_version("255.255.9").as_deref(), Some("255.255.10"));
        for version in ["1.2", "1.2.3.4", "1.2.3-beta", "256.0.0", "1..2", ""] {
            assert_eq!(next_version(version), None);
        }
    }
}
