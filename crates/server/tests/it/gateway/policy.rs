//! A policy that an administrator changes reaches the agents.

use std::{sync::Arc, time::Duration};

use eidetic_model::Clock as _;
use eidetic_runtime::SystemClock;
use eidetic_testkit::SimulatedClock;
use eidetic_wire::proto;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{admission::enrolled, agent::Said, server::TestServer};
use crate::api::support;

#[tokio::test]
async fn a_change_over_the_api_reaches_the_agent_within_five_seconds_and_outlives_a_restart() {
    let clock = SimulatedClock::at(SystemClock.wall());
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let mut agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.policy.as_ref().unwrap().revision, 0);

    let policy = json!({
        "record_screen": false,
        "max_frames_per_second": 9,
        "quality": "low",
        "grayscale": true,
        "max_cpu_percent": 50,
    });
    assert_eq!(change(&server, &clock, &policy).await["revision"], 1);
    let told = timeout(Duration::from_secs(5), attached.hear()).await;
    let Ok(Some(Said::Policy(told))) = told else {
        panic!("no policy, but {told:?}");
    };
    assert_eq!(told.revision, 1);
    assert!(!told.record_screen);
    assert_eq!(told.max_frames_per_second, 9);
    assert_eq!(told.quality(), proto::policy::Quality::Low);
    assert_eq!((told.grayscale, told.max_cpu_percent), (true, 50));

    drop(attached);
    let server = server.restart().await;
    agent.server = server.address;
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.policy.as_ref().unwrap(), &told);
    let policy = json!({"max_frames_per_second": 2});
    assert_eq!(change(&server, &clock, &policy).await["revision"], 2);
    let Some(Said::Policy(told)) = attached.hear().await else {
        panic!("no policy");
    };
    assert_eq!(told.max_frames_per_second, 2);
    assert!(told.record_screen, "what is left out has its default");
}

/// Signs in and replaces the policy.
async fn change(server: &TestServer, clock: &SimulatedClock, policy: &Value) -> Value {
    let console = support::Server::of(server.components.clone(), clock.clone());
    console.add_user("anna", false).await;
    let answer = console
        .signed_in()
        .await
        .put("/api/v1/policy", policy)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
