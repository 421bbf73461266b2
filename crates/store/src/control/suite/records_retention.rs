//! What becomes of sessions whose records are removed.

use std::sync::Arc;

use eidetic_model::{Entry, PlanId, SegmentEnd, SessionEnding};

use super::{activity, apply, at, idle, numbered, opened, segment_id, segment_opened, session_id};
use crate::control::ControlStore;

const PLAN: Option<PlanId> = Some(PlanId::DEFAULT);

pub(super) async fn what_was_removed_is_said_and_what_is_empty_is_forgotten(
    store: Arc<dyn ControlStore>,
) {
    let closed = |session, end| {
        Entry::SessionClosed(SessionEnding {
            session: session_id(session),
            end: at(end),
        })
    };
    let entries = [
        opened(1, 10),
        activity(1, 11, "Firefox"),
        idle(1, 12, 15),
        closed(1, 20),
        opened(2, 10),
        activity(2, 11, "Calc"),
        activity(2, 40, "Calc"),
        segment_opened(1, 2, 10),
        closed(2, 50),
        opened(3, 12),
        activity(3, 13, "Calc"),
    ];
    apply(&*store, &numbered(1, entries)).await;
    let end = SegmentEnd {
        id: segment_id(1),
        end: at(50),
        bytes: 0,
        sha256: [7; 32],
    };
    store.seal_segment(end).await.unwrap();
    let due = async |plan, before| {
        let due = store.sessions_with_records_before(plan, at(before), 0, 9);
        due.await.unwrap()
    };
    assert_eq!(due(PLAN, 10).await, []);
    assert_eq!(due(None, 99).await, []);
    assert_eq!(due(PLAN, 12).await, [1, 2].map(session_id));
    assert_eq!(due(PLAN, 30).await, [1, 2, 3].map(session_id));
    let second = store.sessions_with_records_before(PLAN, at(30), 1, 1);
    assert_eq!(second.await.unwrap(), [session_id(2)]);

    let remove = async |session, before, records| {
        let session = session_id(session);
        store
            .say_records_removed(&[session], at(before))
            .await
            .unwrap();
        let counted = [(session, records)];
        let removed = store.note_records_removed(&counted, at(before));
        removed.await.unwrap();
    };
    for session in 1..=3 {
        remove(session, 30, 1).await;
    }
    assert_eq!(due(PLAN, 30).await, []);
    let shown = async |session| store.session(session_id(session)).await.unwrap();
    let second = shown(2).await.unwrap();
    assert_eq!(second.records_removed_until, Some(at(30)));
    assert_eq!((second.activities, second.applications.len()), (1, 1));
    let first = shown(1).await.unwrap();
    assert_eq!((first.activities, first.applications.len()), (0, 0));
    assert_eq!(store.idle_stretches(session_id(1)).await.unwrap(), []);

    // What comes late is found again, and what was said stays said.
    apply(&*store, &numbered(12, [activity(2, 12, "Calc")])).await;
    assert_eq!(due(PLAN, 30).await, [session_id(2)]);
    assert_eq!(shown(2).await.unwrap().records_removed_until, Some(at(30)));
    remove(2, 60, 2).await;

    // One has ended with nothing left, one has a segment, one goes on.
    assert_eq!(store.forget_sessions(PLAN, at(60)).await.unwrap(), 1);
    assert_eq!(shown(1).await, None);
    assert!(shown(3).await.is_some());
    assert_eq!(store.forget_sessions(None, at(60)).await.unwrap(), 0);
    store.remove_segment(segment_id(1)).await.unwrap();
    assert_eq!(store.forget_sessions(PLAN, at(60)).await.unwrap(), 1);
    assert_eq!(shown(2).await, None);
    assert_eq!(store.segment(segment_id(1)).await.unwrap(), None);
}
