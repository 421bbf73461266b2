//! Has calls of the server carried out.

use std::time::Duration;

use eidetic_model::Timestamp;
use eidetic_wire::proto::{self, ControlCall, ControlState};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};
use tracing::info;

use crate::service::{Event, status::Status};

/// Has calls carried out by the service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    events: mpsc::Sender<Event>,
    /// Told when what waits is to be sent at once.
    collect: watch::Sender<()>,
}

impl Calls {
    /// Calls that the one who takes in these events carries out.
    pub(crate) fn new(events: mpsc::Sender<Event>) -> Self {
        Self {
            events,
            collect: watch::Sender::new(()),
        }
    }

    /// When what waits is to be sent at once.
    pub(crate) fn collecting(&self) -> watch::Receiver<()> {
        self.collect.subscribe()
    }

    /// Carries a call out, and says how the agent is then.
    pub(crate) async fn carry_out(&self, call: i32) -> ControlState {
        let call = match ControlCall::try_from(call) {
            Ok(ControlCall::Unspecified) | Err(_) => {
                return refused("this agent does not know that call: upgrade it");
            }
            Ok(call) => call,
        };
        info!(call = call.as_str_name(), "the server calls");
        let (answer, answered) = oneshot::channel();
        let asked = self.events.send(Event::Control { call, answer });
        let done = timeout(LIMIT, async {
            let _leaving = asked.await;
            answered.await
        });
        let Ok(Ok(status)) = done.await else {
            return refused("the agent's service is leaving, or its disk does not answer");
        };
        if call == ControlCall::Collect {
            self.collect.send_replace(());
        }
        in_words(&status)
    }
}

fn in_words(status: &Status) -> ControlState {
    let (connection, problem) = status.uplink.in_words();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    ControlState {
        at: status.at.as_unix_micros(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        computer_name: status.computer.clone(),
        connection: connection.to_owned(),
        problem: problem.unwrap_or_default().to_owned(),
        sessions_recorded: count(status.sessions.len()),
        stopped_since: status.stopped_since.map_or(0, Timestamp::as_unix_micros),
        spool_bytes: status.spool.bytes,
        entries_waiting: status.spool.entries_waiting,
        segments_waiting: status.spool.segments_waiting,
        refused: String::new(),
    }
}

fn refused(reason: &str) -> ControlState {
    proto::ControlState {
        refused: reason.to_owned(),
        ..ControlState::default()
    }
}

/// A disk that is busy takes its time; who called does not wait for ever.
const LIMIT: Duration = Duration::from_secs(8);
