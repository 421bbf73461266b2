//! The messages, as the agent uses them and as they stand in the pipe.

use std::time::Duration;

use bytes::Bytes;
use eidetic_model::{
    Entry, GapReason, Policy, SegmentDescription, SegmentId, SessionDescription, Timestamp,
};
use eidetic_wire::{
    convert::{ConvertError, from_proto, to_proto},
    proto,
};
use prost::Message as _;

/// What a recorder tells the service.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Report {
    /// The display is open: recording has begun, or goes on after a gap.
    Ready,
    /// Something for the record: an activity of the recorder's session. Nothing else is taken.
    Activity(Box<eidetic_model::ActivityRecord>),
    /// A segment was begun.
    SegmentOpened(SegmentDescription),
    /// The next bytes of a segment. Whole packets.
    SegmentBytes {
        /// The segment.
        segment: SegmentId,
        /// With these bytes, the segment tells what the display showed until then.
        until: Timestamp,
        /// The bytes.
        bytes: Bytes,
    },
    /// A segment is whole.
    SegmentSealed(SegmentId),
    /// Nobody has been there for the policy's time, since then.
    InputStopped {
        /// The last input.
        from: Timestamp,
    },
    /// Somebody is there.
    InputResumed {
        /// The first input known.
        until: Timestamp,
    },
    /// Something was not recorded.
    Gap {
        /// Why.
        reason: GapReason,
        /// From when.
        from: Timestamp,
        /// Until when; before `from` if the clock was moved back.
        until: Timestamp,
    },
    /// Frames come at this pace from now on. At first it is [`Pace::Full`].
    Pace(Pace),
    /// A message to the user is about to be shown, or is shown: in this session it is not begun
    /// again. What becomes of it is an activity.
    Notice {
        /// What the user is told.
        text: String,
        /// Since when.
        since: Timestamp,
        /// Whether it is on the screen.
        is_shown: bool,
    },
    /// The system told the recorder that something happened to its session.
    SessionNoticed {
        /// What, in the system's own code.
        code: u32,
    },
}

/// How fast frames come, over some seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As fast as the policy allows.
    Full,
    /// Less often, to keep the policy's ceiling for processor time.
    Slowed {
        /// The time from one frame to the next.
        interval: Duration,
    },
}

/// What the service tells a recorder.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and gone at once")]
pub(crate) enum Order {
    /// The first order.
    Begin(Box<Assignment>),
    /// The policy is now this.
    Policy(Policy),
    /// The spool is full: give up all open segments and begin no new ones.
    PauseScreen,
    /// There is room again: begin new segments.
    ResumeScreen,
    /// Whether the disk has less room than the policy leaves free.
    DiskIsLow(bool),
    /// Write what waits, seal the segments and leave.
    Stop,
}

/// What a recorder is to record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assignment {
    /// The session.
    pub(crate) session: SessionDescription,
    /// The number of the session's account: what runs as another one is told.
    pub(crate) user_id: u32,
    /// By what policy.
    pub(crate) policy: Policy,
    /// Whether the spool is full, so that no segments can be begun.
    pub(crate) screen_paused: bool,
    /// Whether the disk has less room than the policy leaves free.
    pub(crate) disk_is_low: bool,
    /// What the session's user was told last, by another recorder.
    pub(crate) told: Option<String>,
}

