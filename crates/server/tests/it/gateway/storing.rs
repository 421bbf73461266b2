//! What agents send is stored once, acknowledged when it is durable, and told.

use std::time::Duration;

use eidetic_codec::PacketScanner;
use eidetic_model::{GapReason, SegmentEnd, SegmentId, SessionId};
use eidetic_server::components::Change;
use eidetic_store::control::{Presence, SegmentState, StoredSegment};
use eidetic_wire::proto::{self, segment_rejected};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{
    admission::enrolled,
    agent::{Attached, Said, Say},
    server::TestServer,
    things::{SESSION, TestSegment, activity, session_opened, title},
};

#[tokio::test]
async fn entries_are_stored_searchable_and_told_when_they_are_acknowledged() {
    let server = TestServer::start().await;
    let mut news = server.components.news.listen();
    let agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    let entries = [
        session_opened(SESSION),
        activity(SESSION, 1),
        activity(SESSION, 2),
    ];
    attached.say_entries(1, &entries).await;
    assert_eq!(attached.stored_through().await, 3);

    assert_eq!(titles(&server, SESSION).await, [title(1), title(2)]);
    let session = server.components.control.session(SESSION).await.unwrap();
    let session = session.unwrap();
    assert_eq!(session.agent, agent.id);
    assert_eq!(session.activities, 2);
    assert_eq!(session.presence, Presence::Running);
    let mut told = Vec::new();
    while let Ok(change) = news.try_recv() {
        told.push(change);
    }
    assert!(told.contains(&Change::Session(SESSION)), "{told:?}");
    assert!(told.contains(&Change::Activities(SESSION)), "{told:?}");
}

#[tokio::test]
async fn what_is_sent_again_is_stored_once() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let entries = [
        session_opened(SESSION),
        activity(SESSION, 1),
        activity(SESSION, 2),
        activity(SESSION, 3),
    ];
    let mut attached = agent.attach().await;
    attached.say_entries(1, &entries[..3]).await;
    assert_eq!(attached.stored_through().await, 3);
    drop(attached);

    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.last_sequence, 3);
    attached.say_entries(1, &entries).await;
    assert_eq!(attached.stored_through().await, 4);
    drop(attached);

    let server = server.restart().await;
    let mut agent = agent;
    agent.server = server.address;
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.last_sequence, 4);
    attached.say_entries(2, &entries[1..]).await;
    assert_eq!(attached.stored_through().await, 4);
    assert_eq!(
        titles(&server, SESSION).await,
        [title(1), title(2), title(3)]
    );
}

#[tokio::test]
async fn a_segment_can_be_played_up_to_its_last_whole_packet_while_it_grows() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 20);
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;

    for until in [1, 100, 5_000, 9_999] {
        let from = durable(&server, &segment).await;
        attached.say_bytes(&segment.chunk(from, until)).await;
        assert_eq!(attached.durable_bytes().await, until as u64);
        let stored = stored(&server, &segment).await;
        let (bytes, key_frames, time) = packets(&segment.bytes[..until]);
        assert_eq!(stored.bytes, bytes, "after {until} bytes");
        assert_eq!(offsets(&stored), key_frames, "after {until} bytes");
        if let Some(micros) = time {
            let start = stored.description.start;
            assert_eq!(
                stored.until,
                start.saturating_add(Duration::from_micros(micros))
            );
        }
    }
    let all = segment.bytes.len();
    attached.say_bytes(&segment.chunk(9_999, all)).await;
    assert_eq!(attached.durable_bytes().await, all as u64);
    attached.say_end(&segment.end()).await;
    assert!(matches!(
        attached.hear().await,
        Some(Said::SegmentStored(_))
    ));
    assert_whole(&server, &segment).await;
}

#[tokio::test]
async fn a_segment_goes_on_after_a_new_connection_and_after_a_restart() {
    let server = TestServer::start().await;
    let mut agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 20);
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;
    attached.say_bytes(&segment.chunk(0, 4_000)).await;
    assert_eq!(attached.durable_bytes().await, 4_000);
    drop(attached);

    let mut attached = agent.attach().await;
    query(&attached, &segment).await;
    assert_eq!(attached.durable_bytes().await, 4_000);
    attached.say_bytes(&segment.chunk(3_000, 10_001)).await;
    assert_eq!(attached.durable_bytes().await, 10_001);
    drop(attached);

    let server = server.restart().await;
    agent.server = server.address;
    let mut attached = agent.attach().await;
    query(&attached, &segment).await;
    assert_eq!(attached.durable_bytes().await, 10_001);
    let all = segment.bytes.len();
    attached.say_bytes(&segment.chunk(10_001, all)).await;
    assert_eq!(attached.durable_bytes().await, all as u64);
    attached.say_end(&segment.end()).await;
    assert!(matches!(
        attached.hear().await,
        Some(Said::SegmentStored(_))
    ));
    assert_whole(&server, &segment).await;

    // The answer was lost: the agent asks again, and is told the same.
    attached.say_end(&segment.end()).await;
    assert!(matches!(
        attached.hear().await,
        Some(Said::SegmentStored(_))
    ));
    query(&attached, &segment).await;
    assert!(matches!(
        attached.hear().await,
        Some(Said::SegmentStored(_))
    ));
}

