//! The agent's end of the connection: a state machine without I/O.
//!
//! Whoever owns it feeds it what happens by [`AgentLink::handle`], does what
//! [`AgentLink::poll_output`] says, in that order, and calls it again at
//! [`AgentLink::poll_timeout`]. It lives as long as the spool, over many connections; it holds
//! no entry and no byte of a segment, only how far they are.
//!
//! What it sends, in this order of preference: entries; the bytes of segments that still grow,
//! which somebody may be watching; the rest, oldest first. A segment's bytes go only after the
//! server has the entry that announced it. What is under way stays within the server's windows,
//! and at most one load from the spool is asked for at a time. On a slow link the rest is held
//! back further, so that entries and what grows are not stuck behind it.

mod backoff;
mod events;
mod outgoing;
mod pacing;
mod schedule;
mod segments;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use eidetic_model::{CheckReport, RecordSequence, SegmentId};

pub use backoff::Backoff;
pub use events::{
    AvailableSegment, Ending, GiveUpReason, Health, Input, LinkError, MessageKind, Output, Retry,
    Usage,
};

use crate::{
    ProtocolVersion,
    convert::{Hello, from_proto, to_proto},
    proto,
};
use outgoing::{Outgoing, Phase};
use pacing::Pacing;
use proto::{from_agent::Message as FromAgent, to_agent::Message as ToAgent};

/// The agent's end of the connection.
#[derive(Debug)]
pub struct AgentLink {
    hello: Hello,
    state: State,
    now: Duration,
    entries: EntryFlow,
    /// Segments that the server does not have. The spool's limits bound how many.
    segments: BTreeMap<SegmentId, Outgoing>,
    /// The growing segment whose turn was last.
    last_growing: Option<SegmentId>,
    loading: Option<Loading>,
    health: Health,
    /// What was found of the prerequisites last.
    checks: Option<CheckReport>,
    /// The policy that was handed to the owner last.
    policy_revision: Option<u64>,
    outputs: VecDeque<Output>,
}

/// The server has to say Welcome within this time.
pub const WELCOME_LIMIT: Duration = Duration::from_secs(20);

/// How often the agent tells how it is.
pub const STATUS_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug)]
enum State {
    Disconnected,
    /// Hello was said.
    AwaitingWelcome {
        deadline: Duration,
    },
    Open(Windows),
}

/// How much may be under way, and how much of segments is.
#[derive(Debug)]
struct Windows {
    protocol: ProtocolVersion,
    entries: u64,
    segment_bytes: u64,
    segment_bytes_under_way: u64,
    pacing: Pacing,
    next_status: Duration,
}

/// How far the entries are. INVARIANT: `acknowledged <= sent <= newest`.
#[derive(Debug)]
struct EntryFlow {
    acknowledged: RecordSequence,
    sent: RecordSequence,
    newest: RecordSequence,
}

/// What the spool was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loading {
    Entries {
        after: RecordSequence,
        max_count: usize,
    },
    Segment {
        id: SegmentId,
        offset: u64,
        max_bytes: usize,
    },
}