/// A message makes no sense: the other side is broken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    /// It is not a message.
    #[error("not a message: {0}")]
    Undecodable(#[from] prost::DecodeError),
    /// It is empty, or lacks a part.
    #[error("message without {0}")]
    Missing(&'static str),
    /// A part of it is out of bounds.
    #[error(transparent)]
    Content(#[from] ConvertError),
    /// An entry that a recorder may not report.
    #[error("recorder reported an entry that only the service may make")]
    NotForRecorders,
    /// A gap whose reason is unknown.
    #[error("unknown gap reason {0}")]
    UnknownGap(u32),
}

impl Report {
    /// The bytes for the pipe.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let report = match self {
            Self::Ready => ReportKind::Ready(true),
            Self::Activity(record) => {
                ReportKind::Entry(to_proto::entry(&Entry::Activity((**record).clone())))
            }
            Self::SegmentOpened(description) => {
                ReportKind::Entry(to_proto::entry(&Entry::SegmentOpened(description.clone())))
            }
            Self::SegmentBytes {
                segment,
                until,
                bytes,
            } => ReportKind::Bytes(Piece {
                segment: to_proto::segment_id(*segment),
                until: until.as_unix_micros(),
                bytes: bytes.clone(),
            }),
            Self::SegmentSealed(segment) => ReportKind::Sealed(to_proto::segment_id(*segment)),
            Self::InputStopped { from } => ReportKind::InputStopped(from.as_unix_micros()),
            Self::InputResumed { until } => ReportKind::InputResumed(until.as_unix_micros()),
            Self::Gap {
                reason,
                from,
                until,
            } => ReportKind::Gap(Gap {
                reason: gap_number(*reason),
                from: from.as_unix_micros(),
                until: until.as_unix_micros(),
            }),
            Self::Pace(pace) => ReportKind::PaceMillis(match pace {
                Pace::Full => 0,
                // INVARIANT: not 0, which is the full pace.
                Pace::Slowed { interval } => u32::try_from(interval.as_millis())
                    .unwrap_or(u32::MAX)
                    .max(1),
            }),
            Self::SessionNoticed { code } => ReportKind::SessionNoticed(*code),
            Self::Notice {
                text,
                since,
                is_shown,
            } => ReportKind::Notice(Notice {
                text: text.clone(),
                since: since.as_unix_micros(),
                is_shown: *is_shown,
            }),
        };
        ReportMessage { kind: Some(report) }.encode_to_vec()
    }

    /// Reads a message from the pipe.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, MessageError> {
        let message = ReportMessage::decode(bytes)?;
        Ok(match message.kind.ok_or(MessageError::Missing("a kind"))? {
            ReportKind::Ready(_) => Self::Ready,
            ReportKind::Entry(entry) => match from_proto::entry(entry)? {
                Entry::Activity(record) => Self::Activity(Box::new(record)),
                Entry::SegmentOpened(description) => Self::SegmentOpened(description),
                _ => return Err(MessageError::NotForRecorders),
            },
            ReportKind::Bytes(piece) => Self::SegmentBytes {
                segment: segment_id(&piece.segment)?,
                until: Timestamp::from_unix_micros(piece.until),
                bytes: piece.bytes,
            },
            ReportKind::Sealed(segment) => Self::SegmentSealed(segment_id(&segment)?),
            ReportKind::InputStopped(from) => Self::InputStopped {
                from: Timestamp::from_unix_micros(from),
            },
            ReportKind::InputResumed(until) => Self::InputResumed {
                until: Timestamp::from_unix_micros(until),
            },
            ReportKind::Gap(gap) => Self::Gap {
                reason: GAP_REASONS
                    .into_iter()
                    .find(|reason| gap_number(*reason) == gap.reason)
                    .ok_or(MessageError::UnknownGap(gap.reason))?,
                from: Timestamp::from_unix_micros(gap.from),
                until: Timestamp::from_unix_micros(gap.until),
            },
            ReportKind::PaceMillis(0) => Self::Pace(Pace::Full),
            ReportKind::PaceMillis(millis) => Self::Pace(Pace::Slowed {
                interval: Duration::from_millis(millis.into()),
            }),
            ReportKind::SessionNoticed(code) => Self::SessionNoticed { code },
            ReportKind::Notice(notice) => Self::Notice {
                text: notice.text,
                since: Timestamp::from_unix_micros(notice.since),
                is_shown: notice.is_shown,
            },
        })
    }
}

