//! The prerequisites of monitored computers.

use eidetic_model::{AdjustmentId, AdjustmentRecord, ComputerFacts, UnmetCheck};
use eidetic_server::components::Connection;
use eidetic_store::control::{Agent, AgentState};
use serde_json::json;

use super::support::{AGENT, START, Server, at_secs};

async fn known(server: &Server) {
    let agent = Agent {
        id: AGENT,
        computer_name: "RDS01".to_owned(),
        agent_version: "0.1.0".to_owned(),
        operating_system: "Windows Server 2025 (build 26100)".to_owned(),
        facts: ComputerFacts::new(["RDS01".to_owned(), "localhost".to_owned()], []),
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    let control = &server.components.control;
    control.put_agent(agent).await.unwrap();
    let unmet = |check: &str| UnmetCheck {
        check: check.into(),
        found: "EideticAgent: stopped, disabled".into(),
        by_hand: vec!["sc.exe start EideticAgent".into()],
    };
    let unmet = vec![unmet("agent-service"), unmet("of-a-newer-agent")];
    control.keep_checks(AGENT, at_secs(5), unmet).await.unwrap();
    let adjustment = AdjustmentRecord {
        id: AdjustmentId::from_uuid(uuid::Uuid::from_u128(1)),
        check: "agent-service".into(),
        at: at_secs(4),
        before: "stopped".into(),
        after: "stopped".into(),
        problem: Some("access is denied".into()),
    };
    control.note_adjustment(AGENT, adjustment).await.unwrap();
}

#[tokio::test]
async fn a_computer_tells_what_is_unmet_what_it_means_and_how_to_mend_it() {
    let server = Server::start().await;
    known(&server).await;
    let browser = server.signed_in().await;
    let computer = browser.read(&format!("/api/v1/computers/{AGENT}")).await;
    let checks = &computer["checks"];
    assert_eq!(checks["checked_us"], at_secs(5).as_unix_micros());
    let unmet = &checks["unmet"][0];
    assert_eq!(unmet["id"], "agent-service");
    assert_eq!(unmet["found"], "EideticAgent: stopped, disabled");
    assert_eq!(unmet["by_hand"], json!(["sc.exe start EideticAgent"]));
    assert_eq!(unmet["needed_for"], "always");
    assert_eq!(unmet["can_be_mended"], true);
    assert!(
        unmet["meaning"]
            .as_str()
            .unwrap()
            .contains("nothing is recorded")
    );
    // What this server does not know is shown as far as the agent tells.
    assert_eq!(checks["unmet"][1]["title"], "of-a-newer-agent");

    let path = format!("/api/v1/computers/{AGENT}/adjustments");
    let adjustments = browser.read(&path).await;
    let expected = json!([{
        "id": "agent-service",
        "at_us": at_secs(4).as_unix_micros(),
        "before": "stopped",
        "after": "stopped",
        "problem": "access is denied",
    }]);
    assert_eq!(adjustments["adjustments"], expected);
}

#[tokio::test]
async fn only_an_agent_that_is_connected_is_asked_to_look() {
    let server = Server::start().await;
    known(&server).await;
    let mut requests = server.components.check_requests.subscribe();
    let browser = server.signed_in().await;
    let path = format!("/api/v1/computers/{AGENT}/check");
    let refused = browser.post(&path, &json!({})).await;
    let problem = refused.problem(409);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("not connected")
    );
    let connection = Connection {
        number: 1,
        stopped_since: None,
        since: at_secs(4),
        address: "192.0.2.1".to_owned(),
        status: None,
    };
    server.components.connected.insert(AGENT, connection);
    assert_eq!(browser.post(&path, &json!({})).await.status, 204);
    assert_eq!(requests.try_recv(), Ok(AGENT));
}

#[tokio::test]
async fn a_computer_is_looked_at_over_the_network_with_what_its_agent_found() {
    let server = Server::start().await;
    known(&server).await;
    let browser = server.signed_in().await;
    let body = json!({"computer": "localhost"});
    let answer = browser.post("/api/v1/network-checks", &body).await;
    assert_eq!(answer.status, 200);
    let found = answer.json();
    let ids: Vec<_> = found["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["id"])
        .collect();
    assert_eq!(ids, ["name", "ssh", "smb", "rpc", "control-port"]);
    assert_eq!(found["checks"][0]["is_met"], true);
    assert_eq!(found["agent"]["unmet"][0]["id"], "agent-service");
    for wrong in ["", "host:22", "a b", "http://host"] {
        let body = json!({ "computer": wrong });
        let refused = browser.post("/api/v1/network-checks", &body).await;
        refused.problem(422);
    }
}
