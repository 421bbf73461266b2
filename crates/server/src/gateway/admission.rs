//! Which agent a call comes from, and whether it may.

use eidetic_model::{AgentId, Timestamp};
use eidetic_store::{
    StoreError,
    control::{Agent, AgentState, ControlStore, TakenUp},
};
use tracing::error;

use super::stream::Peer;
use crate::{components::Components, pki::AgentCertificate};

/// Why a call is refused. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No certificate.
    #[error(
        "this needs the agent's certificate: enrol the agent first, with `eidetic-agent enrol` \
         and a token from the console or `eidetic-server token`"
    )]
    NoCertificate,
    /// A certificate that is not an agent's.
    #[error("the certificate is not an agent's: enrol the agent with a new token")]
    NotAnAgent,
    /// Its time is over.
    #[error("the agent's certificate expired on {0}: enrol the agent again with a new token")]
    Expired(Timestamp),
    /// The agent is not known, though this server signed the certificate.
    #[error("agent {0} is not known here: enrol the agent again with a new token")]
    Unknown(AgentId),
    /// An administrator removed the agent.
    #[error("agent {0} was removed by an administrator: enrol the agent again with a new token")]
    Removed(AgentId),
    /// The certificate was replaced by another.
    #[error(
        "the agent's certificate was replaced by a newer one; if the agent was copied, enrol the \
         copy with a token of its own"
    )]
    Replaced,
    /// Not the agent's fault.
    #[error("the server cannot read its own data now: try again later")]
    Store(#[source] StoreError),
}

/// The agent that a call comes from.
///
/// # Errors
///
/// If it has no certificate of an active agent.
pub async fn admit(components: &Components, peer: &Peer) -> Result<Agent, Refused> {
    let certificate = peer.certificate.as_ref().ok_or(Refused::NoCertificate)?;
    let certificate = AgentCertificate::read(certificate).map_err(|_| Refused::NotAnAgent)?;
    if certificate.expires <= components.clock.wall() {
        return Err(Refused::Expired(certificate.expires));
    }
    let control = components.control.as_ref();
    let agent = control
        .agent(certificate.agent)
        .await
        .map_err(Refused::Store)?
        .ok_or(Refused::Unknown(certificate.agent))?;
    if agent.state == AgentState::Removed {
        return Err(Refused::Removed(agent.id));
    }
    if agent.certificate_serial == certificate.serial {
        return Ok(agent);
    }
    take_up_renewed(control, agent, &certificate.serial).await
}

/// Keeps that an agent was given a new certificate. The old one counts until the new one is used
/// for the first time: the agent may never have got it.
///
/// # Errors
///
/// If the store fails.
pub async fn renewed(
    control: &dyn ControlStore,
    agent: AgentId,
    serial: &[u8],
) -> Result<(), StoreError> {
    let (setting, serial) = renewal(agent, serial);
    control.put_setting(&setting, &serial).await?;
    Ok(())
}

/// The setting that keeps which certificate an agent was given last, and its value.
pub fn renewal(agent: AgentId, serial: &[u8]) -> (String, String) {
    (renewal_setting(agent), hex::encode(serial))
}

async fn take_up_renewed(
    control: &dyn ControlStore,
    mut agent: Agent,
    serial: &[u8],
) -> Result<Agent, Refused> {
    let setting = renewal_setting(agent.id);
    let renewal = control.setting(&setting).await.map_err(Refused::Store)?;
    if renewal.is_none_or(|(_, expected)| expected != hex::encode(serial)) {
        return Err(Refused::Replaced);
    }
    // Not all of the agent is written: an administrator may be removing it.
    let taken_up = control.take_up_certificate(agent.id, serial).await;
    match taken_up.map_err(Refused::Store)? {
        TakenUp::Yes => {
            agent.certificate_serial = serial.to_vec();
            Ok(agent)
        }
        TakenUp::NotActive => Err(Refused::Removed(agent.id)),
    }
}

fn renewal_setting(agent: AgentId) -> String {
    format!("renewal/{agent}")
}

impl From<Refused> for tonic::Status {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        match refused {
            Refused::Store(cause) => {
                error!(error = %cause, "agent could not be looked up");
                Self::unavailable(text)
            }
            _ => Self::unauthenticated(text),
        }
    }
}
