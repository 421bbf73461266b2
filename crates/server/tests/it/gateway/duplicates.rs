//! Two computers with one identity.

use std::{sync::Arc, time::Duration};

use eidetic_model::{Clock as _, SessionId};
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
    things::{SESSION, activity, session_opened},
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

#[tokio::test]
async fn a_copy_becomes_a_computer_of_its_own_and_each_keeps_what_is_its_own() {
    let clock = SimulatedClock::at(SystemClock.wall());
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let agent = enrolled(&server).await;
    let mut first = agent.attach_as(&run(1)).await;
    let before = [session_opened(SESSION), activity(SESSION, 1)];
    first.say_entries(1, &before).await;
    assert_eq!(first.stored_through().await, 2);
    let token_of = async |id| {
        let hello = Say::Hello(to_proto::hello(&run(id)));
        match agent.attach_saying(hello).await.unwrap() {
            Some(Said::Refused(refused)) => refused.enrolment_token,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(token_of(2).await, "");
    clock.advance(Duration::from_secs(5));
    let duplicates = &server.components.duplicates;
    // Its last record is not there yet: who made it could not be told.
    let waiting = proto::Status {
        entries_waiting: 1,
        ..proto::Status::default()
    };
    first.say(Say::Status(waiting)).await;
    while duplicates.all(clock.monotonic()).is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(token_of(2).await, "", "nobody wants it");
    assert!(duplicates.make_new(agent.id));
    assert_eq!(token_of(2).await, "", "the first one has not sent all");
    first.say(Say::Status(proto::Status::default())).await;
    while !duplicates.is_to_be_new(agent.id, Some([2; 16])) {
        tokio::task::yield_now().await;
    }
    let token = token_of(2).await;

    // Also if it shows the certificate that it has, which is the first one's.
    let copy = agent.enrolled_again(&token).await.unwrap();
    assert_ne!(copy.id, agent.id);
    assert!(duplicates.all(clock.monotonic()).is_empty());
    assert!(
        agent.enrolled_again(&token).await.is_err(),
        "it is for once"
    );

    let mut second = copy.attach_as(&run(2)).await;
    let own = SessionId::from_uuid(uuid::Uuid::from_u128(0x0C0B));
    let sent = [
        session_opened(SESSION),
        activity(SESSION, 1),
        activity(SESSION, 50),
        session_opened(own),
        activity(own, 60),
    ];
    second.say_entries(1, &sent).await;
    assert_eq!(second.stored_through().await, 5);
    first.say_entries(3, &[activity(SESSION, 70)]).await;
    assert_eq!(first.stored_through().await, 3);

    let control = &server.components.control;
    let sessions = control.sessions(None, 9).await.unwrap();
    let of = |wanted| {
        let found = sessions
            .iter()
            .filter(move |session| session.agent == wanted);
        let mut counts: Vec<_> = found
            .map(|session| (session.description.id, session.activities))
            .collect();
        counts.sort();
        counts
    };
    assert_eq!(of(agent.id), [(SESSION, 2)], "the first one's, once");
    let copys = of(copy.id);
    assert_eq!(copys.len(), 2, "its own, and what went on there: {copys:?}");
    assert!(copys.contains(&(own, 1)));
    assert!(copys.iter().all(|(_, activities)| *activities == 1));
    let audit = server.components.audit.health().await.unwrap();
    assert_eq!(audit.records, 4, "none twice, none lost");
}

fn run(id: u8) -> Hello {
    Hello {
        run: Some([id; 16]),
        ..hello(ProtocolVersion(1))
    }
}
