//! What goes out comes back, and what is out of bounds is refused by name.

use std::time::Duration;

use bytes::Bytes;
use eidetic_model::{
    Action, ActivityRecord, Application, ApplicationRule, ApplicationSelection, Captured,
    ComputerFacts, DisplayIndex, Entry, GapReason, IdleStretch, Notification, ObjectType, Policy,
    PolicyError, PolicyParts, Quality, RecordSequence, RecordedMoment, Recording, ScreenLimits,
    SegmentDescription, SegmentEnd, SegmentId, Selected, SessionDescription, SessionEnding,
    SessionId, SessionOrigin, ShownPart, SpoolId, Timestamp, UserRule, UserSelection,
};
use expect_test::{Expect, expect};
use proptest::{collection::vec, option, prelude::*, sample::select};
use prost::Message as _;
use uuid::Uuid;

use super::{
    ConvertError, Hello, MAX_DETAILS, MAX_NAME_BYTES, MAX_TEXT_BYTES, MAX_UNIX_MICROS,
    SegmentChunk, from_proto, to_proto,
};
use crate::{ProtocolVersion, proto};

proptest! {
    #[test]
    fn every_entry_comes_back_as_it_went(entry in any_entry()) {
        let bytes = to_proto::entry(&entry).encode_to_vec();
        let message = proto::Entry::decode(&bytes[..]).unwrap();
        prop_assert_eq!(from_proto::entry(message), Ok(entry));
    }

    #[test]
    fn every_segment_end_comes_back_as_it_went(id in any_uuid(), end in any_time(), bytes: u64, sha256: [u8; 32]) {
        let end = SegmentEnd { id: SegmentId::from_uuid(id), end, bytes, sha256 };
        prop_assert_eq!(from_proto::segment_end(&to_proto::segment_end(&end)), Ok(end));
    }

    #[test]
    fn no_bytes_make_the_conversion_panic(bytes in vec(any::<u8>(), 0..512)) {
        if let Ok(message) = proto::Entries::decode(&bytes[..]) {
            let _either_is_fine = from_proto::entries(message);
        }
        if let Ok(message) = proto::Policy::decode(&bytes[..]) {
            let _either_is_fine = from_proto::policy(message);
        }
        if let Ok(message) = proto::CheckReport::decode(&bytes[..]) {
            let _either_is_fine = from_proto::check_report(message);
        }
        if let Ok(message) = proto::Hello::decode(&bytes[..]) {
            let _either_is_fine = from_proto::hello(message);
        }
    }
}

/// The policy before it told of quality and processor time.
#[derive(Clone, PartialEq, prost::Message)]
struct OldPolicy {
    #[prost(uint64, tag = "1")]
    revision: u64,
    #[prost(bool, tag = "2")]
    record_screen: bool,
    #[prost(uint32, tag = "3")]
    max_frames_per_second: u32,
    #[prost(uint32, tag = "4")]
    idle_after_secs: u32,
    #[prost(uint32, tag = "5")]
    max_titles_per_second: u32,
    #[prost(uint64, tag = "6")]
    spool_max_bytes: u64,
    #[prost(uint64, tag = "7")]
    spool_min_free_bytes: u64,
}

#[test]
fn an_old_server_means_the_defaults_and_an_old_agent_reads_what_it_knows() {
    let changed = Policy::new(PolicyParts {
        quality: Quality::Low,
        max_cpu_percent: 50,
        max_frames_per_second: 9,
        ..PolicyParts::default()
    })
    .unwrap();
    let bytes = to_proto::policy(3, &changed).encode_to_vec();
    let old = OldPolicy::decode(&bytes[..]).unwrap();
    assert_eq!((old.revision, old.max_frames_per_second), (3, 9));

    let sent_by_old = proto::Policy::decode(&old.encode_to_vec()[..]).unwrap();
    let meant = Policy::new(PolicyParts {
        max_frames_per_second: 9,
        ..PolicyParts::default()
    })
    .unwrap();
    assert_eq!(from_proto::policy(sent_by_old), Ok((3, meant)));
}

#[test]
fn a_step_of_quality_that_is_not_known_is_the_default_and_a_wrong_ceiling_is_refused() {
    let policy = to_proto::policy(1, &Policy::default());
    for quality in [0, 5, 77] {
        let read = from_proto::policy(proto::Policy {
            quality,
            ..policy.clone()
        })
        .unwrap();
        assert_eq!(read, (1, Policy::default()));
    }
    for max_cpu_percent in [101, 256] {
        let error = from_proto::policy(proto::Policy {
            max_cpu_percent,
            ..policy.clone()
        });
        assert!(matches!(
            error,
            Err(ConvertError::Policy(PolicyError::CpuPercent(_)))
        ));
    }
}

