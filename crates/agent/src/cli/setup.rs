//! `eidetic-agent setup`: what installers were told, for the service to do.
//!
//! It comes over the standard input, where no other account can read it, a line each: server, port,
//! token. Each may be empty. A person at a terminal is asked instead; whoever says the server on the
//! command line is not. Nothing here needs the server: computers are set up where it cannot be
//! reached yet.

use std::io::{self, IsTerminal as _, Read as _};

use anyhow::Context as _;
use clap::Args;
use eidetic_wire::DEFAULT_PORT;

use super::wizard;
use crate::{
    identity::{Identity, PendingEnrolment},
    secrets::SecretFiles,
    server_address::ServerAddress,
    state_folder::StateFolder,
};

/// What the command line says of it.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The server: then nothing is asked.
    #[arg(long, value_name = "HOST")]
    server: Option<String>,
    /// The server's TCP port for agents.
    #[arg(long, requires = "server", default_value_t = DEFAULT_PORT,
        value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    /// The enrolment token; `-` reads it from the standard input.
    #[arg(
        long,
        requires = "server",
        env = "EIDETIC_TOKEN",
        hide_env_values = true
    )]
    token: Option<String>,
}

/// Learns what is to be set up, and keeps it for the service.
pub(super) fn run(folder: &StateFolder, arguments: &Arguments) -> anyhow::Result<()> {
    let told = match &arguments.server {
        Some(server) => {
            let token = match arguments.token.as_deref() {
                Some("-") => read()?,
                token => token.unwrap_or_default().to_owned(),
            };
            wizard::lines(server, arguments.port, &token)
        }
        None if io::stdin().is_terminal() => wizard::ask(folder)?,
        None => read()?,
    };
    tell(&set_up(folder, &told)?);
    Ok(())
}

fn read() -> anyhow::Result<String> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .take(LONGEST_INPUT)
        .read_to_string(&mut text)
        .context("failed to read what to set up")?;
    Ok(text)
}

/// Keeps what was told. Says what is going to happen.
fn set_up(folder: &StateFolder, told: &str) -> anyhow::Result<String> {
    let mut lines = told.lines().map(str::trim);
    let mut next = || lines.next().unwrap_or_default();
    let (host, port, token) = (next(), next(), next());
    let server = match host {
        "" => None,
        host => Some(address(host, port)?),
    };
    let secrets = SecretFiles::in_folder(folder.secrets());
    if !token.is_empty() {
        let server = server.context("a token is of use only with the server that gave it")?;
        let ticket = token.parse()?;
        let pending = PendingEnrolment {
            server,
            ticket,
            is_copy: false,
        };
        pending.write(&secrets)?;
        return Ok(format!(
            "the service enrols this computer with {} once it reaches it",
            pending.server
        ));
    }
    if let Some(server) = &server
        && let Some(waiting) = PendingEnrolment::read(&secrets)?
        && waiting.server != *server
    {
        let server = server.clone();
        PendingEnrolment { server, ..waiting }.write(&secrets)?;
    }
    match (Identity::read(&folder.identity(), &secrets)?, server) {
        (Some(identity), Some(server)) if identity.server != server => {
            let identity = Identity { server, ..identity };
            identity.write(&folder.identity(), &secrets)?;
            Ok(format!("the server is {} from now on", identity.server))
        }
        (Some(identity), _) => Ok(format!(
            "this computer is enrolled with {} already",
            identity.server
        )),
        (None, _) if PendingEnrolment::read(&secrets)?.is_some() => {
            Ok("the service enrols this computer once it reaches its server".to_owned())
        }
        (None, _) => Ok(
            "this computer is not enrolled: get a token from the console's page Computers, then \
             run `eidetic-agent enrol`"
                .to_owned(),
        ),
    }
}

fn address(host: &str, port: &str) -> anyhow::Result<ServerAddress> {
    let port = match port {
        "" => DEFAULT_PORT,
        port => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .with_context(|| format!("{port:?} is not a TCP port: it is from 1 to 65535"))?,
    };
    Ok(ServerAddress::of(host, port)?)
}

#[expect(clippy::print_stdout, reason = "the answer to the installer")]
fn tell(what: &str) {
    println!("{what}");
}

/// More is no answer of a person.
const LONGEST_INPUT: u64 = 8_192;

#[cfg(test)]
mod tests {
    use eidetic_model::AgentId;
    use eidetic_wire::EnrolmentTicket;
    use uuid::Uuid;

    use super::*;

    fn enrol(folder: &StateFolder, server: &str) {
        let identity = Identity {
            agent: AgentId::from_uuid(Uuid::from_u128(3)),
            server: server.parse().unwrap(),
            certificate: vec![1].into(),
            authority: vec![2].into(),
            key: vec![3],
        };
        let secrets = SecretFiles::in_folder(folder.secrets());
        identity.write(&folder.identity(), &secrets).unwrap();
    }

    fn server_of(folder: &StateFolder) -> String {
        let secrets = SecretFiles::in_folder(folder.secrets());
        let identity = Identity::read(&folder.identity(), &secrets);
        identity.unwrap().unwrap().server.to_string()
    }

    #[test]
    fn token_waits_for_the_service() {
        let outer = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(outer.path()).unwrap();
        let secrets = SecretFiles::in_folder(folder.secrets());
        let ticket = EnrolmentTicket::new(b"authority", [7; 32]);
        let told = format!("host\n9005\n{}\n", ticket.to_text());
        assert!(set_up(&folder, &told).unwrap().contains("host:9005"));
        let pending = PendingEnrolment::read(&secrets).unwrap().unwrap();
        assert_eq!(pending.server.to_string(), "host:9005");
        assert_eq!(pending.ticket, ticket);
        assert!(set_up(&folder, "").unwrap().contains("once it reaches"));
        set_up(&folder, "other\n9006\n\n").unwrap();
        let moved = PendingEnrolment::read(&secrets).unwrap().unwrap();
        assert_eq!(moved.server.to_string(), "other:9006");
        assert_eq!(moved.ticket, ticket);
    }

    #[test]
    fn enrolled_computer_goes_to_another_address_only_if_one_is_named() {
        let outer = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(outer.path()).unwrap();
        enrol(&folder, "host:9004");
        for told in ["", "\n\n\n", "host\n9004\n\n", "host\n"] {
            assert!(set_up(&folder, told).unwrap().contains("already"));
        }
        set_up(&folder, "other\n9005\n\n").unwrap();
        assert_eq!(server_of(&folder), "other:9005");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let folder = StateFolder::open(outer.path()).unwrap();
        for wrong in [
            "host\n0\n",
            "host\nport\n",
            "a b\n\n",
            "host\n9004\nsecret\n",
        ] {
            assert!(set_up(&folder, wrong).is_err(), "{wrong:?}");
        }
        let token = EnrolmentTicket::new(b"authority", [7; 32]).to_text();
        assert!(set_up(&folder, &format!("\n\n{token}\n")).is_err());
        let told = set_up(&folder, "host\n9004\n\n").unwrap();
        assert!(told.contains("not enrolled"), "{told}");
    }
}
