//! Monitored computers and their enrolment.

use eidetic_model::{ComputerFacts, Timestamp};
use eidetic_server::components::{AgentStatus, Connection};
use eidetic_store::control::{Agent, AgentState, Redeemed};
use eidetic_wire::EnrolmentTicket;
use serde_json::json;

use super::support::{AGENT, START, Server, at_secs};

#[tokio::test]
async fn a_computer_is_online_while_its_agent_is_connected() {
    let server = Server::start().await;
    let agent = Agent {
        id: AGENT,
        computer_name: "RDS01".to_owned(),
        agent_version: "0.1.0".to_owned(),
        operating_system: "Debian 12".to_owned(),
        facts: ComputerFacts::default(),
        enrolled: START,
        last_seen: Some(at_secs(3)),
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    server.components.control.put_agent(agent).await.unwrap();
    let browser = server.signed_in().await;
    let listed = browser.read("/api/v1/computers").await;
    let offline = json!({
        "agent_id": AGENT.to_string(),
        "name": "RDS01",
        "status": "offline",
        "last_seen_us": at_secs(3).as_unix_micros(),
        "enrolled_us": START.as_unix_micros(),
        "agent_version": "0.1.0",
        "operating_system": "Debian 12",
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
        since: at_secs(4),
        address: "192.0.2.1".to_owned(),
        status: Some(AgentStatus {
            spool_bytes: 7,
            sessions_slowed: 1,
            ..AgentStatus::default()
        }),
    };
    server.components.connected.insert(AGENT, connection);
    let listed = browser.read("/api/v1/computers").await;
    let online = &listed["computers"][0];
    assert_eq!(online["status"], "online");
    assert_eq!(online["address"], "192.0.2.1");
    assert_eq!(online["spool_bytes"], 7);
    assert_eq!(online["sessions_slowed"], 1);
    assert_eq!(online["plan"]["is_applied"], true);
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