#[test]
fn policy_and_hello_come_back_as_they_went() {
    for quality in Quality::ALL {
        let policy = Policy::new(PolicyParts {
            quality,
            grayscale: true,
            max_cpu_percent: 100,
            users: UserSelection {
                who: Selected::Listed(vec![
                    UserRule::User("CORP\\*".into()),
                    UserRule::Group("contractors".into()),
                ]),
                except: vec![UserRule::User("backup".into())],
            },
            notification: Notification::new("You are recorded.\n記録", Duration::from_secs(45))
                .ok(),
            applications: ApplicationSelection {
                shown: ShownPart::ListedWindows,
                which: Selected::All,
                except: vec![ApplicationRule {
                    title: "*bank*".into(),
                    description: "Browser".into(),
                }],
            },
            limits: ScreenLimits {
                stop_after: Some(Duration::from_secs(3_600)),
                stop_when_idle_for: Some(Duration::from_secs(600)),
                stop_below_free_bytes: 5 << 30,
            },
            ..PolicyParts::default()
        })
        .unwrap();
        assert_eq!(
            from_proto::policy(to_proto::policy(7, &policy)),
            Ok((7, policy))
        );
    }
    let hello = Hello {
        oldest: ProtocolVersion(1),
        newest: ProtocolVersion(3),
        agent_version: "0.1.0".into(),
        computer_name: "host".into(),
        operating_system: "Debian".into(),
        spool: SpoolId::from_uuid(Uuid::from_u128(5)),
        facts: ComputerFacts::new(
            ["host.example".to_owned()],
            ["10.0.0.4".parse().unwrap(), "2001:db8::4".parse().unwrap()],
        ),
        run: Some([9; 16]),
        control_port: None,
    };
    assert_eq!(from_proto::hello(to_proto::hello(&hello)), Ok(hello));
}

#[test]
fn a_policy_that_turns_monitoring_off_says_so_whatever_else_it_says() {
    let off = Policy::new(PolicyParts {
        recording: Recording::Off,
        ..PolicyParts::default()
    });
    let off = off.unwrap();
    let message = to_proto::policy(1, &off);
    assert!(message.monitoring_off);
    assert_eq!(from_proto::policy(message), Ok((1, off)));
}

#[test]
fn an_address_is_of_one_of_two_lengths_and_a_rule_of_a_known_kind() {
    let hello = proto::Hello {
        protocol: Some(to_proto::protocol_range(
            ProtocolVersion(1),
            ProtocolVersion(1),
        )),
        spool_id: Bytes::from_static(&[5; 16]),
        addresses: vec![Bytes::from_static(&[10, 0, 0])],
        ..proto::Hello::default()
    };
    let refused = from_proto::hello(hello).unwrap_err();
    assert_eq!(refused.to_string(), "addresses has 3 bytes, needs 16");
    let mut policy = to_proto::policy(1, &Policy::default());
    policy.users = Some(proto::UserSelection {
        except: vec![proto::UserRule { rule: None }],
        ..proto::UserSelection::default()
    });
    assert!(from_proto::policy(policy).is_err());
}

#[test]
fn what_is_too_long_is_cut_before_it_is_sent() {
    let mut record = record();
    record.who = "ä".repeat(MAX_NAME_BYTES);
    record.what = Captured::new("x€".repeat(MAX_TEXT_BYTES));
    record.details = vec![Captured::from("line"); MAX_DETAILS + 1];
    record.when = Timestamp::MAX;
    let taken = from_proto::entry(to_proto::entry(&Entry::Activity(record)));
    let Ok(Entry::Activity(taken)) = taken else {
        panic!("refused: {taken:?}");
    };
    assert_eq!(taken.who.len(), MAX_NAME_BYTES);
    assert_eq!(taken.what.reveal().len(), MAX_TEXT_BYTES);
    assert_eq!(taken.details.len(), MAX_DETAILS);
    assert_eq!(taken.when.as_unix_micros(), MAX_UNIX_MICROS);
}

