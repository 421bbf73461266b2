//! The server's end of one agent's connection: a state machine without I/O.
//!
//! Whoever owns it feeds it what happens by [`ServerLink::handle`], does what
//! [`ServerLink::poll_output`] says, in that order, and calls it again at
//! [`ServerLink::poll_timeout`]. Storing is its owner's: the link only knows what is under way,
//! and acknowledges nothing that its owner has not reported as durable.
//!
//! The agent speaks first, with Hello, and then waits for Welcome; a message out of order, a hole
//! in the sequences or more than the windows allow ends the connection with a Refused that says
//! so.

mod events;
#[cfg(test)]
mod tests;

pub use events::{Ending, Input, Output, Refusal, SegmentOutcome, Windows};

use std::{collections::VecDeque, time::Duration};

use eidetic_model::{Policy, RecordSequence, Timestamp};

use crate::{
    MAX_SEGMENT_BYTES, ProtocolVersion,
    convert::{ConvertError, from_proto, to_proto},
    negotiate, proto,
};
use proto::{from_agent::Message as FromAgent, to_agent::Message as ToAgent};

/// The server's end of one agent's connection.
#[derive(Debug)]
pub struct ServerLink {
    windows: Windows,
    state: State,
    last_heard: Duration,
    outputs: VecDeque<Output>,
}

/// An agent that says nothing for so long is taken for lost; it says something every 10 seconds.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// How long an agent may take to say Hello.
pub const HELLO_LIMIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
enum State {
    /// Nothing has come yet.
    AwaitingHello,
    /// Hello has come, the owner looks up what is known of the agent's spool.
    Opening(ProtocolVersion),
    /// Welcome was said.
    Open(Flow),
    /// The last output is out or in the queue.
    Closed,
}

/// What is under way.
#[derive(Debug)]
struct Flow {
    protocol: ProtocolVersion,
    /// The last entry that came.
    received: RecordSequence,
    /// The last entry that is durable.
    stored: RecordSequence,
    /// Bytes of segments that came and of which the owner has not reported.
    segment_bytes: u64,
    /// The policy that the agent was told last.
    policy_revision: u64,
}

impl ServerLink {
    /// A connection on which nothing was said yet.
    pub fn new(now: Duration, windows: Windows) -> Self {
        Self {
            windows,
            state: State::AwaitingHello,
            last_heard: now,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened. What follows from it are outputs.
    pub fn handle(&mut self, now: Duration, input: Input) {
        if let State::Closed = self.state {
            return;
        }
        match input {
            Input::Message(message) => {
                self.last_heard = now;
                if let Err(refusal) = self.message(message) {
                    self.refuse(refusal);
                }
            }
            Input::Opened {
                last_sequence,
                policy_revision,
                policy,
                server_time,
            } => self.opened(last_sequence, policy_revision, &policy, server_time),
            Input::EntriesStored(through) => self.entries_stored(through),
            Input::Segment(id, outcome) => self.segment(id, outcome),
            Input::PolicyChanged { revision, policy } => self.policy_changed(revision, &policy),
            Input::ChecksStored {
                adjustments,
                server_time,
            } => {
                if let State::Open(_) = self.state {
                    let stored = to_proto::check_report_stored(&adjustments, server_time);
                    self.send(ToAgent::CheckReportStored(stored));
                }
            }
            Input::CheckNow => {
                if let State::Open(flow) = &self.state
                    && flow.protocol >= ProtocolVersion::WITH_CHECKS
                {
                    self.send(ToAgent::CheckNow(proto::CheckNow {}));
                }
            }
            Input::Control(call) => self.control(call),
            Input::Stop(refusal) => self.refuse(refusal),
            Input::Left => self.close(Ending::Left),
            Input::Tick => {
                if self.poll_timeout().is_some_and(|timeout| timeout <= now) {
                    self.close(Ending::Silent);
                }
            }
        }
    }

    /// What to do next, in this order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to give [`Input::Tick`], if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::AwaitingHello => Some(self.last_heard + HELLO_LIMIT),
            State::Opening(_) | State::Open(_) => Some(self.last_heard + SILENCE_LIMIT),
            State::Closed => None,
        }
    }

