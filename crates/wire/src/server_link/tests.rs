//! The link's promises.

use bytes::Bytes;
use eidetic_model::{ComputerFacts, Entry, IdleStretch, SegmentId, SessionId, SpoolId, Timestamp};
use proptest::{collection::vec, prelude::*};
use prost::Message as _;
use proto::{refused, segment_rejected};
use uuid::Uuid;

use super::*;
use crate::convert::{Hello, SegmentChunk};

const WINDOWS: Windows = Windows {
    entries: 10,
    segment_bytes: 100,
};

#[test]
fn hello_is_answered_with_welcome_once_the_spool_is_known() {
    let mut link = Tested::new();
    link.message(FromAgent::Hello(to_proto::hello(&hello(1, 1))));
    let Some(Output::Open(opened)) = link.poll_output() else {
        panic!("not opened");
    };
    assert_eq!(opened, hello(1, 1));
    assert!(link.poll_output().is_none());
    link.opened(7);
    let ToAgent::Welcome(welcome) = link.sent() else {
        panic!("no welcome");
    };
    assert_eq!(welcome.protocol, 1);
    assert_eq!(welcome.last_sequence, 7);
    assert_eq!(welcome.entry_window, 10);
    assert_eq!(welcome.segment_window_bytes, 100);
    assert_eq!(welcome.policy.unwrap().revision, 3);
}

