//! Recordings whose time is over.

use std::time::Duration;

use eidetic_model::{ComputerFacts, SegmentEnd};
use eidetic_server::retention::{remove_due, remove_due_records};
use eidetic_store::{
    control::{Agent, AgentState},
    segments::Sealed,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::support::{
    AGENT, START, Server, activity, at_secs, closed, opened, segment_id, segment_opened, session_id,
};

const DAY: u64 = 24 * 60 * 60;

#[tokio::test]
async fn recordings_are_removed_when_their_plans_time_is_over_and_the_session_says_so() {
    let server = Server::start().await;
    server.components.control.put_agent(agent()).await.unwrap();
    server.take_in(vec![opened(1, 0)]).await;
    for (number, until_secs) in [(1, 60), (2, 3 * DAY)] {
        whole(&server, number, until_secs).await;
    }
    let due = async || {
        remove_due(&server.components, &server.shutdown.signal())
            .await
            .unwrap()
    };
    server.clock.advance(Duration::from_secs(7 * DAY + 59));
    assert_eq!(due().await, 0);
    server.clock.advance(Duration::from_secs(2));
    assert_eq!(due().await, 1);
    assert_eq!(due().await, 0);
    let browser = server.signed_in().await;
    let session = browser
        .read(&format!("/api/v1/sessions/{}", session_id(1)))
        .await;
    let states: Vec<_> = session["segments"].as_array().unwrap().iter().collect();
    assert_eq!(states[0]["state"], "lost");
    assert_eq!(
        states[0]["lost_reason"],
        "Removed when its retention was over"
    );
    assert_eq!(states[1]["state"], "sealed");
    let bytes = server
        .components
        .segments
        .read(segment_id(1), 0..1)
        .await
        .unwrap();
    assert_eq!(bytes, None, "its bytes are gone");

    // Another plan that keeps for ever is nothing to what was recorded under this one.
    let item = json!({"kind": "computer", "computer": "RDS01"});
    let kept = json!({"name": "Kept", "items": [item], "settings": {"video_retention_days": 0}});
    assert_eq!(browser.post("/api/v1/plans", &kept).await.status, 200);
    server.clock.advance(Duration::from_secs(4 * DAY));
    assert_eq!(due().await, 1);
}

#[tokio::test]
async fn what_a_computer_says_of_itself_later_removes_nothing_that_its_plan_keeps() {
    let server = Server::start().await;
    server.components.control.put_agent(agent()).await.unwrap();
    let browser = server.signed_in().await;
    let item = json!({"kind": "computer", "computer": "RDS01"});
    let kept = json!({"name": "Kept", "items": [item], "settings": {"video_retention_days": 0}});
    let made = browser.post("/api/v1/plans", &kept).await;
    assert_eq!(made.status, 200);
    let plan = server.components.plans.borrow().plans()[0].id();
    server.take_in_under(plan, vec![opened(1, 0)]).await;
    whole(&server, 1, 60).await;
    let elsewhere = Agent {
        computer_name: "HOME-PC".to_owned(),
        ..agent()
    };
    server
        .components
        .control
        .put_agent(elsewhere)
        .await
        .unwrap();
    server.clock.advance(Duration::from_secs(1_000 * DAY));
    let due = async || remove_due(&server.components, &server.shutdown.signal()).await;
    assert_eq!(due().await.unwrap(), 0);

    // Nor does it go with its plan, as long as any other plan keeps for ever.
    let browser = server.signed_in().await;
    let path = format!("/api/v1/plans/{}", plan.as_uuid());
    let other = json!({"name": "Other", "settings": {"video_retention_days": 0}});
    assert_eq!(browser.post("/api/v1/plans", &other).await.status, 200);
    let revision = server
        .components
        .plans
        .borrow()
        .plan(plan)
        .unwrap()
        .revision();
    assert_eq!(browser.delete_if(&path, revision).await.status, 204);
    assert_eq!(due().await.unwrap(), 0);
}

#[tokio::test]
async fn records_are_removed_when_their_plans_time_is_over_and_only_of_that_plan() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let short = json!({"name": "Short", "settings": {"record_retention_days": 2}});
    assert_eq!(browser.post("/api/v1/plans", &short).await.status, 200);
    let plan = server.components.plans.borrow().plans()[0].id();
    let of = |session, last| {
        vec![
            opened(session, 0),
            activity(session, 5, "early"),
            activity(session, last, "late"),
            closed(session, last + 1),
        ]
    };
    server.take_in_under(plan, of(1, DAY)).await;
    server.take_in(of(2, DAY)).await;
    let due = async || {
        remove_due_records(&server.components, &server.shutdown.signal())
            .await
            .unwrap()
    };
    let session = async |number| {
        let browser = server.signed_in().await;
        let path = format!("/api/v1/sessions/{}", session_id(number));
        browser.get(&path).await
    };
    server.clock.advance(Duration::from_secs(2 * DAY + 5));
    assert_eq!(due().await, 0, "not before its last second");
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(due().await, 1);
    assert_eq!(due().await, 0);
    let shown = session(1).await.json();
    assert_eq!(shown["activities"], 1);
    let until = at_secs(6).as_unix_micros();
    assert_eq!(shown["records_removed_until_us"], until);
    let path = format!("/api/v1/sessions/{}/activities", session_id(1));
    let browser = server.signed_in().await;
    let left = browser.read(&path).await;
    assert_eq!(left["records"].as_array().unwrap().len(), 1);
    assert_eq!(left["records"][0]["what"], "late");

    server.clock.advance(Duration::from_secs(DAY));
    assert_eq!(due().await, 1);
    session(1).await.problem(404);
    // The default plan keeps them for 180 days.
    let other = session(2).await.json();
    assert_eq!(other["activities"], 2);
    assert_eq!(other["records_removed_until_us"], serde_json::Value::Null);
    server.clock.advance(Duration::from_secs(176 * DAY));
    assert_eq!(due().await, 0);
    server.clock.advance(Duration::from_secs(2 * DAY));
    assert_eq!(due().await, 2);
    let health = server.components.audit.health().await.unwrap();
    assert_eq!(health.records, 0);
}