    fn message(&mut self, message: proto::FromAgent) -> Result<(), Refusal> {
        let message = message
            .message
            .ok_or_else(|| Refusal::misbehaved("a message of no known kind came"))?;
        match (&mut self.state, message) {
            (State::AwaitingHello, FromAgent::Hello(hello)) => {
                let hello = from_proto::hello(hello)?;
                let version = negotiate(hello.oldest, hello.newest)?;
                self.state = State::Opening(version);
                self.outputs.push_back(Output::Open(hello));
                Ok(())
            }
            (State::AwaitingHello, _) => Err(Refusal::misbehaved("the first message is not Hello")),
            (State::Opening(_), _) => Err(Refusal::misbehaved("a message came before Welcome")),
            (State::Open(flow), message) => {
                let output = flow.message(self.windows, message)?;
                self.outputs.extend(output);
                Ok(())
            }
            (State::Closed, _) => Ok(()),
        }
    }

    fn opened(
        &mut self,
        last_sequence: RecordSequence,
        policy_revision: u64,
        policy: &Policy,
        server_time: Timestamp,
    ) {
        let State::Opening(version) = self.state else {
            return;
        };
        self.state = State::Open(Flow {
            protocol: version,
            received: last_sequence,
            stored: last_sequence,
            segment_bytes: 0,
            policy_revision,
        });
        self.send(ToAgent::Welcome(proto::Welcome {
            protocol: version.0,
            last_sequence: last_sequence.0,
            segment_window_bytes: self.windows.segment_bytes,
            entry_window: self.windows.entries,
            policy: Some(to_proto::policy(policy_revision, policy)),
            server_time: to_proto::time(server_time),
        }));
    }

    fn entries_stored(&mut self, through: RecordSequence) {
        let State::Open(flow) = &mut self.state else {
            return;
        };
        // INVARIANT: `stored` never goes back, and never over what came.
        flow.stored = flow.stored.max(through.min(flow.received));
        let through_sequence = flow.stored.0;
        self.send(ToAgent::EntriesStored(proto::EntriesStored {
            through_sequence,
        }));
    }

    fn segment(&mut self, id: eidetic_model::SegmentId, outcome: SegmentOutcome) {
        let State::Open(flow) = &mut self.state else {
            return;
        };
        let segment_id = to_proto::segment_id(id);
        let progress = |durable_bytes| {
            ToAgent::SegmentProgress(proto::SegmentProgress {
                segment_id: segment_id.clone(),
                durable_bytes,
            })
        };
        let answer = match outcome {
            SegmentOutcome::Appended { taken, durable } => {
                flow.segment_bytes = flow.segment_bytes.saturating_sub(taken);
                progress(durable)
            }
            SegmentOutcome::Holds(durable) => progress(durable),
            SegmentOutcome::Stored { taken } => {
                flow.segment_bytes = flow.segment_bytes.saturating_sub(taken);
                ToAgent::SegmentStored(proto::SegmentStored { segment_id })
            }
            SegmentOutcome::Rejected { taken, reason } => {
                flow.segment_bytes = flow.segment_bytes.saturating_sub(taken);
                ToAgent::SegmentRejected(proto::SegmentRejected {
                    segment_id,
                    reason: reason.into(),
                })
            }
        };
        self.send(answer);
    }

    fn policy_changed(&mut self, revision: u64, policy: &Policy) {
        if let State::Open(flow) = &mut self.state
            && flow.policy_revision != revision
        {
            flow.policy_revision = revision;
            self.send(ToAgent::Policy(to_proto::policy(revision, policy)));
        }
    }

