//! What every audit database must do, held against the naive one over the same records.

mod made_up;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use eidetic_model::{ActivityRecord, Clock, SessionId, Timestamp};
use eidetic_search::{Condition, Field, Filter, Mark, Operator};
use made_up::MadeUp;

use super::{AuditStore, Batch, MemoryAudit, Page, SqliteAudit};
use crate::StoreError;

#[tokio::test]
async fn sqlite_finds_exactly_what_the_oracle_finds() {
    for seed in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteAudit::open(folder.path(), clock()).unwrap();
        finds_exactly_what_the_oracle_finds(&store, seed).await;
    }
}

#[tokio::test]
async fn memory_finds_exactly_what_the_oracle_finds() {
    finds_exactly_what_the_oracle_finds(&MemoryAudit::at(now()), 99).await;
}

#[tokio::test]
async fn sqlite_stores_a_sequence_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteAudit::open(folder.path(), clock()).unwrap();
    stores_a_sequence_once(&store).await;
}

#[tokio::test]
async fn memory_stores_a_sequence_once() {
    stores_a_sequence_once(&MemoryAudit::at(now())).await;
}

#[tokio::test]
async fn sqlite_gives_later_records_no_place_in_pages_that_were_given() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteAudit::open(folder.path(), clock()).unwrap();
    pages_stay_while_records_come(&store).await;
}

#[tokio::test]
async fn sqlite_forgets_of_some_sessions_exactly_what_the_oracle_forgets() {
    for seed in 300..304 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteAudit::open(folder.path(), clock()).unwrap();
        forgets_of_some_sessions_exactly_what_the_oracle_forgets(&store, seed).await;
    }
}

#[tokio::test]
async fn sqlite_forgets_exactly_what_the_oracle_forgets() {
    for seed in 200..206 {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteAudit::open(folder.path(), clock()).unwrap();
        forgets_exactly_what_the_oracle_forgets(&store, seed).await;
    }
}

#[tokio::test]
async fn sqlite_goes_on_from_a_deadline_without_gaps_and_never_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let hurried = SqliteAudit::open(folder.path(), Arc::new(Hurrying::default())).unwrap();
    let oracle = MemoryAudit::at(now());
    let mut made_up = MadeUp::new(31);
    let records = fill(&mut made_up, &[&hurried, &oracle], 500).await;
    for _ in 0..40 {
        let filter = made_up.filter(&records);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = Page {
                limit: 30,
                after,
                deadline: Duration::ZERO,
            };
            let page = hurried.search(&filter, page).await.unwrap();
            found.extend(page.records);
            let Some(next) = page.next else { break };
            assert!(after.is_none_or(|after| next.position < after.position));
            after = Some(next);
        }
        assert!(found == all(&oracle, &filter).await, "{filter:?}");
    }
}

#[tokio::test]
async fn sqlite_says_when_it_is_full_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut made_up = MadeUp::new(41);
    let store = SqliteAudit::open_small(folder.path(), clock(), 60).unwrap();
    let (mut kept, mut first) = (0, 1);
    let refused = loop {
        let batch = made_up.batch(1, first, 50);
        first = batch.records.last_key_value().unwrap().0.next().0;
        match store.append(batch.clone()).await {
            Ok(()) => kept += 50,
            Err(StoreError::Full { .. }) => break batch,
            Err(other) => panic!("{other:?}"),
        }
    };
    assert!(kept > 0);
    let still_readable = search(&store, &Filter::default(), None, 10).await;
    assert_eq!(still_readable.records.len(), 10);
    drop(store);
    let store = SqliteAudit::open(folder.path(), clock()).unwrap();
    store.append(refused).await.unwrap();
    assert_eq!(all(&store, &Filter::default()).await.len(), kept + 50);
}

