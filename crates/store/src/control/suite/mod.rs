//! What every store of control data must do.

mod agents;
mod checks;
mod health;
mod plans;
mod recordings;
mod records_retention;
mod users;

use eidetic_model::{
    Action, ActivityRecord, AgentId, Application, DisplayIndex, Entry, IdleStretch, ObjectType,
    PlanId, RecordSequence, SegmentDescription, SegmentId, SessionDescription, SessionId,
    SessionOrigin, SpoolId, Timestamp,
};

use super::{Applied, ControlStore, SqliteControl, ViewingEvent, ViewingFilter};
use crate::StoreError;

/// Each promise, held by the database in a file and by the one in memory.
macro_rules! promises {
    ($($topic:ident::$promise:ident),* $(,)?) => {
        mod in_a_file {
            $(#[tokio::test]
            async fn $promise() {
                let folder = tempfile::tempdir().unwrap();
                let store = super::SqliteControl::open(folder.path().join("control.db")).unwrap();
                super::$topic::$promise(std::sync::Arc::new(store)).await;
            })*
        }
        mod in_memory {
            $(#[tokio::test]
            async fn $promise() {
                let store = super::SqliteControl::in_memory().unwrap();
                super::$topic::$promise(std::sync::Arc::new(store)).await;
            })*
        }
    };
}

promises! {
    agents::of_many_redemptions_at_once_one_gets_the_token,
    agents::an_agent_is_kept_with_the_token_that_it_uses_up,
    agents::agents_are_replaced_and_listed_by_name,
    agents::a_removed_agent_stays_removed_whatever_it_says_meanwhile,
    agents::a_certificate_is_taken_up_by_its_agent_only,
    recordings::entries_are_taken_in_once_and_without_holes,
    recordings::nothing_of_another_agent_can_be_touched,
    recordings::what_is_of_no_session_can_come_from_every_agent,
    recordings::a_session_sums_up_what_was_reported_of_it,
    recordings::what_comes_without_its_session_makes_one,
    recordings::sessions_are_paged_from_the_latest_start,
    recordings::segments_grow_and_are_sealed_lost_or_reset,
    recordings::old_segments_are_found_by_agent_and_leave_only_that_they_were_there,
    records_retention::what_was_removed_is_said_and_what_is_empty_is_forgotten,
    health::what_an_agent_said_last_is_kept,
    health::the_health_log_is_filtered_and_paged_from_the_latest,
    health::the_health_log_stays_bounded,
    health::records_are_counted_once_on_their_own_day,
    health::how_much_is_stored_is_kept_for_each_day,
    checks::the_last_report_counts_and_remembers_since_when,
    checks::an_adjustment_that_is_told_twice_is_kept_once,
    plans::plans_come_back_in_their_order,
    plans::of_two_who_change_plans_at_once_one_is_told,
    users::users_are_found_whatever_the_case,
    users::sign_ins_expire_and_end,
    users::a_clock_that_was_set_back_does_not_make_sign_ins_last,
    users::viewings_are_filtered_and_paged_from_the_latest,
    users::how_much_was_looked_at_grows,
    users::settings_count_their_revisions,
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

#[tokio::test]
async fn on_a_full_disk_what_was_kept_stays_and_what_was_refused_can_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.db");
    let store = SqliteControl::open_small(&path, 100).unwrap();
    let viewing = |number: i64| ViewingEvent {
        when: at(number),
        user: "anna".into(),
        address: String::new(),
        what: "searched".into(),
        object: "x".repeat(1_000),
        ..ViewingEvent::default()
    };
    // Many at once: they are committed together, as far as there is room.
    let all = (0..1_000).map(|number| store.note_viewing(viewing(number)));
    let kept = futures::future::join_all(all).await;
    let refused = kept.iter().filter_map(|kept| kept.as_ref().err());
    for refused in refused {
        assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
    }
    let mut kept = kept.iter().filter(|kept| kept.is_ok()).count();
    // Those that were refused together may leave room for one alone.
    while store.note_viewing(viewing(1_000)).await.is_ok() {
        kept += 1;
    }
    assert!((1..1_000).contains(&kept), "{kept}");
    let many: Vec<_> = (1..=200).map(|id| opened(id, 10)).collect();
    let entries = numbered(1, many);
    let applied = store
        .apply(agent_id(1), spool(), PlanId::DEFAULT, &entries)
        .await;
    assert!(
        matches!(applied, Err(StoreError::Full { .. })),
        "{applied:?}"
    );
    assert_eq!(last(&store).await, 0);
    assert_eq!(store.sessions(None, 10).await.unwrap(), []);
    assert_eq!(
        store
            .viewings(ViewingFilter::default(), None, 1_000)
            .await
            .unwrap()
            .len(),
        kept
    );
    drop(store);

    let store = SqliteControl::open(&path).unwrap();
    assert_eq!(
        store
            .viewings(ViewingFilter::default(), None, 1_000)
            .await
            .unwrap()
            .len(),
        kept
    );
    apply(&store, &entries).await;
    assert_eq!(last(&store).await, 200);
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
    store
        .apply(agent_id(1), spool(), PlanId::DEFAULT, entries)
        .await
        .unwrap()
}

async fn last(store: &dyn ControlStore) -> u64 {
    store.last_sequence(agent_id(1), spool()).await.unwrap().0
}
