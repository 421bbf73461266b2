//! What an administrator changes in the plans reaches the agents that it concerns.

use std::{sync::Arc, time::Duration};

use eidetic_model::Clock as _;
use eidetic_runtime::SystemClock;
use eidetic_testkit::SimulatedClock;
use eidetic_wire::{
    ProtocolVersion,
    proto::{self, policy::Quality},
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    admission::enrolled,
    agent::{Attached, Said, Say, hello},
    server::TestServer,
};
use crate::api::support::{self, Answer};

#[tokio::test]
async fn a_change_over_the_api_reaches_the_agent_within_five_seconds_and_outlives_a_restart() {
    let clock = SimulatedClock::at(SystemClock.wall());
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let mut agent = enrolled(&server).await;
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.policy.as_ref().unwrap().revision, 0);

    let settings = json!({
        "record_screen": false,
        "max_frames_per_second": 9,
        "quality": "low",
        "grayscale": true,
        "max_cpu_percent": 50,
        "stop_after_minutes": 90,
        "users": {"except": [{"group": "admins"}]},
    });
    change_default(&server, &clock, 0, &settings).await;
    let told = next_policy(&mut attached).await;
    assert_eq!((told.revision, told.record_screen), (1, false));
    assert_eq!(told.max_frames_per_second, 9);
    assert_eq!(told.quality(), Quality::Low);
    assert_eq!((told.grayscale, told.max_cpu_percent), (true, 50));
    assert_eq!(told.stop_after_secs, 5_400);
    assert_eq!(told.users.as_ref().unwrap().except.len(), 1);

    drop(attached);
    let server = server.restart().await;
    agent.server = server.address;
    let mut attached = agent.attach().await;
    assert_eq!(attached.welcome.policy.as_ref().unwrap(), &told);
    change_default(&server, &clock, 1, &json!({"max_frames_per_second": 2})).await;
    let told = next_policy(&mut attached).await;
    assert_eq!(told.max_frames_per_second, 2);
    assert!(told.record_screen, "what is left out has its default");
}

#[tokio::test]
async fn each_agent_hears_of_its_own_plan_and_only_when_that_changes() {
    let clock = SimulatedClock::at(SystemClock.wall());
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    // Its name is "host".
    let mut attached = enrolled(&server).await.attach().await;
    let item = json!({"kind": "computer", "computer": "HOST"});
    let mine = json!({"name": "Mine", "items": [item], "settings": {"grayscale": true}});
    let made = ask(&server, &clock, "POST", "/api/v1/plans", None, &mine).await;
    let told = next_policy(&mut attached).await;
    assert_eq!((told.revision, told.grayscale), (1, true));

    // Other plans, and what agents do not follow, are not told of: the next it hears is its own.
    let other = json!({"name": "Other", "settings": {"max_frames_per_second": 1}});
    ask(&server, &clock, "POST", "/api/v1/plans", None, &other).await;
    change_default(&server, &clock, 0, &json!({"max_frames_per_second": 2})).await;
    let path = format!("/api/v1/plans/{}", made.json()["id"].as_str().unwrap());
    let renamed = json!({"name": "Ours", "items": mine["items"], "settings": mine["settings"]});
    ask(&server, &clock, "PUT", &path, Some(1), &renamed).await;
    let off = json!({"name": "Ours", "items": mine["items"], "settings": {"monitor": false}});
    ask(&server, &clock, "PUT", &path, Some(4), &off).await;
    let told = next_policy(&mut attached).await;
    assert_eq!((told.revision, told.monitoring_off), (5, true));

    let gone = ask(&server, &clock, "DELETE", &path, Some(5), &json!({})).await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    let told = next_policy(&mut attached).await;
    assert_eq!((told.revision, told.max_frames_per_second), (3, 2));
}

#[tokio::test]
async fn an_agent_is_known_by_what_it_says_and_shows_what_it_applied() {
    let clock = SimulatedClock::at(SystemClock.wall());
    let server = TestServer::start_by(Arc::new(clock.clone())).await;
    let range = json!({"kind": "ip_range", "from": "10.0.0.0", "to": "10.0.0.9"});
    let plan = json!({"name": "Lab", "items": [range], "settings": {"quality": "medium"}});
    ask(&server, &clock, "POST", "/api/v1/plans", None, &plan).await;
    let agent = enrolled(&server).await;
    let mut said = hello(ProtocolVersion(1));
    said.facts.addresses.push("10.0.0.4".parse().unwrap());
    let attached = agent.attach_as(&said).await;
    let policy = attached.welcome.policy.as_ref().unwrap();
    assert_eq!((policy.revision, policy.quality()), (1, Quality::Medium));
    let applied = async || {
        let answer = ask(
            &server,
            &clock,
            "GET",
            "/api/v1/computers",
            None,
            &json!({}),
        )
        .await;
        answer.json()["computers"][0]["plan"].clone()
    };
    assert_eq!(
        applied().await["is_applied"],
        false,
        "it has not said so yet"
    );
    let status = proto::Status {
        policy_revision: 1,
        ..proto::Status::default()
    };
    attached.say(Say::Status(status)).await;
    let connected = &server.components.connected;
    let is_known = || {
        let status = connected
            .connection(agent.id)
            .and_then(|connection| connection.status);
        status.is_some_and(|status| status.policy_revision == 1)
    };
    while !is_known() {
        tokio::task::yield_now().await;
    }
    let plan = applied().await;
    assert_eq!(
        (&plan["name"], &plan["is_applied"]),
        (&json!("Lab"), &json!(true))
    );
    drop(attached);
    assert_eq!(
        applied().await["name"],
        "Lab",
        "it is remembered when it is away"
    );
}

async fn next_policy(attached: &mut Attached) -> proto::Policy {
    match timeout(Duration::from_secs(5), attached.hear()).await {
        Ok(Some(Said::Policy(told))) => told,
        other => panic!("no policy, but {other:?}"),
    }
}

async fn change_default(
    server: &TestServer,
    clock: &SimulatedClock,
    revision: u64,
    settings: &Value,
) {
    let path = "/api/v1/plans/00000000-0000-0000-0000-000000000000";
    let plan = json!({"name": "Default plan", "settings": settings});
    let answer = ask(server, clock, "PUT", path, Some(revision), &plan).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// Signs in and asks.
async fn ask(
    server: &TestServer,
    clock: &SimulatedClock,
    method: &str,
    path: &str,
    revision: Option<u64>,
    body: &Value,
) -> Answer {
    let console = support::Server::of(server.components.clone(), clock.clone());
    console.add_user("anna", false).await;
    let browser = console.signed_in().await;
    match (method, revision) {
        ("GET", _) => browser.get(path).await,
        ("DELETE", Some(revision)) => browser.delete_if(path, revision).await,
        ("PUT", Some(revision)) => browser.put_if(path, revision, body).await,
        _ => browser.post(path, body).await,
    }
}
