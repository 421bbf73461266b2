//! What happens to a link, and what it wants done.

use std::fmt;

use bytes::Bytes;
use eidetic_model::{
    AdjustmentId, CheckReport, ComputerFacts, Policy, RecordSequence, SegmentEnd, SegmentId,
    Timestamp,
};

use crate::{
    convert::ConvertError,
    proto::{self, refused},
};

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// There is a connection to the server.
    Connected,
    /// The server sent a message.
    Message(proto::ToAgent),
    /// The connection is gone.
    Disconnected,
    /// The spool has entries up to this one.
    EntriesAvailable {
        /// The newest entry.
        newest: RecordSequence,
    },
    /// There is a segment in the spool, or there is more of it, or it was sealed.
    SegmentAvailable(AvailableSegment),
    /// A segment is no longer in the spool, for another reason than an output of the link.
    SegmentWithdrawn(SegmentId),
    /// The answer to [`Output::LoadEntries`]: entries without a hole. Nothing if there are none.
    EntriesLoaded {
        /// The number of the first.
        first: RecordSequence,
        /// The entries.
        entries: Vec<proto::Entry>,
    },
    /// The answer to [`Output::LoadSegment`].
    SegmentLoaded {
        /// The segment.
        id: SegmentId,
        /// Where in it the bytes begin.
        offset: u64,
        /// The bytes.
        bytes: Bytes,
    },
    /// The other answer to [`Output::LoadSegment`]: the disk damaged it. The caller records it as
    /// lost by itself.
    SegmentUnreadable(SegmentId),
    /// How this computer is known on the network: said with the next Hello.
    KnownAs(ComputerFacts),
    /// What was found of the prerequisites: told now, and after each Welcome until there is another.
    Checks(CheckReport),
    /// The answer to [`Output::Control`]: dropped if the connection is another one by now.
    ControlState(proto::NumberedState),
    /// What [`proto::Status`] shall say from now on.
    Health(Health),
    /// Time passed.
    Tick,
}

/// How the agent is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// What the spool takes on disk.
    pub spool_bytes: u64,
    /// How many sessions are being recorded.
    pub sessions_recorded: u32,
    /// Of how many of them fewer frames are recorded than the policy allows, to keep its ceiling
    /// for processor time.
    pub sessions_slowed: u32,
    /// Until when they are known to go on.
    pub known_until: Timestamp,
    /// The policy that is in force on this computer. The server is told at once of another one.
    pub policy_revision: u64,
    /// Whether the screen is not recorded for want of room.
    pub spool_full: bool,
    /// Since when nothing is recorded because an administrator stopped it.
    pub stopped_since: Option<Timestamp>,
    /// What the agent costs the computer.
    pub usage: Usage,
}

/// What the agent costs the computer; nothing of what could not be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The processor time of all of its processes, in thousandths of one core.
    pub cpu_permille: Option<u32>,
    /// That of the recorder that used the most.
    pub busiest_recorder_permille: Option<u32>,
    /// The memory of all of its processes.
    pub memory_bytes: Option<u64>,
    /// What is free on the disk of the spool.
    pub disk_free_bytes: Option<u64>,
}

/// What there is of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvailableSegment {
    /// The segment.
    pub id: SegmentId,
    /// The server has to have this entry before it can take the segment.
    pub announced_by: RecordSequence,
    /// How many bytes of it can be loaded.
    pub bytes: u64,
    /// Its end, once it is sealed.
    pub end: Option<SegmentEnd>,
}