#[test]
fn what_is_out_of_bounds_is_refused_by_name() {
    let refused = |change: fn(&mut proto::Activity)| {
        let proto::Entry { entry } = to_proto::entry(&Entry::Activity(record()));
        let Some(proto::entry::Entry::Activity(mut activity)) = entry else {
            unreachable!("an activity was converted");
        };
        change(&mut activity);
        let entry = Some(proto::entry::Entry::Activity(activity));
        from_proto::entry(proto::Entry { entry })
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(|activity| activity.session_id = Bytes::from_static(b"short")),
        "session_id has 5 bytes, needs 16"
    );
    assert_eq!(
        refused(|activity| activity.who = "x".repeat(MAX_NAME_BYTES + 1)),
        "who has 4097, at most 4096 are taken"
    );
    assert_eq!(
        refused(|activity| activity.what = "x".repeat(MAX_TEXT_BYTES + 1)),
        "what has 65537, at most 65536 are taken"
    );
    assert_eq!(
        refused(|activity| activity.details = vec![String::new(); MAX_DETAILS + 1]),
        "details has 65, at most 64 are taken"
    );
    assert_eq!(
        refused(|activity| activity.action = "activated".into()),
        "action is not a known word"
    );
    assert_eq!(
        refused(|activity| activity.when = -1),
        "when is -1, which is out of range"
    );
    assert_eq!(
        refused(|activity| activity.moment = Some(proto::Moment {
            display: 70_000,
            time: 0
        })),
        "moment.display is 70000, which is out of range"
    );
    assert_eq!(
        from_proto::entries(proto::Entries {
            first_sequence: 0,
            entries: vec![proto::Entry::default()]
        }),
        Err(ConvertError::OutOfRange {
            field: "first_sequence",
            value: 0
        })
    );
}

#[test]
fn captured_content_is_not_in_a_messages_debug_output() {
    let mut record = record();
    record.what = Captured::from("payroll");
    record.details = vec![Captured::from("payroll")];
    let entry = to_proto::entry(&Entry::Activity(record));
    assert!(!format!("{entry:?}").contains("payroll"));
    let chunk = SegmentChunk {
        id: SegmentId::from_uuid(Uuid::nil()),
        offset: 0,
        bytes: Bytes::from_static(b"payroll"),
    };
    assert!(!format!("{chunk:?}").contains("payroll"));
    let message = to_proto::segment_bytes(&chunk);
    assert!(!format!("{message:?}").contains("payroll"));
}

#[test]
fn the_bytes_on_the_wire_stay_as_they_are() {
    check(
        &to_proto::entries(RecordSequence(7), &[Entry::Activity(record())]),
        &expect![
            "0807129d01129a010a100000000000000000000000000000000110c0c488b184e991031a08484f53545c616e6e22094163746976617465642a0f456c6576617465642057696e646f77320e4d61696c20e2809320496e626f783a04686f7374420831302e302e302e374a184170706c69636174696f6e2052756e2041733a20726f6f7452150a0d2f7573722f62696e2f6d61696c12044d61696c5803620408011005"
        ],
    );
    let segment = SegmentDescription {
        id: SegmentId::from_uuid(Uuid::from_u128(3)),
        session: SessionId::from_uuid(Uuid::from_u128(1)),
        display: DisplayIndex(2),
        start: Timestamp::from_unix_micros(1_000),
        width: 1920,
        height: 1080,
        left: -1920,
        top: 4,
    };
    check(
        &to_proto::entry(&Entry::SegmentOpened(segment)),
        &expect![
            "2a340a1000000000000000000000000000000003121000000000000000000000000000000001180220e80728800f30b80838ff1d4008"
        ],
    );
    check(
        &to_proto::policy(2, &Policy::default()),
        &expect!["08021001180420ac02280430808080800838808080800440025005"],
    );
    let end = SegmentEnd {
        id: SegmentId::from_uuid(Uuid::from_u128(3)),
        end: Timestamp::from_unix_micros(9),
        bytes: 300,
        sha256: [0xab; 32],
    };
    check(
        &to_proto::segment_end(&end),
        &expect![
            "0a1000000000000000000000000000000003100918ac022220abababababababababababababababababababababababababababababababab"
        ],
    );
}

fn check(message: &impl prost::Message, expected: &Expect) {
    use std::fmt::Write as _;
    let hex = message
        .encode_to_vec()
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _never_fails = write!(hex, "{byte:02x}");
            hex
        });
    expected.assert_eq(&hex);
}

fn record() -> ActivityRecord {
    ActivityRecord {
        session: SessionId::from_uuid(Uuid::from_u128(1)),
        when: Timestamp::from_unix_micros(1_767_225_600_123_456),
        who: r"HOST\ann".into(),
        action: Action::Activated,
        object_type: ObjectType::ElevatedWindow,
        what: "Mail – Inbox".into(),
        where_: "host".into(),
        workstation: Some("10.0.0.7".into()),
        details: vec!["Application Run As: root".into()],
        application: Some(Application {
            path: "/usr/bin/mail".into(),
            description: "Mail".into(),
        }),
        coalesced: 3,
        moment: Some(RecordedMoment {
            display: DisplayIndex(1),
            time: Timestamp::from_unix_micros(5),
        }),
    }
}

