//! What a computer is, and whether an agent can be put on it.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::{
    Account, DeployError,
    commands::{EXAMINE, WHAT_IS_INSTALLED, shell},
    connection::Connection,
    privilege::Privilege,
};

/// What a computer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Computer {
    /// Its own name.
    pub name: String,
    /// Its system, for a person.
    pub system: String,
    /// Its processor.
    pub architecture: Architecture,
    /// Whether it takes Debian packages.
    pub takes_debian: bool,
    /// The version of the agent that is on it.
    pub installed: Option<String>,
    /// Whether that agent came as a Debian package.
    pub installed_as_package: bool,
    /// What is free: MiB by folder.
    free_mib: BTreeMap<String, u64>,
}

/// A processor for which there are agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64 bits of Intel and AMD.
    X86_64,
    /// 64 bits of ARM.
    Aarch64,
}

impl Architecture {
    /// As Debian calls it.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    fn read(machine: &str) -> Option<Self> {
        match machine {
            "x86_64" | "amd64" => Some(Self::X86_64),
            "aarch64" | "arm64" => Some(Self::Aarch64),
            _ => None,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        })
    }
}

impl Computer {
    /// Looks at a computer, and finds how to be root there.
    pub(crate) async fn examine(
        connection: &Connection,
        account: &Account,
    ) -> Result<(Self, Privilege), DeployError> {
        let attempt = "looking at the computer";
        let seen = connection.run(attempt, &shell(EXAMINE), "", LIMIT).await?;
        let (computer, is_root, has_sudo) = Self::read(&seen.out)?;
        let privilege = Privilege::find(connection, account, is_root, has_sudo).await?;
        let found = privilege
            .run(connection, attempt, WHAT_IS_INSTALLED, "", LIMIT)
            .await?;
        Ok((computer.with_installed(&found.out), privilege))
    }

    /// A Windows computer, as it says of itself.
    pub(crate) fn windows(name: String, system: String, installed: Option<String>) -> Self {
        Self {
            name,
            system,
            architecture: Architecture::X86_64,
            takes_debian: false,
            installed,
            installed_as_package: true,
            free_mib: BTreeMap::new(),
        }
    }

    /// Refuses a computer that has less room than this.
    pub(crate) fn check_room(&self, needed: &[(&str, u64)]) -> Result<(), DeployError> {
        for (place, bytes) in needed {
            let needed_mib = bytes.div_ceil(MIB);
            // What does not say how much is free is found out by trying.
            if let Some(free_mib) = self.free_mib.get(*place)
                && *free_mib < needed_mib
            {
                return Err(DeployError::DiskFull {
                    place: (*place).to_owned(),
                    free_mib: *free_mib,
                    needed_mib,
                });
            }
        }
        Ok(())
    }

    /// What is free, for a message.
    pub(crate) fn free_mib(&self, place: &str) -> u64 {
        self.free_mib.get(place).copied().unwrap_or_default()
    }

    fn read(said: &str) -> Result<(Self, bool, bool), DeployError> {
        let value = |name: &str| {
            let lines = said.lines().filter_map(|line| line.split_once('='));
            let mut values = lines.filter(|(key, _)| *key == name);
            values
                .next()
                .map(|(_, value)| value.trim())
                .unwrap_or_default()
        };
        let has = |what: &str| {
            said.lines()
                .any(|line| line.trim() == format!("has={what}"))
        };
        let system = value("system");
        if system != "Linux" {
            return Err(DeployError::Unsupported(match system {
                "" => "it does not say what it is; Linux computers are installed by SSH".to_owned(),
                system => format!("its system is {system}; Linux computers are installed by SSH"),
            }));
        }
        let machine = value("machine");
        let Some(architecture) = Architecture::read(machine) else {
            return Err(DeployError::Unsupported(format!(
                "its processor is {machine:?}; there are agents for x86_64 and aarch64"
            )));
        };
        if !has("systemd") {
            return Err(DeployError::Unsupported(
                "it does not run systemd, which starts the agent; install it by hand there"
                    .to_owned(),
            ));
        }
        let free = said.lines().filter_map(|line| line.strip_prefix("free="));
        let computer = Self {
            name: value("name").to_owned(),
            system: match value("distribution") {
                "" => "Linux".to_owned(),
                distribution => distribution.to_owned(),
            },
            architecture,
            takes_debian: has("dpkg"),
            installed: None,
            installed_as_package: false,
            free_mib: free.filter_map(read_free).collect(),
        };
        Ok((computer, value("user") == "0", has("sudo")))
    }

    fn with_installed(mut self, said: &str) -> Self {
        for line in said.lines() {
            match line.split_once('=') {
                Some(("version", version)) => {
                    let version = version.trim().rsplit(' ').next().unwrap_or_default();
                    self.installed = Some(version.to_owned());
                }
                Some(("package", "installed")) => self.installed_as_package = true,
                _ => {}
            }
        }
        self
    }
}

/// Reads `folder:` and a line of `df -Pk`. Names of file systems and folders may hold spaces: what
/// counts are the four columns before the folder.
fn read_free(line: &str) -> Option<(String, u64)> {
    let (place, columns) = line.split_once(':')?;
    let percent = columns.find("% ")?;
    let mut before = columns[..percent].split_whitespace().rev();
    let free_kib: u64 = before.nth(1)?.parse().ok()?;
    Some((place.to_owned(), free_kib / 1024))
}

const LIMIT: Duration = Duration::from_secs(60);
const MIB: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "system=Linux\nmachine=x86_64\nuser=1000\nname=web-1\nhas=sudo\nhas=dpkg\n\
        has=systemd\ndistribution=Debian GNU/Linux 12 (bookworm)\n\
        free=/tmp:tmpfs 102400 51200 51200 50% /tmp\n\
        free=/usr:/dev/a b 99 1 20480 17% /mnt/with space";

    #[test]
    fn a_computer_is_read_from_what_it_says() {
        let (computer, is_root, has_sudo) = Computer::read(SAID).unwrap();
        assert!(!is_root && has_sudo && computer.takes_debian);
        assert_eq!(computer.name, "web-1");
        assert_eq!(computer.system, "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(computer.architecture, Architecture::X86_64);
        assert_eq!(
            (computer.free_mib("/tmp"), computer.free_mib("/usr")),
            (50, 20)
        );
        let computer = computer.with_installed("version=eidetic-agent 0.1.0\npackage=installed");
        assert_eq!(computer.installed.as_deref(), Some("0.1.0"));
        assert!(computer.installed_as_package);
    }

    #[test]
    fn room_that_is_missing_is_told_with_its_place() {
        let (computer, ..) = Computer::read(SAID).unwrap();
        assert!(
            computer
                .check_room(&[("/tmp", 40 << 20), ("/var", 1 << 40)])
                .is_ok()
        );
        let refused = computer
            .check_room(&[("/usr", (20 << 20) + 1)])
            .unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("/usr has 20 MiB free, and 21 MiB"), "{text}");
    }

    #[test]
    fn what_cannot_take_an_agent_is_told_why() {
        let refused = |said: &str| Computer::read(said).unwrap_err().to_string();
        assert!(refused("system=FreeBSD").contains("FreeBSD"));
        assert!(refused("system=Linux\nmachine=riscv64").contains("riscv64"));
        assert!(refused("system=Linux\nmachine=x86_64").contains("systemd"));
        assert!(refused("This account is closed.").contains("does not say"));
    }
}
