//! The real server is killed in the middle of its work.

use std::{path::Path, sync::Arc, time::Duration};

use eidetic_model::Entry;
use eidetic_runtime::SystemClock;
use eidetic_server::folder::DataFolder;
use eidetic_store::control::SegmentState;
use eidetic_wire::convert::to_proto;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::process::Process;

use super::{
    agent::{Attached, Said, Say, TestAgent},
    things::{SESSION, TestSegment, activity, session_opened, title},
};

/// How far the server has said that it is.
#[derive(Debug, Default)]
struct Acknowledged {
    entries: u64,
    bytes: u64,
    segment: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_exactly_once() {
    let folder = TempDir::new().unwrap();
    let segment = TestSegment::new(1, SESSION, 300);
    let mut entries = vec![session_opened(SESSION), segment.opened()];
    entries.extend((1..=3_000).map(|number| activity(SESSION, number)));
    let mut process = Process::start(folder.path());
    let mut agent = enrol(folder.path(), &process).await;
    let mut acknowledged = Acknowledged::default();
    for progress in [300, 1_200, 2_100] {
        agent.server = process.agents.parse().unwrap();
        let mut attached = agent.attach().await;
        check_nothing_is_lost(&attached, &acknowledged);
        send(
            &mut attached,
            &entries,
            &segment,
            &mut acknowledged,
            progress,
        )
        .await;
        process.kill();
        // What had been acknowledged before the end may still be on its way.
        while let Some(said) = attached.hear().await {
            acknowledged.note(&said);
        }
        process = Process::start(folder.path());
    }
    agent.server = process.agents.parse().unwrap();
    let mut attached = agent.attach().await;
    check_nothing_is_lost(&attached, &acknowledged);
    let all = entries.len() as u64;
    send(&mut attached, &entries, &segment, &mut acknowledged, all).await;
    finish_segment(&mut attached, &segment, &mut acknowledged).await;
    drop(attached);
    process.kill();
    check_everything_is_there_once(folder.path(), &segment).await;
}

impl Acknowledged {
    fn note(&mut self, said: &Said) {
        match said {
            Said::EntriesStored(stored) => {
                self.entries = self.entries.max(stored.through_sequence);
            }
            Said::SegmentProgress(progress) => {
                self.bytes = self.bytes.max(progress.durable_bytes);
            }
            Said::SegmentStored(_) => self.segment = true,
            other => panic!("not expected: {other:?}"),
        }
    }
}

async fn enrol(folder: &Path, process: &Process) -> TestAgent {
    let token = Process::said(&["token", "--valid-for", "10m"], folder);
    let folder = DataFolder::open(folder).unwrap();
    let authority = folder.authority(&SystemClock).unwrap();
    let address = process.agents.parse().unwrap();
    TestAgent::enrol(address, authority.certificate(), token.trim())
        .await
        .unwrap()
}

fn check_nothing_is_lost(attached: &Attached, acknowledged: &Acknowledged) {
    let last = attached.welcome.last_sequence;
    assert!(last >= acknowledged.entries, "{last} of {acknowledged:?}");
}

/// Sends entries, ten at a time, with bytes of the segment between them, until the server has
/// acknowledged `progress` entries.
async fn send(
    attached: &mut Attached,
    entries: &[Entry],
    segment: &TestSegment,
    acknowledged: &mut Acknowledged,
    progress: u64,
) {
    let mut next = attached.welcome.last_sequence;
    acknowledged.entries = next;
    let mut offset = acknowledged.bytes as usize;
    while acknowledged.entries < progress {
        let under_way = next - acknowledged.entries;
        let rest = &entries[next as usize..];
        if under_way < 200 && !rest.is_empty() {
            let batch = &rest[..rest.len().min(10)];
            attached.say_entries(next + 1, batch).await;
            next += batch.len() as u64;
            let until = (offset + 1_000).min(segment.bytes.len());
            if acknowledged.entries >= 2 && until > offset {
                attached.say_bytes(&segment.chunk(offset, until)).await;
                offset = until;
            }
        } else {
            let said = attached.hear().await.expect("the server goes on");
            acknowledged.note(&said);
        }
    }
}

async fn finish_segment(
    attached: &mut Attached,
    segment: &TestSegment,
    acknowledged: &mut Acknowledged,
) {
    let mut from = acknowledged.bytes as usize;
    while from < segment.bytes.len() {
        let until = (from + 50_000).min(segment.bytes.len());
        attached.say_bytes(&segment.chunk(from, until)).await;
        from = until;
    }
    let end = Say::SegmentEnd(to_proto::segment_end(&segment.end()));
    attached.say(end).await;
    let waiting = async {
        while !acknowledged.segment {
            let said = attached.hear().await.expect("the server goes on");
            acknowledged.note(&said);
        }
    };
    let waited = timeout(Duration::from_secs(20), waiting).await;
    waited.expect("the segment is acknowledged");
}

async fn check_everything_is_there_once(folder: &Path, segment: &TestSegment) {
    let folder = DataFolder::open(folder).unwrap();
    let components = folder.components(Arc::new(SystemClock)).await.unwrap();
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = components.audit.timeline(SESSION, after, 1_000).await;
        let page = page.unwrap();
        let titles = page.records.iter();
        found.extend(titles.map(|(_, record)| record.what.reveal().to_owned()));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=3_000).map(title).collect();
    assert_eq!(found, expected);
    let (_, stored) = components
        .control
        .segment(segment.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stored.state, SegmentState::Sealed(segment.end().sha256));
    let bytes = components.segments.read(segment.id, 0..u64::MAX / 2).await;
    assert_eq!(bytes.unwrap().unwrap(), segment.bytes);
    let session = components.control.session(SESSION).await.unwrap().unwrap();
    assert_eq!(session.activities, 3_000);
}