#[tokio::test]
async fn records_of_a_plan_that_is_gone_are_kept_as_long_as_any_plan_keeps() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let gone = json!({"name": "Gone", "settings": {"record_retention_days": 1}});
    let made = browser.post("/api/v1/plans", &gone).await.json();
    let plan = server.components.plans.borrow().plans()[0].id();
    server
        .take_in_under(plan, vec![opened(1, 0), activity(1, 5, "a"), closed(1, 9)])
        .await;
    let path = format!("/api/v1/plans/{}", made["id"].as_str().unwrap());
    let revision = made["revision"].as_u64().unwrap();
    assert_eq!(browser.delete_if(&path, revision).await.status, 204);
    let forever = json!({"name": "For ever", "settings": {"record_retention_days": 0}});
    let made = browser.post("/api/v1/plans", &forever).await.json();
    let due = async || {
        remove_due_records(&server.components, &server.shutdown.signal())
            .await
            .unwrap()
    };
    server.clock.advance(Duration::from_secs(1_000 * DAY));
    assert_eq!(due().await, 0);
    let browser = server.signed_in().await;
    let path = format!("/api/v1/plans/{}", made["id"].as_str().unwrap());
    let revision = made["revision"].as_u64().unwrap();
    assert_eq!(browser.delete_if(&path, revision).await.status, 204);
    assert_eq!(due().await, 1, "the default plan keeps 180 days");
}

#[tokio::test]
async fn the_log_of_who_looked_is_never_shortened_with_the_records() {
    let server = Server::start().await;
    server
        .take_in(vec![opened(1, 0), activity(1, 5, "a"), closed(1, 9)])
        .await;
    let browser = server.signed_in().await;
    browser
        .read(&format!("/api/v1/sessions/{}", session_id(1)))
        .await;
    let seen = async || {
        let browser = server.signed_in().await;
        let log = browser.read("/api/v1/viewings?what=opened%20session").await;
        log["viewings"].as_array().unwrap().len()
    };
    let before = seen().await;
    assert!(before > 0);
    server.clock.advance(Duration::from_secs(1_000 * DAY));
    let due = remove_due_records(&server.components, &server.shutdown.signal()).await;
    assert_eq!(due.unwrap(), 1);
    assert!(seen().await >= before);
}

fn agent() -> Agent {
    Agent {
        id: AGENT,
        computer_name: "RDS01".to_owned(),
        agent_version: "0.1.0".to_owned(),
        operating_system: "Debian 12".to_owned(),
        facts: ComputerFacts::default(),
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    }
}

/// A segment that has come whole.
async fn whole(server: &Server, number: u128, until_secs: u64) {
    server.take_in(vec![segment_opened(1, number, 0)]).await;
    let id = segment_id(number);
    let bytes = b"packets";
    server
        .grow(session_id(1), id, bytes, at_secs(until_secs))
        .await;
    let end = SegmentEnd {
        id,
        end: at_secs(until_secs),
        bytes: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
    };
    let sealed = server.components.segments.seal(&end).await.unwrap();
    assert_eq!(sealed, Sealed::Stored);
    server.components.control.seal_segment(end).await.unwrap();
}
