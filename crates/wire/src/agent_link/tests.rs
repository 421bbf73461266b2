//! Each promise of the agent's end by itself.

mod policy;
mod tested;

use std::time::Duration;

use bytes::Bytes;
use eidetic_model::{
    AdjustmentId, AdjustmentRecord, CheckReport, RecordSequence, Timestamp, UnmetCheck,
};
use proptest::{
    collection::vec,
    prelude::{any, proptest},
};
use prost::Message as _;

use super::{
    Ending, GiveUpReason, Health, Input, LinkError, Output, Retry, STATUS_INTERVAL, Usage,
    WELCOME_LIMIT,
};
use crate::{
    MAX_SEGMENT_BYTES,
    convert::to_proto,
    proto::{
        self, from_agent::Message as FromAgent, refused, segment_rejected,
        to_agent::Message as ToAgent,
    },
};
use tested::{
    Tested, entries, growing, loaded, progress, rejected, segment, segment_stored, stored, welcome,
    whole,
};

#[test]
fn it_says_hello_and_nothing_else_before_welcome() {
    let mut link = Tested::new(0, 5);
    link.give(Input::Connected);
    assert!(matches!(link.sent(), FromAgent::Hello(hello) if hello.agent_version == "1"));
    link.give(Input::EntriesAvailable {
        newest: RecordSequence(9),
    });
    link.give(whole(1, 0, 10));
    link.quiet();
    assert_eq!(link.0.poll_timeout(), Some(WELCOME_LIMIT));
    let silent = link.0.handle(WELCOME_LIMIT, Input::Tick);
    assert_eq!(silent, Err(LinkError::NoWelcome));
    assert_eq!(link.0.poll_timeout(), None);
}

#[test]
fn it_goes_on_with_the_first_entry_that_the_server_has_not() {
    let mut link = Tested::new(2, 9);
    link.connect(welcome(4));
    assert!(matches!(
        link.next(),
        Output::EntriesStored(RecordSequence(4))
    ));
    assert!(matches!(
        link.next(),
        Output::PolicyChanged { revision: 3, .. }
    ));
    assert!(matches!(link.sent(), FromAgent::Status(status) if status.entries_waiting == 5));
    assert_eq!(link.asked_for_entries(), (4, 5));
}

#[test]
fn entries_stay_within_the_window() {
    let mut link = Tested::open(0, 25);
    assert_eq!(link.asked_for_entries(), (0, 10));
    link.give(entries(1, 10));
    assert!(matches!(link.sent(), FromAgent::Entries(sent) if sent.first_sequence == 1));
    link.quiet();
    link.message(stored(4));
    assert!(matches!(
        link.next(),
        Output::EntriesStored(RecordSequence(4))
    ));
    assert_eq!(link.asked_for_entries(), (10, 4));
}

#[test]
fn a_segment_waits_for_the_entry_that_announces_it() {
    let mut link = Tested::open(0, 1);
    let _load = link.next();
    link.give(whole(7, 1, 10));
    link.give(entries(1, 1));
    assert!(matches!(link.sent(), FromAgent::Entries(_)));
    link.quiet();
    link.message(stored(1));
    let _stored = link.next();
    assert!(matches!(link.sent(), FromAgent::SegmentQuery(_)));
    link.quiet();
    link.message(progress(7, 4));
    assert_eq!(link.asked_for_bytes(), (segment(7), 4, 6));
    link.give(loaded(7, 4, 6));
    assert!(matches!(link.sent(), FromAgent::SegmentBytes(bytes) if bytes.offset == 4));
    assert!(matches!(link.sent(), FromAgent::SegmentEnd(end) if end.bytes == 10));
    link.message(progress(7, 10));
    link.message(segment_stored(7));
    assert!(matches!(link.next(), Output::SegmentStored(id) if id == segment(7)));
    link.quiet();
}

