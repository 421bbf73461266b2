//! What was captured never reaches the log.

use eidetic_model::{ActivityRecord, Captured, Entry, SessionId};
use eidetic_wire::{convert::SegmentChunk, proto::refused};
use uuid::Uuid;

use super::{
    admission::enrolled,
    agent::{Attached, Said},
    server::TestServer,
    storing::{announce, titles},
    things::{SESSION, TestSegment, activity},
};
use crate::{
    faulty::{Disk, with_audit_on},
    log::Log,
};

/// The log is that of all threads: stores work on theirs.
#[tokio::test]
async fn titles_and_pixels_never_reach_the_log_whatever_becomes_of_them() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.subscriber()).unwrap();
    let disk = Disk::default();
    let server = TestServer::start_with(|components| with_audit_on(&disk, components)).await;
    let agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 4);

    // Stored.
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;
    attached.say_entries(3, &[secret(SESSION)]).await;
    assert_eq!(attached.stored_through().await, 3);
    assert_eq!(titles(&server, SESSION).await, [TITLE]);
    let unreadable = SegmentChunk {
        id: segment.id,
        offset: 0,
        bytes: PIXELS.as_bytes().into(),
    };
    attached.say_bytes(&unreadable).await;
    assert_eq!(attached.durable_bytes().await, PIXELS.len() as u64);
    attached.say_end(&segment.end()).await;
    let answer = attached.hear().await;
    assert!(
        matches!(answer, Some(Said::SegmentProgress(_))),
        "{answer:?}"
    );

    // Refused: by the disk, and for each thing that an agent must not do.
    for fail in [Disk::fill, Disk::take_out] {
        fail(&disk);
        let mut attached = agent.attach().await;
        attached.say_entries(4, &[secret(SESSION)]).await;
        refused(&mut attached, refused::Reason::Overloaded).await;
        disk.mend();
    }
    let mut attached = agent.attach().await;
    attached.say_entries(9, &[secret(SESSION)]).await;
    refused(&mut attached, refused::Reason::Misbehaved).await;
    let intruder = enrolled(&server).await;
    let mut attached = intruder.attach().await;
    attached.say_entries(1, &[secret(SESSION)]).await;
    refused(&mut attached, refused::Reason::Misbehaved).await;

    let own = SessionId::from_uuid(Uuid::from_u128(77));
    let mut attached = intruder.attach().await;
    attached.say_entries(1, &[secret(own)]).await;
    assert_eq!(attached.stored_through().await, 1);
    server.stop().await;

    let text = log.text();
    for told in [
        "agent attached",
        "no space left",
        "cannot be read as packets",
    ] {
        assert!(text.contains(told), "{told}");
    }
    for secret in ["payroll plan", "payroll details", "payroll pixels"] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}

fn secret(session: SessionId) -> Entry {
    let Entry::Activity(record) = activity(session, 1) else {
        panic!("made as an activity");
    };
    Entry::Activity(ActivityRecord {
        what: Captured::new(TITLE),
        details: vec![Captured::new("payroll details")],
        ..record
    })
}

async fn refused(attached: &mut Attached, reason: refused::Reason) {
    assert_eq!(attached.refused().await.reason(), reason);
}

const TITLE: &str = "the payroll plan";
const PIXELS: &str = "the payroll pixels";