#[tokio::test]
async fn sqlite_refuses_parts_that_are_newer_or_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteAudit::open(folder.path(), clock()).unwrap();
    store.append(MadeUp::new(1).batch(1, 1, 5)).await.unwrap();
    drop(store);
    let parts = folder.path().join("parts");
    let stray = parts.join("notes.txt");
    std::fs::write(&stray, "not a part").unwrap();
    assert!(SqliteAudit::open(folder.path(), clock()).is_ok());
    std::fs::write(parts.join("2031-02.db"), "x".repeat(20_000)).unwrap();
    assert!(matches!(
        SqliteAudit::open(folder.path(), clock()),
        Err(StoreError::Damaged { .. })
    ));
    // A part of which not even the tables were made is made anew.
    std::fs::write(parts.join("2031-02.db"), "").unwrap();
    assert!(SqliteAudit::open(folder.path(), clock()).is_ok());
    let newer = rusqlite::Connection::open(parts.join("2031-02.db")).unwrap();
    newer.pragma_update(None, "user_version", 77).unwrap();
    drop(newer);
    assert!(matches!(
        SqliteAudit::open(folder.path(), clock()),
        Err(StoreError::TooNew { found: 77, .. })
    ));
}

#[tokio::test]
async fn wrong_times_do_not_make_a_part_for_each_month() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteAudit::open(folder.path(), clock()).unwrap();
    let mut batch = MadeUp::new(61).batch(1, 1, 3_000);
    let month = 30 * 86_400_000_000_i64;
    for (record, number) in batch.records.values_mut().zip(0..) {
        record.when = Timestamp::from_unix_micros(number * month);
    }
    store.append(batch.clone()).await.unwrap();
    let parts = std::fs::read_dir(folder.path().join("parts")).unwrap();
    let parts = parts.filter(|part| {
        let path = part.as_ref().unwrap().path();
        path.extension().is_some_and(|extension| extension == "db")
    });
    assert!(parts.count() <= 10 * 12 + 4);
    for record in batch.records.values().step_by(97) {
        let at_that_time = Filter {
            from: Some(record.when),
            until: Some(record.when.saturating_add(Duration::from_micros(1))),
            ..Filter::default()
        };
        let found = all(&store, &at_that_time).await;
        assert_eq!(found.len(), 1);
        assert!(found[0].1 == *record, "the time itself is kept");
    }
}

#[tokio::test]
async fn a_record_that_was_of_the_future_is_stored_once_when_it_comes_again_in_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let clock = eidetic_testkit::SimulatedClock::at(now());
    let store = SqliteAudit::open(folder.path(), Arc::new(clock.clone())).unwrap();
    let mut batch = MadeUp::new(71).batch(1, 1, 3);
    for record in batch.records.values_mut() {
        record.when = now().saturating_add(Duration::from_secs(2 * 86_400));
    }
    store.append(batch.clone()).await.unwrap();
    clock.jump_to(now().saturating_add(Duration::from_secs(86_400)));
    batch
        .records
        .append(&mut MadeUp::new(72).batch(1, 4, 1).records);
    store.append(batch).await.unwrap();
    assert_eq!(store.health().await.unwrap().records, 4);
}

#[tokio::test]
async fn sqlite_answers_a_filter_of_very_many_conditions() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteAudit::open(folder.path(), clock()).unwrap();
    let oracle = MemoryAudit::at(now());
    fill(&mut MadeUp::new(51), &[&store, &oracle], 200).await;
    let condition = |number: usize| Condition {
        field: Field::What,
        operator: Operator::Contains,
        value: format!("nowhere {number}"),
    };
    let mut filter = Filter {
        conditions: (0..1_000).map(condition).collect(),
        ..Filter::default()
    };
    filter.conditions[500].value = "payroll".into();
    assert_same(&store, &oracle, &filter, 30, 51).await;
    filter.free_text = vec!["roll".into(); 200];
    assert_same(&store, &oracle, &filter, 30, 51).await;
}

#[tokio::test]
async fn many_agents_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteAudit::open(folder.path(), clock()).unwrap());
    let agents: Vec<_> = (1..=20)
        .map(|agent| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut made_up = MadeUp::new(agent.into());
                for round in 0..10 {
                    let batch = made_up.batch(agent, 1 + 100 * round, 20);
                    store.append(batch).await.unwrap();
                }
            })
        })
        .collect();
    for agent in agents {
        agent.await.unwrap();
    }
    assert_eq!(store.health().await.unwrap().records, 20 * 10 * 20);
    assert_eq!(all(&*store, &Filter::default()).await.len(), 20 * 10 * 20);
}