#[test]
fn entries_go_first_then_what_grows_then_the_oldest() {
    let mut link = Tested::open(0, 0);
    for id in [1, 2] {
        link.give(whole(id, 0, 40));
        assert!(matches!(link.sent(), FromAgent::SegmentQuery(_)));
    }
    link.message(progress(1, 0));
    assert_eq!(link.asked_for_bytes().0, segment(1));
    link.message(progress(2, 0));
    link.give(growing(9, 20));
    assert!(matches!(link.sent(), FromAgent::SegmentQuery(_)));
    link.message(progress(9, 0));
    link.give(Input::EntriesAvailable {
        newest: RecordSequence(1),
    });
    link.give(loaded(1, 0, 10));
    let _bytes = link.sent();
    assert_eq!(link.asked_for_entries(), (0, 1));
    link.give(entries(1, 1));
    let _entries = link.sent();
    assert_eq!(link.asked_for_bytes().0, segment(9));
    link.give(loaded(9, 0, 20));
    let _bytes = link.sent();
    assert_eq!(link.asked_for_bytes(), (segment(1), 10, 30));
}

#[test]
fn segments_that_grow_take_turns() {
    let mut link = Tested::open(0, 0);
    for id in [1, 2] {
        link.give(growing(id, 50));
        let _query = link.sent();
    }
    link.message(progress(1, 0));
    link.message(progress(2, 0));
    let mut turns = Vec::new();
    for offset in [0, 0, 5, 5] {
        let (id, from, _) = link.asked_for_bytes();
        assert_eq!(from, offset);
        turns.push(id);
        link.give(Input::SegmentLoaded {
            id,
            offset,
            bytes: Bytes::from_static(&[7; 5]),
        });
        let _bytes = link.sent();
    }
    assert_eq!(turns, [1, 2, 1, 2].map(segment));
}

#[test]
fn bytes_stay_within_the_window() {
    let mut link = Tested::open(0, 0);
    link.give(whole(1, 0, 250));
    let _query = link.sent();
    link.message(progress(1, 0));
    assert_eq!(link.asked_for_bytes(), (segment(1), 0, 100));
    link.give(loaded(1, 0, 100));
    let _bytes = link.sent();
    link.quiet();
    link.message(progress(1, 100));
    assert_eq!(link.asked_for_bytes(), (segment(1), 100, 100));
}

#[test]
fn on_a_slow_link_the_backlog_leaves_room_for_what_happens_now() {
    let mut link = Tested::new(0, 0);
    link.connect(proto::Welcome {
        segment_window_bytes: 4 << 20,
        ..welcome(0)
    });
    let (_policy, _status) = (link.next(), link.next());
    link.give(whole(1, 0, 10 << 20));
    let _query = link.sent();
    link.message(progress(1, 0));
    let mut sent = 0;
    while let Some(Output::LoadSegment { max_bytes, .. }) = link.0.poll_output() {
        link.give(loaded(1, sent, max_bytes));
        let _bytes = link.sent();
        sent += max_bytes as u64;
    }
    assert!(sent < 1 << 20, "{sent}");
    link.give(growing(2, 100_000));
    let _query = link.sent();
    link.message(progress(2, 0));
    assert_eq!(link.asked_for_bytes(), (segment(2), 0, 100_000));
}

#[test]
fn a_segment_that_arrives_wrong_is_sent_again_once_and_then_given_up() {
    let mut link = Tested::open(0, 0);
    link.give(whole(1, 0, 10));
    let _query = link.sent();
    link.message(progress(1, 0));
    for round in 0..2 {
        assert_eq!(link.asked_for_bytes(), (segment(1), 0, 10), "{round}");
        link.give(loaded(1, 0, 10));
        assert!(matches!(link.sent(), FromAgent::SegmentBytes(_)));
        assert!(matches!(link.sent(), FromAgent::SegmentEnd(_)));
        link.message(progress(1, 10));
        link.message(rejected(1, segment_rejected::Reason::HashMismatch));
    }
    assert!(matches!(
        link.next(),
        Output::SegmentGivenUp(id, GiveUpReason::HashMismatch) if id == segment(1)
    ));
    link.quiet();
}

