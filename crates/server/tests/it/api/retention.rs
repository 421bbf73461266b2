//! Recordings whose time is over.

use std::time::Duration;

use eidetic_model::{ComputerFacts, SegmentEnd};
use eidetic_server::retention::remove_due;
use eidetic_store::{
    control::{Agent, AgentState},
    segments::Sealed,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::support::{
    AGENT, START, Server, at_secs, opened, segment_id, segment_opened, session_id,
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
