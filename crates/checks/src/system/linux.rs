//! Linux, with systemd where it is asked about services.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    machine::{Answer, CannotTell, Firewall, Machine, MendFailed, Opening, Reach, Service},
    network,
};

/// The computer that this program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisComputer;

impl Machine for ThisComputer {
    fn service(&self, name: &str) -> Answer<Option<Service>> {
        let said = run(
            "systemctl",
            &[
                "show",
                "--no-pager",
                "--property=LoadState,ActiveState,SubState,UnitFileState",
                name,
            ],
        )
        .map_err(|reason| CannotTell(format!("systemd cannot be asked: {reason}")))?;
        Ok(service(&said))
    }

    fn firewall(&self, opening: &Opening) -> Answer<Firewall> {
        let Opening::Port { port, .. } = opening else {
            return Err(CannotTell("only Windows has such rules".to_owned()));
        };
        let port = format!("{port}/tcp");
        if run("firewall-cmd", &["--state"]).is_ok() {
            return Ok(match run("firewall-cmd", &["--query-port", &port]) {
                Ok(_) => Firewall::LetsIn(format!("firewalld lets {port} in")),
                Err(_) => Firewall::KeepsOut(format!("firewalld does not let {port} in")),
            });
        }
        match run("ufw", &["status"]) {
            Ok(said) => Ok(ufw(&said, &port)),
            Err(_) => Ok(Firewall::Off(
                "neither firewalld nor ufw is active; other rules are not seen".to_owned(),
            )),
        }
    }

    fn free_bytes(&self, folder: &Path) -> Answer<u64> {
        let stat = rustix::fs::statvfs(folder)
            .map_err(|error| CannotTell(format!("{}: {error}", folder.display())))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn can_write(&self, folder: &Path) -> Answer<Result<(), String>> {
        Ok(try_to_write(folder).map_err(|error| error.to_string()))
    }

    fn open_to_others(&self, folder: &Path) -> Answer<Option<String>> {
        let metadata = fs::metadata(folder)
            .map_err(|error| CannotTell(format!("{}: {error}", folder.display())))?;
        let mode = metadata.mode() & 0o777;
        Ok((mode & 0o077 != 0).then(|| format!("its mode is {mode:04o}")))
    }

    fn reach(&self, host: &str, port: u16) -> Answer<Reach> {
        Ok(network::reach(host, port))
    }

    fn clock_is_kept(&self) -> Answer<bool> {
        let said = run(
            "timedatectl",
            &["show", "--property=NTPSynchronized", "--value"],
        )
        .map_err(|reason| CannotTell(format!("timedatectl cannot be asked: {reason}")))?;
        Ok(said.trim() == "yes")
    }

    fn administrative_shares(&self) -> Answer<bool> {
        Err(CannotTell(
            "only Windows has administrative shares".to_owned(),
        ))
    }

    fn has_program(&self, name: &str) -> Answer<bool> {
        let places = ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin"];
        Ok(places
            .iter()
            .any(|place| Path::new(place).join(name).is_file()))
    }

    fn start_service(&self, name: &str) -> Result<(), MendFailed> {
        // Some that start when they are asked cannot be enabled, and need not be.
        let enabled = run("systemctl", &["--no-ask-password", "enable", name]);
        run("systemctl", &["--no-ask-password", "start", name]).map_err(MendFailed)?;
        match enabled {
            Err(reason) if name != "systemd-logind" => Err(MendFailed(reason)),
            _ => Ok(()),
        }
    }

    fn let_in(&self, opening: &Opening) -> Result<(), MendFailed> {
        let Opening::Port { port, .. } = opening else {
            return Err(MendFailed("only Windows has such rules".to_owned()));
        };
        let port = format!("{port}/tcp");
        if run("firewall-cmd", &["--state"]).is_ok() {
            let add = format!("--add-port={port}");
            run("firewall-cmd", &["--permanent", &add]).map_err(MendFailed)?;
            run("firewall-cmd", &["--reload"]).map_err(MendFailed)?;
        } else {
            run("ufw", &["allow", &port]).map_err(MendFailed)?;
        }
        Ok(())
    }

    fn close_folder(&self, folder: &Path) -> Result<(), MendFailed> {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|error| MendFailed(error.to_string()))
    }

