//! What every store of control data must do.

use std::sync::Arc;

use eidetic_model::{
    Action, ActivityRecord, AgentId, Application, DisplayIndex, Entry, GapReason, IdleStretch,
    ObjectType, RecordSequence, SegmentDescription, SegmentEnd, SegmentId, SessionDescription,
    SessionEnding, SessionId, SessionOrigin, SpoolId, Timestamp,
};

use super::{
    Agent, AgentState, Applied, ControlStore, EnrolmentToken, KeyFrame, Presence, Redeemed,
    SegmentState, SignIn, SignInId, SqliteControl, User, ViewingEvent,
};
use crate::StoreError;

/// Each promise, held by the database in a file and by the one in memory.
macro_rules! promises {
    ($($promise:ident),* $(,)?) => {
        mod in_a_file {
            $(#[tokio::test]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                let store = super::SqliteControl::open(folder.path().join("control.db")).unwrap();
                super::$promise(std::sync::Arc::new(store)).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $promise() {
                let store = super::SqliteControl::in_memory().unwrap();
                super::$promise(std::sync::Arc::new(store)).await;
            })*
        }
    };
}

promises! {
    of_many_redemptions_at_once_one_gets_the_token,
    agents_are_replaced_and_listed_by_name,
    entries_are_taken_in_once_and_without_holes,
    nothing_of_another_agent_can_be_touched,
    a_session_sums_up_what_was_reported_of_it,
    what_comes_without_its_session_makes_one,
    sessions_are_paged_from_the_latest_start,
    segments_grow_and_are_sealed_lost_or_reset,
    users_are_found_whatever_the_case,
    sign_ins_expire_and_end,
    viewings_are_listed_the_latest_first,
    settings_count_their_revisions,
}

async fn of_many_redemptions_at_once_one_gets_the_token(store: Arc<dyn ControlStore>) {
    let token = |secret: u8, expires: i64| EnrolmentToken {
        secret_sha256: [secret; 32],
        created: at(0),
        expires: at(expires),
    };
    store.add_enrolment_token(token(1, 100)).await.unwrap();
    store.add_enrolment_token(token(2, 50)).await.unwrap();
    let redemptions = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.redeem_enrolment_token([1; 32], at(60)).await.unwrap() })
    });
    let mut outcomes = Vec::new();
    for redemption in redemptions.collect::<Vec<_>>() {
        outcomes.push(redemption.await.unwrap());
    }
    outcomes.sort_by_key(|outcome| *outcome != Redeemed::Yes);
    assert_eq!(outcomes[0], Redeemed::Yes);
    assert_eq!(outcomes[1..], [Redeemed::AlreadyUsed; 19]);
    // A token that is added again is not fresh again.
    store.add_enrolment_token(token(1, 100)).await.unwrap();
    for (secret, now, expected) in [
        (1, 60, Redeemed::AlreadyUsed),
        (2, 50, Redeemed::Expired),
        (3, 60, Redeemed::Unknown),
    ] {
        assert_eq!(
            store
                .redeem_enrolment_token([secret; 32], at(now))
                .await
                .unwrap(),
            expected
        );
    }
}

async fn agents_are_replaced_and_listed_by_name(store: Arc<dyn ControlStore>) {
    let agent = |id: u8, name: &str| Agent {
        id: agent_id(id),
        computer_name: name.into(),
        agent_version: "0.1.0".into(),
        operating_system: "Debian 12".into(),
        enrolled: at(5),
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1, 2, 3],
    };
    for (id, name) in [(1, "zeta"), (2, "Émile"), (3, "alpha"), (4, "BETA")] {
        store.put_agent(agent(id, name)).await.unwrap();
    }
    store.note_contact(agent_id(3), at(77)).await.unwrap();
    store.note_contact(agent_id(9), at(77)).await.unwrap();
    let removed = Agent {
        state: AgentState::Removed,
        certificate_serial: vec![],
        ..agent(4, "beta")
    };
    store.put_agent(removed.clone()).await.unwrap();
    let names: Vec<_> = store
        .agents()
        .await
        .unwrap()
        .into_iter()
        .map(|a| a.computer_name)
        .collect();
    assert_eq!(names, ["alpha", "beta", "zeta", "Émile"]);
    assert_eq!(store.agent(agent_id(4)).await.unwrap(), Some(removed));
    let seen = store.agent(agent_id(3)).await.unwrap().unwrap();
    assert_eq!(seen.last_seen, Some(at(77)));
    assert_eq!(store.agent(agent_id(9)).await.unwrap(), None);
}

