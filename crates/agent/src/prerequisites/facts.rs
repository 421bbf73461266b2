//! What the agent knows of itself.

use eidetic_checks::{AgentFacts, CannotTell, Certificate, Installation, Sessions, System};
use eidetic_model::Timestamp;
use eidetic_wire::DEFAULT_PORT;

use crate::{
    identity::Identity,
    os,
    secrets::{SecretFiles, Secrets},
    state_folder::StateFolder,
};

/// Finds it out. Reads the disk.
pub(crate) fn gather(
    folder: &StateFolder,
    sessions: Sessions,
    ahead_micros: Option<i64>,
    min_free_bytes: u64,
) -> AgentFacts {
    let secrets = SecretFiles::in_folder(folder.secrets());
    let identity = identity(folder, &secrets);
    AgentFacts {
        server: identity.clone().map(|identity| {
            let server = identity?.server;
            Some((server.host().to_owned(), server.port()))
        }),
        certificate: identity.and_then(|identity| match identity {
            Some(identity) => certificate(&identity.certificate).map(Some),
            None => Ok(None),
        }),
        ahead_micros,
        min_free_bytes,
        sessions,
    }
}

/// Where everything of this agent is.
pub(crate) fn installation(folder: &StateFolder, control_port: u16) -> Installation {
    let secrets = SecretFiles::in_folder(folder.secrets());
    let server = identity(folder, &secrets).ok().flatten();
    let server = server.map(|identity| identity.server);
    let program = std::env::current_exe().unwrap_or_else(|_| "eidetic-agent".into());
    Installation {
        program: program.display().to_string(),
        folder: folder.path().display().to_string(),
        server: server
            .as_ref()
            .map_or_else(|| "SERVER".to_owned(), |server| server.host().to_owned()),
        port: server.map_or(DEFAULT_PORT, |server| server.port()),
        control_port,
        service: os::SERVICE_NAME.to_owned(),
        ..Installation::usual_agent(System::THIS)
    }
}

fn identity(folder: &StateFolder, secrets: &dyn Secrets) -> Result<Option<Identity>, CannotTell> {
    Identity::read(&folder.identity(), secrets).map_err(|error| CannotTell(error.to_string()))
}

fn certificate(der: &[u8]) -> Result<Certificate, CannotTell> {
    let (_, parsed) = x509_parser::parse_x509_certificate(der)
        .map_err(|error| CannotTell(format!("the certificate cannot be read: {error}")))?;
    let validity = parsed.validity();
    let time = |secs: i64| Timestamp::from_unix_micros(secs.saturating_mul(1_000_000));
    Ok(Certificate {
        from: time(validity.not_before.timestamp()),
        until: time(validity.not_after.timestamp()),
    })
}
