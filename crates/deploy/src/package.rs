//! The agent's package: a Debian package where the computer takes one, else the program itself; for
//! Windows, the package of Windows Installer.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Architecture, Computer, DeployError};

/// The folder with the packages.
///
/// | file | for |
/// |---|---|
/// | `eidetic-agent_VERSION_amd64.deb`, `…_arm64.deb` | Debian and its relatives |
/// | `eidetic-agent-x86_64`, `eidetic-agent-aarch64` | every Linux with systemd |
/// | `eidetic-agent` | the same, of the server's own processor |
/// | `eidetic-agent-VERSION-x64.msi` | Windows |
#[derive(Clone, Debug)]
pub struct Packages {
    folder: PathBuf,
}

/// One package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Package {
    /// A Debian package.
    Debian(PathBuf),
    /// The program; its unit is known here.
    Program(PathBuf),
    /// A package of Windows Installer.
    Msi(PathBuf),
}

impl Packages {
    /// Packages are in this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The one for this computer, the latest version first.
    ///
    /// # Errors
    ///
    /// If there is none; the text says what to put where.
    pub fn find(&self, computer: &Computer) -> Result<Package, DeployError> {
        let architecture = computer.architecture;
        if computer.takes_debian
            && let Some(path) = self.newest_debian(architecture)
        {
            return Ok(Package::Debian(path));
        }
        // A program beside a package of the same name would be two owners of one file.
        let debian_only = computer.installed_as_package;
        let mut programs = vec![format!("eidetic-agent-{architecture}")];
        if Architecture::of_this_computer() == Some(architecture) {
            programs.push("eidetic-agent".to_owned());
        }
        let programs = programs.iter().map(|name| self.folder.join(name));
        let program = programs
            .filter(|_| !debian_only)
            .find(|path| path.is_file());
        program.map(Package::Program).ok_or_else(|| {
            let debian = format!("`eidetic-agent_VERSION_{}.deb`", architecture.debian());
            DeployError::NoPackage {
                folder: self.folder.clone(),
                wanted: format!("{} on {architecture}", computer.system),
                names: match (debian_only, computer.takes_debian) {
                    (true, _) => debian,
                    (false, true) => format!("{debian} or `eidetic-agent-{architecture}`"),
                    (false, false) => format!("`eidetic-agent-{architecture}`"),
                },
            }
        })
    }

    /// The one for Windows computers, the latest version first.
    ///
    /// # Errors
    ///
    /// If there is none; the text says what to put where.
    pub fn find_for_windows(&self) -> Result<Package, DeployError> {
        let newest = self.newest(MSI.0, MSI.1);
        newest
            .map(Package::Msi)
            .ok_or_else(|| DeployError::NoPackage {
                folder: self.folder.clone(),
                wanted: "Windows".to_owned(),
                names: "`eidetic-agent-VERSION-x64.msi`".to_owned(),
            })
    }

    /// The newest version that is here, of any processor: nothing if there is no package, and a
    /// package without a version if there are only programs, whose names do not say it.
    pub fn version(&self) -> Option<Option<String>> {
        let names: Vec<_> = fs::read_dir(&self.folder)
            .ok()?
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .collect();
        let debian = names.iter().filter_map(|name| {
            let (version, _) = name
                .strip_prefix("eidetic-agent_")?
                .strip_suffix(".deb")?
                .rsplit_once('_')?;
            Some((version_order(version), version.to_owned()))
        });
        let windows = self.windows_version();
        let windows = windows.map(|version| (version_order(&version), version));
        if let Some((_, version)) = debian.chain(windows).max() {
            return Some(Some(version));
        }
        let programs = [
            "eidetic-agent",
            "eidetic-agent-x86_64",
            "eidetic-agent-aarch64",
        ];
        let is_there = names.iter().any(|name| programs.contains(&name.as_str()));
        is_there.then_some(None)
    }

    /// The newest version for Windows that is here.
    pub fn windows_version(&self) -> Option<String> {
        let newest = self.newest(MSI.0, MSI.1)?;
        let name = newest.file_name()?.to_str()?;
        let version = name.strip_prefix(MSI.0)?.strip_suffix(MSI.1)?;
        Some(version.to_owned())
    }

    fn newest_debian(&self, architecture: Architecture) -> Option<PathBuf> {
        let end = format!("_{}.deb", architecture.debian());
        self.newest("eidetic-agent_", &end)
    }

    fn newest(&self, start: &str, end: &str) -> Option<PathBuf> {
        let files = fs::read_dir(&self.folder).ok()?;
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let versions = names.filter_map(|name| {
            let version = name.strip_prefix(start)?.strip_suffix(end)?;
            Some((version_order(version), name.clone()))
        });
        let (_, name) = versions.max()?;
        Some(self.folder.join(name))
    }
}

impl Package {
    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Debian(path) | Self::Program(path) | Self::Msi(path) => path,
        }
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, DeployError> {
        let read = || -> io::Result<Vec<u8>> {
            let length = fs::metadata(self.path())?.len();
            if length > MOST_BYTES {
                return Err(io::Error::other("it is far larger than an agent"));
            }
            fs::read(self.path())
        };
        read().map_err(|source| DeployError::PackageUnreadable {
            path: self.path().to_owned(),
            source,
        })
    }
}

impl Architecture {
    fn of_this_computer() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Aarch64),
            _ => None,
        }
    }
}

/// Orders versions as people mean them: 0.10.0 is after 0.9.1.
fn version_order(version: &str) -> Vec<u64> {
    let parts = version.split(|c: char| !c.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// The unit that starts the program.
pub(crate) const UNIT_TEXT: &str = include_str!("../../../packaging/linux/eidetic-agent.service");

const MOST_BYTES: u64 = 1 << 30;

/// What stands before and after the version in the name of a package for Windows.
const MSI: (&str, &str) = ("eidetic-agent-", "-x64.msi");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(version_order("0.10.0") > version_order("0.9.12"));
        assert!(version_order("0.1.0-2") > version_order("0.1.0-1"));
    }

    #[test]
    fn the_newest_version_is_that_of_the_packages_and_a_program_says_none() {
        let folder = tempfile::tempdir().unwrap();
        let packages = Packages::in_folder(folder.path());
        assert_eq!(packages.version(), None);
        let put = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        put("eidetic-agent-x86_64");
        assert_eq!(packages.version(), Some(None));
        put("eidetic-agent_0.9.1-1_amd64.deb");
        put("eidetic-agent_0.10.0_arm64.deb");
        assert_eq!(packages.version(), Some(Some("0.10.0".to_owned())));
    }
}
