//! The server's computer.

use std::path::Path;

use eidetic_model::Timestamp;

use super::{Certificate, Finding, MIN_DATA_BYTES, ServerFacts, agent::unlisted, listed, words};
use crate::{
    check::{CheckId, Place},
    installation::Installation,
    machine::{Answer, Firewall, Machine, Opening, Reach},
};

/// Looks at all prerequisites of a server.
pub fn examine_server(
    machine: &dyn Machine,
    facts: &ServerFacts,
    installation: &Installation,
    now: Timestamp,
) -> Vec<Finding> {
    listed(Place::Server, |_| true)
        .map(|check| one(check, machine, facts, installation, now))
        .collect()
}

/// Looks at one of them.
pub(crate) fn one(
    check: CheckId,
    machine: &dyn Machine,
    facts: &ServerFacts,
    installation: &Installation,
    now: Timestamp,
) -> Finding {
    let folder = Path::new(&installation.folder);
    match check {
        CheckId::ServerService => words::service(check, machine, &installation.service),
        CheckId::ServerPort => port(machine, facts),
        CheckId::ServerFirewall => {
            let opening = agents_port(installation);
            Finding::of(
                check,
                machine.firewall(&opening),
                |firewall| match firewall {
                    Firewall::Off(words) | Firewall::LetsIn(words) => Finding::met(check, words),
                    Firewall::KeepsOut(words) => Finding::unmet(check, words),
                },
            )
        }
        CheckId::DataFolder => words::folder(check, machine, folder),
        CheckId::DataSpace => words::space(check, machine, folder, MIN_DATA_BYTES),
        CheckId::ServerCertificate => certificate(check, &facts.server_certificate, now),
        CheckId::ConsoleCertificate => certificate(check, &facts.console_certificate, now),
        CheckId::ServerClock => Finding::of(check, machine.clock_is_kept(), |is_kept| {
            let found = match is_kept {
                true => "a time service keeps it right",
                false => "no time service keeps it right",
            };
            Finding::met_if(is_kept, check, found)
        }),
        other => unlisted(other),
    }
}

/// What the agents' port needs of the firewall.
pub(crate) fn agents_port(installation: &Installation) -> Opening {
    Opening::Port {
        port: installation.port,
        program: installation.program.clone(),
    }
}

fn port(machine: &dyn Machine, facts: &ServerFacts) -> Finding {
    let check = CheckId::ServerPort;
    let listen = facts.agents_listen;
    let address = match listen.ip() {
        ip if ip.is_unspecified() && ip.is_ipv6() => "::1".to_owned(),
        ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
        ip => ip.to_string(),
    };
    Finding::of(check, machine.reach(&address, listen.port()), |reach| {
        if reach != Reach::Answers {
            let found = words::reach(&address, listen.port(), &reach);
            return Finding::unmet(check, found);
        }
        if listen.ip().is_loopback() {
            let found = format!("it listens on {listen}, which only this computer reaches");
            return Finding::unmet(check, found);
        }
        Finding::met(check, format!("it listens on {listen}"))
    })
}

fn certificate(
    check: CheckId,
    certificate: &Answer<Option<Certificate>>,
    now: Timestamp,
) -> Finding {
    Finding::of(
        check,
        certificate.clone(),
        |certificate| match certificate {
            // It is made anew 30 days before its 397 days are over: half of that is late.
            Some(certificate) => words::certificate(check, certificate, now, 26),
            None => Finding::unmet(
                check,
                "there is none yet: the server makes it when it starts",
            ),
        },
    )
}