async fn entries_are_taken_in_once_and_without_holes(store: Arc<dyn ControlStore>) {
    let entries = numbered(
        1,
        [
            opened(1, 10),
            activity(1, 11, "Firefox"),
            activity(1, 12, "Calc"),
        ],
    );
    assert_eq!(last(&*store).await, 0);
    assert_eq!(
        apply(&*store, &entries[1..]).await,
        Applied::Hole(RecordSequence(0))
    );
    assert_eq!(apply(&*store, &entries[..2]).await, through(2));
    // Again, and with one more.
    assert_eq!(apply(&*store, &entries[..2]).await, through(2));
    assert_eq!(apply(&*store, &entries).await, through(3));
    let mut with_hole = numbered(
        3,
        [
            activity(1, 12, "Calc"),
            activity(1, 13, "Calc"),
            activity(1, 14, "Calc"),
        ],
    );
    with_hole.remove(1);
    assert_eq!(
        apply(&*store, &with_hole).await,
        Applied::Hole(RecordSequence(3))
    );
    assert_eq!(apply(&*store, &[]).await, through(3));
    assert_eq!(last(&*store).await, 3);
    let session = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(session.activities, 2);
    // Another life of the spool counts from the beginning.
    let other = SpoolId::from_slice(&[8; 16]).unwrap();
    let applied = store
        .apply(agent_id(1), other, &numbered(1, [activity(1, 20, "Calc")]))
        .await;
    assert_eq!(applied.unwrap(), through(1));
}

async fn nothing_of_another_agent_can_be_touched(store: Arc<dyn ControlStore>) {
    let own = numbered(1, [opened(1, 10), segment_opened(1, 1, 10)]);
    assert_eq!(apply(&*store, &own).await, through(2));
    for entry in [
        opened(1, 10),
        activity(1, 11, "Firefox"),
        idle(1, 11, 12),
        Entry::SessionClosed(SessionEnding {
            session: session_id(1),
            end: at(50),
        }),
        segment_opened(2, 1, 11),
        segment_opened(1, 2, 11),
        Entry::SegmentLost {
            segment: segment_id(1),
            reason: GapReason::SpoolFull,
        },
    ] {
        // What comes before it in the batch is not taken in either.
        let entries = numbered(1, [opened(7, 10), entry]);
        let applied = store.apply(agent_id(2), spool(), &entries).await.unwrap();
        assert_eq!(applied, Applied::NotOwned(RecordSequence(2)));
        assert_eq!(store.session(session_id(7)).await.unwrap(), None);
        assert_eq!(store.session(session_id(2)).await.unwrap(), None);
    }
    assert_eq!(
        store.last_sequence(agent_id(2), spool()).await.unwrap(),
        RecordSequence::ZERO
    );
}

