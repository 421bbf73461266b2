//! One connection to the server, from Hello to its end.

use std::time::Duration;

use eidetic_runtime::ShutdownSignal;
use eidetic_wire::{
    AgentLink, MAX_MESSAGE_BYTES,
    agent_link::{Ending, Input, Output},
    proto::{self, gateway_client::GatewayClient},
};
use tokio::{
    sync::mpsc,
    task::block_in_place,
    time::{MissedTickBehavior, interval, sleep, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming, codec::CompressionEncoding, transport::Channel};
use tracing::warn;

use super::{
    known_as::known_as,
    spool_side::{SpoolSide, SpoolSideError},
    uplink::UplinkParts,
};
use crate::{
    prerequisites::Told,
    service::{Event, UplinkState},
};

/// How a connection ended.
#[derive(Debug)]
pub(super) enum Detached {
    /// It was asked to, and everything was sent or the time was up.
    Finished,
    /// It is gone: try again.
    Lost {
        /// Why.
        reason: String,
    },
    /// The server does not take this agent's certificate.
    Unwelcome {
        /// Why, and what to do.
        reason: String,
    },
    /// The link ended it.
    Ended(Ending),
    /// The certificate is due: renew it, and connect again.
    RenewalDue,
    /// The spool failed: nothing can be sent any more.
    SpoolFailed(eidetic_spool::SpoolError),
}

/// One connection's parts.
pub(super) struct Attachment<'a> {
    pub(super) parts: &'a UplinkParts,
    pub(super) link: &'a mut AgentLink,
    pub(super) spool: &'a mut SpoolSide,
    /// Leave once everything is sent.
    pub(super) drain: ShutdownSignal,
    /// Whether the certificate is due for renewal, asked now and then.
    pub(super) renewal_due: &'a (dyn Fn() -> bool + Sync),
    /// Where the answers to calls of the server come from. Full: who answers waits.
    pub(super) control_states: (
        mpsc::Sender<proto::NumberedState>,
        mpsc::Receiver<proto::NumberedState>,
    ),
}

