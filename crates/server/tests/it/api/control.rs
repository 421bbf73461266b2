//! Calls to agents that cannot be reached say what that means.

use eidetic_store::control::{Agent, AgentState};
use serde_json::json;

use super::support::{AGENT, START, Server};

#[tokio::test]
async fn an_agent_that_cannot_be_called_is_told_with_what_that_means_and_the_call_is_kept() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let path = format!("/api/v1/computers/{AGENT}/control");
    let stop = json!({"call": "stop"});
    browser.post(&path, &stop).await.problem(404);
    let mut agent = Agent {
        id: AGENT,
        computer_name: "web-1".into(),
        agent_version: "0.1.0".into(),
        operating_system: "Debian".into(),
        facts: eidetic_model::ComputerFacts::default(),
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    let control = &server.components.control;
    control.put_agent(agent.clone()).await.unwrap();
    let problem = browser.post(&path, &stop).await.problem(502);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("not connected"), "{detail}");
    assert!(detail.contains("Recording does not need it"), "{detail}");
    let looked = browser.get("/api/v1/viewings").await.text();
    assert!(looked.contains("stopped recording") && looked.contains("web-1"));
    browser
        .post(&path, &json!({"call": "explode"}))
        .await
        .problem(422);

    agent.state = AgentState::Removed;
    control.put_agent(agent).await.unwrap();
    browser.post(&path, &stop).await.problem(409);
}
