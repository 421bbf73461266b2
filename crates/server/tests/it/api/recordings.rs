//! Lists of sessions, one session, and its activities.

use eidetic_model::{Action, Entry, IdleStretch};
use eidetic_server::components::{AgentStatus, Connection};
use eidetic_store::control::KeyFrame;
use serde_json::{Value, json};

use super::support::{
    AGENT, Server, activity, at_secs, closed, opened, segment_id, segment_opened, session_event,
    session_id,
};

#[tokio::test]
async fn sessions_come_in_pages_the_latest_start_first() {
    let server = Server::start().await;
    for number in 0..7 {
        server
            .take_in(vec![opened(number, 10 * number as u64)])
            .await;
    }
    let browser = server.signed_in().await;
    let mut path = "/api/v1/sessions?limit=3".to_owned();
    let mut found = Vec::new();
    loop {
        let page = browser.read(&path).await;
        for session in page["sessions"].as_array().unwrap() {
            found.push(session["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page.get("next") else { break };
        path = format!("/api/v1/sessions?limit=3&after={}", next.as_str().unwrap());
    }
    let expected: Vec<_> = (0..7).rev().map(|n| session_id(n).to_string()).collect();
    assert_eq!(found, expected);
    for wrong in ["limit=0", "limit=201", "after=nonsense"] {
        let answer = browser.get(&format!("/api/v1/sessions?{wrong}")).await;
        answer.problem(422);
    }
    browser.get("/api/v1/sessions?limt=3").await.problem(400);
}

#[tokio::test]
async fn a_session_with_a_still_screen_goes_on_while_its_agent_says_so() {
    let server = Server::start().await;
    let session = vec![opened(1, 0), activity(1, 5, "Payroll")];
    server.take_in(session).await;
    let browser = server.signed_in().await;
    let path = format!("/api/v1/sessions/{}", session_id(1));
    let known = async || browser.read(&path).await["last_known_us"].clone();
    let us = |secs| at_secs(secs).as_unix_micros();
    assert_eq!(known().await, us(5));

    let connection = Connection {
        number: 1,
        stopped_since: None,
        since: at_secs(0),
        address: "192.0.2.1".to_owned(),
        status: Some(AgentStatus {
            sessions_recorded: 1,
            known_until: Some(at_secs(60)),
            ..AgentStatus::default()
        }),
    };
    server.components.connected.insert(AGENT, connection);
    assert_eq!(known().await, us(60));

    server.take_in(vec![closed(1, 40)]).await;
    let detail = browser.read(&path).await;
    assert_eq!(detail["end_us"], us(40), "what ended is not made longer");
    assert_eq!(detail["active_us"], 40_000_000);
}

#[tokio::test]
async fn a_session_is_told_with_all_that_a_player_needs() {
    let server = Server::start().await;
    server
        .take_in(vec![
            opened(1, 0),
            session_event(1, 0, Action::SessionStart, "Monitoring start"),
            activity(1, 5, "Payroll"),
            segment_opened(1, 1, 1),
            Entry::Idle(IdleStretch {
                session: session_id(1),
                from: at_secs(10),
                until: at_secs(40),
            }),
            session_event(1, 50, Action::RecordingGap, "Spool full"),
            closed(1, 100),
        ])
        .await;
    server
        .grow(session_id(1), segment_id(1), &[0; 500], at_secs(90))
        .await;
    let browser = server.signed_in().await;
    let detail = browser
        .read(&format!("/api/v1/sessions/{}", session_id(1)))
        .await;
    let us = |secs| at_secs(secs).as_unix_micros();
    assert_eq!(detail["remote"], true);
    assert_eq!(detail["start_us"], us(0));
    assert_eq!(detail["end_us"], us(100));
    assert_eq!(detail["idle_us"], 30_000_000);
    assert_eq!(detail["active_us"], 70_000_000);
    assert_eq!(detail["applications"], json!(["Editor"]));
    assert_eq!(detail["has_video"], true);
    assert_eq!(
        detail["idle"],
        json!([{"from_us": us(10), "until_us": us(40)}])
    );
    let display = json!({"index": 0, "left": 0, "top": 0, "width": 640, "height": 400});
    assert_eq!(detail["displays"], json!([display]));
    let segment = &detail["segments"][0];
    assert_eq!(segment["state"], "growing");
    assert_eq!(segment["bytes"], 500);
    assert_eq!(segment["until_us"], us(90));
    assert_eq!(
        detail["events"],
        json!([
            {"when_us": us(0), "what": "Monitoring start", "action": "Session start"},
            {"when_us": us(50), "what": "Spool full", "action": "Recording gap"},
        ])
    );
}

#[tokio::test]
async fn activities_come_oldest_first_and_go_on_after_a_mark() {
    let server = Server::start().await;
    let mut entries = vec![opened(1, 0), opened(2, 0)];
    for second in 0..6 {
        entries.push(activity(1, second, &format!("one {second}")));
        entries.push(activity(2, second, &format!("two {second}")));
    }
    server.take_in(entries).await;
    let browser = server.signed_in().await;
    let path = format!("/api/v1/sessions/{}/activities", session_id(1));
    let titles = |page: &Value| -> Vec<String> {
        let records = page["records"].as_array().unwrap();
        let titles = records
            .iter()
            .map(|record| record["what"].as_str().unwrap());
        titles.map(str::to_owned).collect()
    };
    let page = browser.read(&format!("{path}?limit=4")).await;
    assert_eq!(titles(&page), ["one 0", "one 1", "one 2", "one 3"]);
    let next = page["next"].as_str().unwrap();
    let rest = browser.read(&format!("{path}?limit=4&after={next}")).await;
    assert_eq!(titles(&rest), ["one 4", "one 5"]);
    assert!(rest.get("next").is_none());
    let id = page["records"][1]["id"].as_str().unwrap();
    let after_id = browser.read(&format!("{path}?after={id}")).await;
    assert_eq!(titles(&after_id).len(), 4);
    browser.get(&format!("{path}?after=x")).await.problem(422);
}

#[tokio::test]
async fn looking_at_a_session_is_recorded() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    browser.read("/api/v1/sessions").await;
    let path = format!("/api/v1/sessions/{}", session_id(1));
    for _ in 0..3 {
        browser.read(&path).await;
    }
    let viewings = browser.read("/api/v1/viewings").await;
    let seen: Vec<_> = viewings["viewings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|viewing| (&viewing["what"], &viewing["object"]))
        .collect();
    assert_eq!(seen.len(), 3);
    assert_eq!(
        seen[0],
        (&json!("opened session"), &json!(session_id(1).to_string()))
    );
    assert_eq!(seen[1].0, "listed sessions");
}

#[tokio::test]
async fn the_detail_of_an_hour_stays_small() {
    let server = Server::start().await;
    let mut entries = vec![opened(1, 0)];
    for second in 0..3600 {
        entries.push(activity(1, second, &format!("Window {second}")));
        if second % 60 == 0 {
            let number = u128::from(second) + 1;
            entries.push(segment_opened(1, number, second));
            entries.push(session_event(1, second, Action::SessionEnd, "Lock"));
        }
    }
    for entries in entries.chunks(1000) {
        server.take_in(entries.to_vec()).await;
    }
    for number in (0..3600).step_by(60) {
        let key_frames: Vec<_> = (0..6)
            .map(|frame| KeyFrame {
                time: at_secs(number + 10 * frame),
                offset: 100_000 * frame + 60,
            })
            .collect();
        let segment = segment_id(u128::from(number) + 1);
        let control = &server.components.control;
        control
            .grow_segment(segment, 700_000, at_secs(number + 60), &key_frames)
            .await
            .unwrap();
    }
    let browser = server.signed_in().await;
    let path = format!("/api/v1/sessions/{}", session_id(1));
    let answer = browser.get(&path).await;
    assert_eq!(answer.json()["segments"].as_array().unwrap().len(), 60);
    assert_eq!(answer.json()["events"].as_array().unwrap().len(), 60);
    assert!(answer.body.len() < 50_000, "{} bytes", answer.body.len());
    let compressed = browser
        .request("GET", &path)
        .header("accept-encoding", "gzip")
        .body(axum::body::Body::empty());
    let answer = browser.send(compressed.unwrap()).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() < 10_000, "{} bytes", answer.body.len());
}
