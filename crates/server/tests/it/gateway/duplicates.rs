//! Two computers with one identity.

use std::{sync::Arc, time::Duration};

use eidetic_model::Clock as _;
use eidetic_runtime::SystemClock;
use eidetic_store::control::HealthFilter;
use eidetic_testkit::SimulatedClock;
use eidetic_wire::{
    ProtocolVersion,
    convert::{Hello, to_proto},
    proto::{self, refused},
};

use super::{
    admission::enrolled,
    agent::{Said, Say, hello},
    server::TestServer,
};

#[tokio::test]
async fn a_copy_waits_while_the_first_one_goes_on_and_both_are_named_in_the_log() {
    let clock = SimulatedClock::at(SystemClock.wall());
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let agent = enrolled(&server).await;
    let first = agent.attach_as(&run(1)).await;
    first.say(Say::Status(proto::Status::default())).await;
    let copy = || agent.attach_saying(Say::Hello(to_proto::hello(&run(2))));
    let Some(Said::Refused(refused)) = copy().await.unwrap() else {
        panic!("the copy is taken in");
    };
    assert_eq!(refused.reason(), refused::Reason::Duplicate);
    assert!(
        refused.message.contains("was copied"),
        "{}",
        refused.message
    );
    assert!(server.components.connected.connection(agent.id).is_some());

    clock.advance(Duration::from_secs(5));
    first.say(Say::Status(proto::Status::default())).await;
    let duplicates = &server.components.duplicates;
    while duplicates.all(clock.monotonic()).is_empty() {
        tokio::task::yield_now().await;
    }
    let events = async || {
        let health = &server.components.health;
        health
            .health_events(HealthFilter::default(), None, 10)
            .await
            .unwrap()
    };
    while events().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let (_, event) = events().await.remove(0);
    assert_eq!(event.kind, "duplicate");
    assert!(event.text.contains("one identity"), "{}", event.text);

    // The first one is gone for good, and an administrator says so.
    drop(first);
    while server.components.connected.connection(agent.id).is_some() {
        tokio::task::yield_now().await;
    }
    assert!(matches!(copy().await, Ok(Some(Said::Refused(_)))));
    assert!(duplicates.resolve(agent.id));
    assert!(matches!(copy().await, Ok(Some(Said::Welcome(_)))));
}

#[tokio::test]
async fn the_same_run_takes_its_own_place_and_so_does_one_that_was_started_again() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let mut older = agent.attach_as(&run(1)).await;
    let newer = agent.attach_as(&run(1)).await;
    assert_eq!(older.refused().await.reason(), refused::Reason::Overloaded);
    drop(newer);
    while server.components.connected.connection(agent.id).is_some() {
        tokio::task::yield_now().await;
    }
    let _again = agent.attach_as(&run(2)).await;
}

fn run(id: u8) -> Hello {
    Hello {
        run: Some([id; 16]),
        ..hello(ProtocolVersion(1))
    }
}
