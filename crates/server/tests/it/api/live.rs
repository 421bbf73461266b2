//! Watching a session as it goes on.

use std::{pin::pin, time::Duration};

use axum::body::Body;
use eidetic_server::administrator::reset_password;
use futures::{Stream, StreamExt as _};
use serde_json::Value;

use super::support::{
    Browser, Server, activity, at_secs, closed, opened, segment_id, segment_opened, session_id,
};

/// The events of a live stream.
async fn watch(browser: &Browser<'_>, query: &str) -> impl Stream<Item = (String, Value)> + use<> {
    watch_again(browser, query, "").await
}

/// The same, of a browser that had been told up to an event.
async fn watch_again(
    browser: &Browser<'_>,
    query: &str,
    last_event: &str,
) -> impl Stream<Item = (String, Value)> + use<> {
    let path = format!("/api/v1/sessions/{}/live{query}", session_id(1));
    let mut request = browser.request("GET", &path);
    if !last_event.is_empty() {
        request = request.header("last-event-id", last_event);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = browser.server.ask(request).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let chunks = response.into_body().into_data_stream();
    chunks.flat_map(|chunk| {
        let text = String::from_utf8(chunk.unwrap().to_vec()).unwrap();
        futures::stream::iter(events(&text))
    })
}

fn events(text: &str) -> Vec<(String, Value)> {
    let blocks = text.split("\n\n").filter(|block| block.contains("data:"));
    let events = blocks.map(|block| {
        let line = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().to_owned()
        };
        (
            line("event:"),
            serde_json::from_str(&line("data:")).unwrap(),
        )
    });
    events.collect()
}

/// The next event that is wanted.
async fn next(
    stream: &mut (impl Stream<Item = (String, Value)> + Unpin),
    wanted: impl Fn(&str, &Value) -> bool,
) -> Value {
    let find = async {
        while let Some((name, data)) = stream.next().await {
            if wanted(&name, &data) {
                return data;
            }
        }
        panic!("the stream ended")
    };
    tokio::time::timeout(Duration::from_secs(20), find)
        .await
        .expect("the event comes in time")
}

#[tokio::test]
async fn new_activities_growing_segments_and_the_end_are_told_as_they_happen() {
    let server = Server::start().await;
    server
        .take_in(vec![
            opened(1, 0),
            activity(1, 1, "before"),
            segment_opened(1, 1, 0),
        ])
        .await;
    server
        .grow(session_id(1), segment_id(1), &[1; 100], at_secs(2))
        .await;
    let browser = server.signed_in().await;
    let mut stream = pin!(watch(&browser, "").await);
    let segment = next(&mut stream, |name, _| name == "segment").await;
    assert_eq!(segment["bytes"], 100);

    server.take_in(vec![activity(1, 3, "after")]).await;
    let told = next(&mut stream, |name, _| name == "activities").await;
    assert_eq!(told["records"][0]["what"], "after");
    assert_eq!(told["records"].as_array().unwrap().len(), 1);

    server
        .grow(session_id(1), segment_id(1), &[2; 50], at_secs(4))
        .await;
    let segment = next(&mut stream, |name, _| name == "segment").await;
    assert_eq!(segment["bytes"], 150);

    let end = eidetic_model::SegmentEnd {
        id: segment_id(1),
        end: at_secs(4),
        bytes: 150,
        sha256: [0; 32],
    };
    server.components.control.seal_segment(end).await.unwrap();
    server.take_in(vec![closed(1, 5)]).await;
    let sealed = next(&mut stream, |name, _| name == "segment").await;
    assert_eq!(sealed["state"], "sealed");
    let session = next(&mut stream, |name, data| {
        name == "session" && data.get("end_us").is_some()
    })
    .await;
    assert_eq!(session["end_us"], at_secs(5).as_unix_micros());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_goes_on_after_a_mark_or_the_last_event_that_was_told() {
    let server = Server::start().await;
    server
        .take_in(vec![
            opened(1, 0),
            activity(1, 1, "one"),
            activity(1, 2, "two"),
        ])
        .await;
    let browser = server.signed_in().await;
    let path = format!("/api/v1/sessions/{}/activities?limit=1", session_id(1));
    let page = browser.read(&path).await;
    let mark = page["records"][0]["id"].as_str().unwrap();
    let mut stream = pin!(watch(&browser, &format!("?after={mark}")).await);
    let told = next(&mut stream, |name, _| name == "activities").await;
    assert_eq!(told["records"][0]["what"], "two");
    assert_eq!(told["records"].as_array().unwrap().len(), 1);

    server.take_in(vec![activity(1, 3, "three")]).await;
    let last_event = told["records"][0]["id"].as_str().unwrap();
    let mut again = pin!(watch_again(&browser, &format!("?after={mark}"), last_event).await);
    let told = next(&mut again, |name, _| name == "activities").await;
    assert_eq!(told["records"][0]["what"], "three");
    assert_eq!(told["records"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_stream_of_a_session_that_has_ended_tells_so_and_ends() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0), closed(1, 5)]).await;
    let browser = server.signed_in().await;
    let stream = watch(&browser, "").await;
    let events: Vec<_> = stream.collect().await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1["end_us"], at_secs(5).as_unix_micros());
}

#[tokio::test]
async fn a_thousand_changes_at_once_become_few_events() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    let mut stream = pin!(watch(&browser, "").await);
    next(&mut stream, |name, _| name == "session").await;
    for n in 0..1500 {
        server.take_in(vec![activity(1, n, "busy")]).await;
    }
    let mut told = 0;
    let mut events = 0;
    while told < 1500 {
        let records = next(&mut stream, |name, _| name == "activities").await;
        told += records["records"].as_array().unwrap().len();
        events += 1;
    }
    assert_eq!(told, 1500);
    assert!(events < 20, "{events}");
}

#[tokio::test]
async fn streams_end_when_the_server_leaves() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    let mut stream = pin!(watch(&browser, "").await);
    next(&mut stream, |name, _| name == "session").await;
    server.shutdown.begin();
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_record_that_comes_after_a_later_one_is_told_too() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    let mut stream = pin!(watch(&browser, "").await);
    for (second, title) in [(10, "later"), (9, "late"), (11, "last")] {
        server.take_in(vec![activity(1, second, title)]).await;
        let told = next(&mut stream, |name, _| name == "activities").await;
        assert_eq!(told["records"][0]["what"], title);
        assert_eq!(told["records"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn who_signs_out_sees_no_more() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    let mut stream = pin!(watch(&browser, "").await);
    next(&mut stream, |name, _| name == "session").await;
    browser
        .post("/api/v1/sign-out", &serde_json::json!({}))
        .await;
    server.take_in(vec![activity(1, 1, "unseen")]).await;
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn whose_password_is_reset_sees_no_more() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    let mut stream = pin!(watch(&browser, "").await);
    next(&mut stream, |name, _| name == "session").await;
    let control = server.components.control.as_ref();
    reset_password(control, "anna").await.unwrap();
    server.take_in(vec![activity(1, 1, "unseen")]).await;
    assert!(stream.next().await.is_none());
}