async fn finds_exactly_what_the_oracle_finds(store: &dyn AuditStore, seed: u64) {
    let mut made_up = MadeUp::new(seed);
    let oracle = MemoryAudit::at(now());
    let records = fill(&mut made_up, &[store, &oracle], 400).await;
    for _ in 0..80 {
        let filter = made_up.filter(&records);
        let limit = made_up.pick(&[3, 7, 33, 90, 1_000]);
        assert_same(store, &oracle, &filter, limit, seed).await;
        let by = made_up.pick(&Field::ALL);
        assert_eq!(
            store.count(&filter, by, 5).await.unwrap(),
            oracle.count(&filter, by, 5).await.unwrap(),
            "seed {seed}, {filter:?} by {by:?}"
        );
    }
    for _ in 0..5 {
        let session = made_up.session();
        assert_eq!(
            timeline(store, session, 7).await,
            timeline(&oracle, session, 1_000).await,
            "seed {seed}"
        );
    }
    let (health, expected) = (
        store.health().await.unwrap(),
        oracle.health().await.unwrap(),
    );
    assert_eq!(
        (health.records, health.range),
        (expected.records, expected.range)
    );
}

async fn stores_a_sequence_once(store: &dyn AuditStore) {
    let mut made_up = MadeUp::new(7);
    // The records of one batch go to several months.
    let batch = made_up.batch(1, 1, 200);
    let other_agent = Batch {
        records: batch.records.clone(),
        ..made_up.batch(2, 1, 0)
    };
    store.append(batch.clone()).await.unwrap();
    store.append(batch.clone()).await.unwrap();
    assert_eq!(store.health().await.unwrap().records, 200);
    store.append(other_agent).await.unwrap();
    assert_eq!(store.health().await.unwrap().records, 400);
    // One that overlaps adds only what is new.
    let mut longer = batch.clone();
    let last = batch.records.last_key_value().unwrap().0.0;
    longer
        .records
        .append(&mut made_up.batch(1, last + 1, 50).records);
    let (first, second): (Vec<_>, Vec<_>) = longer
        .records
        .into_iter()
        .partition(|(sequence, _)| sequence.0 % 3 == 0);
    for part in [first, second] {
        let part = Batch {
            records: part.into_iter().collect(),
            ..batch
        };
        store.append(part).await.unwrap();
    }
    assert_eq!(store.health().await.unwrap().records, 450);
}

async fn pages_stay_while_records_come(store: &dyn AuditStore) {
    let mut made_up = MadeUp::new(11);
    let before = fill(&mut made_up, &[store], 300).await;
    let filter = Filter {
        conditions: vec![Condition {
            field: Field::What,
            operator: Operator::DoesNotContain,
            value: "zzqqzz".into(),
        }],
        ..Filter::default()
    };
    let mut seen: Vec<(Mark, ActivityRecord)> = Vec::new();
    let mut after = None;
    loop {
        let page = search(store, &filter, after, 13).await;
        seen.extend(page.records);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
        let late = made_up.batch(9, 1_000 * seen.len() as u64, 5);
        store.append(late).await.unwrap();
    }
    assert!(seen.is_sorted_by(|(a, _), (b, _)| a.position > b.position));
    for record in &before {
        let times = |records: &mut dyn Iterator<Item = &ActivityRecord>| {
            records.filter(|other| *other == record).count()
        };
        assert!(
            times(&mut seen.iter().map(|(_, record)| record)) >= times(&mut before.iter()),
            "a record that was there before the first page was left out"
        );
    }
}

