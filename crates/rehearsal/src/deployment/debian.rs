//! A Debian package of the agent, as small as one can be.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// Packs this program as the agent of a version. Says where the package is.
pub fn pack(folder: &Path, version: &str, program: &Path) -> Result<PathBuf> {
    let tree = folder.join("tree");
    for path in ["DEBIAN", "usr/bin", "lib/systemd/system"] {
        fs::create_dir_all(tree.join(path))?;
    }
    let control = format!(
        "Package: eidetic-agent\nVersion: {version}\nArchitecture: amd64\nMaintainer: Eidetic \
         <eidetic@localhost>\nDescription: the agent, for a rehearsal\n"
    );
    fs::write(tree.join("DEBIAN/control"), control)?;
    let installed = tree.join("usr/bin/eidetic-agent");
    fs::copy(program, &installed)?;
    fs::set_permissions(&installed, fs::Permissions::from_mode(0o755))?;
    let unit = include_str!("../../../../packaging/linux/eidetic-agent.service");
    fs::write(tree.join(UNIT.trim_start_matches('/')), unit)?;
    let package = folder.join(format!("eidetic-agent_{version}_amd64.deb"));
    let status = Command::new("dpkg-deb")
        .args(["--root-owner-group", "-z1", "--build"])
        .args([&tree, &package])
        .stdout(Stdio::null())
        .status()
        .context("failed to run dpkg-deb")?;
    ensure!(status.success(), "dpkg-deb ended with {status}");
    fs::remove_dir_all(tree)?;
    Ok(package)
}

/// Where packages have their units.
pub const UNIT: &str = "/lib/systemd/system/eidetic-agent.service";
