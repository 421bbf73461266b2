//! The mail of every day.

use std::time::Duration;

use eidetic_model::{ComputerFacts, UnmetCheck};
use eidetic_server::{
    health::{EventKind, Happened},
    mail::{Daily, Stage, Turn},
};
use eidetic_store::control::{Agent, AgentState};
use serde_json::{Value, json};

use super::peer::MailServer;
use crate::api::support::{AGENT, START, Server, activity, opened};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn it_is_sent_once_a_day_also_over_restarts() {
    let peer = MailServer::start("none", json!({}));
    let server = Server::start().await;
    every_day(&server, &peer.settings("none")).await;
    let mut daily = Daily::new(server.components.clone());
    assert_eq!(daily.turn().await.unwrap(), Turn::NotDue);
    server.clock.advance(HOUR * 6);
    assert!(matches!(daily.turn().await.unwrap(), Turn::Sent(_)));
    peer.taken();
    // As after a restart.
    let mut daily = Daily::new(server.components.clone());
    for _ in 0..23 {
        assert_eq!(daily.turn().await.unwrap(), Turn::NotDue);
        server.clock.advance(HOUR);
    }
    peer.took_nothing();
    // The server was not there at six: it is made up for.
    server.clock.advance(HOUR * 5);
    assert!(matches!(daily.turn().await.unwrap(), Turn::Sent(_)));
    peer.taken();
    let shown = server.signed_in().await.read("/api/v1/mail").await;
    let hours = |time: &Value| {
        let since = time.as_i64().unwrap() - START.as_unix_micros();
        since / 3_600_000_000
    };
    assert_eq!(hours(&shown["last_sent_us"]), 34);
    assert_eq!(hours(&shown["next_us"]), 54);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_tried_again_and_told_of() {
    let peer = MailServer::start("none", json!({}));
    let server = Server::start().await;
    let mut settings = peer.settings("none");
    settings["port"] = json!(1);
    every_day(&server, &settings).await;
    server.clock.advance(HOUR * 6);
    let mut daily = Daily::new(server.components.clone());
    let failed = daily.turn().await.unwrap();
    assert!(matches!(&failed, Turn::Failed(error) if error.stage == Stage::Connect));
    assert_eq!(daily.turn().await.unwrap(), Turn::Waits);
    server.clock.advance(Duration::from_secs(60));
    assert!(matches!(daily.turn().await.unwrap(), Turn::Failed(_)));
    server.clock.advance(Duration::from_secs(60));
    assert_eq!(daily.turn().await.unwrap(), Turn::Waits, "it waits longer");

    let browser = server.signed_in().await;
    let log = browser.read("/api/v1/health-log?kind=mail_failed").await;
    let told = log["events"].as_array().unwrap();
    assert_eq!(told.len(), 1, "once for one reason");
    let text = told[0]["text"].as_str().unwrap();
    assert!(
        text.contains("could not be reached: localhost port 1"),
        "{text}"
    );
    let trouble = &browser.read("/api/v1/mail").await["trouble"];
    assert_eq!(
        (&trouble["attempts"], &trouble["stage"]),
        (&json!(2), &json!("connect"))
    );

    // With other settings it is tried at once.
    every_day(&server, &peer.settings("none")).await;
    assert!(matches!(daily.turn().await.unwrap(), Turn::Sent(_)));
    peer.taken();
    assert_eq!(browser.read("/api/v1/mail").await["trouble"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_how_everything_is_and_nothing_that_was_captured() {
    let peer = MailServer::start("none", json!({}));
    let server = Server::start().await;
    every_day(&server, &peer.settings("none")).await;
    let control = &server.components.control;
    control.put_agent(agent()).await.unwrap();
    let unmet = UnmetCheck {
        check: "agent-folder".into(),
        found: "it is not there".into(),
        by_hand: vec![],
    };
    control
        .keep_checks(AGENT, START, vec![unmet])
        .await
        .unwrap();
    let secret = "payroll of everybody";
    server
        .take_in(vec![opened(1, 0), activity(1, 5, secret)])
        .await;
    server.clock.advance(HOUR);
    let gap = Happened::to(EventKind::Gap, &agent(), "A minute is missing.");
    let log = server.components.health_log();
    log.keep(vec![gap]).await.unwrap();
    server.clock.advance(HOUR * 24);
    let turn = Daily::new(server.components.clone()).turn().await.unwrap();
    assert!(matches!(turn, Turn::Sent(_)), "{turn:?}");

    let content = peer.taken()["content"].as_str().unwrap().to_owned();
    let unfolded = content.replace("=\r\n", "").replace("\r\n", "\n");
    for told in [
        "Subject: Eidetic, 02 Jan 2026: one computer needs attention",
        "Auto-Submitted: auto-generated",
        "1 on the day before (UTC)",
        "1 Not responding",
        "* RDS01 (Not responding; plan: Default plan)",
        "Nothing has been heard of its agent for",
        "Prerequisites unmet",
        "Error Gap in a recording - RDS01: A minute is missing.",
        "1 error, 0 warnings",
        "https://eidetic.example.com:9443/dashboard",
    ] {
        assert!(unfolded.contains(told), "{told:?} in\n{unfolded}");
    }
    assert!(!unfolded.contains("payroll"));
    assert!(unfolded.contains("Content-Type: text/html"));
}

/// A daily mail at six.
async fn every_day(server: &Server, settings: &Value) {
    let mut settings = settings.clone();
    settings["daily"] = json!(true);
    settings["hour_utc"] = json!(6);
    let browser = server.signed_in().await;
    let request = json!({"settings": settings});
    let kept = browser.put("/api/v1/mail", &request).await;
    assert_eq!(kept.status, 200, "{}", kept.text());
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
