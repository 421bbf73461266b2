//! Sizes and times in words, and what is the same on agent and server.

use std::path::Path;

use eidetic_model::Timestamp;

use super::{Certificate, Finding};
use crate::{
    check::CheckId,
    machine::{Machine, Reach},
};

/// A service has to run, and to start with the computer.
pub(super) fn service(check: CheckId, machine: &dyn Machine, name: &str) -> Finding {
    Finding::of(check, machine.service(name), |service| match service {
        None => Finding::unmet(check, format!("{name} is not installed")),
        Some(service) => {
            let starts = service.starts_with_computer != Some(false);
            let found = format!("{name}: {}", service.words);
            Finding::met_if(service.runs && starts, check, found)
        }
    })
}

/// A folder has to be there, writable, and closed to others.
pub(super) fn folder(check: CheckId, machine: &dyn Machine, path: &Path) -> Finding {
    let shown = path.display();
    Finding::of(check, machine.can_write(path), |written| match written {
        Err(reason) => Finding::unmet(
            check,
            format!("nothing can be written to {shown}: {reason}"),
        ),
        Ok(()) => Finding::of(check, machine.open_to_others(path), |open| match open {
            Some(how) => Finding::unmet(check, format!("{shown} is open to other accounts: {how}")),
            None => Finding::met(check, format!("{shown} is writable, and closed to others")),
        }),
    })
}

/// A disk has to have more free bytes than so many.
pub(super) fn space(check: CheckId, machine: &dyn Machine, path: &Path, needed: u64) -> Finding {
    Finding::of(check, machine.free_bytes(path), |free| {
        let found = format!(
            "{} free on the disk of {}, {} needed",
            bytes(free),
            path.display(),
            bytes(needed)
        );
        Finding::met_if(free > needed, check, found)
    })
}

/// A certificate has to be valid, and renewed before the last `margin`th of its life.
pub(super) fn certificate(
    check: CheckId,
    certificate: Certificate,
    now: Timestamp,
    margin: i64,
) -> Finding {
    let (from, until) = (
        certificate.from.as_unix_micros(),
        certificate.until.as_unix_micros(),
    );
    let now = now.as_unix_micros();
    let left = until.saturating_sub(now);
    if now < from {
        let found = format!("valid from {} on only: see to the clock", certificate.from);
        return Finding::unmet(check, found);
    }
    if left <= 0 {
        return Finding::unmet(check, format!("expired at {}", certificate.until));
    }
    let is_fresh = left >= until.saturating_sub(from) / margin;
    let days = left / (24 * 60 * 60 * 1_000_000);
    let found = format!("valid until {}, {days} days more", certificate.until);
    match is_fresh {
        true => Finding::met(check, found),
        false => Finding::unmet(check, format!("{found}: it was not renewed in time")),
    }
}

/// What became of a connection, in words.
pub(super) fn reach(host: &str, port: u16, reach: &Reach) -> String {
    match reach {
        Reach::Answers => format!("{host} answers on TCP {port}"),
        Reach::NoSuchName(reason) => {
            format!("the name {host} is not known ({reason}): see to the DNS or the hosts file")
        }
        Reach::Refused => format!(
            "{host} is there, and nothing listens on its TCP {port}: is the service running?"
        ),
        Reach::Silent => format!(
            "nothing answers on TCP {port} of {host}: it is off, or a firewall in between drops it"
        ),
        Reach::Failed(reason) => format!("{host}, TCP {port}: {reason}"),
    }
}

/// A number of bytes, for people.
pub(super) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{count} bytes"),
        unit => format!("{value:.1} {}", UNITS[unit]),
    }
}