    /// An agent that does not know of it would end the connection.
    fn control(&mut self, call: proto::NumberedCall) {
        if let State::Open(flow) = &self.state
            && flow.protocol >= ProtocolVersion::WITH_CONTROL
        {
            return self.send(ToAgent::ControlCall(call));
        }
        let refused = "the agent is of a version that takes no calls of the server: upgrade it";
        let state = proto::ControlState {
            refused: refused.to_owned(),
            ..proto::ControlState::default()
        };
        self.outputs
            .push_back(Output::ControlState(proto::NumberedState {
                number: call.number,
                state: Some(state),
            }));
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.send(ToAgent::Refused(proto::Refused {
            reason: refusal.reason.into(),
            message: refusal.message.clone(),
            enrolment_token: String::new(),
        }));
        self.close(Ending::Refused(refusal));
    }

    fn close(&mut self, ending: Ending) {
        self.state = State::Closed;
        self.outputs.push_back(Output::Close(ending));
    }

    fn send(&mut self, message: ToAgent) {
        self.outputs.push_back(Output::Send(proto::ToAgent {
            message: Some(message),
        }));
    }
}

impl Flow {
    fn message(&mut self, windows: Windows, message: FromAgent) -> Result<Option<Output>, Refusal> {
        match message {
            FromAgent::Hello(_) => Err(Refusal::misbehaved("Hello came twice")),
            FromAgent::Entries(entries) => self.entries(windows, entries),
            FromAgent::SegmentBytes(bytes) => self.segment_bytes(windows, bytes),
            FromAgent::SegmentEnd(end) => {
                Ok(Some(Output::EndSegment(from_proto::segment_end(&end)?)))
            }
            FromAgent::SegmentQuery(query) => Ok(Some(Output::QuerySegment(
                from_proto::segment_id(&query.segment_id)?,
            ))),
            FromAgent::Status(status) => Ok(Some(Output::Status(status))),
            FromAgent::ControlState(state) => Ok(Some(Output::ControlState(state))),
            FromAgent::CheckReport(report) => {
                Ok(Some(Output::StoreChecks(from_proto::check_report(report)?)))
            }
        }
    }

    fn entries(
        &mut self,
        windows: Windows,
        entries: proto::Entries,
    ) -> Result<Option<Output>, Refusal> {
        let mut entries = from_proto::entries(entries)?;
        let first = entries
            .first()
            .map_or(RecordSequence::ZERO, |entry| entry.0);
        if first > self.received.next() {
            return Err(Refusal::misbehaved(format!(
                "entries {} to {first} are missing",
                self.received.next()
            )));
        }
        entries.retain(|(sequence, _)| *sequence > self.received);
        let Some((last, _)) = entries.last() else {
            // All of them came before: say so again, in case the agent did not hear.
            let through_sequence = self.stored.0;
            let stored = ToAgent::EntriesStored(proto::EntriesStored { through_sequence });
            let message = Some(stored);
            return Ok(Some(Output::Send(proto::ToAgent { message })));
        };
        if last.0 - self.stored.0 > windows.entries.into() {
            return Err(Refusal::misbehaved(format!(
                "more than {} entries are under way",
                windows.entries
            )));
        }
        self.received = *last;
        Ok(Some(Output::StoreEntries(entries)))
    }

    fn segment_bytes(
        &mut self,
        windows: Windows,
        bytes: proto::SegmentBytes,
    ) -> Result<Option<Output>, Refusal> {
        let chunk = from_proto::segment_bytes(bytes)?;
        if chunk.end() > MAX_SEGMENT_BYTES {
            let rejected = ToAgent::SegmentRejected(proto::SegmentRejected {
                segment_id: to_proto::segment_id(chunk.id),
                reason: proto::segment_rejected::Reason::TooLarge.into(),
            });
            let message = Some(rejected);
            return Ok(Some(Output::Send(proto::ToAgent { message })));
        }
        let under_way = self.segment_bytes + chunk.bytes.len() as u64;
        if under_way > windows.segment_bytes {
            return Err(Refusal::misbehaved(format!(
                "more than {} bytes of segments are under way",
                windows.segment_bytes
            )));
        }
        self.segment_bytes = under_way;
        Ok(Some(Output::AppendSegment(chunk)))
    }
}

impl From<ConvertError> for Refusal {
    fn from(error: ConvertError) -> Self {
        Self::misbehaved(error.to_string())
    }
}