#[test]
fn what_the_server_never_takes_is_given_up_and_the_rest_goes_on() {
    let mut link = Tested::open(0, 0);
    for (id, reason, given_up) in [
        (
            1,
            segment_rejected::Reason::UnknownSegment,
            GiveUpReason::UnknownToServer,
        ),
        (
            2,
            segment_rejected::Reason::TooLarge,
            GiveUpReason::TooLarge,
        ),
        (
            3,
            segment_rejected::Reason::Unspecified,
            GiveUpReason::Unspecified,
        ),
    ] {
        link.give(whole(id, 0, 10));
        let _query = link.sent();
        link.message(rejected(id, reason));
        assert!(matches!(link.next(), Output::SegmentGivenUp(_, reason) if reason == given_up));
    }
    link.give(whole(4, 0, MAX_SEGMENT_BYTES + 1));
    assert!(matches!(
        link.next(),
        Output::SegmentGivenUp(_, GiveUpReason::TooLarge)
    ));
    link.quiet();
}

#[test]
fn a_segment_that_was_stored_before_is_not_sent_again() {
    let mut link = Tested::open(0, 0);
    link.give(whole(1, 0, 10));
    let _query = link.sent();
    link.message(segment_stored(1));
    assert!(matches!(link.next(), Output::SegmentStored(_)));
    link.quiet();
}

#[test]
fn after_a_new_connection_it_asks_again_and_late_loads_do_no_harm() {
    let mut link = Tested::open(0, 3);
    assert_eq!(link.asked_for_entries(), (0, 3));
    link.give(Input::Disconnected);
    link.give(entries(1, 3));
    link.quiet();
    link.connect(welcome(0));
    let _status = link.sent();
    assert_eq!(link.asked_for_entries(), (0, 3));
    link.give(entries(1, 3));
    let _entries = link.sent();
    link.give(entries(1, 3));
    link.quiet();
}

#[test]
fn a_damaged_or_withdrawn_segment_is_left_out() {
    let mut link = Tested::open(0, 0);
    link.give(whole(1, 0, 10));
    let _query = link.sent();
    link.message(progress(1, 0));
    let _load = link.asked_for_bytes();
    link.give(Input::SegmentUnreadable(segment(1)));
    link.quiet();
    link.give(whole(2, 0, 10));
    let _query = link.sent();
    link.give(Input::SegmentWithdrawn(segment(2)));
    // The answer to the question comes nevertheless.
    link.message(progress(2, 0));
    link.quiet();
}

#[test]
fn a_server_out_of_step_with_the_spool_needs_a_new_spool_id() {
    for server in [2, 6] {
        let mut link = Tested::new(3, 5);
        link.connect(welcome(server));
        let Output::Close(Ending::SpoolOutOfStep { server: told }) = link.next() else {
            panic!("not closed");
        };
        assert_eq!(told.0, server);
        link.quiet();
    }
}

#[test]
fn a_refusal_says_whether_to_try_again() {
    for (reason, expected) in [
        (refused::Reason::ProtocolTooOld, Retry::Rarely),
        (refused::Reason::AgentRemoved, Retry::Never),
        (refused::Reason::Overloaded, Retry::Soon),
    ] {
        let mut link = Tested::new(0, 0);
        link.give(Input::Connected);
        let _hello = link.sent();
        link.message(ToAgent::Refused(proto::Refused {
            reason: reason.into(),
            message: "do this".into(),
            enrolment_token: String::new(),
        }));
        let Output::Close(Ending::Refused { message, retry, .. }) = link.next() else {
            panic!("not closed");
        };
        assert_eq!((message.as_str(), retry), ("do this", expected));
        assert!(!link.0.is_open());
    }
}