#[tokio::test]
async fn a_hole_and_an_early_end_are_answered_with_where_to_go_on() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 4);
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;
    attached.say_bytes(&segment.chunk(0, 100)).await;
    assert_eq!(attached.durable_bytes().await, 100);
    attached.say_bytes(&segment.chunk(200, 300)).await;
    assert_eq!(attached.durable_bytes().await, 100);
    attached.say_end(&segment.end()).await;
    assert_eq!(attached.durable_bytes().await, 100);
}

#[tokio::test]
async fn a_segment_that_fails_its_hash_is_asked_for_again_once() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 10);
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;
    let wrong = SegmentEnd {
        sha256: [0; 32],
        ..segment.end()
    };
    send_all(&mut attached, &segment).await;
    attached.say_end(&wrong).await;
    assert_eq!(
        rejected(&mut attached).await,
        segment_rejected::Reason::HashMismatch
    );
    assert_eq!(stored(&server, &segment).await.bytes, 0);
    query(&attached, &segment).await;
    assert_eq!(attached.durable_bytes().await, 0);

    send_all(&mut attached, &segment).await;
    attached.say_end(&segment.end()).await;
    assert!(matches!(
        attached.hear().await,
        Some(Said::SegmentStored(_))
    ));
    assert_whole(&server, &segment).await;
}

#[tokio::test]
async fn a_segment_that_fails_its_hash_twice_is_lost_and_the_rest_goes_on() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 10);
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;
    let wrong = SegmentEnd {
        sha256: [0; 32],
        ..segment.end()
    };
    for _ in 0..2 {
        send_all(&mut attached, &segment).await;
        attached.say_end(&wrong).await;
        assert_eq!(
            rejected(&mut attached).await,
            segment_rejected::Reason::HashMismatch
        );
    }
    let lost = SegmentState::Lost(GapReason::SegmentDamaged);
    assert_eq!(stored(&server, &segment).await.state, lost);
    attached.say_entries(3, &[activity(SESSION, 1)]).await;
    assert_eq!(attached.stored_through().await, 3);
}

#[tokio::test]
async fn a_segment_that_was_not_announced_is_rejected_and_the_rest_goes_on() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 2);
    let mut attached = agent.attach().await;
    let unknown = segment_rejected::Reason::UnknownSegment;
    attached.say_bytes(&segment.chunk(0, 10)).await;
    assert_eq!(rejected(&mut attached).await, unknown);
    attached.say_end(&segment.end()).await;
    assert_eq!(rejected(&mut attached).await, unknown);
    query(&attached, &segment).await;
    assert_eq!(rejected(&mut attached).await, unknown);
    announce(&mut attached, &segment).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_agents_send_at_once_and_each_ones_is_stored() {
    let server = TestServer::start().await;
    let mut agents = JoinSet::new();
    for number in 1..=20_u128 {
        let agent = enrolled(&server).await;
        agents.spawn(async move {
            let session = SessionId::from_uuid(Uuid::from_u128(number));
            let segment = TestSegment::new(number, session, 40);
            let mut attached = agent.attach().await;
            announce(&mut attached, &segment).await;
            let mut unanswered = 0;
            for (index, from) in (0..segment.bytes.len()).step_by(2_000).enumerate() {
                let until = (from + 2_000).min(segment.bytes.len());
                attached.say_bytes(&segment.chunk(from, until)).await;
                let record = activity(session, index as u64);
                attached.say_entries(index as u64 + 3, &[record]).await;
                unanswered += 1;
            }
            attached.say_end(&segment.end()).await;
            loop {
                match attached.hear().await {
                    Some(Said::SegmentStored(_)) => break,
                    Some(Said::SegmentProgress(_)) => unanswered -= 1,
                    Some(Said::EntriesStored(_)) => {}
                    other => panic!("not expected: {other:?}"),
                }
            }
            assert_eq!(unanswered, 0, "each piece is answered");
            segment
        });
    }
    while let Some(segment) = agents.join_next().await {
        let segment = segment.unwrap();
        assert_whole(&server, &segment).await;
        let pieces = segment.bytes.len().div_ceil(2_000);
        assert_eq!(titles(&server, segment.session).await.len(), pieces);
    }
}

