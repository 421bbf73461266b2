//! What agents report, and the recordings that it makes.

use std::sync::Arc;

use eidetic_model::{Entry, GapReason, PlanId, RecordSequence, SegmentEnd, SessionEnding, SpoolId};

use super::{
    activity, agent_id, apply, at, description, idle, last, numbered, opened, segment_id,
    segment_opened, session_id, spool, through,
};
use crate::control::{Applied, ControlStore, KeyFrame, Presence, SegmentState};

pub(super) async fn entries_are_taken_in_once_and_without_holes(store: Arc<dyn ControlStore>) {
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
        .apply(
            agent_id(1),
            other,
            PlanId::DEFAULT,
            &numbered(1, [activity(1, 20, "Calc")]),
        )
        .await;
    assert_eq!(applied.unwrap(), through(1));
}

pub(super) async fn nothing_of_another_agent_can_be_touched(store: Arc<dyn ControlStore>) {
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
        let applied = store
            .apply(agent_id(2), spool(), PlanId::DEFAULT, &entries)
            .await
            .unwrap();
        assert_eq!(applied, Applied::NotOwned(RecordSequence(2)));
        assert_eq!(store.session(session_id(7)).await.unwrap(), None);
        assert_eq!(store.session(session_id(2)).await.unwrap(), None);
    }
    assert_eq!(
        store.last_sequence(agent_id(2), spool()).await.unwrap(),
        RecordSequence::ZERO
    );
}

pub(super) async fn what_is_of_no_session_can_come_from_every_agent(store: Arc<dyn ControlStore>) {
    let damaged = || numbered(1, [activity(0, 11, "")]);
    assert_eq!(session_id(0).to_bytes(), [0; 16]);
    for agent in [1, 2].map(agent_id) {
        let applied = store
            .apply(agent, spool(), PlanId::DEFAULT, &damaged())
            .await;
        assert_eq!(applied.unwrap(), through(1));
    }
    for entry in [opened(0, 12), segment_opened(1, 0, 12), idle(0, 11, 12)] {
        let applied = store
            .apply(agent_id(1), spool(), PlanId::DEFAULT, &numbered(2, [entry]))
            .await;
        assert_eq!(applied.unwrap(), Applied::NotOwned(RecordSequence(2)));
    }
    assert_eq!(store.session(session_id(0)).await.unwrap(), None);
}

pub(super) async fn a_session_sums_up_what_was_reported_of_it(store: Arc<dyn ControlStore>) {
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

pub(super) async fn what_comes_without_its_session_makes_one(store: Arc<dyn ControlStore>) {
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

pub(super) async fn sessions_are_paged_from_the_latest_start(store: Arc<dyn ControlStore>) {
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

pub(super) async fn segments_grow_and_are_sealed_lost_or_reset(store: Arc<dyn ControlStore>) {
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
    assert_eq!(store.segment_bytes().await.unwrap(), 1_000);
    store.seal_segment(end).await.unwrap();
    assert_eq!(store.segment_bytes().await.unwrap(), 1_200);
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

pub(super) async fn old_segments_are_found_by_agent_and_leave_only_that_they_were_there(
    store: Arc<dyn ControlStore>,
) {
    let segments = (1..=4).map(|id| segment_opened(id, 1, i64::from(id) * 10));
    let entries: Vec<_> = [opened(1, 10)].into_iter().chain(segments).collect();
    apply(&*store, &numbered(1, entries)).await;
    // The first two are whole, the third is lost, the fourth grows.
    for id in [1, 2] {
        let segment = segment_id(id);
        let key_frames = [KeyFrame {
            time: at(10),
            offset: 16,
        }];
        store
            .grow_segment(segment, 100, at(20), &key_frames)
            .await
            .unwrap();
        let end = SegmentEnd {
            id: segment,
            end: at(i64::from(id) * 20),
            bytes: 100,
            sha256: [7; 32],
        };
        store.seal_segment(end).await.unwrap();
    }
    store
        .lose_segment(segment_id(3), GapReason::SpoolFull)
        .await
        .unwrap();
    let plans = store.plans_of_sessions().await.unwrap();
    assert_eq!(plans, [Some(PlanId::DEFAULT)]);
    let kept = async |plan, before, leave_out, limit| {
        let kept = store.segments_kept_before(plan, at(before), leave_out, limit);
        kept.await.unwrap()
    };
    let plan = Some(PlanId::DEFAULT);
    assert_eq!(kept(plan, 20, 0, 9).await, []);
    assert_eq!(kept(plan, 21, 0, 9).await, [segment_id(1)]);
    assert_eq!(kept(plan, 1_000, 0, 9).await, [1, 3, 2].map(segment_id));
    assert_eq!(kept(plan, 1_000, 0, 2).await, [1, 3].map(segment_id));
    assert_eq!(kept(plan, 1_000, 1, 2).await, [3, 2].map(segment_id));
    assert_eq!(kept(None, 1_000, 0, 9).await, []);

    for id in 1..=4 {
        store.remove_segment(segment_id(id)).await.unwrap();
    }
    assert_eq!(kept(plan, 1_000, 0, 9).await, []);
    let (_, removed) = store.segment(segment_id(1)).await.unwrap().unwrap();
    assert_eq!(removed.state, SegmentState::Lost(GapReason::RetentionOver));
    assert_eq!((removed.bytes, removed.key_frames), (0, vec![]));
    let (_, growing) = store.segment(segment_id(4)).await.unwrap().unwrap();
    assert_eq!(growing.state, SegmentState::Growing);
    assert_eq!(store.segment_bytes().await.unwrap(), 0);
}