async fn a_session_sums_up_what_was_reported_of_it(store: Arc<dyn ControlStore>) {
    let entries = numbered(
        1,
        [
            opened(1, 10),
            activity(1, 11, "Firefox"),
            activity(1, 40, ""),
            activity(1, 13, "Calc"),
            activity(1, 14, "Firefox"),
            idle(1, 20, 30),
            idle(1, 15, 17),
            segment_opened(1, 1, 10),
            segment_opened(2, 1, 20),
        ],
    );
    apply(&*store, &entries).await;
    store
        .grow_segment(segment_id(1), 500, at(19), &[])
        .await
        .unwrap();
    store
        .grow_segment(segment_id(2), 70, at(45), &[])
        .await
        .unwrap();
    let session = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(session.description, description(1, 10));
    assert_eq!(session.agent, agent_id(1));
    assert_eq!(session.presence, Presence::Running);
    assert_eq!(session.last_known, at(45));
    assert_eq!(session.idle_micros, 12_000_000);
    assert_eq!(session.applications, ["Firefox", "Calc"]);
    assert_eq!((session.activities, session.segment_bytes), (4, 570));
    let stretches = store.idle_stretches(session_id(1)).await.unwrap();
    let times: Vec<_> = stretches
        .iter()
        .map(|stretch| (stretch.from, stretch.until))
        .collect();
    assert_eq!(times, [(at(15), at(17)), (at(20), at(30))]);
    let ending = Entry::SessionClosed(SessionEnding {
        session: session_id(1),
        end: at(60),
    });
    apply(&*store, &numbered(10, [ending])).await;
    let session = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(
        (session.presence, session.last_known),
        (Presence::Ended(at(60)), at(60))
    );
    assert_eq!(store.session(session_id(5)).await.unwrap(), None);
    assert_eq!(store.idle_stretches(session_id(5)).await.unwrap(), []);
}

async fn what_comes_without_its_session_makes_one(store: Arc<dyn ControlStore>) {
    let entries = numbered(
        1,
        [
            activity(1, 11, "Firefox"),
            segment_opened(3, 2, 20),
            idle(4, 1, 2),
            Entry::SegmentLost {
                segment: segment_id(9),
                reason: GapReason::SpoolFull,
            },
        ],
    );
    assert_eq!(apply(&*store, &entries).await, through(4));
    let session = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(session.description.who, "CORP\\anna");
    assert_eq!((session.description.start, session.activities), (at(11), 1));
    assert_eq!(store.segments(session_id(2)).await.unwrap().len(), 1);
    // Announced later, it is described as it should be.
    assert_eq!(
        apply(&*store, &numbered(5, [opened(1, 10)])).await,
        through(5)
    );
    let session = store.session(session_id(1)).await.unwrap().unwrap();
    assert_eq!(session.description, description(1, 10));
    assert_eq!(session.activities, 1);
}

async fn sessions_are_paged_from_the_latest_start(store: Arc<dyn ControlStore>) {
    let entries = numbered(
        1,
        [(1, 10), (2, 30), (3, 10), (4, 20), (5, 10)].map(|(id, start)| opened(id, start)),
    );
    apply(&*store, &entries).await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = store.sessions(before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some((last.description.start, last.description.id));
        seen.extend(page.iter().map(|session| session.description.id));
    }
    assert_eq!(seen, [2, 4, 5, 3, 1].map(session_id));
}

