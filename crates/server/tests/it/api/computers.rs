//! Monitored computers and their enrolment.

use std::time::Duration;

use eidetic_model::{Clock as _, ComputerFacts, Timestamp};
use eidetic_server::{
    components::{AgentStatus, Connection},
    health::{Watch, WatchParts, duplicates::Run},
};
use eidetic_store::control::{Agent, AgentState, Redeemed, SaidStatus};
use eidetic_wire::EnrolmentTicket;
use serde_json::json;

use super::support::{AGENT, START, Server, at_secs, session_id};

#[tokio::test]
async fn a_computer_shows_what_its_agent_says_while_it_is_connected_and_after() {
    let server = Server::start().await;
    let agent = agent(Some(at_secs(3)));
    server.components.control.put_agent(agent).await.unwrap();
    // It was heard of a moment ago, and what it says is not known yet.
    let said = SaidStatus {
        at: at_secs(3),
        address: "192.0.2.7".to_owned(),
        status: AgentStatus::default(),
    };
    let health = &server.components.health;
    health.keep_status(AGENT, said).await.unwrap();
    let browser = server.signed_in().await;
    let listed = browser.read("/api/v1/computers").await;
    let offline = json!({
        "agent_id": AGENT.to_string(),
        "name": "RDS01",
        "status": "idle",
        "is_connected": false,
        "concerns": [],
        "last_seen_us": at_secs(3).as_unix_micros(),
        "enrolled_us": START.as_unix_micros(),
        "agent_version": "0.1.0",
        "operating_system": "Debian 12",
        "address": "192.0.2.7",
        "spool_bytes": 0,
        "entries_waiting": 0,
        "segments_waiting": 0,
        "plan": {
            "id": "00000000-0000-0000-0000-000000000000",
            "name": "Default plan",
            "settings_revision": 0,
            "is_applied": false,
        },
    });
    assert_eq!(listed["computers"], json!([offline]));

    let connection = Connection {
        number: 1,
        stopped_since: None,
        since: at_secs(4),
        address: "192.0.2.1".to_owned(),
        status: Some(AgentStatus {
            spool_bytes: 7,
            sessions_recorded: 1,
            sessions_slowed: 1,
            cpu_permille: Some(34),
            memory_bytes: Some(20 << 20),
            clock_ahead_micros: Some(-60_000_000),
            ..AgentStatus::default()
        }),
    };
    server.components.connected.insert(AGENT, connection);
    let listed = browser.read("/api/v1/computers").await;
    let online = &listed["computers"][0];
    assert_eq!(
        (&online["status"], &online["is_connected"]),
        (&json!("recording"), &json!(true))
    );
    assert_eq!(
        (&online["cpu_percent"], &online["budget"]),
        (&json!(3.4), &json!("kept_by_slowing"))
    );
    assert_eq!(online["concerns"][0]["kind"], "clock");
    assert_eq!(online["address"], "192.0.2.1");
    assert_eq!(online["spool_bytes"], 7);
    assert_eq!(online["sessions_slowed"], 1);
    assert_eq!(online["plan"]["is_applied"], true);

    let detail = browser.read(&format!("/api/v1/computers/{AGENT}")).await;
    assert_eq!(detail["name"], "RDS01");
    assert_eq!(detail["meaning"]["word"], "Recording");
    let concern = &detail["concerns_explained"][0];
    assert_eq!(
        concern["explanation"],
        "Its clock is 60 seconds behind the server's."
    );
    assert!(concern["advice"].as_str().unwrap().contains("time server"));
    let unknown = format!("/api/v1/computers/{}", session_id(1));
    browser.get(&unknown).await.problem(404);
}

#[tokio::test]
async fn a_silent_computer_is_told_once_and_again_when_it_is_back() {
    let server = Server::start().await;
    let control = &server.components.control;
    control.put_agent(agent(Some(START))).await.unwrap();
    let browser = server.signed_in().await;
    let mut watch = Watch::new(WatchParts {
        components: server.components.clone(),
        data_folder: std::env::temp_dir(),
        certificates: Box::new(Vec::new),
    });
    let kinds = async || {
        let log = browser.read("/api/v1/health-log").await;
        let events = log["events"].as_array().unwrap();
        let kinds = events.iter().map(|event| event["kind"].as_str().unwrap());
        kinds.map(str::to_owned).collect::<Vec<_>>()
    };
    watch.look().await.unwrap();
    assert!(kinds().await.is_empty());
    server.clock.advance(Duration::from_secs(76));
    watch.look().await.unwrap();
    watch.look().await.unwrap();
    assert_eq!(kinds().await, ["not_responding"]);
    let listed = browser.read("/api/v1/computers").await;
    assert_eq!(listed["computers"][0]["status"], "not_responding");
    control
        .note_contact(AGENT, server.clock.wall())
        .await
        .unwrap();
    watch.look().await.unwrap();
    assert_eq!(kinds().await, ["responds", "not_responding"]);
}