#[test]
fn a_call_goes_to_agents_that_know_of_calls_and_is_answered_for_the_others() {
    for (version, goes) in [(2, false), (3, true)] {
        let mut link = Tested::new();
        link.message(FromAgent::Hello(to_proto::hello(&hello(version, version))));
        assert!(matches!(link.poll_output(), Some(Output::Open(_))));
        link.opened(0);
        assert!(matches!(link.sent(), ToAgent::Welcome(_)));
        let call = proto::NumberedCall {
            number: 7,
            call: proto::ControlCall::Stop.into(),
        };
        link.handle(Duration::ZERO, Input::Control(call));
        match link.poll_output() {
            Some(Output::Send(message)) => {
                assert!(goes);
                assert_eq!(message.message, Some(ToAgent::ControlCall(call)));
            }
            Some(Output::ControlState(answer)) => {
                assert!(!goes);
                assert_eq!(answer.number, 7);
                assert!(answer.state.unwrap().refused.contains("upgrade"));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_report_is_kept_before_it_is_acknowledged_and_only_newer_agents_are_asked() {
    for (version, asked) in [(1, false), (2, true)] {
        let mut link = Tested::new();
        link.message(FromAgent::Hello(to_proto::hello(&hello(version, version))));
        assert!(matches!(link.poll_output(), Some(Output::Open(_))));
        link.opened(0);
        let ToAgent::Welcome(welcome) = link.sent() else {
            panic!("no welcome");
        };
        assert_eq!(welcome.server_time, 7);
        link.handle(Duration::ZERO, Input::CheckNow);
        match link.poll_output() {
            Some(Output::Send(message)) if asked => {
                assert!(matches!(message.message, Some(ToAgent::CheckNow(_))));
            }
            output => assert!(output.is_none() && !asked, "{output:?}"),
        }
        let report = eidetic_model::CheckReport {
            at: Timestamp::from_unix_micros(3),
            ..Default::default()
        };
        let message = to_proto::check_report(&report);
        link.message(FromAgent::CheckReport(message));
        let stored = link.poll_output();
        assert!(matches!(stored, Some(Output::StoreChecks(kept)) if kept == report));
        assert!(link.poll_output().is_none());
        let id = eidetic_model::AdjustmentId::from_uuid(Uuid::from_u128(4));
        link.handle(
            Duration::ZERO,
            Input::ChecksStored {
                adjustments: vec![id],
                server_time: Timestamp::from_unix_micros(9),
            },
        );
        let ToAgent::CheckReportStored(stored) = link.sent() else {
            panic!("not acknowledged");
        };
        assert_eq!(stored.server_time, 9);
        assert_eq!(stored.adjustment_ids[0][..], id.to_bytes());
    }
}

#[test]
fn an_agent_without_a_common_version_is_told_what_to_do() {
    let refused = |oldest, newest| {
        let mut link = Tested::new();
        link.message(FromAgent::Hello(to_proto::hello(&hello(oldest, newest))));
        link.refused()
    };
    let too_old = refused(0, 0);
    assert_eq!(too_old.reason, refused::Reason::ProtocolTooOld);
    assert!(too_old.message.contains("upgrade the agent"));
    let too_new = refused(4, 5);
    assert_eq!(too_new.reason, refused::Reason::ProtocolTooNew);
    assert!(too_new.message.contains("upgrade the server"));
}

#[test]
fn messages_out_of_order_are_refused() {
    let mut link = Tested::new();
    link.message(entries(1, 1));
    assert_eq!(link.refused().message, "the first message is not Hello");

    let mut link = Tested::new();
    link.message(FromAgent::Hello(to_proto::hello(&hello(1, 1))));
    let _open = link.poll_output();
    link.message(entries(1, 1));
    assert_eq!(link.refused().message, "a message came before Welcome");

    let mut link = Tested::open(0);
    link.message(FromAgent::Hello(to_proto::hello(&hello(1, 1))));
    assert_eq!(link.refused().message, "Hello came twice");

    let mut link = Tested::open(0);
    link.handle(
        Duration::ZERO,
        Input::Message(proto::FromAgent { message: None }),
    );
    assert_eq!(link.refused().message, "a message of no known kind came");
}

#[test]
fn entries_are_handed_over_once_and_acknowledged_only_when_stored() {
    let mut link = Tested::open(2);
    link.message(entries(1, 4));
    assert_eq!(link.handed_over(), [3, 4], "1 and 2 are there already");
    link.message(entries(3, 3));
    assert_eq!(link.handed_over(), [5]);
    assert!(link.poll_output().is_none(), "nothing is durable yet");
    link.handle(Duration::ZERO, Input::EntriesStored(RecordSequence(4)));
    assert_eq!(link.stored_through(), 4);
    link.message(entries(1, 2));
    assert_eq!(link.stored_through(), 4, "the agent is told again");
    link.handle(Duration::ZERO, Input::EntriesStored(RecordSequence(5)));
    assert_eq!(link.stored_through(), 5);
}

#[test]
fn a_hole_in_the_sequences_is_refused() {
    let mut link = Tested::open(2);
    link.message(entries(5, 1));
    let refused = link.refused();
    assert_eq!(refused.reason, refused::Reason::Misbehaved);
    assert_eq!(refused.message, "entries 3 to 5 are missing");
}

#[test]
fn more_under_way_than_the_windows_allow_is_refused() {
    let mut link = Tested::open(0);
    link.message(entries(1, 10));
    assert_eq!(link.handed_over().len(), 10);
    link.message(entries(11, 1));
    assert_eq!(link.refused().message, "more than 10 entries are under way");

    let mut link = Tested::open(0);
    link.message(bytes(0, 100));
    assert!(matches!(link.poll_output(), Some(Output::AppendSegment(_))));
    link.message(bytes(100, 1));
    assert_eq!(
        link.refused().message,
        "more than 100 bytes of segments are under way"
    );
}

#[test]
fn acknowledged_bytes_make_room_for_more() {
    let mut link = Tested::open(0);
    for offset in [0, 100, 200] {
        link.message(bytes(offset, 100));
        assert!(matches!(link.poll_output(), Some(Output::AppendSegment(_))));
        let durable = offset + 100;
        let outcome = SegmentOutcome::Appended {
            taken: 100,
            durable,
        };
        link.handle(Duration::ZERO, Input::Segment(segment(), outcome));
        let ToAgent::SegmentProgress(progress) = link.sent() else {
            panic!("no progress");
        };
        assert_eq!(progress.durable_bytes, durable);
    }
}

#[test]
fn a_segment_over_the_limit_is_rejected_and_the_connection_goes_on() {
    let mut link = Tested::open(0);
    link.message(bytes(MAX_SEGMENT_BYTES, 1));
    let ToAgent::SegmentRejected(rejected) = link.sent() else {
        panic!("not rejected");
    };
    assert_eq!(rejected.reason(), segment_rejected::Reason::TooLarge);
    link.message(entries(1, 1));
    assert_eq!(link.handed_over(), [1]);
}

#[test]
fn what_became_of_a_segment_is_told() {
    let mut link = Tested::open(0);
    let mut told = |outcome| {
        link.handle(Duration::ZERO, Input::Segment(segment(), outcome));
        link.sent()
    };
    let stored = told(SegmentOutcome::Stored { taken: 0 });
    assert!(matches!(stored, ToAgent::SegmentStored(_)));
    let holds = told(SegmentOutcome::Holds(9));
    assert!(matches!(holds, ToAgent::SegmentProgress(p) if p.durable_bytes == 9));
    let reason = segment_rejected::Reason::HashMismatch;
    let rejected = told(SegmentOutcome::Rejected { taken: 0, reason });
    assert!(matches!(rejected, ToAgent::SegmentRejected(r) if r.reason() == reason));
}

#[test]
fn a_new_policy_is_sent_once() {
    let mut link = Tested::open(0);
    for _ in 0..2 {
        let policy = Policy::default();
        let revision = 4;
        link.handle(Duration::ZERO, Input::PolicyChanged { revision, policy });
    }
    assert!(matches!(link.sent(), ToAgent::Policy(policy) if policy.revision == 4));
    assert!(link.poll_output().is_none());
}

#[test]
fn a_silent_agent_is_given_up_and_one_that_speaks_is_not() {
    let mut link = Tested::new();
    assert_eq!(link.poll_timeout(), Some(HELLO_LIMIT));
    link.handle(HELLO_LIMIT, Input::Tick);
    assert!(matches!(
        link.poll_output(),
        Some(Output::Close(Ending::Silent))
    ));
    assert_eq!(link.poll_timeout(), None);

    let mut link = Tested::open(0);
    let later = Duration::from_secs(29);
    let status = FromAgent::Status(proto::Status::default());
    let message = Some(status);
    link.handle(later, Input::Message(proto::FromAgent { message }));
    assert!(matches!(link.poll_output(), Some(Output::Status(_))));
    link.handle(SILENCE_LIMIT, Input::Tick);
    assert!(link.poll_output().is_none());
    link.handle(later + SILENCE_LIMIT, Input::Tick);
    assert!(matches!(
        link.poll_output(),
        Some(Output::Close(Ending::Silent))
    ));
}

#[test]
fn after_the_end_nothing_comes() {
    let mut link = Tested::open(0);
    let refusal = Refusal::overloaded("the disk is full");
    link.handle(Duration::ZERO, Input::Stop(refusal.clone()));
    assert_eq!(link.refused(), refusal);
    link.message(entries(1, 1));
    link.handle(Duration::from_secs(99), Input::Tick);
    assert!(link.poll_output().is_none());
}

proptest! {
    #[test]
    fn no_bytes_make_the_link_panic(messages in vec(vec(any::<u8>(), 0..200), 0..20)) {
        let mut link = Tested::open(0);
        for bytes in messages {
            if let Ok(message) = proto::FromAgent::decode(&bytes[..]) {
                link.handle(Duration::ZERO, Input::Message(message));
            }
        }
        while link.poll_output().is_some() {}
    }

    /// Whatever an agent sends and in whatever order the owner stores: every entry is handed
    /// over exactly once, in order, and no more is acknowledged than was stored.
    #[test]
    fn any_conversation_keeps_the_promises(steps in vec(any_step(), 0..100)) {
        let mut link = Tested::open(0);
        let (mut handed, mut stored) = (0, 0);
        for step in steps {
            match step {
                Step::Message(message) => link.message(message),
                Step::Stored => {
                    stored = handed;
                    link.handle(Duration::ZERO, Input::EntriesStored(RecordSequence(stored)));
                }
            }
            while let Some(output) = link.poll_output() {
                match output {
                    Output::StoreEntries(entries) => {
                        for (sequence, _) in entries {
                            prop_assert_eq!(sequence.0, handed + 1);
                            handed += 1;
                        }
                        prop_assert!(handed - stored <= u64::from(WINDOWS.entries));
                    }
                    Output::Send(proto::ToAgent { message: Some(ToAgent::EntriesStored(told)) }) => {
                        prop_assert!(told.through_sequence <= stored);
                    }
                    _ => {}
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Message(FromAgent),
    Stored,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..30_u64, 0..6_usize).prop_map(|(first, count)| Step::Message(entries(first, count))),
        (0..200_u64, 0..60_usize).prop_map(|(offset, count)| Step::Message(bytes(offset, count))),
        Just(Step::Message(FromAgent::Status(proto::Status::default()))),
        Just(Step::Message(FromAgent::SegmentQuery(
            proto::SegmentQuery::default()
        ))),
        Just(Step::Message(FromAgent::SegmentEnd(
            proto::SegmentEnd::default()
        ))),
        Just(Step::Stored),
        Just(Step::Stored),
    ]
}

/// A link with what the tests ask of it.
struct Tested(ServerLink);

impl Tested {
    fn new() -> Self {
        Self(ServerLink::new(Duration::ZERO, WINDOWS))
    }

    /// A link on which Welcome was said.
    fn open(last_sequence: u64) -> Self {
        let mut link = Self::new();
        link.message(FromAgent::Hello(to_proto::hello(&hello(1, 1))));
        let _open = link.poll_output();
        link.opened(last_sequence);
        let _welcome = link.poll_output();
        link
    }

    fn message(&mut self, message: FromAgent) {
        let message = Some(message);
        self.handle(Duration::ZERO, Input::Message(proto::FromAgent { message }));
    }

    fn opened(&mut self, last_sequence: u64) {
        self.handle(
            Duration::ZERO,
            Input::Opened {
                last_sequence: RecordSequence(last_sequence),
                policy_revision: 3,
                policy: Policy::default(),
                server_time: Timestamp::from_unix_micros(7),
            },
        );
    }

    fn handle(&mut self, now: Duration, input: Input) {
        self.0.handle(now, input);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }

    fn poll_timeout(&self) -> Option<Duration> {
        self.0.poll_timeout()
    }

    fn sent(&mut self) -> ToAgent {
        match self.poll_output() {
            Some(Output::Send(message)) => message.message.unwrap(),
            other => panic!("nothing is sent, but {other:?}"),
        }
    }

    fn stored_through(&mut self) -> u64 {
        match self.sent() {
            ToAgent::EntriesStored(stored) => stored.through_sequence,
            other => panic!("not acknowledged, but {other:?}"),
        }
    }

    fn handed_over(&mut self) -> Vec<u64> {
        match self.poll_output() {
            Some(Output::StoreEntries(entries)) => entries.iter().map(|entry| entry.0.0).collect(),
            other => panic!("nothing to store, but {other:?}"),
        }
    }

    fn refused(&mut self) -> Refusal {
        let ToAgent::Refused(told) = self.sent() else {
            panic!("the agent is not told");
        };
        let Some(Output::Close(Ending::Refused(refusal))) = self.poll_output() else {
            panic!("not closed");
        };
        assert_eq!(told.message, refusal.message);
        assert_eq!(told.reason(), refusal.reason);
        assert!(self.poll_output().is_none());
        refusal
    }
}

fn entries(first_sequence: u64, count: usize) -> FromAgent {
    let idle = Entry::Idle(IdleStretch {
        session: SessionId::from_uuid(Uuid::from_u128(1)),
        from: Timestamp::from_unix_micros(1),
        until: Timestamp::from_unix_micros(2),
    });
    let entries = vec![to_proto::entry(&idle); count];
    FromAgent::Entries(proto::Entries {
        first_sequence,
        entries,
    })
}

fn bytes(offset: u64, count: usize) -> FromAgent {
    FromAgent::SegmentBytes(to_proto::segment_bytes(&SegmentChunk {
        id: segment(),
        offset,
        bytes: Bytes::from(vec![7; count]),
    }))
}

fn segment() -> SegmentId {
    SegmentId::from_uuid(Uuid::from_u128(3))
}

fn hello(oldest: u32, newest: u32) -> Hello {
    Hello {
        oldest: ProtocolVersion(oldest),
        newest: ProtocolVersion(newest),
        agent_version: "0.1.0".into(),
        computer_name: "host".into(),
        operating_system: "Debian".into(),
        spool: SpoolId::from_uuid(Uuid::from_u128(5)),
        facts: ComputerFacts::default(),
        run: None,
        control_port: None,
    }
}