async fn segments_grow_and_are_sealed_lost_or_reset(store: Arc<dyn ControlStore>) {
    let entries = numbered(
        1,
        [
            opened(1, 10),
            segment_opened(2, 1, 30),
            segment_opened(1, 1, 10),
            segment_opened(3, 1, 40),
            Entry::SegmentLost {
                segment: segment_id(3),
                reason: GapReason::SpoolFull,
            },
            segment_opened(1, 1, 10),
        ],
    );
    apply(&*store, &entries).await;
    let key_frames = [(10, 16), (15, 900)].map(|(time, offset)| KeyFrame {
        time: at(time),
        offset,
    });
    let first = segment_id(1);
    store
        .grow_segment(first, 400, at(12), &key_frames[..1])
        .await
        .unwrap();
    // The same growth again, as after a crash, and further.
    store
        .grow_segment(first, 1_000, at(16), &key_frames)
        .await
        .unwrap();
    let (agent, segment) = store.segment(first).await.unwrap().unwrap();
    assert_eq!(agent, agent_id(1));
    assert_eq!(segment.state, SegmentState::Growing);
    assert_eq!((segment.bytes, segment.until), (1_000, at(16)));
    assert_eq!(segment.key_frames, key_frames);
    store.reset_segment(first).await.unwrap();
    let (_, segment) = store.segment(first).await.unwrap().unwrap();
    assert_eq!(
        (segment.bytes, segment.until, segment.key_frames),
        (0, at(10), vec![])
    );
    store
        .grow_segment(first, 1_000, at(16), &key_frames)
        .await
        .unwrap();
    let end = SegmentEnd {
        id: first,
        end: at(29),
        bytes: 1_200,
        sha256: [7; 32],
    };
    store.seal_segment(end).await.unwrap();
    // Whole is whole.
    store
        .lose_segment(first, GapReason::SegmentDamaged)
        .await
        .unwrap();
    store.reset_segment(first).await.unwrap();
    store.grow_segment(first, 9_999, at(99), &[]).await.unwrap();
    store
        .lose_segment(segment_id(2), GapReason::SegmentDamaged)
        .await
        .unwrap();
    let segments = store.segments(session_id(1)).await.unwrap();
    let states: Vec<_> = segments
        .iter()
        .map(|segment| (segment.description.id, segment.state))
        .collect();
    assert_eq!(
        states,
        [
            (first, SegmentState::Sealed([7; 32])),
            (segment_id(2), SegmentState::Lost(GapReason::SegmentDamaged)),
            (segment_id(3), SegmentState::Lost(GapReason::SpoolFull)),
        ]
    );
    assert_eq!(segments[0].key_frames, key_frames);
    assert_eq!((segments[0].bytes, segments[0].until), (1_200, at(29)));
    let Entry::SegmentOpened(expected) = segment_opened(1, 1, 10) else {
        unreachable!()
    };
    assert_eq!(segments[0].description, expected);
    assert_eq!(store.segment(segment_id(9)).await.unwrap(), None);
}

async fn users_are_found_whatever_the_case(store: Arc<dyn ControlStore>) {
    let user = |name: &str, hash: &str| User {
        name: name.into(),
        password_hash: hash.into(),
        must_change_password: true,
    };
    assert_eq!(store.user_count().await.unwrap(), 0);
    store.put_user(user("Jürgen", "one")).await.unwrap();
    store.put_user(user("JÜRGEN", "two")).await.unwrap();
    store.put_user(user("admin", "three")).await.unwrap();
    assert_eq!(
        store.user("jürgen").await.unwrap(),
        Some(user("JÜRGEN", "two"))
    );
    assert_eq!(store.user_count().await.unwrap(), 2);
    assert_eq!(store.user("nobody").await.unwrap(), None);
}

async fn sign_ins_expire_and_end(store: Arc<dyn ControlStore>) {
    let sign_in = |id: u8, user: &str, expires: i64| SignIn {
        id: SignInId([id; 32]),
        user: user.into(),
        created: at(10),
        expires: at(expires),
    };
    for (id, user) in [(1, "anna"), (2, "Anna"), (3, "ANNA"), (4, "bob")] {
        store.put_sign_in(sign_in(id, user, 100)).await.unwrap();
    }
    let is_there =
        async |id: u8, now: i64| store.sign_in(SignInId([id; 32]), at(now)).await.unwrap();
    assert_eq!(is_there(1, 99).await, Some(sign_in(1, "anna", 100)));
    assert_eq!(is_there(1, 100).await, None);
    store.end_sign_in(SignInId([1; 32])).await.unwrap();
    assert_eq!(is_there(1, 20).await, None);
    store
        .end_other_sign_ins("aNNa", SignInId([3; 32]))
        .await
        .unwrap();
    assert_eq!(is_there(2, 20).await, None);
    assert!(is_there(3, 20).await.is_some());
    assert!(is_there(4, 20).await.is_some());
}

async fn viewings_are_listed_the_latest_first(store: Arc<dyn ControlStore>) {
    let event = |when: i64, object: &str| ViewingEvent {
        when: at(when),
        user: "admin".into(),
        address: "10.0.0.1".into(),
        what: "watched session".into(),
        object: object.into(),
    };
    for event in [event(1, "a"), event(3, "b"), event(2, "c"), event(3, "d")] {
        store.note_viewing(event).await.unwrap();
    }
    assert_eq!(
        store.viewings(3).await.unwrap(),
        [event(3, "d"), event(3, "b"), event(2, "c")]
    );
}