async fn forgets_exactly_what_the_oracle_forgets(store: &dyn AuditStore, seed: u64) {
    let mut made_up = MadeUp::new(seed);
    let oracle = MemoryAudit::at(now());
    let records = fill(&mut made_up, &[store, &oracle], 400).await;
    for _ in 0..3 {
        let before = made_up.time();
        assert_eq!(
            store.purge(before).await.unwrap(),
            oracle.purge(before).await.unwrap(),
            "seed {seed}, before {before}"
        );
        for _ in 0..10 {
            let filter = made_up.filter(&records);
            assert_same(store, &oracle, &filter, 50, seed).await;
        }
        // Words that were forgotten can come again.
        let first = 1_000 * made_up.below(1_000) as u64;
        let batch = made_up.batch(5, first, 30);
        store.append(batch.clone()).await.unwrap();
        oracle.append(batch).await.unwrap();
        assert_same(store, &oracle, &Filter::default(), 17, seed).await;
    }
}

async fn forgets_of_some_sessions_exactly_what_the_oracle_forgets(
    store: &dyn AuditStore,
    seed: u64,
) {
    let mut made_up = MadeUp::new(seed);
    let oracle = MemoryAudit::at(now());
    let records = fill(&mut made_up, &[store, &oracle], 400).await;
    let mut sessions: Vec<_> = records.iter().map(|record| record.session).collect();
    sessions.sort();
    sessions.dedup();
    for chosen in sessions.chunks(3) {
        let before = made_up.time();
        let forgotten = store.purge_sessions(chosen, before).await.unwrap();
        let expected = oracle.purge_sessions(chosen, before).await.unwrap();
        assert_eq!(forgotten, expected, "seed {seed}, before {before}");
        assert_same(store, &oracle, &Filter::default(), 50, seed).await;
        let again = store.purge_sessions(chosen, before).await.unwrap();
        assert!(again.is_empty());
    }
    for _ in 0..10 {
        let filter = made_up.filter(&records);
        assert_same(store, &oracle, &filter, 50, seed).await;
    }
}

/// Gives the same records to all stores, and gives them back.
async fn fill(
    made_up: &mut MadeUp,
    stores: &[&dyn AuditStore],
    count: usize,
) -> Vec<ActivityRecord> {
    let mut records = Vec::new();
    let mut first = 1;
    while records.len() < count {
        let length = made_up.pick(&[1, 10, 90]);
        let batch = made_up.batch(3, first, length);
        first = batch
            .records
            .last_key_value()
            .map_or(first, |(last, _)| last.next().0);
        for store in stores {
            store.append(batch.clone()).await.unwrap();
        }
        records.extend(batch.records.into_values());
    }
    records
}

async fn assert_same(
    store: &dyn AuditStore,
    oracle: &MemoryAudit,
    filter: &Filter,
    limit: usize,
    seed: u64,
) {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = search(store, filter, after, limit).await;
        assert!(page.records.len() <= limit);
        found.extend(page.records);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let expected = all(oracle, filter).await;
    assert_eq!(found.len(), expected.len(), "seed {seed}, {filter:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!(
            found == expected,
            "seed {seed}, {filter:?}: {found:?} is not {expected:?}"
        );
    }
}

async fn all(store: &dyn AuditStore, filter: &Filter) -> Vec<(Mark, ActivityRecord)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = search(store, filter, after, 1_000).await;
        found.extend(page.records);
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

async fn search(
    store: &dyn AuditStore,
    filter: &Filter,
    after: Option<Mark>,
    limit: usize,
) -> super::PageOf {
    let page = Page {
        limit,
        after,
        deadline: Duration::from_secs(60),
    };
    store.search(filter, page).await.unwrap()
}

async fn timeline(
    store: &dyn AuditStore,
    session: SessionId,
    limit: usize,
) -> Vec<(Mark, ActivityRecord)> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.timeline(session, after, limit).await.unwrap();
        found.extend(page.records);
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(eidetic_testkit::SimulatedClock::at(now()))
}

/// Of the made-up records, some are of times that are not plausible then.
fn now() -> Timestamp {
    "2027-01-02T12:00:00Z".parse().unwrap()
}

/// A clock on which a second passes at each look.
#[derive(Default)]
struct Hurrying(AtomicU64);

impl Clock for Hurrying {
    fn wall(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
