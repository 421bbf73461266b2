//! What goes wrong at one end does not stop anything else.

use std::time::Duration;

use eidetic_wire::proto::refused;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::{
    admission::enrolled,
    agent::Said,
    server::TestServer,
    storing::titles,
    things::{SESSION, activity, session_opened},
};

#[tokio::test]
async fn garbage_and_silence_do_not_disturb_others() {
    let server = TestServer::start().await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    for length in [1, 100, 10_000] {
        let mut garbage = TcpStream::connect(server.address).await.unwrap();
        let bytes: Vec<u8> = (0..length).map(|index| (index * 31 % 251) as u8).collect();
        garbage.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        let end = garbage.read_to_end(&mut answer);
        if length >= 100 {
            let ended = timeout(Duration::from_secs(15), end).await;
            assert!(ended.is_ok(), "the server hangs up");
        }
    }
    let agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    attached.say_entries(1, &[session_opened(SESSION)]).await;
    assert_eq!(attached.stored_through().await, 1);
}

#[tokio::test]
async fn an_agent_that_misbehaves_is_told_and_others_go_on() {
    let server = TestServer::start().await;
    let (bad, good) = (enrolled(&server).await, enrolled(&server).await);
    let mut bad = bad.attach().await;
    let mut good = good.attach().await;
    bad.say_entries(5, &[session_opened(SESSION)]).await;
    let refused = bad.refused().await;
    assert_eq!(refused.reason(), refused::Reason::Misbehaved);
    assert_eq!(refused.message, "entries 1 to 5 are missing");
    assert!(bad.hear().await.is_none());
    good.say_entries(1, &[session_opened(SESSION)]).await;
    assert_eq!(good.stored_through().await, 1);
}

#[tokio::test]
async fn one_agent_cannot_take_the_places_of_the_others() {
    let server = TestServer::start().await;
    let (greedy, other) = (enrolled(&server).await, enrolled(&server).await);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(greedy.client().await.unwrap());
    }
    assert!(greedy.renewed().await.is_err(), "a fifth connection");
    other.attach().await;
    drop(held);
}

#[tokio::test]
async fn a_newer_connection_of_an_agent_takes_the_place_of_the_older() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let mut older = agent.attach().await;
    older.say_entries(1, &[session_opened(SESSION)]).await;
    assert_eq!(older.stored_through().await, 1);
    let mut newer = agent.attach().await;
    assert_eq!(newer.welcome.last_sequence, 1);
    let refused = older.refused().await;
    assert!(refused.message.contains("connected again"), "{refused:?}");
    newer.say_entries(2, &[activity(SESSION, 1)]).await;
    assert_eq!(newer.stored_through().await, 2);
    assert_eq!(server.components.connected.count(), 1);
}

#[tokio::test]
async fn a_server_that_stops_acknowledges_what_came_in_before() {
    let server = TestServer::start().await;
    let agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    let mut entries = vec![session_opened(SESSION)];
    entries.extend((1..500).map(|number| activity(SESSION, number)));
    for (index, chunk) in entries.chunks(10).enumerate() {
        attached.say_entries(index as u64 * 10 + 1, chunk).await;
    }
    assert!(attached.stored_through().await >= 10);
    let server = server.restart().await;
    let mut acknowledged = 0;
    while let Some(said) = attached.hear().await {
        if let Said::EntriesStored(stored) = said {
            acknowledged = stored.through_sequence;
        }
    }
    let mut agent = agent;
    agent.server = server.address;
    let again = agent.attach().await;
    assert!(again.welcome.last_sequence >= acknowledged);
    let stored = titles(&server, SESSION).await.len() as u64;
    assert_eq!(stored + 1, again.welcome.last_sequence);
}