fn any_entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        any_session().prop_map(Entry::SessionOpened),
        any_record().prop_map(Entry::Activity),
        (any_uuid(), any_time(), any_time()).prop_map(|(session, from, until)| {
            let session = SessionId::from_uuid(session);
            Entry::Idle(IdleStretch {
                session,
                from,
                until,
            })
        }),
        (any_uuid(), any_time()).prop_map(|(session, end)| {
            let session = SessionId::from_uuid(session);
            Entry::SessionClosed(SessionEnding { session, end })
        }),
        any_segment().prop_map(Entry::SegmentOpened),
        (any_uuid(), select(&GapReason::ALL[..])).prop_map(|(segment, reason)| {
            let segment = SegmentId::from_uuid(segment);
            Entry::SegmentLost { segment, reason }
        }),
    ]
}

fn any_session() -> impl Strategy<Value = SessionDescription> {
    let origin = option::of(any_name()).prop_map(|workstation| match workstation {
        Some(workstation) => SessionOrigin::Remote { workstation },
        None => SessionOrigin::Local,
    });
    (
        any_uuid(),
        any_name(),
        any_name(),
        origin,
        any_name(),
        any_time(),
    )
        .prop_map(|(id, who, where_, origin, display_name, start)| {
            let id = SessionId::from_uuid(id);
            SessionDescription {
                id,
                who,
                where_,
                origin,
                display_name,
                start,
            }
        })
}

fn any_record() -> impl Strategy<Value = ActivityRecord> {
    let identity = (any_uuid(), any_time(), any_name(), any_name());
    let workstation = option::of("[a-z]{1,20}");
    let words = (select(&Action::ALL[..]), select(&ObjectType::ALL[..]));
    let captured = || any::<String>().prop_map(Captured::new);
    let application =
        (any_name(), any_name()).prop_map(|(path, description)| Application { path, description });
    let moment = (any::<u16>(), any_time()).prop_map(|(display, time)| {
        let display = DisplayIndex(display);
        RecordedMoment { display, time }
    });
    (
        identity,
        workstation,
        words,
        captured(),
        vec(captured(), 0..5),
        option::of(application),
        any::<u32>(),
        option::of(moment),
    )
        .prop_map(
            |(identity, workstation, words, what, details, application, coalesced, moment)| {
                let (session, when, who, where_) = identity;
                let (action, object_type) = words;
                ActivityRecord {
                    session: SessionId::from_uuid(session),
                    when,
                    who,
                    action,
                    object_type,
                    what,
                    where_,
                    workstation,
                    details,
                    application,
                    coalesced,
                    moment,
                }
            },
        )
}

fn any_segment() -> impl Strategy<Value = SegmentDescription> {
    let ids = (any_uuid(), any_uuid());
    let sides = (1_u32..=8192, 1_u32..=8192);
    let place = (any::<i32>(), any::<i32>());
    (ids, any::<u16>(), any_time(), sides, place).prop_map(
        |((id, session), display, start, (width, height), (left, top))| SegmentDescription {
            id: SegmentId::from_uuid(id),
            session: SessionId::from_uuid(session),
            display: DisplayIndex(display),
            start,
            width,
            height,
            left,
            top,
        },
    )
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (0..=MAX_UNIX_MICROS).prop_map(Timestamp::from_unix_micros)
}

fn any_name() -> impl Strategy<Value = String> {
    any::<String>()
}

#[test]
fn a_report_of_prerequisites_comes_back_as_it_went_and_too_much_is_left_out() {
    use eidetic_model::{AdjustmentId, AdjustmentRecord, CheckReport, UnmetCheck};
    let unmet = UnmetCheck {
        check: "spool-space".into(),
        found: "1 MiB free".into(),
        by_hand: vec!["Make room.".into()],
    };
    let adjustment = AdjustmentRecord {
        id: AdjustmentId::from_uuid(Uuid::from_u128(1)),
        check: "agent-folder".into(),
        at: Timestamp::from_unix_micros(7),
        before: "0755".into(),
        after: "0755".into(),
        problem: Some("not permitted".into()),
    };
    let mut report = CheckReport {
        at: Timestamp::from_unix_micros(8),
        unmet: vec![unmet.clone()],
        adjustments: vec![adjustment],
    };
    let back = from_proto::check_report(to_proto::check_report(&report));
    assert_eq!(back, Ok(report.clone()));
    report.unmet = vec![unmet; 200];
    let back = from_proto::check_report(to_proto::check_report(&report)).unwrap();
    assert_eq!(back.unmet.len(), super::MAX_CHECKS);
    let mut message = to_proto::check_report(&back);
    message.unmet.push(proto::UnmetCheck::default());
    assert!(matches!(
        from_proto::check_report(message),
        Err(ConvertError::TooMany { field: "unmet", .. })
    ));
}