#[tokio::test]
async fn an_agent_cannot_add_to_what_another_recorded() {
    let server = TestServer::start().await;
    let owner = enrolled(&server).await;
    let segment = TestSegment::new(1, SESSION, 2);
    announce(&mut owner.attach().await, &segment).await;

    let intruder = enrolled(&server).await;
    let mut attached = intruder.attach().await;
    attached.say_bytes(&segment.chunk(0, 10)).await;
    let unknown = segment_rejected::Reason::UnknownSegment;
    assert_eq!(rejected(&mut attached).await, unknown);
    attached.say_entries(1, &[activity(SESSION, 1)]).await;
    let refused = attached.refused().await;
    assert!(refused.message.contains("another agent's"), "{refused:?}");
    assert_eq!(titles(&server, SESSION).await, Vec::<String>::new());

    let own = SessionId::from_uuid(Uuid::from_u128(77));
    let mut attached = intruder.attach().await;
    let entries = [session_opened(own), activity(SESSION, 1)];
    attached.say_entries(1, &entries).await;
    attached.refused().await;
    assert_eq!(titles(&server, SESSION).await, Vec::<String>::new());
}

/// Opens the session and announces the segment.
pub async fn announce(attached: &mut Attached, segment: &TestSegment) {
    let entries = [session_opened(segment.session), segment.opened()];
    attached.say_entries(1, &entries).await;
    assert_eq!(attached.stored_through().await, 2);
}

pub async fn titles(server: &TestServer, session: SessionId) -> Vec<String> {
    let audit = &server.components.audit;
    let page = audit.timeline(session, None, 1_000).await.unwrap();
    let records = page.records.iter();
    records
        .map(|(_, record)| record.what.reveal().to_owned())
        .collect()
}

async fn send_all(attached: &mut Attached, segment: &TestSegment) {
    let all = segment.bytes.len();
    attached.say_bytes(&segment.chunk(0, all)).await;
    assert_eq!(attached.durable_bytes().await, all as u64);
}

async fn query(attached: &Attached, segment: &TestSegment) {
    let segment_id = segment.id.to_bytes().to_vec().into();
    let query = proto::SegmentQuery { segment_id };
    attached.say(Say::SegmentQuery(query)).await;
}

async fn rejected(attached: &mut Attached) -> segment_rejected::Reason {
    match attached.hear().await {
        Some(Said::SegmentRejected(rejected)) => rejected.reason(),
        other => panic!("not rejected, but {other:?}"),
    }
}

async fn stored(server: &TestServer, segment: &TestSegment) -> StoredSegment {
    let found = server.components.control.segment(segment.id).await;
    found.unwrap().unwrap().1
}

async fn durable(server: &TestServer, segment: &TestSegment) -> usize {
    let bytes = server.components.segments.durable_bytes(segment.id).await;
    usize::try_from(bytes.unwrap()).unwrap()
}

async fn assert_whole(server: &TestServer, segment: &TestSegment) {
    let stored = stored(server, segment).await;
    assert_eq!(stored.state, SegmentState::Sealed(segment.end().sha256));
    assert_eq!(stored.until, segment.until());
    assert_eq!(offsets(&stored), packets(&segment.bytes).1);
    assert_eq!(whole_bytes(server, segment.id).await, segment.bytes);
    assert_eq!(stored.bytes, segment.bytes.len() as u64);
}

async fn whole_bytes(server: &TestServer, id: SegmentId) -> Vec<u8> {
    let read = server.components.segments.read(id, 0..u64::MAX / 2).await;
    read.unwrap().unwrap().to_vec()
}

fn offsets(stored: &StoredSegment) -> Vec<u64> {
    stored.key_frames.iter().map(|frame| frame.offset).collect()
}

/// Bytes of whole packets, the offsets of key frames, and the time of the last packet.
fn packets(bytes: &[u8]) -> (u64, Vec<u64>, Option<u64>) {
    let mut scanner = PacketScanner::new();
    let mut key_frames = Vec::new();
    let keep = |packet: eidetic_codec::PacketInfo| {
        if packet.kind == eidetic_codec::PacketKind::Key {
            key_frames.push(packet.offset);
        }
    };
    scanner.push(bytes, keep).unwrap();
    let time = scanner.last_time().map(eidetic_codec::MediaTime::as_micros);
    (scanner.complete_bytes(), key_frames, time)
}
