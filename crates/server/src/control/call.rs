//! Which way a call goes, and what becomes of it.

use std::{net::SocketAddr, time::Duration};

use eidetic_model::AgentId;
use eidetic_store::{
    StoreError,
    control::{Agent, SaidStatus},
};
use eidetic_wire::proto::{ControlCall, ControlState};
use tokio::time::{Instant, sleep, timeout};

use super::port::{self, PortCaller, PortError};
use crate::components::Components;

/// Which way a call shall go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Over the agent's stream while it is attached, else to its port.
    #[default]
    Any,
    /// To its port.
    Port,
}

/// Which way a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Over the stream of the attached agent.
    Stream,
    /// To the agent's port at this address.
    Port(SocketAddr),
}

/// What the agent said, and which way.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Which way the call went.
    pub way: Way,
    /// What the agent said.
    pub said: ControlState,
}

/// Why a call was not answered. The text says what that means and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The agent did not do it.
    #[error("{0}")]
    Refused(String),
    /// It has no port.
    #[error(
        "the agent is not connected to this server, and takes no calls at a port of its computer: \
         that is turned off there, or the agent is of an older version. {GOES_ON}"
    )]
    NoPort,
    /// It is not known where it is.
    #[error(
        "the agent is not connected to this server, and no address of its computer is known at \
         which TCP {port} could be tried. {GOES_ON}"
    )]
    NoAddress {
        /// The port.
        port: u16,
    },
    /// It cannot be called.
    #[error(
        "{}TCP {port} of the computer cannot be used ({tries}). {GOES_ON} To call it now, let TCP {port} \
         in on the computer and see there with `eidetic-agent status` that the agent listens",
        if *.is_attached { "the agent is connected and could be called over that connection, but " }
        else { "the agent is not connected to this server, and " }
    )]
    NotReached {
        /// The port.
        port: u16,
        /// What became of it at each address.
        tries: String,
        /// Whether the agent is attached.
        is_attached: bool,
    },
    /// The server's data failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Calls agents.
#[derive(Clone, Debug)]
pub struct Caller {
    port: Option<PortCaller>,
}

impl Caller {
    /// A caller that can also call at ports, if it has a caller for them.
    pub const fn new(port: Option<PortCaller>) -> Self {
        Self { port }
    }

    /// Calls an agent.
    ///
    /// # Errors
    ///
    /// If it cannot be reached or does not do it.
    pub async fn call(
        &self,
        components: &Components,
        agent: &Agent,
        call: ControlCall,
        wish: Wish,
    ) -> Result<Answer, CallError> {
        if wish == Wish::Any
            && let Some(answered) = components.lines.call(agent.id, call)
            && let Ok(Ok(said)) = timeout(STREAM_LIMIT, answered).await
        {
            return done(Way::Stream, said);
        }
        let answer = self.call_port(components, agent, call).await?;
        if call == ControlCall::Collect {
            wait_until_connected(components, agent.id).await;
        }
        Ok(answer)
    }

    async fn call_port(
        &self,
        components: &Components,
        agent: &Agent,
        call: ControlCall,
    ) -> Result<Answer, CallError> {
        let Some(caller) = &self.port else {
            return Err(CallError::NoPort);
        };
        let port = port::port_of(components.control.as_ref(), agent.id).await?;
        let port = port.ok_or(CallError::NoPort)?;
        let connection = components.connected.connection(agent.id);
        let is_attached = connection.is_some();
        let last = match connection {
            Some(connection) => Some(connection.address),
            None => {
                let said = components.health.statuses().await?.into_iter();
                let mut said = said.filter(|(known, _)| *known == agent.id);
                said.next().map(|(_, SaidStatus { address, .. })| address)
            }
        };
        let places = port::places(last.as_deref(), &agent.facts.addresses, port);
        if places.is_empty() {
            return Err(CallError::NoAddress { port });
        }
        let mut tries = Vec::new();
        for place in places {
            match caller.call(agent.id, place, call).await {
                Ok(said) => return done(Way::Port(place), said),
                // It may have been done.
                Err(error @ PortError::BrokeOff(_)) => {
                    tries.push(format!("{}: {error}", place.ip()));
                    break;
                }
                Err(error) => tries.push(format!("{}: {error}", place.ip())),
            }
        }
        Err(CallError::NotReached {
            port,
            tries: tries.join("; "),
            is_attached,
        })
    }
}

fn done(way: Way, said: ControlState) -> Result<Answer, CallError> {
    match said.refused.is_empty() {
        true => Ok(Answer { way, said }),
        false => Err(CallError::Refused(said.refused)),
    }
}

/// An agent that was told to send what waits connects at once, if it can.
async fn wait_until_connected(components: &Components, agent: AgentId) {
    let until = Instant::now() + CONNECTS_WITHIN;
    while components.connected.connection(agent).is_none() && Instant::now() < until {
        sleep(LOOK_EVERY).await;
    }
}

const GOES_ON: &str = "Recording does not need it: the agent goes on by its plan, and sends what it \
                       has once it reaches the server.";

/// As long as the service of the agent may take, and the way there and back.
const STREAM_LIMIT: Duration = Duration::from_secs(12);
const CONNECTS_WITHIN: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(200);