#[test]
fn status_is_told_again_and_again() {
    let mut link = Tested::open(0, 0);
    link.give(Input::Health(Health {
        spool_bytes: 77,
        sessions_recorded: 2,
        sessions_slowed: 1,
        known_until: Timestamp::from_unix_micros(5_000),
        policy_revision: 0,
        spool_full: true,
        stopped_since: None,
        usage: Usage {
            cpu_permille: Some(12),
            ..Usage::default()
        },
    }));
    link.quiet();
    assert_eq!(link.0.poll_timeout(), Some(STATUS_INTERVAL));
    link.0.handle(STATUS_INTERVAL, Input::Tick).unwrap();
    let FromAgent::Status(status) = link.sent() else {
        panic!("no status");
    };
    assert_eq!((status.spool_bytes, status.sessions_recorded), (77, 2));
    assert_eq!((status.sessions_slowed, status.known_until), (1, 5_000));
    assert_eq!(status.policy_revision, 0, "the policy is not applied yet");
    assert!(status.spool_full);
    assert_eq!((status.cpu_permille, status.memory_bytes), (Some(12), None));
    assert_eq!(link.0.poll_timeout(), Some(STATUS_INTERVAL * 2));
}

#[test]
fn a_server_that_misbehaves_is_an_error_that_names_it() {
    let wrong = |message: ToAgent| {
        let mut link = Tested::open(0, 1);
        link.give(whole(1, 0, 10));
        link.give(growing(2, 10));
        while link.0.poll_output().is_some() {}
        let message = Some(message);
        let result = link
            .0
            .handle(Duration::ZERO, Input::Message(proto::ToAgent { message }));
        assert!(!link.0.is_open());
        result.unwrap_err()
    };
    assert!(matches!(
        wrong(stored(1)),
        LinkError::AcknowledgedTooMuch { .. }
    ));
    assert_eq!(wrong(progress(3, 1)), LinkError::NotAsked(segment(3)));
    assert_eq!(
        wrong(segment_stored(2)),
        LinkError::SegmentTooLong(segment(2))
    );
    assert!(matches!(
        wrong(ToAgent::Welcome(welcome(0))),
        LinkError::OutOfTurn(_)
    ));
    let no_id = ToAgent::SegmentStored(proto::SegmentStored::default());
    assert!(matches!(wrong(no_id), LinkError::Message(_)));
    let mut link = Tested::new(0, 0);
    link.give(Input::Connected);
    for (welcome, error) in [
        (
            proto::Welcome {
                protocol: 4,
                ..welcome(0)
            },
            LinkError::ProtocolNotOffered(4),
        ),
        (
            proto::Welcome {
                entry_window: 0,
                ..welcome(0)
            },
            LinkError::NoWindow,
        ),
    ] {
        link.give(Input::Connected);
        let message = Some(ToAgent::Welcome(welcome));
        let result = link
            .0
            .handle(Duration::ZERO, Input::Message(proto::ToAgent { message }));
        assert_eq!(result, Err(error));
    }
}

#[test]
fn a_server_that_drops_everything_is_left_after_a_while() {
    let mut link = Tested::open(0, 0);
    link.give(growing(1, 10));
    let _query = link.sent();
    link.message(progress(1, 0));
    for _ in 0..3 {
        let _load = link.asked_for_bytes();
        link.give(loaded(1, 0, 10));
        let _bytes = link.sent();
        link.message(progress(1, 0));
    }
    let _load = link.asked_for_bytes();
    link.give(loaded(1, 0, 10));
    let message = Some(progress(1, 0));
    let result = link
        .0
        .handle(Duration::ZERO, Input::Message(proto::ToAgent { message }));
    assert_eq!(result, Err(LinkError::NoProgress(segment(1))));
}