impl AgentLink {
    /// A link for a spool that has entries up to `newest`, those up to `acknowledged` being
    /// stored by the server. Its segments are told by [`Input::SegmentAvailable`].
    pub fn new(hello: Hello, acknowledged: RecordSequence, newest: RecordSequence) -> Self {
        Self {
            hello,
            state: State::Disconnected,
            now: Duration::ZERO,
            entries: EntryFlow {
                acknowledged,
                sent: acknowledged,
                newest: newest.max(acknowledged),
            },
            segments: BTreeMap::new(),
            last_growing: None,
            loading: None,
            health: Health::default(),
            checks: None,
            policy_revision: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in what happened. What follows from it are outputs.
    ///
    /// # Errors
    ///
    /// If the server misbehaves, or is silent where it must not be.
    pub fn handle(&mut self, now: Duration, input: Input) -> Result<(), LinkError> {
        self.now = now;
        let result = self.take_in(now, input);
        match &result {
            Ok(()) => self.schedule(),
            Err(_) => self.disconnect(),
        }
        result
    }

    /// What to do next, in this order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to give [`Input::Tick`], if nothing else happens before.
    pub const fn poll_timeout(&self) -> Option<Duration> {
        match &self.state {
            State::Disconnected => None,
            State::AwaitingWelcome { deadline } => Some(*deadline),
            State::Open(windows) => Some(windows.next_status),
        }
    }

    /// Whether the server has said Welcome on this connection.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    fn take_in(&mut self, now: Duration, input: Input) -> Result<(), LinkError> {
        match input {
            Input::Connected => {
                self.disconnect();
                self.state = State::AwaitingWelcome {
                    deadline: now + WELCOME_LIMIT,
                };
                self.send(FromAgent::Hello(to_proto::hello(&self.hello)));
            }
            Input::Message(message) => self.message(now, message)?,
            Input::Disconnected => self.disconnect(),
            Input::EntriesAvailable { newest } => {
                self.entries.newest = self.entries.newest.max(newest);
            }
            Input::SegmentAvailable(segment) => self.segment_available(&segment),
            Input::SegmentWithdrawn(id) => self.segment_over(id),
            Input::EntriesLoaded { first, entries } => self.entries_loaded(first, entries),
            Input::SegmentLoaded { id, offset, bytes } => self.segment_loaded(id, offset, bytes),
            Input::SegmentUnreadable(id) => {
                if matches!(self.loading, Some(Loading::Segment { id: loading, .. }) if loading == id)
                {
                    self.loading = None;
                }
                self.segment_over(id);
            }
            Input::KnownAs(facts) => self.hello.facts = facts,
            Input::Health(health) => {
                let applied = health.policy_revision != self.health.policy_revision
                    || health.stopped_since != self.health.stopped_since;
                self.health = health;
                if applied && self.is_open() {
                    self.send_status();
                }
            }
            // The one that is known was told after Welcome.
            Input::Checks(report) if self.checks.as_ref() == Some(&report) => {}
            Input::Checks(report) => {
                self.checks = Some(report);
                self.send_checks();
            }
            Input::ControlState(state) => {
                if self.is_open() {
                    self.send(FromAgent::ControlState(state));
                }
            }
            Input::Tick => self.tick(now)?,
        }
        Ok(())
    }

    fn tick(&mut self, now: Duration) -> Result<(), LinkError> {
        match &mut self.state {
            State::AwaitingWelcome { deadline } if *deadline <= now => Err(LinkError::NoWelcome),
            State::Open(windows) if windows.next_status <= now => {
                windows.next_status = now + STATUS_INTERVAL;
                self.send_status();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn message(&mut self, now: Duration, message: proto::ToAgent) -> Result<(), LinkError> {
        let message = message.message.ok_or(LinkError::UnknownMessage)?;
        match (&self.state, message) {
            // What was under way when the connection ended.
            (State::Disconnected, _) => Ok(()),
            (_, ToAgent::Refused(refused)) => {
                self.refused(refused);
                Ok(())
            }
            (State::AwaitingWelcome { .. }, ToAgent::Welcome(welcome)) => {
                self.welcome(now, welcome)
            }
            (State::AwaitingWelcome { .. }, _) => Err(LinkError::OutOfTurn(MessageKind::Other)),
            (State::Open(_), message) => self.open_message(message),
        }
    }

    fn open_message(&mut self, message: ToAgent) -> Result<(), LinkError> {
        match message {
            ToAgent::Welcome(_) => Err(LinkError::OutOfTurn(MessageKind::Welcome)),
            ToAgent::Refused(refused) => {
                self.refused(refused);
                Ok(())
            }
            ToAgent::EntriesStored(stored) => {
                self.entries_stored(RecordSequence(stored.through_sequence))
            }
            ToAgent::SegmentProgress(progress) => {
                let id = from_proto::segment_id(&progress.segment_id)?;
                self.segment_progress(id, progress.durable_bytes)
            }
            ToAgent::SegmentStored(stored) => {
                self.segment_stored(from_proto::segment_id(&stored.segment_id)?)
            }
            ToAgent::SegmentRejected(rejected) => {
                let id = from_proto::segment_id(&rejected.segment_id)?;
                self.segment_rejected(id, rejected.reason())
            }
            ToAgent::Policy(policy) => {
                self.policy(policy);
                Ok(())
            }
            ToAgent::CheckReportStored(stored) => {
                let (adjustments, server_time) = from_proto::check_report_stored(&stored)?;
                self.outputs.extend(server_time.map(Output::ServerClock));
                self.outputs.push_back(Output::ChecksStored(adjustments));
                Ok(())
            }
            ToAgent::CheckNow(_) => {
                self.outputs.push_back(Output::CheckNow);
                Ok(())
            }
            ToAgent::ControlCall(call) => {
                self.outputs.push_back(Output::Control(call));
                Ok(())
            }
        }
    }

    fn welcome(&mut self, now: Duration, welcome: proto::Welcome) -> Result<(), LinkError> {
        if !(self.hello.oldest.0..=self.hello.newest.0).contains(&welcome.protocol) {
            return Err(LinkError::ProtocolNotOffered(welcome.protocol));
        }
        if welcome.entry_window == 0 || welcome.segment_window_bytes == 0 {
            return Err(LinkError::NoWindow);
        }
        let server = RecordSequence(welcome.last_sequence);
        if server < self.entries.acknowledged || server > self.entries.newest {
            self.close(Ending::SpoolOutOfStep { server });
            return Ok(());
        }
        let server_time = from_proto::server_time(welcome.server_time)?;
        self.outputs.extend(server_time.map(Output::ServerClock));
        self.state = State::Open(Windows {
            protocol: ProtocolVersion(welcome.protocol),
            entries: welcome.entry_window.into(),
            segment_bytes: welcome.segment_window_bytes,
            segment_bytes_under_way: 0,
            pacing: Pacing::new(),
            next_status: now + STATUS_INTERVAL,
        });
        self.entries.sent = server;
        self.entries_stored(server)?;
        if let Some(policy) = welcome.policy {
            self.policy(policy);
        }
        self.send_status();
        self.send_checks();
        Ok(())
    }

    /// A server that does not know of it would end the connection.
    fn send_checks(&mut self) {
        if let State::Open(windows) = &self.state
            && windows.protocol >= ProtocolVersion::WITH_CHECKS
            && let Some(report) = &self.checks
        {
            self.send(FromAgent::CheckReport(to_proto::check_report(report)));
        }
    }

    fn refused(&mut self, refused: proto::Refused) {
        let reason = refused.reason();
        self.close(Ending::Refused {
            reason,
            message: refused.message,
            retry: Retry::after(reason),
            enrolment_token: Some(refused.enrolment_token).filter(|token| !token.is_empty()),
        });
    }

    fn policy(&mut self, policy: proto::Policy) {
        self.outputs.push_back(match from_proto::policy(policy) {
            Ok((revision, _)) if self.policy_revision == Some(revision) => return,
            Ok((revision, policy)) => {
                self.policy_revision = Some(revision);
                Output::PolicyChanged { revision, policy }
            }
            Err(error) => Output::PolicyUnusable(error),
        });
    }

    fn entries_stored(&mut self, through: RecordSequence) -> Result<(), LinkError> {
        let sent = self.entries.sent;
        if through > sent {
            return Err(LinkError::AcknowledgedTooMuch { through, sent });
        }
        if through > self.entries.acknowledged {
            self.entries.acknowledged = through;
            self.outputs.push_back(Output::EntriesStored(through));
        }
        Ok(())
    }

    fn entries_loaded(&mut self, first: RecordSequence, mut entries: Vec<proto::Entry>) {
        // Anything but the answer to the last question was asked on an earlier connection.
        let Some(Loading::Entries { after, max_count }) = self.loading else {
            return;
        };
        if first != after.next() {
            return;
        }
        self.loading = None;
        if entries.is_empty() {
            self.entries.newest = after;
            return;
        }
        entries.truncate(max_count);
        self.entries.sent = RecordSequence(after.0 + entries.len() as u64);
        self.entries.newest = self.entries.newest.max(self.entries.sent);
        self.send(FromAgent::Entries(proto::Entries {
            first_sequence: first.0,
            entries,
        }));
    }

    fn send_status(&mut self) {
        let health = self.health;
        self.send(FromAgent::Status(proto::Status {
            spool_bytes: health.spool_bytes,
            entries_waiting: self.entries.newest.0 - self.entries.acknowledged.0,
            segments_waiting: self.segments.len() as u64,
            sessions_recorded: health.sessions_recorded,
            policy_revision: health.policy_revision,
            known_until: health.known_until.as_unix_micros(),
            sessions_slowed: health.sessions_slowed,
            // Whoever sends it says what time it is then.
            clock: 0,
            cpu_permille: health.usage.cpu_permille,
            busiest_recorder_permille: health.usage.busiest_recorder_permille,
            memory_bytes: health.usage.memory_bytes,
            spool_full: health.spool_full,
            disk_free_bytes: health.usage.disk_free_bytes,
            stopped_since: health.stopped_since.map_or(0, to_proto::time),
        }));
    }

    fn close(&mut self, ending: Ending) {
        self.disconnect();
        self.outputs.push_back(Output::Close(ending));
    }

    /// Forgets what was under way: the server says at the next connection how far it is.
    fn disconnect(&mut self) {
        self.state = State::Disconnected;
        self.loading = None;
        self.outputs.retain(|output| {
            !matches!(
                output,
                Output::Send(_) | Output::LoadEntries { .. } | Output::LoadSegment { .. }
            )
        });
        self.entries.sent = self.entries.acknowledged;
        self.segments
            .retain(|_, segment| segment.phase != Phase::Over);
        for segment in self.segments.values_mut() {
            segment.disconnected();
        }
    }

    fn send(&mut self, message: FromAgent) {
        self.outputs.push_back(Output::Send(proto::FromAgent {
            message: Some(message),
        }));
    }
}