impl Order {
    /// The bytes for the pipe.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let order = match self {
            Self::Begin(assignment) => OrderKind::Begin(Begin {
                session: Some(to_proto::entry(&Entry::SessionOpened(
                    assignment.session.clone(),
                ))),
                user_id: assignment.user_id,
                policy: Some(to_proto::policy(0, &assignment.policy)),
                screen_paused: assignment.screen_paused,
                disk_is_low: assignment.disk_is_low,
                told: assignment.told.clone(),
            }),
            Self::Policy(policy) => OrderKind::Policy(to_proto::policy(0, policy)),
            Self::PauseScreen => OrderKind::PauseScreen(true),
            Self::ResumeScreen => OrderKind::PauseScreen(false),
            Self::DiskIsLow(is_low) => OrderKind::DiskIsLow(*is_low),
            Self::Stop => OrderKind::Stop(true),
        };
        OrderMessage { kind: Some(order) }.encode_to_vec()
    }

    /// Reads a message from the pipe.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, MessageError> {
        let message = OrderMessage::decode(bytes)?;
        Ok(match message.kind.ok_or(MessageError::Missing("a kind"))? {
            OrderKind::Begin(begin) => {
                let entry = begin.session.ok_or(MessageError::Missing("a session"))?;
                let Entry::SessionOpened(session) = from_proto::entry(entry)? else {
                    return Err(MessageError::Missing("a session"));
                };
                let policy = begin.policy.ok_or(MessageError::Missing("a policy"))?;
                Self::Begin(Box::new(Assignment {
                    session,
                    user_id: begin.user_id,
                    policy: from_proto::policy(policy)?.1,
                    screen_paused: begin.screen_paused,
                    disk_is_low: begin.disk_is_low,
                    told: begin.told,
                }))
            }
            OrderKind::Policy(policy) => Self::Policy(from_proto::policy(policy)?.1),
            OrderKind::PauseScreen(true) => Self::PauseScreen,
            OrderKind::PauseScreen(false) => Self::ResumeScreen,
            OrderKind::DiskIsLow(is_low) => Self::DiskIsLow(is_low),
            OrderKind::Stop(_) => Self::Stop,
        })
    }
}

fn segment_id(bytes: &[u8]) -> Result<SegmentId, MessageError> {
    SegmentId::from_slice(bytes).ok_or(MessageError::Missing("a segment's id"))
}

const fn gap_number(reason: GapReason) -> u32 {
    match reason {
        GapReason::RecorderDied => 1,
        GapReason::DisplayUnavailable => 2,
        GapReason::SpoolFull => 3,
        GapReason::ClockJumped => 4,
        GapReason::SegmentDamaged => 5,
        GapReason::Overloaded => 6,
        GapReason::StoppedByPlan => 7,
        GapReason::RetentionOver => 8,
    }
}

const GAP_REASONS: [GapReason; 8] = [
    GapReason::RecorderDied,
    GapReason::DisplayUnavailable,
    GapReason::SpoolFull,
    GapReason::ClockJumped,
    GapReason::SegmentDamaged,
    GapReason::Overloaded,
    GapReason::StoppedByPlan,
    GapReason::RetentionOver,
];

