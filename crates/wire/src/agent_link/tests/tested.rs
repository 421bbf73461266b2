//! What the tests ask of a link, and what they tell it.

use std::time::Duration;

use bytes::Bytes;
use eidetic_model::{
    ComputerFacts, Policy, RecordSequence, SegmentEnd, SegmentId, SpoolId, Timestamp,
};
use uuid::Uuid;

use super::super::{AgentLink, AvailableSegment, Input, Output};
use crate::{
    ProtocolVersion,
    convert::{Hello, to_proto},
    proto::{
        self, from_agent::Message as FromAgent, segment_rejected, to_agent::Message as ToAgent,
    },
};

/// A link with what the tests ask of it.
pub struct Tested(pub AgentLink);

impl Tested {
    pub fn new(acknowledged: u64, newest: u64) -> Self {
        let hello = Hello {
            oldest: ProtocolVersion::OLDEST,
            newest: ProtocolVersion::NEWEST,
            agent_version: "1".into(),
            computer_name: "computer".into(),
            operating_system: "system".into(),
            spool: SpoolId::from_uuid(Uuid::from_u128(1)),
            facts: ComputerFacts::default(),
            run: None,
            control_port: None,
        };
        let acknowledged = RecordSequence(acknowledged);
        Self(AgentLink::new(hello, acknowledged, RecordSequence(newest)))
    }

    /// A link on which Welcome was said, and which has told its status.
    pub fn open(acknowledged: u64, newest: u64) -> Self {
        let mut link = Self::new(acknowledged, newest);
        link.connect(welcome(acknowledged));
        assert!(matches!(link.next(), Output::PolicyChanged { .. }));
        assert!(matches!(link.sent(), FromAgent::Status(_)));
        link
    }

    pub fn connect(&mut self, welcome: proto::Welcome) {
        self.give(Input::Connected);
        assert!(matches!(self.sent(), FromAgent::Hello(_)));
        self.message(ToAgent::Welcome(welcome));
    }

    pub fn give(&mut self, input: Input) {
        self.0.handle(Duration::ZERO, input).unwrap();
    }

    pub fn message(&mut self, message: ToAgent) {
        let message = Some(message);
        self.give(Input::Message(proto::ToAgent { message }));
    }

    pub fn next(&mut self) -> Output {
        self.0.poll_output().expect("something is to be done")
    }

    pub fn quiet(&mut self) {
        let output = self.0.poll_output();
        assert!(output.is_none(), "{output:?}");
    }

    pub fn sent(&mut self) -> FromAgent {
        match self.next() {
            Output::Send(message) => message.message.unwrap(),
            other => panic!("nothing is sent, but {other:?}"),
        }
    }

    /// The next message, if what comes next is one.
    pub fn sent_or_policy(&mut self) -> Option<FromAgent> {
        match self.next() {
            Output::Send(message) => message.message,
            _ => None,
        }
    }

    pub fn asked_for_entries(&mut self) -> (u64, usize) {
        match self.next() {
            Output::LoadEntries {
                after, max_count, ..
            } => (after.0, max_count),
            other => panic!("no entries are asked for, but {other:?}"),
        }
    }

    pub fn asked_for_bytes(&mut self) -> (SegmentId, u64, usize) {
        match self.next() {
            Output::LoadSegment {
                id,
                offset,
                max_bytes,
            } => (id, offset, max_bytes),
            other => panic!("no bytes are asked for, but {other:?}"),
        }
    }
}

pub fn welcome(last_sequence: u64) -> proto::Welcome {
    proto::Welcome {
        protocol: 1,
        last_sequence,
        segment_window_bytes: 100,
        entry_window: 10,
        policy: Some(to_proto::policy(3, &Policy::default())),
        server_time: 0,
    }
}

pub fn stored(through_sequence: u64) -> ToAgent {
    ToAgent::EntriesStored(proto::EntriesStored { through_sequence })
}

pub fn progress(id: u128, durable_bytes: u64) -> ToAgent {
    ToAgent::SegmentProgress(proto::SegmentProgress {
        segment_id: to_proto::segment_id(segment(id)),
        durable_bytes,
    })
}

pub fn segment_stored(id: u128) -> ToAgent {
    ToAgent::SegmentStored(proto::SegmentStored {
        segment_id: to_proto::segment_id(segment(id)),
    })
}

pub fn rejected(id: u128, reason: segment_rejected::Reason) -> ToAgent {
    ToAgent::SegmentRejected(proto::SegmentRejected {
        segment_id: to_proto::segment_id(segment(id)),
        reason: reason.into(),
    })
}

pub fn growing(id: u128, bytes: u64) -> Input {
    Input::SegmentAvailable(AvailableSegment {
        id: segment(id),
        announced_by: RecordSequence::ZERO,
        bytes,
        end: None,
    })
}

pub fn whole(id: u128, announced_by: u64, bytes: u64) -> Input {
    let id = segment(id);
    let end = SegmentEnd {
        id,
        end: Timestamp::from_unix_micros(1),
        bytes,
        sha256: [7; 32],
    };
    Input::SegmentAvailable(AvailableSegment {
        id,
        announced_by: RecordSequence(announced_by),
        bytes,
        end: Some(end),
    })
}

pub fn entries(first: u64, count: usize) -> Input {
    Input::EntriesLoaded {
        first: RecordSequence(first),
        entries: vec![proto::Entry::default(); count],
    }
}

pub fn loaded(id: u128, offset: u64, count: usize) -> Input {
    Input::SegmentLoaded {
        id: segment(id),
        offset,
        bytes: Bytes::from(vec![7; count]),
    }
}

pub fn segment(number: u128) -> SegmentId {
    SegmentId::from_uuid(Uuid::from_u128(number))
}
