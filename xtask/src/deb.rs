//! The packages for Debian and its relatives: `eidetic-agent` and `eidetic-server`.
//!
//! `packaging/debian` says what is in them and what they ask; debhelper packs what was built here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result};

use crate::{
    build::Profile,
    command::Run,
    licences::{self, Programs},
    workspace::Workspace,
};

/// Packs the binaries of this profile. Says where the packages are: the agent's, the server's.
pub fn pack(workspace: &Workspace, profile: Profile, version: &str) -> Result<[PathBuf; 2]> {
    let folder = workspace.target().join("debian");
    let stage = folder.join("eidetic");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    copy_folder(&workspace.path("packaging/debian"), &stage.join("debian"))?;
    fs::create_dir_all(stage.join("bin"))?;
    for name in ["agent", "server"] {
        let program = format!("eidetic-{name}");
        fs::copy(
            workspace.binaries(profile).join(&program),
            stage.join("bin").join(&program),
        )
        .with_context(|| format!("{program} was not built"))?;
        let licences = format!("licences/{program}");
        fs::create_dir_all(stage.join(&licences))?;
        let others = format!("{licences}/THIRD-PARTY-LICENCES");
        fs::write(stage.join(&others), contents(workspace, &program)?)?;
        fs::write(stage.join(format!("debian/{program}.docs")), others + "\n")?;
        let unit = format!("{program}.service");
        fs::copy(
            workspace.path("packaging/linux").join(&unit),
            stage.join("debian").join(&unit),
        )?;
    }
    fs::copy(
        workspace.path("packaging/linux/eidetic.sysusers"),
        stage.join("debian/eidetic-server.sysusers"),
    )?;
    let changelog = format!(
        "eidetic ({version}) unstable; urgency=medium\n\n  * What is new: see CHANGELOG.md of the \
         project.\n\n -- The Eidetic contributors <eidetic@localhost>  Thu, 01 Jan 2026 00:00:00 \
         +0000\n"
    );
    fs::write(stage.join("debian/changelog"), changelog)?;
    let mut pack = workspace.command("dpkg-buildpackage");
    pack.current_dir(&stage)
        // What is there was built already; for whom to sign is the archive's business.
        .args(["--build=binary", "--no-pre-clean", "--no-check-builddeps"])
        .args(["--unsigned-changes", "--unsigned-buildinfo"])
        .stdout(Stdio::null());
    if profile == Profile::Dev {
        pack.env("EIDETIC_PACK_OPTIONS", "-Zgzip -z1");
    }
    pack.run().context("failed to pack")?;
    Ok(["agent", "server"].map(|name| folder.join(format!("eidetic-{name}_{version}_amd64.deb"))))
}

/// The licences of what others wrote and the program contains.
fn contents(workspace: &Workspace, program: &str) -> Result<String> {
    let others = match program {
        "eidetic-server" => licences::of_the_console(workspace)?,
        _ => Vec::new(),
    };
    let programs = Programs {
        packages: &[program],
        target: "x86_64-unknown-linux-gnu",
        others,
    };
    licences::third_party(workspace, programs)
}

/// Looks for what Debian would not take.
fn lint(packages: &[&PathBuf]) -> Result<()> {
    let mut lint = std::process::Command::new("lintian");
    lint.args(["--fail-on", "error,warning", "--allow-root"]);
    lint.args(packages).run()
}

/// Installs, upgrades, removes and purges them, on a copy of this computer's files.
pub fn rehearse(workspace: &Workspace) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let [agent, server] = pack(workspace, Profile::Dev, version)?;
    let [later, later_server] = pack(workspace, Profile::Dev, &format!("{version}+1"))?;
    lint(&[&agent, &server])?;
    fs::remove_file(later_server)?;
    // What it mounts ends with it.
    let mut rehearsal = workspace.command("unshare");
    rehearsal
        .arg("--mount")
        .arg(workspace.binaries(Profile::Dev).join("eidetic-rehearsal"))
        .arg("debian");
    rehearsal.arg("--agent").arg(agent);
    rehearsal.arg("--later").arg(later);
    rehearsal.arg("--server").arg(server);
    rehearsal.run()
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
