//! What agents said last, the health log, and how much was stored on each day.

use std::sync::Arc;

use eidetic_model::Timestamp;

use super::{activity, agent_id, agents::agent, apply, at, numbered, opened};
use crate::control::{
    AgentStatus, ControlStore as _, Day, HealthCounts, HealthEvent, HealthFilter, HealthStore as _,
    LogMark, SaidStatus, Severity, SqliteControl, StorageSample,
};

pub(super) async fn what_an_agent_said_last_is_kept(store: Arc<SqliteControl>) {
    let said = |seconds: i64, cpu: Option<u32>| SaidStatus {
        at: at(seconds),
        address: "192.0.2.1:9".into(),
        status: AgentStatus {
            spool_bytes: 7,
            entries_waiting: u64::MAX >> 1,
            segments_waiting: 3,
            sessions_recorded: 2,
            sessions_slowed: 1,
            policy_revision: 9,
            known_until: Some(at(seconds)),
            clock_ahead_micros: Some(-5),
            cpu_permille: cpu,
            busiest_recorder_permille: cpu,
            memory_bytes: Some(1 << 20),
            spool_full: true,
            disk_free_bytes: None,
        },
    };
    store.keep_status(agent_id(1), said(1, None)).await.unwrap();
    assert_eq!(
        store.statuses().await.unwrap(),
        [],
        "nobody knows that agent"
    );
    store.put_agent(agent(1, "RDS01")).await.unwrap();
    store.keep_status(agent_id(1), said(1, None)).await.unwrap();
    store
        .keep_status(agent_id(1), said(2, Some(40)))
        .await
        .unwrap();
    let kept = store.statuses().await.unwrap();
    assert_eq!(kept, [(agent_id(1), said(2, Some(40)))]);
}

pub(super) async fn the_health_log_is_filtered_and_paged_from_the_latest(
    store: Arc<SqliteControl>,
) {
    let all = [
        event(1, Severity::Information, "agent_came", "RDS01", "Lab"),
        event(2, Severity::Warning, "clock", "Büro", "Lab"),
        event(2, Severity::Error, "gap", "RDS01", ""),
        event(3, Severity::Warning, "clock", "RDS01", "Office"),
    ];
    store.note_health(all.to_vec()).await.unwrap();
    let found = async |filter: HealthFilter| {
        let page = store.health_events(filter, None, 10).await.unwrap();
        page.into_iter().map(|(_, event)| event).collect::<Vec<_>>()
    };
    let [first, second, third, fourth] = all;
    let latest_first = [fourth.clone(), third.clone(), second.clone(), first.clone()];
    assert_eq!(found(HealthFilter::default()).await, latest_first);
    let bad = HealthFilter {
        severities: vec![Severity::Warning, Severity::Error],
        computer: "rds".into(),
        ..HealthFilter::default()
    };
    assert_eq!(found(bad).await, [fourth.clone(), third.clone()]);
    let by_plan = HealthFilter {
        kinds: vec!["clock".into(), "no such kind".into()],
        plan: "LAB".into(),
        computer: "BÜRO".into(),
        ..HealthFilter::default()
    };
    assert_eq!(found(by_plan).await, std::slice::from_ref(&second));
    let by_time = HealthFilter {
        from: Some(at(2)),
        until: Some(at(3)),
        agent: Some(agent_id(1)),
        ..HealthFilter::default()
    };
    assert_eq!(found(by_time).await, [third.clone(), second]);

    let mut before: Option<LogMark> = None;
    for expected in latest_first {
        let page = store.health_events(HealthFilter::default(), before, 1);
        let [(mark, event)] = page.await.unwrap().try_into().unwrap();
        assert_eq!(event, expected);
        before = Some(mark);
    }
    let rest = store.health_events(HealthFilter::default(), before, 1);
    assert_eq!(rest.await.unwrap(), []);
    let counts = store.health_counts(at(2)..at(3)).await.unwrap();
    let expected = HealthCounts {
        information: 0,
        warning: 1,
        error: 1,
    };
    assert_eq!(counts, expected);
}

pub(super) async fn the_health_log_stays_bounded(store: Arc<SqliteControl>) {
    let events = (1..=20).map(|second| event(second, Severity::Error, "gap", "", ""));
    store.note_health(events.collect()).await.unwrap();
    assert_eq!(store.forget_health(at(5), 100).await.unwrap(), 4);
    assert_eq!(store.forget_health(at(5), 10).await.unwrap(), 6);
    let left = store.health_events(HealthFilter::default(), None, 100);
    let left = left.await.unwrap();
    assert_eq!(left.len(), 10);
    assert_eq!(left.last().unwrap().1.when, at(11));
}

pub(super) async fn records_are_counted_once_on_their_own_day(store: Arc<SqliteControl>) {
    const DAY: i64 = 86_400;
    let entries = numbered(
        1,
        [
            opened(1, 10),
            activity(1, DAY - 1, "a"),
            activity(1, DAY, "b"),
            activity(1, DAY + 1, "c"),
            activity(1, 9 * DAY, "d"),
        ],
    );
    apply(&*store, &entries).await;
    apply(&*store, &entries).await;
    let counted = store.records_by_day(Day(0)..Day(9)).await.unwrap();
    assert_eq!(counted, [(Day(0), 1), (Day(1), 2)]);
    assert_eq!(Day::of(at(DAY - 1)), Day(0));
    assert_eq!(Day::of(Timestamp::from_unix_micros(-1)), Day(-1));
    assert_eq!(Day(1).start(), at(DAY));
}

pub(super) async fn how_much_is_stored_is_kept_for_each_day(store: Arc<SqliteControl>) {
    let sample = |day: i64, segment_bytes: u64| StorageSample {
        day: Day(day),
        audit_bytes: 5,
        segment_bytes,
        free_bytes: 9,
    };
    for sample in [sample(1, 1), sample(3, 2), sample(2, 3), sample(3, 4)] {
        store.put_storage_sample(sample).await.unwrap();
    }
    let kept = store.storage_samples(Day(2)).await.unwrap();
    assert_eq!(kept, [sample(2, 3), sample(3, 4)]);
}

fn event(seconds: i64, severity: Severity, kind: &str, computer: &str, plan: &str) -> HealthEvent {
    HealthEvent {
        when: at(seconds),
        severity,
        kind: kind.into(),
        agent: Some(agent_id(1)),
        computer: computer.into(),
        plan: plan.into(),
        text: "something happened".into(),
        before: "a".into(),
        after: String::new(),
    }
}
