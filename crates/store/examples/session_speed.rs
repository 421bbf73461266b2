//! Measures the control database: how fast a long session's manifest is read, and how fast agents'
//! changes become durable.
//!
//! `cargo run --release -p eidetic-store --example session_speed`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{error::Error, sync::Arc, time::Duration};

use eidetic_model::{
    AgentId, Clock, DisplayIndex, Entry, PlanId, RecordSequence, SegmentDescription, SegmentId,
    SessionDescription, SessionId, SessionOrigin, SpoolId, Timestamp,
};
use eidetic_runtime::SystemClock;
use eidetic_store::control::{ControlStore, KeyFrame, SqliteControl};
use uuid::Uuid;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let clock = SystemClock;
    let store = Arc::new(SqliteControl::open(folder.path().join("control.db"))?);
    let session = SessionId::from_uuid(Uuid::from_u128(1));
    let entries: Vec<_> = (1..).map(RecordSequence).zip(entries(session)).collect();
    let (agent, spool) = (
        AgentId::from_uuid(Uuid::from_u128(1)),
        SpoolId::from_uuid(Uuid::from_u128(1)),
    );
    store.apply(agent, spool, PlanId::DEFAULT, &entries).await?;

    let mut grown = Vec::new();
    for segment in 0..SEGMENTS {
        let key_frames: Vec<_> = (0..KEY_FRAMES)
            .map(|n| KeyFrame {
                time: at(segment * 60 + n * 2),
                offset: n * 10_000,
            })
            .collect();
        let before = clock.monotonic();
        store
            .grow_segment(id(segment), 300_000, at(segment * 60 + 60), &key_frames)
            .await?;
        grown.push(clock.monotonic() - before);
    }
    println!("one change after another   {}", quantiles(&mut grown));

    let before = clock.monotonic();
    let changes: Vec<_> = (0..1_000)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .grow_segment(id(n % SEGMENTS), 300_000, at(n), &[])
                    .await
            })
        })
        .collect();
    for change in changes {
        change.await??;
    }
    println!(
        "1000 changes at once       {:.1?}",
        clock.monotonic() - before
    );

    let mut read = Vec::new();
    for _ in 0..RUNS {
        let before = clock.monotonic();
        let segments = store.segments(session).await?;
        assert_eq!(segments.len() as u64, SEGMENTS);
        read.push(clock.monotonic() - before);
    }
    println!(
        "manifest of {SEGMENTS} segments with {KEY_FRAMES} key frames each   {}",
        quantiles(&mut read)
    );
    Ok(())
}

/// An hour on two displays, a segment a minute.
fn entries(session: SessionId) -> impl Iterator<Item = Entry> {
    let opened = Entry::SessionOpened(SessionDescription {
        id: session,
        who: "CORP\\anna".into(),
        where_: "RDS01".into(),
        origin: SessionOrigin::Local,
        display_name: ":0".into(),
        start: at(0),
    });
    let segments = (0..SEGMENTS).map(move |n| {
        Entry::SegmentOpened(SegmentDescription {
            id: id(n),
            session,
            display: DisplayIndex(u16::from(n % 2 == 1)),
            start: at(n / 2 * 60),
            width: 1920,
            height: 1080,
            left: 0,
            top: 0,
        })
    });
    std::iter::once(opened).chain(segments)
}

fn id(number: u64) -> SegmentId {
    SegmentId::from_uuid(Uuid::from_u128(u128::from(number) + 100))
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::default().saturating_add(Duration::from_secs(seconds))
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    format!("p50 {:.1?}  p95 {:.1?}", at(50), at(95))
}

const SEGMENTS: u64 = 120;
const KEY_FRAMES: u64 = 30;
const RUNS: usize = 101;