#[derive(Clone, PartialEq, prost::Message)]
struct ReportMessage {
    #[prost(oneof = "ReportKind", tags = "1, 2, 3, 4, 5, 6, 7, 8, 9, 10")]
    kind: Option<ReportKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and gone at once")]
enum ReportKind {
    #[prost(message, tag = "1")]
    Entry(proto::Entry),
    #[prost(message, tag = "2")]
    Bytes(Piece),
    #[prost(bytes = "bytes", tag = "3")]
    Sealed(Bytes),
    #[prost(int64, tag = "4")]
    InputStopped(i64),
    #[prost(int64, tag = "5")]
    InputResumed(i64),
    #[prost(message, tag = "6")]
    Gap(Gap),
    #[prost(bool, tag = "7")]
    Ready(bool),
    #[prost(uint32, tag = "8")]
    PaceMillis(u32),
    #[prost(uint32, tag = "9")]
    SessionNoticed(u32),
    #[prost(message, tag = "10")]
    Notice(Notice),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Notice {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(int64, tag = "2")]
    since: i64,
    #[prost(bool, tag = "3")]
    is_shown: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Piece {
    #[prost(bytes = "bytes", tag = "1")]
    segment: Bytes,
    #[prost(int64, tag = "2")]
    until: i64,
    #[prost(bytes = "bytes", tag = "3")]
    bytes: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Gap {
    #[prost(uint32, tag = "1")]
    reason: u32,
    #[prost(int64, tag = "2")]
    from: i64,
    #[prost(int64, tag = "3")]
    until: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
struct OrderMessage {
    #[prost(oneof = "OrderKind", tags = "1, 2, 3, 4, 5")]
    kind: Option<OrderKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
#[expect(clippy::large_enum_variant, reason = "one at a time, and gone at once")]
enum OrderKind {
    #[prost(message, tag = "1")]
    Begin(Begin),
    #[prost(message, tag = "2")]
    Policy(proto::Policy),
    #[prost(bool, tag = "3")]
    PauseScreen(bool),
    #[prost(bool, tag = "4")]
    Stop(bool),
    #[prost(bool, tag = "5")]
    DiskIsLow(bool),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Begin {
    #[prost(message, optional, tag = "1")]
    session: Option<proto::Entry>,
    #[prost(uint32, tag = "2")]
    user_id: u32,
    #[prost(message, optional, tag = "3")]
    policy: Option<proto::Policy>,
    #[prost(bool, tag = "4")]
    screen_paused: bool,
    #[prost(bool, tag = "5")]
    disk_is_low: bool,
    #[prost(string, optional, tag = "6")]
    told: Option<String>,
}

#[cfg(test)]
mod tests {
    use eidetic_model::{SessionId, SessionOrigin};
    use uuid::Uuid;

    use super::*;

    fn time(secs: i64) -> Timestamp {
        Timestamp::from_unix_micros(secs * 1_000_000)
    }

    #[test]
    fn reports_and_orders_come_back_as_they_went() {
        let segment = SegmentId::from_uuid(Uuid::from_u128(7));
        for report in [
            Report::Ready,
            Report::SegmentBytes {
                segment,
                until: time(9),
                bytes: Bytes::from_static(b"packets"),
            },
            Report::SegmentSealed(segment),
            Report::InputStopped { from: time(1) },
            Report::InputResumed { until: time(2) },
            Report::Gap {
                reason: GapReason::ClockJumped,
                from: time(5),
                until: time(3),
            },
            Report::Pace(Pace::Full),
            Report::Pace(Pace::Slowed {
                interval: Duration::from_millis(750),
            }),
            Report::SessionNoticed { code: 7 },
            Report::Notice {
                text: "You are recorded.".into(),
                since: time(3),
                is_shown: true,
            },
        ] {
            assert_eq!(Report::decode(report.encode().into()).unwrap(), report);
        }
        let assignment = Assignment {
            session: SessionDescription {
                id: SessionId::from_uuid(Uuid::from_u128(1)),
                who: "HOST\\ann".into(),
                where_: "host".into(),
                origin: SessionOrigin::Remote {
                    workstation: "desk".into(),
                },
                display_name: ":1".into(),
                start: time(1),
            },
            user_id: 1000,
            policy: Policy::default(),
            screen_paused: true,
            disk_is_low: true,
            told: Some("You are recorded.".into()),
        };
        for order in [
            Order::Begin(Box::new(assignment)),
            Order::Policy(Policy::default()),
            Order::PauseScreen,
            Order::ResumeScreen,
            Order::DiskIsLow(true),
            Order::DiskIsLow(false),
            Order::Stop,
        ] {
            assert_eq!(Order::decode(order.encode().into()).unwrap(), order);
        }
    }

    #[test]
    fn garbage_is_refused() {
        for bytes in [&b""[..], b"\xff\xff\xff", b"\x22\x00"] {
            assert!(Report::decode(Bytes::copy_from_slice(bytes)).is_err());
        }
    }
}
