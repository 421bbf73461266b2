//! Windows: its services, its firewall, its registry.

use std::{fs, io, path::Path};

use eidetic_winapi::{CallFailed, firewall, folder, service};
use windows_registry::LOCAL_MACHINE;

use crate::{
    machine::{Answer, CannotTell, Firewall, Machine, MendFailed, Opening, Reach, Service},
    network,
};

/// The computer that this program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisComputer;

impl Machine for ThisComputer {
    fn service(&self, name: &str) -> Answer<Option<Service>> {
        let found = service::service(name).map_err(cannot_tell)?;
        Ok(found.map(|found| Service {
            runs: found.runs,
            starts_with_computer: Some(found.is_automatic),
            words: format!("{}, {}", state(found.state), start_type(found.start_type)),
        }))
    }

    fn firewall(&self, opening: &Opening) -> Answer<Firewall> {
        let firewall = firewall::Firewall::open().map_err(cannot_tell)?;
        if !firewall.is_on().map_err(cannot_tell)? {
            return Ok(Firewall::Off("Windows' firewall is off".to_owned()));
        }
        let lets_in = match opening {
            Opening::Group(group) => firewall.lets_group_in(group),
            Opening::Port { port, .. } => firewall.rule_lets_in(&rule_name(*port), *port),
        };
        Ok(match lets_in.map_err(cannot_tell)? {
            true => Firewall::LetsIn("Windows' firewall lets it in".to_owned()),
            false => Firewall::KeepsOut("Windows' firewall does not let it in".to_owned()),
        })
    }

    fn free_bytes(&self, folder: &Path) -> Answer<u64> {
        folder::free_bytes(folder).map_err(cannot_tell)
    }

    fn can_write(&self, folder: &Path) -> Answer<Result<(), String>> {
        Ok(try_to_write(folder).map_err(|error| error.to_string()))
    }

    fn open_to_others(&self, folder: &Path) -> Answer<Option<String>> {
        let list = folder::access_list(folder).map_err(cannot_tell)?;
        Ok((!folder::is_closed(&list)).then(|| format!("who may enter it: {list}")))
    }

    fn reach(&self, host: &str, port: u16) -> Answer<Reach> {
        Ok(network::reach(host, port))
    }

    fn clock_is_kept(&self) -> Answer<bool> {
        let service = service::service(TIME_SERVICE).map_err(cannot_tell)?;
        Ok(service.is_some_and(|service| service.runs))
    }

    fn administrative_shares(&self) -> Answer<bool> {
        let server = service::service("LanmanServer").map_err(cannot_tell)?;
        let parameters = LOCAL_MACHINE
            .open(SHARES_KEY)
            .map_err(|error| CannotTell(error.to_string()))?;
        // Where nothing is said, they are on.
        let is_off = |value| parameters.get_u32(value) == Ok(0);
        let are_off = is_off("AutoShareServer") || is_off("AutoShareWks");
        Ok(server.is_some_and(|server| server.runs) && !are_off)
    }

    fn has_program(&self, _name: &str) -> Answer<bool> {
        Err(CannotTell("it is not looked for on Windows".to_owned()))
    }

    fn start_service(&self, name: &str) -> Result<(), MendFailed> {
        service::run_always(name).map_err(failed)
    }

    fn let_in(&self, opening: &Opening) -> Result<(), MendFailed> {
        let firewall = firewall::Firewall::open().map_err(failed)?;
        match opening {
            Opening::Group(group) => firewall.let_group_in(group),
            Opening::Port { port, program } => {
                firewall.let_port_in(&rule_name(*port), *port, program)
            }
        }
        .map_err(failed)
    }

    fn close_folder(&self, folder: &Path) -> Result<(), MendFailed> {
        folder::close_to_others(folder).map_err(failed)
    }

    fn keep_clock(&self) -> Result<(), MendFailed> {
        service::run_always(TIME_SERVICE).map_err(failed)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "takes errors from map_err")]
fn cannot_tell(error: CallFailed) -> CannotTell {
    CannotTell(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "takes errors from map_err")]
fn failed(error: CallFailed) -> MendFailed {
    MendFailed(error.to_string())
}

/// Makes a file, fills a block of it, and removes it: a full disk makes files and takes no bytes.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!("check-{}.tmp", std::process::id()));
    let written = fs::write(&path, [0; 4096]);
    let removed = fs::remove_file(&path);
    written.and(removed)
}

fn rule_name(port: u16) -> String {
    format!("Eidetic Agent (TCP {port})")
}

/// See <https://learn.microsoft.com/windows/win32/api/winsvc/ns-winsvc-service_status>.
fn state(number: u32) -> &'static str {
    match number {
        1 => "stopped",
        2 => "starting",
        3 => "stopping",
        4 => "running",
        7 => "paused",
        _ => "changing",
    }
}

fn start_type(number: u32) -> &'static str {
    match number {
        0..=2 => "automatic",
        3 => "manual",
        _ => "disabled",
    }
}

const TIME_SERVICE: &str = "w32time";
const SHARES_KEY: &str = r"SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_and_disks_of_this_computer_are_told() {
        let service = ThisComputer.service("RpcSs").unwrap().unwrap();
        assert!(service.words.contains(", "), "{service:?}");
        assert_eq!(ThisComputer.service("EideticNoSuchService"), Ok(None));
        let folder = tempfile::tempdir().unwrap();
        assert!(ThisComputer.free_bytes(folder.path()).unwrap() > 0);
        assert_eq!(ThisComputer.can_write(folder.path()), Ok(Ok(())));
        assert!(
            ThisComputer
                .can_write(Path::new(r"Z:\no\such"))
                .unwrap()
                .is_err()
        );
    }
}
