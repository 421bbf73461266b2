//! The server's clock, and those of agents, may say anything.

use std::{sync::Arc, time::Duration};

use eidetic_model::{ActivityRecord, Clock as _, Entry, Timestamp};
use eidetic_runtime::SystemClock;
use eidetic_search::Filter;
use eidetic_store::audit::Page;
use eidetic_testkit::SimulatedClock;
use eidetic_wire::{
    ProtocolVersion,
    convert::{MAX_UNIX_MICROS, to_proto},
};
use tonic::Code;

use super::{
    admission::enrolled,
    agent::{Say, TestAgent, hello},
    server::TestServer,
    storing::titles,
    things::{SESSION, activity, session_opened, title},
};

#[tokio::test]
async fn an_attached_agent_goes_on_when_the_clock_jumps() {
    let now = SystemClock.wall();
    let clock = SimulatedClock::at(now);
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    attached.say_entries(1, &[session_opened(SESSION)]).await;
    assert_eq!(attached.stored_through().await, 1);
    let times = [Timestamp::MIN, Timestamp::default(), Timestamp::MAX, now];
    for (number, time) in (1..).zip(times) {
        clock.jump_to(time);
        let record = activity(SESSION, number);
        attached.say_entries(number + 1, &[record]).await;
        assert_eq!(attached.stored_through().await, number + 1);
    }
    let expected: Vec<_> = (1..=4).map(title).collect();
    assert_eq!(titles(&server, SESSION).await, expected);
}

#[tokio::test]
async fn a_clock_that_was_wrong_for_a_while_leaves_no_trace() {
    let now = SystemClock.wall();
    let clock = SimulatedClock::at(now);
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let agent = enrolled(&server).await;
    for time in [Timestamp::MIN, Timestamp::default()] {
        clock.jump_to(time);
        drop(agent.attach().await);
    }
    for time in [now.saturating_add(20 * YEAR), Timestamp::MAX] {
        clock.jump_to(time);
        let hello = Say::Hello(to_proto::hello(&hello(ProtocolVersion(1))));
        let refused = agent.attach_saying(hello).await.err().unwrap();
        assert_eq!(refused.code(), Code::Unauthenticated);
        assert!(refused.message().contains("expired on"), "{refused}");
    }
    clock.jump_to(now);
    drop(agent.attach().await);
}

#[tokio::test]
async fn who_enrols_while_the_clock_is_wrong_is_answered() {
    let now = SystemClock.wall();
    let clock = SimulatedClock::at(now);
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    for time in [
        Timestamp::MIN,
        Timestamp::default(),
        now.saturating_add(200 * YEAR),
        Timestamp::MAX,
    ] {
        clock.jump_to(time);
        let ticket = server.ticket().await.to_text();
        let authority = server.authority.certificate();
        let enrolled = TestAgent::enrol(server.address, authority, &ticket).await;
        if let Err(refused) = enrolled {
            let codes = [Code::Unavailable, Code::PermissionDenied];
            assert!(codes.contains(&refused.code()), "at {time}: {refused:?}");
        }
    }
    clock.jump_to(now);
    drop(enrolled(&server).await.attach().await);
}

#[tokio::test]
async fn records_of_the_past_and_the_future_are_stored_and_found() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    let times = [0, 1, 7_258_118_400_000_000, MAX_UNIX_MICROS];
    let mut entries = vec![session_opened(SESSION)];
    for (number, micros) in (1..).zip(times) {
        let Entry::Activity(record) = activity(SESSION, number) else {
            panic!("made as an activity");
        };
        entries.push(Entry::Activity(ActivityRecord {
            when: Timestamp::from_unix_micros(micros),
            ..record
        }));
    }
    attached.say_entries(1, &entries).await;
    assert_eq!(attached.stored_through().await, 5);
    let mut expected: Vec<_> = (1..=4).map(title).collect();
    assert_eq!(titles(&server, SESSION).await, expected);
    expected.reverse();
    let page = Page {
        limit: 10,
        after: None,
        deadline: Duration::from_secs(20),
    };
    let all = Filter::default();
    let found = server.components.audit.search(&all, page).await;
    let found = found.unwrap().records;
    let found: Vec<_> = found
        .iter()
        .map(|(_, record)| record.what.reveal())
        .collect();
    assert_eq!(found, expected);
}

const YEAR: Duration = Duration::from_secs(366 * 86_400);