impl Attachment<'_> {
    /// Speaks with the server until the connection ends.
    /// Also says whether the server said Welcome.
    pub(super) async fn run(mut self, channel: Channel) -> (Detached, bool) {
        // Small: what waits here is in memory twice, and a stream that is full says so.
        let (outbox, messages) = mpsc::channel(4);
        let mut client = GatewayClient::new(channel)
            .send_compressed(CompressionEncoding::Zstd)
            .accept_compressed(CompressionEncoding::Zstd)
            .max_decoding_message_size(MAX_MESSAGE_BYTES)
            .max_encoding_message_size(MAX_MESSAGE_BYTES);
        let facts = known_as(&self.parts.computer_name).await;
        if let Err(detached) = self.give(Input::KnownAs(facts)) {
            return (detached, false);
        }
        // The server may answer only after Hello, which therefore goes ahead. What the link wanted
        // done when the last connection broke is done here too.
        if let Err(detached) = self.give(Input::Connected) {
            return (detached, false);
        }
        loop {
            match self.next_to_send().await {
                Ok(Some(message)) => {
                    let _room_for_hello = outbox.try_send(message);
                }
                Ok(None) => break,
                Err(detached) => return (detached, false),
            }
        }
        let mut welcome = false;
        let attach = client.attach(ReceiverStream::new(messages));
        let detached = match timeout(ATTACH_LIMIT, attach).await {
            Err(_) => Detached::Lost {
                reason: "the server does not answer".to_owned(),
            },
            Ok(Ok(answer)) => match self.speak(outbox, answer.into_inner(), &mut welcome).await {
                Ok(never) => match never {},
                Err(detached) => detached,
            },
            Ok(Err(status)) => ended(&status),
        };
        if let Err(error) = self
            .link
            .handle(self.parts.clock.monotonic(), Input::Disconnected)
        {
            warn!(%error, "link cannot be reset");
        }
        (detached, welcome)
    }

    async fn speak(
        &mut self,
        outbox: mpsc::Sender<proto::FromAgent>,
        mut inbox: Streaming<proto::ToAgent>,
        welcome: &mut bool,
    ) -> Result<std::convert::Infallible, Detached> {
        let mut next_message = None;
        // When the link is to be told of what is new in the spool.
        let mut tell_at = Some(Duration::ZERO);
        let mut last_told = Duration::ZERO;
        let mut renewal = interval(RENEWAL_INTERVAL);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewal.reset();
        let mut counted = self.parts.sessions_counted.clone();
        let mut usage = self.parts.usage.clone();
        let mut checks = self.parts.checks.clone();
        let mut collect = self.parts.calls.collecting();
        loop {
            let now = self.parts.clock.monotonic();
            if tell_at.is_some_and(|at| at <= now) {
                self.tell()?;
                tell_at = None;
                last_told = now;
            }
            if next_message.is_none() {
                next_message = self.next_to_send().await?;
            }
            let draining = self.drain.has_begun();
            if draining && next_message.is_none() && block_in_place(|| self.spool.is_empty()) {
                return Err(Detached::Finished);
            }
            let wake_at = [self.link.poll_timeout(), tell_at]
                .into_iter()
                .flatten()
                .min();
            let wait = wake_at.map_or(Duration::MAX, |at| at.saturating_sub(now));
            tokio::select! {
                permit = outbox.reserve(), if next_message.is_some() => match permit {
                    Ok(permit) => {
                        if let Some(message) = next_message.take() {
                            permit.send(message);
                        }
                    }
                    // The stream's own end says why.
                    Err(_) => return Err(self.lost_reason(&mut inbox).await),
                },
                message = inbox.message() => match message {
                    Ok(Some(message)) => {
                        self.give(Input::Message(message))?;
                        if !*welcome && self.link.is_open() {
                            *welcome = true;
                            self.parts.tell(Event::Uplink(UplinkState::Connected)).await;
                        }
                    }
                    Ok(None) => return Err(Detached::Lost {
                        reason: "the server ended the connection".to_owned(),
                    }),
                    Err(status) => return Err(ended(&status)),
                },
                () = self.parts.spool.changed() => {
                    tell_at = tell_at.or(Some(last_told + TELL_INTERVAL));
                }
                // A policy that is in force now is told at once; the service ends before this does.
                Ok(()) = counted.changed() => tell_at = tell_at.or(Some(last_told + TELL_INTERVAL)),
                Ok(()) = usage.changed() => tell_at = tell_at.or(Some(last_told + TELL_INTERVAL)),
                Ok(()) = checks.changed() => {
                    let report = checks.borrow_and_update().clone();
                    if let Some(report) = report {
                        self.give(Input::Checks(report))?;
                    }
                }
                Ok(()) = collect.changed() => tell_at = Some(now),
                Some(state) = self.control_states.1.recv() => self.give(Input::ControlState(state))?,
                () = sleep(wait) => self.give(Input::Tick)?,
                _ = renewal.tick() => {
                    if (self.renewal_due)() {
                        return Err(Detached::RenewalDue);
                    }
                }
                () = self.drain.wait(), if !draining => {}
            }
        }
    }

    /// Does everything that the link wants, up to the next message that it wants sent.
    async fn next_to_send(&mut self) -> Result<Option<proto::FromAgent>, Detached> {
        while let Some(output) = self.link.poll_output() {
            let now = self.parts.clock.monotonic();
            let wall = self.parts.clock.wall();
            let left = block_in_place(|| self.spool.carry_out(self.link, now, wall, output));
            match left.map_err(detached)? {
                Some(Output::Send(mut message)) => {
                    if let Some(proto::from_agent::Message::Status(status)) = &mut message.message {
                        status.clock = wall.as_unix_micros();
                    }
                    return Ok(Some(message));
                }
                Some(Output::PolicyChanged { revision, policy }) => {
                    let event = Event::Policy { revision, policy };
                    self.parts.tell(event).await;
                }
                Some(Output::PolicyUnusable(error)) => {
                    warn!(%error, "the server's policy is not valid and is not followed");
                }
                Some(Output::ServerClock(server)) => self.say(Told::Clock(server, wall)),
                Some(Output::ChecksStored(ids)) => self.say(Told::Stored(ids)),
                Some(Output::CheckNow) => self.say(Told::CheckNow),
                Some(Output::Control(call)) => self.carry_out(call),
                Some(Output::Close(ending)) => return Err(Detached::Ended(ending)),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Has a call carried out, beside everything else.
    fn carry_out(&self, proto::NumberedCall { number, call }: proto::NumberedCall) {
        let calls = self.parts.calls.clone();
        let answers = self.control_states.0.clone();
        tokio::spawn(async move {
            let state = Some(calls.carry_out(call).await);
            let _connection_is_gone = answers.send(proto::NumberedState { number, state }).await;
        });
    }

    /// To those who look at the prerequisites. What they have no room for comes again.
    fn say(&self, told: Told) {
        let _no_room = self.parts.told.try_send(told);
    }

    fn tell(&mut self) -> Result<(), Detached> {
        let now = self.parts.clock.monotonic();
        let sessions = *self.parts.sessions_counted.borrow();
        let wall = self.parts.clock.wall();
        let usage = *self.parts.usage.borrow();
        block_in_place(|| self.spool.tell(self.link, now, sessions, usage, wall)).map_err(detached)
    }

    fn give(&mut self, input: Input) -> Result<(), Detached> {
        let now = self.parts.clock.monotonic();
        self.link
            .handle(now, input)
            .map_err(|error| detached(error.into()))
    }

    async fn lost_reason(&self, inbox: &mut Streaming<proto::ToAgent>) -> Detached {
        match timeout(LAST_WORDS, inbox.message()).await {
            Ok(Err(status)) => ended(&status),
            _ => Detached::Lost {
                reason: "the server ended the connection".to_owned(),
            },
        }
    }
}

fn ended(status: &Status) -> Detached {
    let reason = status.message().to_owned();
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => Detached::Unwelcome { reason },
        _ => Detached::Lost { reason },
    }
}

fn detached(error: SpoolSideError) -> Detached {
    match error {
        SpoolSideError::Link(error) => Detached::Lost {
            reason: error.to_string(),
        },
        SpoolSideError::Spool(error) => Detached::SpoolFailed(error),
    }
}

const RENEWAL_INTERVAL: Duration = Duration::from_secs(6 * 3_600);

/// The least time between two looks at the spool: each makes durable what it finds, and the disk
/// is the user's. Short enough to watch a session as it happens.
const TELL_INTERVAL: Duration = Duration::from_millis(250);

/// How long the server may take to answer the call. Its Welcome has a limit of its own.
const ATTACH_LIMIT: Duration = Duration::from_secs(10);

const LAST_WORDS: Duration = Duration::from_secs(2);