proptest! {
    #[test]
    fn no_bytes_make_the_link_panic(messages in vec(vec(any::<u8>(), 0..60), 0..20)) {
        let mut link = Tested::open(0, 5);
        link.give(whole(1, 0, 10));
        for bytes in messages {
            if let Ok(message) = proto::ToAgent::decode(&bytes[..]) {
                let _any = link.0.handle(Duration::ZERO, Input::Message(message));
            }
            while link.0.poll_output().is_some() {}
        }
    }

    /// Any answers about known segments: an error at most.
    #[test]
    fn any_answers_are_survived(answers in vec((0..6_u8, 1..4_u128, 0..40_u64), 0..60)) {
        let mut link = Tested::open(0, 5);
        link.give(whole(1, 0, 30));
        link.give(growing(2, 30));
        link.give(whole(3, 2, 30));
        for (kind, id, number) in answers {
            let message = match kind {
                0 => stored(number),
                1 | 2 => progress(id, number),
                3 => segment_stored(id),
                4 => rejected(id, segment_rejected::Reason::HashMismatch),
                _ => rejected(id, segment_rejected::Reason::TooLarge),
            };
            let message = Some(message);
            let input = Input::Message(proto::ToAgent { message });
            if link.0.handle(Duration::ZERO, input).is_err() {
                link.connect(welcome(0));
            }
            while let Some(output) = link.0.poll_output() {
                let loaded = match output {
                    Output::LoadEntries { after, max_count, .. } => entries(after.0 + 1, max_count),
                    Output::LoadSegment { id, offset, max_bytes } => Input::SegmentLoaded {
                        id, offset, bytes: Bytes::from(vec![7; max_bytes]),
                    },
                    _ => continue,
                };
                link.give(loaded);
            }
        }
    }
}

fn report(check: &str) -> CheckReport {
    CheckReport {
        at: Timestamp::from_unix_micros(5),
        unmet: vec![UnmetCheck {
            check: check.into(),
            found: "it is stopped".into(),
            by_hand: vec!["start it".into()],
        }],
        adjustments: vec![AdjustmentRecord {
            id: AdjustmentId::from_uuid(uuid::Uuid::from_u128(9)),
            check: check.into(),
            at: Timestamp::from_unix_micros(4),
            before: "stopped".into(),
            after: "running".into(),
            problem: None,
        }],
    }
}

#[test]
fn what_was_found_is_told_now_and_on_each_new_connection() {
    let mut link = Tested::new(0, 0);
    link.give(Input::Checks(report("agent-service")));
    link.quiet();
    for _ in 0..2 {
        link.connect(proto::Welcome {
            protocol: 2,
            server_time: 77,
            ..welcome(0)
        });
        let clock = link.next();
        assert!(matches!(clock, Output::ServerClock(time) if time.as_unix_micros() == 77));
        while !matches!(link.sent_or_policy(), Some(FromAgent::CheckReport(told))
            if told.unmet[0].check == "agent-service")
        {}
        link.give(Input::Disconnected);
    }
}

#[test]
fn an_older_server_is_not_told_and_a_newer_one_says_what_it_has() {
    let mut link = Tested::open(0, 0);
    link.give(Input::Checks(report("agent-service")));
    link.quiet();
    link.give(Input::Disconnected);
    link.connect(proto::Welcome {
        protocol: 2,
        ..welcome(0)
    });
    while !matches!(link.sent_or_policy(), Some(FromAgent::CheckReport(_))) {}
    let id = AdjustmentId::from_uuid(uuid::Uuid::from_u128(9));
    link.message(ToAgent::CheckReportStored(to_proto::check_report_stored(
        &[id],
        Timestamp::from_unix_micros(8),
    )));
    assert!(matches!(link.next(), Output::ServerClock(time) if time.as_unix_micros() == 8));
    assert!(matches!(link.next(), Output::ChecksStored(ids) if ids == [id]));
    link.message(ToAgent::CheckNow(proto::CheckNow {}));
    assert!(matches!(link.next(), Output::CheckNow));
}

#[test]
fn a_call_is_handed_on_and_answered_by_its_number() {
    let mut link = Tested::open(0, 0);
    let call = proto::NumberedCall {
        number: 4,
        call: proto::ControlCall::Stop.into(),
    };
    link.message(ToAgent::ControlCall(call));
    assert!(matches!(link.next(), Output::Control(told) if told == call));
    let answer = proto::NumberedState {
        number: 4,
        state: Some(proto::ControlState::default()),
    };
    link.give(Input::ControlState(answer.clone()));
    assert!(matches!(link.sent(), FromAgent::ControlState(told) if told == answer));
    // An answer of a connection before is nobody's any more.
    link.give(Input::Disconnected);
    link.give(Input::ControlState(answer));
    link.quiet();
}
