//! An agent's computer.

use std::path::Path;

use eidetic_model::Timestamp;

use super::{AgentFacts, Finding, MOST_SKEW, Sessions, Verdict, listed, words};
use crate::{
    check::{CheckId, Place},
    installation::Installation,
    machine::{Firewall, Machine, Opening, Reach},
};

/// Looks at all prerequisites of the installation's system that serve an agent.
pub fn examine_agent(
    machine: &dyn Machine,
    facts: &AgentFacts,
    installation: &Installation,
    now: Timestamp,
) -> Vec<Finding> {
    listed(Place::Agent, |check| {
        installation.system.is_of(check.systems)
    })
    .map(|check| one(check, machine, facts, installation, now))
    .collect()
}

/// Looks at one of them.
pub(crate) fn one(
    check: CheckId,
    machine: &dyn Machine,
    facts: &AgentFacts,
    installation: &Installation,
    now: Timestamp,
) -> Finding {
    let folder = Path::new(&installation.folder);
    match check {
        CheckId::AgentService => words::service(check, machine, &installation.service),
        CheckId::AgentFolder => words::folder(check, machine, folder),
        CheckId::SpoolSpace => words::space(check, machine, folder, facts.min_free_bytes),
        CheckId::ServerReachable => server_reachable(machine, facts),
        CheckId::ClockInStep => clock_in_step(machine, facts),
        CheckId::AgentCertificate => {
            Finding::of(check, facts.certificate.clone(), |certificate| {
                match certificate {
                    // It is renewed in its last third: half of that is late.
                    Some(certificate) => words::certificate(check, certificate, now, 6),
                    None => Finding::unmet(check, NOT_ENROLLED),
                }
            })
        }
        CheckId::Logind => match &facts.sessions {
            Sessions::Told(_) => Finding::met(check, "the sessions are told"),
            Sessions::NotTold(reason) => Finding::unmet(check, reason.clone()),
            Sessions::BySystem => Finding::met(check, "the system tells of them"),
        },
        CheckId::XAccess => x_access(&facts.sessions),
        CheckId::ControlPort => firewall(check, machine, &control_port(installation)),
        CheckId::ControlListener => control_listener(machine, facts, installation),
        CheckId::WmiService => words::service(check, machine, WMI),
        CheckId::RemoteRegistryService => words::service(check, machine, REMOTE_REGISTRY),
        CheckId::FileSharingFirewall => firewall(check, machine, &Opening::FILE_SHARING),
        CheckId::WmiFirewall => firewall(check, machine, &Opening::WMI),
        CheckId::AdministrativeShares => {
            Finding::of(check, machine.administrative_shares(), |are_on| {
                Finding::met_if(
                    are_on,
                    check,
                    if are_on {
                        "they are on"
                    } else {
                        "they are off"
                    },
                )
            })
        }
        CheckId::Ssh => Finding::of(check, machine.reach(LOCALHOST, SSH_PORT), |reach| {
            let found = match reach {
                Reach::Answers => "it answers on TCP 22".to_owned(),
                _ => "nothing answers on TCP 22 of this computer".to_owned(),
            };
            Finding::met_if(reach == Reach::Answers, check, found)
        }),
        CheckId::Sudo => Finding::of(check, machine.has_program("sudo"), |is_there| {
            let found = if is_there {
                "it is there"
            } else {
                "it is not installed"
            };
            Finding::met_if(is_there, check, found)
        }),
        other => unlisted(other),
    }
}

/// What the control port needs of the firewall.
pub(crate) fn control_port(installation: &Installation) -> Opening {
    Opening::Port {
        port: installation.control_port,
        program: installation.program.clone(),
    }
}

fn control_listener(
    machine: &dyn Machine,
    facts: &AgentFacts,
    installation: &Installation,
) -> Finding {
    let check = CheckId::ControlListener;
    let port = installation.control_port;
    if port == 0 {
        return Finding::met(check, "turned off in the configuration");
    }
    if let Ok(None) = facts.server {
        return Finding::met(check, "it does once this computer is enrolled");
    }
    Finding::of(check, machine.reach(LOCALHOST, port), |reach| {
        let found = match reach {
            Reach::Answers => format!("it answers on TCP {port}"),
            _ => format!("nothing answers on TCP {port} of this computer"),
        };
        Finding::met_if(reach == Reach::Answers, check, found)
    })
}

fn server_reachable(machine: &dyn Machine, facts: &AgentFacts) -> Finding {
    let check = CheckId::ServerReachable;
    Finding::of(check, facts.server.clone(), |server| {
        let Some((host, port)) = server else {
            return Finding::unmet(check, NOT_ENROLLED);
        };
        Finding::of(check, machine.reach(&host, port), |reach| {
            let found = words::reach(&host, port, &reach);
            Finding::met_if(reach == Reach::Answers, check, found)
        })
    })
}

fn clock_in_step(machine: &dyn Machine, facts: &AgentFacts) -> Finding {
    let check = CheckId::ClockInStep;
    let Some(ahead) = facts.ahead_micros else {
        // Without the server, that a time service keeps it is all that can be said.
        return Finding::of(check, machine.clock_is_kept(), |is_kept| match is_kept {
            true => Finding::met(
                check,
                "not compared with the server's yet; a time service keeps it",
            ),
            false => Finding {
                check,
                verdict: Verdict::Unknown,
                found: "not compared with the server's yet, and no time service keeps it"
                    .to_owned(),
            },
        });
    };
    let by = std::time::Duration::from_micros(ahead.unsigned_abs());
    let side = if ahead >= 0 { "ahead of" } else { "behind" };
    let found = format!("{:.1} s {side} the server's", by.as_secs_f64());
    Finding::met_if(by <= MOST_SKEW, check, found)
}

fn x_access(sessions: &Sessions) -> Finding {
    let check = CheckId::XAccess;
    let displays = match sessions {
        Sessions::Told(displays) => displays,
        Sessions::BySystem => return Finding::met(check, "the system needs no key"),
        Sessions::NotTold(_) => {
            return Finding {
                check,
                verdict: Verdict::Unknown,
                found: "the sessions are not told, so there is no display to try".to_owned(),
            };
        }
    };
    let closed = displays.iter().filter_map(|(display, opened)| {
        let reason = opened.as_ref().err()?;
        Some(format!("{display}: {reason}"))
    });
    let closed: Vec<_> = closed.collect();
    if !closed.is_empty() {
        return Finding::unmet(check, closed.join("; "));
    }
    match displays.len() {
        0 => Finding::met(check, "no session now"),
        1 => Finding::met(check, format!("{} can be opened", displays[0].0)),
        count => Finding::met(check, format!("all {count} can be opened")),
    }
}

fn firewall(check: CheckId, machine: &dyn Machine, opening: &Opening) -> Finding {
    Finding::of(
        check,
        machine.firewall(opening),
        |firewall| match firewall {
            Firewall::Off(words) | Firewall::LetsIn(words) => Finding::met(check, words),
            Firewall::KeepsOut(words) => Finding::unmet(check, words),
        },
    )
}

pub(super) fn unlisted(check: CheckId) -> Finding {
    Finding {
        check,
        verdict: Verdict::Unknown,
        found: "it is not looked at on this computer".to_owned(),
    }
}

pub(crate) const WMI: &str = "Winmgmt";
pub(crate) const REMOTE_REGISTRY: &str = "RemoteRegistry";
const NOT_ENROLLED: &str = "this computer is not enrolled: run `eidetic-agent enrol`";
const LOCALHOST: &str = "127.0.0.1";
const SSH_PORT: u16 = 22;
