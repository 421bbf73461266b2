//! What happens to a link, and what it wants done.

use eidetic_model::{
    AdjustmentId, CheckReport, Entry, Policy, RecordSequence, SegmentEnd, SegmentId, Timestamp,
};

use crate::{
    NegotiationError,
    convert::{Hello, SegmentChunk},
    proto,
};
use proto::{refused, segment_rejected};

/// How much an agent may have under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Entries that were sent and are not acknowledged.
    pub entries: u32,
    /// Bytes of segments that were sent and are not acknowledged.
    pub segment_bytes: u64,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            entries: 4_000,
            segment_bytes: 4 << 20,
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// The agent sent a message.
    Message(proto::FromAgent),
    /// [`Output::Open`] is done.
    Opened {
        /// The last entry of the spool that is durable.
        last_sequence: RecordSequence,
        /// The revision of the policy.
        policy_revision: u64,
        /// The policy that the agent shall follow.
        policy: Policy,
        /// The server's clock.
        server_time: Timestamp,
    },
    /// All entries up to this one are durable: the answer to [`Output::StoreEntries`].
    EntriesStored(RecordSequence),
    /// The one answer to each [`Output::AppendSegment`], [`Output::EndSegment`] and
    /// [`Output::QuerySegment`].
    Segment(SegmentId, SegmentOutcome),
    /// There is a new policy.
    PolicyChanged {
        /// Its revision.
        revision: u64,
        /// The policy.
        policy: Policy,
    },
    /// The answer to [`Output::StoreChecks`].
    ChecksStored {
        /// The adjustments that are durable.
        adjustments: Vec<AdjustmentId>,
        /// The server's clock.
        server_time: Timestamp,
    },
    /// The agent shall look at its prerequisites now.
    CheckNow,
    /// The agent shall do this. [`Output::ControlState`] has its answer, if it knows such calls.
    Control(proto::NumberedCall),
    /// The connection shall end.
    Stop(Refusal),
    /// The agent ended the connection, or it broke.
    Left,
    /// Time passed.
    Tick,
}

/// What became of something that was asked for a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentOutcome {
    /// Bytes were added, or were there already; or they began after the end and were not added.
    Appended {
        /// The length of the chunk that this answers.
        taken: u64,
        /// How many bytes are durable now.
        durable: u64,
    },
    /// So many bytes are durable.
    Holds(u64),
    /// The segment is whole and durable.
    Stored {
        /// The length of the chunk that this answers; 0 if it answers something else.
        taken: u64,
    },
    /// It was not taken.
    Rejected {
        /// The length of the chunk that this answers; 0 if it answers something else.
        taken: u64,
        /// Why.
        reason: segment_rejected::Reason,
    },
}

/// What the link wants done.
#[derive(Clone, Debug)]
pub enum Output {
    /// Send this.
    Send(proto::ToAgent),
    /// Look up what is known of this agent's spool, then give [`Input::Opened`].
    Open(Hello),
    /// Store these entries, then give [`Input::EntriesStored`].
    StoreEntries(Vec<(RecordSequence, Entry)>),
    /// Add these bytes to a segment, then give [`Input::Segment`].
    AppendSegment(SegmentChunk),
    /// Check a segment and make it whole, then give [`Input::Segment`].
    EndSegment(SegmentEnd),
    /// See how much of a segment is durable, then give [`Input::Segment`].
    QuerySegment(SegmentId),
    /// Keep what the agent found of its prerequisites, then give [`Input::ChecksStored`].
    StoreChecks(CheckReport),
    /// The agent answered a call.
    ControlState(proto::NumberedState),
    /// The agent told of itself.
    Status(proto::Status),
    /// Send what is to be sent, then end the connection. Nothing comes after.
    Close(Ending),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The agent left.
    Left,
    /// The agent said nothing for too long.
    Silent,
    /// The server refused to go on.
    Refused(Refusal),
}

/// Why the server does not go on with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For the agent.
    pub reason: refused::Reason,
    /// For a person: says what to do.
    pub message: String,
}

impl Refusal {
    /// The agent did what it must not.
    pub fn misbehaved(message: impl Into<String>) -> Self {
        Self {
            reason: refused::Reason::Misbehaved,
            message: message.into(),
        }
    }

    /// The server cannot take more now; the agent tries again later.
    pub fn overloaded(message: impl Into<String>) -> Self {
        Self {
            reason: refused::Reason::Overloaded,
            message: message.into(),
        }
    }
}

impl From<NegotiationError> for Refusal {
    fn from(error: NegotiationError) -> Self {
        let reason = match error {
            NegotiationError::TooOld { .. } => refused::Reason::ProtocolTooOld,
            NegotiationError::TooNew { .. } => refused::Reason::ProtocolTooNew,
        };
        Self {
            reason,
            message: error.to_string(),
        }
    }
}