    fn keep_clock(&self) -> Result<(), MendFailed> {
        run("timedatectl", &["--no-ask-password", "set-ntp", "true"]).map_err(MendFailed)?;
        Ok(())
    }
}

/// Runs one of the system's programs. What it printed, or why it failed.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.trim().lines().next().unwrap_or("it failed");
    Err(format!("{program}: {first}"))
}

/// A service, by the properties that systemd tells.
fn service(said: &str) -> Option<Service> {
    let property = |name: &str| {
        let mut lines = said.lines().filter_map(|line| line.split_once('='));
        let found = lines.find(|(key, _)| *key == name);
        found.map_or("", |(_, value)| value)
    };
    if property("LoadState") != "loaded" {
        return None;
    }
    let (active, enabled) = (property("ActiveState"), property("UnitFileState"));
    Some(Service {
        runs: active == "active",
        starts_with_computer: match enabled {
            "enabled" | "enabled-runtime" | "alias" => Some(true),
            "static" | "indirect" | "generated" | "transient" => None,
            _ => Some(false),
        },
        words: format!("{active} ({}), {enabled}", property("SubState")),
    })
}

/// What ufw does with a port, by what it says of itself.
fn ufw(said: &str, port: &str) -> Firewall {
    if !said.lines().any(|line| line.trim() == "Status: active") {
        return Firewall::Off("ufw is not active; other rules are not seen".to_owned());
    }
    let number = port.split('/').next().unwrap_or(port);
    let allows = |line: &str| {
        let mut words = line.split_whitespace();
        let to = words.next();
        let is_it = to == Some(port) || to == Some(number);
        is_it && words.any(|word| word == "ALLOW")
    };
    match said.lines().any(allows) {
        true => Firewall::LetsIn(format!("ufw lets {port} in")),
        false => Firewall::KeepsOut(format!("ufw does not let {port} in")),
    }
}

/// Makes a file, fills a block of it, and removes it: a full disk makes files and takes no bytes.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".check-{}", std::process::id()));
    let written = fs::write(&path, [0; 4096]);
    let removed = fs::remove_file(&path);
    written.and(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_says_of_a_service_is_understood() {
        let said = |load, active, enabled| {
            service(&format!(
                "LoadState={load}\nActiveState={active}\nSubState=x\nUnitFileState={enabled}\n"
            ))
        };
        assert_eq!(said("not-found", "inactive", ""), None);
        let good = said("loaded", "active", "enabled").unwrap();
        assert!(good.runs && good.starts_with_computer == Some(true));
        let asked = said("loaded", "active", "static").unwrap();
        assert_eq!(asked.starts_with_computer, None);
        let off = said("loaded", "failed", "disabled").unwrap();
        assert!(!off.runs && off.starts_with_computer == Some(false));
    }

    #[test]
    fn what_ufw_says_of_a_port_is_understood() {
        let active = "Status: active\n\nTo                         Action      From\n\
            22/tcp                     ALLOW       Anywhere\n\
            9443                       ALLOW       10.0.0.0/8\n\
            9004/tcp                   DENY        Anywhere\n";
        assert!(matches!(ufw(active, "22/tcp"), Firewall::LetsIn(_)));
        assert!(matches!(ufw(active, "9443/tcp"), Firewall::LetsIn(_)));
        assert!(matches!(ufw(active, "9004/tcp"), Firewall::KeepsOut(_)));
        assert!(matches!(
            ufw("Status: inactive\n", "22/tcp"),
            Firewall::Off(_)
        ));
    }

    #[test]
    fn a_folder_that_is_open_is_found_and_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let open = ThisComputer.open_to_others(path).unwrap();
        assert_eq!(open.as_deref(), Some("its mode is 0755"));
        ThisComputer.close_folder(path).unwrap();
        assert_eq!(ThisComputer.open_to_others(path), Ok(None));
        assert_eq!(ThisComputer.can_write(path), Ok(Ok(())));
        assert_eq!(fs::read_dir(path).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_takes_nothing() {
        let path = Path::new("/nowhere/at/all");
        assert!(ThisComputer.can_write(path).unwrap().is_err());
        assert!(ThisComputer.free_bytes(path).is_err());
    }
}
