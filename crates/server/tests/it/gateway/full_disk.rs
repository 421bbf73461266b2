//! A server without space acknowledges nothing, says why, and loses nothing.

use eidetic_model::Entry;
use eidetic_store::control::SegmentState;
use eidetic_wire::proto::{self, refused};

use super::{
    admission::enrolled,
    agent::{Attached, Said, Say, TestAgent},
    server::TestServer,
    storing::{announce, titles},
    things::{SESSION, TestSegment, activity, session_opened, title},
};
use crate::faulty::{Disk, with_audit_on, with_control_on, with_segments_on};

#[tokio::test]
async fn records_that_have_no_room_come_again() {
    let disk = Disk::default();
    let server = TestServer::start_with(|components| with_audit_on(&disk, components)).await;
    entries_come_again(&server, &disk).await;
}

#[tokio::test]
async fn entries_for_which_the_control_data_has_no_room_come_again() {
    let disk = Disk::default();
    let server = TestServer::start_with(|components| with_control_on(&disk, components)).await;
    entries_come_again(&server, &disk).await;
}

#[tokio::test]
async fn bytes_that_have_no_room_come_again() {
    let disk = Disk::default();
    let server = TestServer::start_with(|components| with_segments_on(&disk, components)).await;
    bytes_come_again(&server, &disk).await;
}

#[tokio::test]
async fn bytes_of_which_the_control_data_cannot_be_told_come_again() {
    let disk = Disk::default();
    let server = TestServer::start_with(|components| with_control_on(&disk, components)).await;
    bytes_come_again(&server, &disk).await;
}

#[tokio::test]
async fn while_there_is_no_room_nobody_enrols_and_a_token_is_not_used_up() {
    let disk = Disk::default();
    let server = TestServer::start_with(|components| with_control_on(&disk, components)).await;
    let ticket = server.ticket().await.to_text();
    let enrol = async || {
        let authority = server.authority.certificate();
        TestAgent::enrol(server.address, authority, &ticket).await
    };
    disk.fill();
    let refused = enrol().await.err().unwrap();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    assert!(refused.message().contains("try again later"), "{refused}");
    disk.mend();
    let agent = enrol().await.unwrap();
    drop(agent.attach().await);
}

async fn entries_come_again(server: &TestServer, disk: &Disk) {
    let agent = enrolled(server).await;
    let entries: Vec<Entry> = [session_opened(SESSION)]
        .into_iter()
        .chain((1..6).map(|number| activity(SESSION, number)))
        .collect();
    let mut attached = agent.attach().await;
    attached.say_entries(1, &entries[..3]).await;
    assert_eq!(attached.stored_through().await, 3);
    disk.fill();
    attached.say_entries(4, &entries[3..]).await;
    no_room(&mut attached).await;
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.last_sequence, 3);
    attached.say_entries(4, &entries[3..]).await;
    no_room(&mut attached).await;

    disk.mend();
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.last_sequence, 3);
    attached.say_entries(4, &entries[3..]).await;
    assert_eq!(attached.stored_through().await, 6);
    let all: Vec<_> = (1..6).map(title).collect();
    assert_eq!(titles(server, SESSION).await, all);
}

async fn bytes_come_again(server: &TestServer, disk: &Disk) {
    let agent = enrolled(server).await;
    let segment = TestSegment::new(1, SESSION, 40);
    let all = segment.bytes.len();
    let mut attached = agent.attach().await;
    announce(&mut attached, &segment).await;
    attached.say_bytes(&segment.chunk(0, 20_000)).await;
    assert_eq!(attached.durable_bytes().await, 20_000);
    disk.fill();
    attached.say_bytes(&segment.chunk(20_000, 40_000)).await;
    no_room(&mut attached).await;

    disk.mend();
    let mut attached = agent.attach().await;
    let query = proto::SegmentQuery {
        segment_id: segment.id.to_bytes().to_vec().into(),
    };
    attached.say(Say::SegmentQuery(query)).await;
    let durable = usize::try_from(attached.durable_bytes().await).unwrap();
    assert!(durable >= 20_000, "{durable}");
    attached.say_bytes(&segment.chunk(durable, all)).await;
    assert_eq!(attached.durable_bytes().await, all as u64);

    // The last step needs room, too.
    disk.fill();
    attached.say_end(&segment.end()).await;
    no_room(&mut attached).await;
    disk.mend();
    let mut attached = agent.attach().await;
    attached.say_end(&segment.end()).await;
    let stored = attached.hear().await;
    assert!(matches!(stored, Some(Said::SegmentStored(_))), "{stored:?}");
    let components = &server.components;
    let found = components.control.segment(segment.id).await.unwrap();
    let found = found.unwrap().1;
    assert_eq!(found.state, SegmentState::Sealed(segment.end().sha256));
    assert_eq!(found.key_frames.len(), 5);
    let bytes = components.segments.read(segment.id, 0..u64::MAX / 2).await;
    assert_eq!(bytes.unwrap().unwrap(), segment.bytes);
}

/// Nothing is acknowledged, and the agent is told why.
async fn no_room(attached: &mut Attached) {
    let refused = attached.refused().await;
    assert_eq!(refused.reason(), refused::Reason::Overloaded);
    assert!(refused.message.contains("no space left"), "{refused:?}");
    assert!(attached.hear().await.is_none());
}