async fn settings_count_their_revisions(store: Arc<dyn ControlStore>) {
    assert_eq!(store.setting("policy").await.unwrap(), None);
    assert_eq!(store.put_setting("policy", "a").await.unwrap(), 1);
    assert_eq!(store.put_setting("policy", "b").await.unwrap(), 2);
    assert_eq!(store.put_setting("other", "c").await.unwrap(), 1);
    assert_eq!(
        store.setting("policy").await.unwrap(),
        Some((2, "b".into()))
    );
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.db");
    let store = SqliteControl::open(&path).unwrap();
    store.put_setting("policy", "kept").await.unwrap();
    apply(&store, &numbered(1, [opened(1, 10)])).await;
    drop(store);
    let store = SqliteControl::open(&path).unwrap();
    assert_eq!(
        store.setting("policy").await.unwrap(),
        Some((1, "kept".into()))
    );
    assert_eq!(last(&store).await, 1);
    drop(store);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 1_000).unwrap();
    drop(newer);
    assert!(matches!(
        SqliteControl::open(&path),
        Err(StoreError::TooNew { found: 1_000, .. })
    ));
    std::fs::write(
        &path,
        "this is no database, and long enough to be sure of it".repeat(200),
    )
    .unwrap();
    assert!(matches!(
        SqliteControl::open(&path),
        Err(StoreError::Damaged { .. })
    ));
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

fn agent_id(id: u8) -> AgentId {
    AgentId::from_slice(&[id; 16]).unwrap()
}

fn session_id(id: u8) -> SessionId {
    SessionId::from_slice(&[id; 16]).unwrap()
}

fn segment_id(id: u8) -> SegmentId {
    SegmentId::from_slice(&[id; 16]).unwrap()
}

fn spool() -> SpoolId {
    SpoolId::from_slice(&[3; 16]).unwrap()
}

fn description(session: u8, start: i64) -> SessionDescription {
    SessionDescription {
        id: session_id(session),
        who: "CORP\\anna".into(),
        where_: "RDS01".into(),
        origin: SessionOrigin::Remote {
            workstation: "10.0.0.9".into(),
        },
        display_name: ":0".into(),
        start: at(start),
    }
}

fn opened(session: u8, start: i64) -> Entry {
    Entry::SessionOpened(description(session, start))
}

fn activity(session: u8, when: i64, application: &str) -> Entry {
    Entry::Activity(ActivityRecord {
        session: session_id(session),
        when: at(when),
        who: "CORP\\anna".into(),
        action: Action::Activated,
        object_type: ObjectType::Window,
        what: "title".into(),
        where_: "RDS01".into(),
        workstation: None,
        details: vec![],
        application: Some(Application {
            path: "/x".into(),
            description: application.into(),
        }),
        coalesced: 0,
        moment: None,
    })
}

fn idle(session: u8, from: i64, until: i64) -> Entry {
    Entry::Idle(IdleStretch {
        session: session_id(session),
        from: at(from),
        until: at(until),
    })
}

fn segment_opened(segment: u8, session: u8, start: i64) -> Entry {
    Entry::SegmentOpened(SegmentDescription {
        id: segment_id(segment),
        session: session_id(session),
        display: DisplayIndex(0),
        start: at(start),
        width: 1920,
        height: 1080,
        left: -1920,
        top: 0,
    })
}

fn numbered(first: u64, entries: impl IntoIterator<Item = Entry>) -> Vec<(RecordSequence, Entry)> {
    (first..).map(RecordSequence).zip(entries).collect()
}

fn through(sequence: u64) -> Applied {
    Applied::Through(RecordSequence(sequence))
}

async fn apply(store: &dyn ControlStore, entries: &[(RecordSequence, Entry)]) -> Applied {
    store.apply(agent_id(1), spool(), entries).await.unwrap()
}

async fn last(store: &dyn ControlStore) -> u64 {
    store.last_sequence(agent_id(1), spool()).await.unwrap().0
}
