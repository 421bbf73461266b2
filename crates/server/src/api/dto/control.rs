//! Calls of the server to agents.

use eidetic_model::Timestamp;
use eidetic_wire::proto::ControlCall;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::{Answer, Way, Wish};

/// What an agent is asked to do.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlRequest {
    /// What it is asked to do.
    pub call: AgentCall,
    /// Which way.
    #[serde(default)]
    pub way: CallWay,
}

/// What an agent can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentCall {
    /// Say how it is.
    Status,
    /// Send what waits now, without waiting for the next try.
    Collect,
    /// Record nothing until `restart` or the next start of the agent's service.
    Stop,
    /// End what is recorded and begin anew; also after `stop`.
    Restart,
}

/// Which way a call shall go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallWay {
    /// Over the connection of the agent if there is one, else to the port of its computer.
    #[default]
    Any,
    /// To the port of its computer, as to try whether that is open.
    Port,
}

/// What an agent said.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ControlAnswer {
    /// Which way the call went: `stream`, the agent's own connection, or `port`, to its computer.
    pub way: &'static str,
    /// The address and port of its computer, if it went there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<String>,
    /// What it said: the time there.
    pub at_us: i64,
    /// Its version.
    pub agent_version: String,
    /// The name of its computer.
    pub computer_name: String,
    /// Its connection to the server as it sees it, such as `connected` or `down`.
    pub connection: String,
    /// Why it is not connected, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub problem: Option<String>,
    /// How many sessions are being recorded.
    pub sessions_recorded: u32,
    /// Since when nothing is recorded because an administrator stopped it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stopped_since_us: Option<i64>,
    /// Bytes in the agent's spool.
    pub spool_bytes: u64,
    /// Entries that wait to be sent.
    pub entries_waiting: u64,
    /// Segments that wait to be sent.
    pub segments_waiting: u64,
    /// Whether the agent is connected to this server now.
    pub is_connected: bool,
}

impl ControlRequest {
    /// The call, and which way it shall go.
    pub const fn read(self) -> (ControlCall, Wish) {
        let call = match self.call {
            AgentCall::Status => ControlCall::Status,
            AgentCall::Collect => ControlCall::Collect,
            AgentCall::Stop => ControlCall::Stop,
            AgentCall::Restart => ControlCall::Restart,
        };
        let wish = match self.way {
            CallWay::Any => Wish::Any,
            CallWay::Port => Wish::Port,
        };
        (call, wish)
    }
}

impl ControlAnswer {
    /// What an agent said.
    pub fn new(answer: Answer, is_connected: bool) -> Self {
        let said = answer.said;
        let (way, address) = match answer.way {
            Way::Stream => ("stream", None),
            Way::Port(address) => ("port", Some(address.to_string())),
        };
        let stopped = Timestamp::from_unix_micros(said.stopped_since);
        Self {
            way,
            address,
            at_us: said.at,
            agent_version: said.agent_version,
            computer_name: said.computer_name,
            connection: said.connection,
            problem: Some(said.problem).filter(|problem| !problem.is_empty()),
            sessions_recorded: said.sessions_recorded,
            stopped_since_us: (said.stopped_since > 0).then(|| stopped.as_unix_micros()),
            spool_bytes: said.spool_bytes,
            entries_waiting: said.entries_waiting,
            segments_waiting: said.segments_waiting,
            is_connected,
        }
    }
}