fn agent(last_seen: Option<Timestamp>) -> Agent {
    Agent {
        id: AGENT,
        computer_name: "RDS01".to_owned(),
        agent_version: "0.1.0".to_owned(),
        operating_system: "Debian 12".to_owned(),
        facts: ComputerFacts::default(),
        enrolled: START,
        last_seen,
        state: AgentState::Active,
        certificate_serial: vec![1],
    }
}

#[tokio::test]
async fn an_enrolment_token_works_once_and_names_this_server() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let answer = browser
        .post("/api/v1/enrolment-tokens", &json!({"valid_for_secs": 600}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let issued = answer.json();
    assert_eq!(issued["expires_us"], at_secs(600).as_unix_micros());
    let ticket: EnrolmentTicket = issued["token"].as_str().unwrap().parse().unwrap();
    let expected = EnrolmentTicket::new(b"the authority", [0; 32]);
    assert_eq!(ticket.authority_sha256(), expected.authority_sha256());
    let control = &server.components.control;
    for expected in [Redeemed::Yes, Redeemed::AlreadyUsed] {
        let redeemed = control.redeem_enrolment_token(ticket.secret_sha256(), at_secs(1));
        assert_eq!(redeemed.await.unwrap(), expected);
    }
    for wrong in [0, 59, 30 * 86_400 + 1] {
        let request = json!({"valid_for_secs": wrong});
        let answer = browser.post("/api/v1/enrolment-tokens", &request).await;
        assert_eq!(answer.problem(422)["errors"][0]["field"], "valid_for_secs");
    }
    let answer = browser.post("/api/v1/enrolment-tokens", &json!({})).await;
    assert_eq!(
        answer.json()["expires_us"],
        at_secs(86_400).as_unix_micros()
    );
}

#[tokio::test]
async fn a_token_can_be_made_for_one_computer_by_its_name() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let request = json!({"computer": " web-1.corp.example "});
    let answer = browser.post("/api/v1/enrolment-tokens", &request).await;
    let issued = answer.json();
    assert_eq!(issued["computer"], "web-1.corp.example");
    assert_eq!(issued["expires_us"], at_secs(86_400).as_unix_micros());
    let looked = browser.get("/api/v1/viewings").await.text();
    assert!(looked.contains("for web-1.corp.example, until"), "{looked}");
    for wrong in ["", "192.0.2.1", "a b", "web-1; rm", "web..example"] {
        let request = json!({"computer": wrong});
        let answer = browser.post("/api/v1/enrolment-tokens", &request).await;
        assert_eq!(answer.problem(422)["errors"][0]["field"], "computer");
    }
}

#[tokio::test]
async fn a_token_stays_valid_once_whatever_the_clock_does() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let request = json!({"valid_for_secs": 600});
    let answer = browser.post("/api/v1/enrolment-tokens", &request).await;
    let ticket: EnrolmentTicket = answer.json()["token"].as_str().unwrap().parse().unwrap();
    let control = &server.components.control;
    let redeem = async |now: Timestamp| {
        let redeemed = control.redeem_enrolment_token(ticket.secret_sha256(), now);
        redeemed.await.unwrap()
    };
    assert_eq!(redeem(at_secs(600)).await, Redeemed::Expired);
    assert_eq!(redeem(Timestamp::MAX).await, Redeemed::Expired);
    assert_eq!(redeem(Timestamp::MIN).await, Redeemed::Yes);
    assert_eq!(redeem(at_secs(1)).await, Redeemed::AlreadyUsed);
}

#[tokio::test]
async fn only_a_second_computer_that_waits_is_given_a_new_identity() {
    let server = Server::start().await;
    let duplicates = &server.components.duplicates;
    server
        .components
        .control
        .put_agent(agent(Some(at_secs(3))))
        .await
        .unwrap();
    let browser = server.signed_in().await;
    let path = format!("/api/v1/computers/{AGENT}/new-identity");
    browser.post(&path, &json!({})).await.problem(409);
    let run = |id: u8| Run {
        id: Some([id; 16]),
        computer: "RDS01".to_owned(),
        address: format!("192.0.2.{id}"),
    };
    duplicates.hello(AGENT, &run(1), Duration::ZERO);
    duplicates.hello(AGENT, &run(2), Duration::ZERO);
    duplicates.heard(AGENT, run(1).id, true, Duration::from_secs(5));
    assert_eq!(browser.post(&path, &json!({})).await.status, 204);
    assert!(duplicates.is_to_be_new(AGENT, run(2).id));
    let log = browser
        .read("/api/v1/viewings?what=gave%20copy%20a%20new%20identity")
        .await;
    assert_eq!(log["viewings"][0]["object"], "RDS01");
}