/// What the link wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this.
    Send(proto::FromAgent),
    /// Load entries, then give [`Input::EntriesLoaded`].
    LoadEntries {
        /// Those after this one.
        after: RecordSequence,
        /// At most so many.
        max_count: usize,
        /// At most so many bytes, but at least one entry.
        max_bytes: usize,
    },
    /// Load bytes of a segment, then give [`Input::SegmentLoaded`].
    LoadSegment {
        /// The segment.
        id: SegmentId,
        /// From this byte on.
        offset: u64,
        /// At most so many.
        max_bytes: usize,
    },
    /// The server has the entries up to this one: the spool may forget them.
    EntriesStored(RecordSequence),
    /// The server has the segment: the spool may forget it.
    SegmentStored(SegmentId),
    /// The server will never take the segment: record it as lost, then forget it.
    SegmentGivenUp(SegmentId, GiveUpReason),
    /// Follow this policy from now on.
    PolicyChanged {
        /// Its revision.
        revision: u64,
        /// The policy.
        policy: Policy,
    },
    /// The server sent a policy that this agent cannot follow. It keeps the one that it has.
    PolicyUnusable(ConvertError),
    /// The server's clock shows this now.
    ServerClock(Timestamp),
    /// The last [`Input::Checks`] is durable on the server, with these adjustments.
    ChecksStored(Vec<AdjustmentId>),
    /// The server wants the prerequisites looked at.
    CheckNow,
    /// The server calls: do it, then give [`Input::ControlState`] with the same number.
    Control(proto::NumberedCall),
    /// End the connection. Nothing comes after it before [`Input::Connected`].
    Close(Ending),
}

/// Why the server will never take a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUpReason {
    /// What arrived was not what was sent, twice.
    HashMismatch,
    /// The server has the entry that announced it, but does not know the segment.
    UnknownToServer,
    /// It is over the limit.
    TooLarge,
    /// The server does not say.
    Unspecified,
}

/// Why the link ends a connection in good order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The server refuses to go on.
    Refused {
        /// Why.
        reason: refused::Reason,
        /// For a person: says what to do.
        message: String,
        /// Whether it makes sense to try again.
        retry: Retry,
        /// A token with which this computer is to enrol as a new agent, as an administrator wants.
        enrolment_token: Option<String>,
    },
    /// Server and spool do not agree which entries the server has: one of them was put back to
    /// an older state. Give the spool a new id, make a new link, and connect again.
    SpoolOutOfStep {
        /// The last entry of this spool that the server has.
        server: RecordSequence,
    },
}

/// When to connect again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// After a [`crate::Backoff`].
    Soon,
    /// Only now and then: it takes an upgrade of one side.
    Rarely,
    /// Not with this certificate.
    Never,
}

impl Retry {
    pub(super) const fn after(reason: refused::Reason) -> Self {
        match reason {
            refused::Reason::ProtocolTooOld | refused::Reason::ProtocolTooNew => Self::Rarely,
            refused::Reason::AgentRemoved => Self::Never,
            refused::Reason::Unspecified
            | refused::Reason::Misbehaved
            | refused::Reason::Overloaded
            | refused::Reason::Duplicate => Self::Soon,
        }
    }
}

/// The server did what it must not. End the connection and try again after a [`crate::Backoff`];
/// the link takes the connection for gone already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// A message that makes no sense.
    #[error(transparent)]
    Message(#[from] ConvertError),
    /// A message of no known kind.
    #[error("the server sent a message of no known kind")]
    UnknownMessage,
    /// Something else before Welcome, or a second Welcome.
    #[error("the server sent {0} out of turn")]
    OutOfTurn(MessageKind),
    /// No Welcome in time.
    #[error("the server did not answer within {} s", super::WELCOME_LIMIT.as_secs())]
    NoWelcome,
    /// A protocol that was not offered.
    #[error("the server chose protocol {0}, which was not offered")]
    ProtocolNotOffered(u32),
    /// A window in which nothing fits.
    #[error("the server leaves no room for anything")]
    NoWindow,
    /// An acknowledgement of what was not sent.
    #[error("the server acknowledged entry {through}, the last one sent is {sent}")]
    AcknowledgedTooMuch {
        /// The entry acknowledged.
        through: RecordSequence,
        /// The last one sent.
        sent: RecordSequence,
    },
    /// An answer about a segment that was not asked.
    #[error("the server answered about segment {0}, which was not asked")]
    NotAsked(SegmentId),
    /// More of a segment than was sent.
    #[error("the server has more of segment {0} than was sent")]
    SegmentTooLong(SegmentId),
    /// It drops again and again what was sent.
    #[error("the server makes no progress with segment {0}")]
    NoProgress(SegmentId),
}

/// What kind of message it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// `Welcome`.
    Welcome,
    /// Any message other than `Welcome` and `Refused`.
    Other,
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Welcome => "Welcome",
            Self::Other => "a message",
        })
    }
}
