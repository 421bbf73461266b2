//! Upgrades and removals in stages, as far as the API decides.

use eidetic_model::AgentId;
use eidetic_server::components::Connection;
use eidetic_store::control::{Agent, AgentState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{START, Server};

async fn server_with(names: &[&str]) -> Server {
    let mut server = Server::start().await;
    let packages = tempfile::tempdir().unwrap();
    let package = packages.path().join("eidetic-agent_0.2.0_amd64.deb");
    std::fs::write(package, "").unwrap();
    server.use_packages(&packages.keep());
    for (number, name) in names.iter().enumerate() {
        add(&server, number as u128 + 1, name, "0.1.0").await;
    }
    server
}

async fn add(server: &Server, number: u128, name: &str, version: &str) {
    let id = AgentId::from_uuid(Uuid::from_u128(number));
    let agent = Agent {
        id,
        computer_name: name.into(),
        agent_version: version.into(),
        operating_system: "Debian".into(),
        facts: eidetic_model::ComputerFacts::default(),
        enrolled: START,
        last_seen: Some(START),
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    server.components.control.put_agent(agent).await.unwrap();
    let connection = Connection {
        number: 1,
        stopped_since: None,
        since: START,
        address: "192.0.2.1:40000".into(),
        status: None,
    };
    server.components.connected.insert(id, connection);
}

fn names(campaign: &Value) -> Vec<(&str, u64)> {
    let computers = campaign["computers"].as_array().unwrap().iter();
    computers
        .map(|computer| {
            let name = computer["name"].as_str().unwrap();
            (name, computer["stage"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn those_that_are_older_and_connected_are_upgraded_in_stages() {
    let server = server_with(&["a", "b", "c", "d", "e", "f"]).await;
    add(&server, 90, "new", "0.2.0").await;
    let away = AgentId::from_uuid(Uuid::from_u128(6));
    server.components.connected.remove(away, 1);
    let browser = server.signed_in().await;
    let account = json!({"name": "Office", "user": "root", "password": "secret"});
    browser.post("/api/v1/accounts", &account).await;
    let listed = browser.get("/api/v1/campaigns").await.json();
    assert_eq!(listed["package_version"], "0.2.0");
    assert_eq!(listed["older"].as_array().unwrap().len(), 6);

    let order = json!({"kind": "upgrade"});
    let refused = browser.post("/api/v1/campaigns", &order).await.problem(422);
    assert_eq!(refused["errors"][0]["field"], "account");
    let order = json!({"kind": "upgrade", "account": "Other"});
    browser.post("/api/v1/campaigns", &order).await.problem(422);

    let order = json!({"kind": "upgrade", "account": "Office"});
    let begun = browser.post("/api/v1/campaigns", &order).await.json();
    assert_eq!(
        (&begun["state"], &begun["stage"]),
        (&json!("running"), &json!(1))
    );
    assert_eq!(
        names(&begun),
        [("a", 1), ("b", 2), ("c", 2), ("d", 2), ("e", 3)]
    );
    browser.post("/api/v1/campaigns", &order).await.problem(409);

    let path = |what: &str| format!("/api/v1/campaigns/{}/{what}", begun["id"].as_str().unwrap());
    browser
        .post(&path("continue"), &json!({}))
        .await
        .problem(409);
    let cancelled = browser.post(&path("cancel"), &json!({})).await.json();
    assert_eq!(cancelled["state"], "cancelled");
    let looked = browser.get("/api/v1/viewings").await.text();
    assert!(looked.contains("began to upgrade agents in stages"));
    assert!(looked.contains("cancelled a campaign"));
}

#[tokio::test]
async fn only_those_that_no_plan_names_are_removed_and_only_when_they_are_named() {
    let server = server_with(&["a", "b"]).await;
    let browser = server.signed_in().await;
    let account = json!({"name": "Office", "user": "root", "password": "secret"});
    browser.post("/api/v1/accounts", &account).await;
    let plan = json!({"name": "P", "items": [{"kind": "computer", "computer": "a"}]});
    assert_eq!(browser.post("/api/v1/plans", &plan).await.status, 200);
    let listed = browser.get("/api/v1/campaigns").await.json();
    assert_eq!(listed["without_plan"][0]["name"], "b");
    assert_eq!(listed["without_plan"].as_array().unwrap().len(), 1);

    let id = |number: u128| Uuid::from_u128(number).to_string();
    for (agents, field) in [
        (json!(null), "agents"),
        (json!([id(1)]), "agents[0]"),
        (json!([id(2), id(7)]), "agents[1]"),
    ] {
        let order = json!({"kind": "remove", "account": "Office", "agents": agents});
        let refused = browser.post("/api/v1/campaigns", &order).await.problem(422);
        assert_eq!(refused["errors"][0]["field"], field);
    }
    let order = json!({"kind": "purge", "account": "Office", "agents": [id(2)]});
    let begun = browser.post("/api/v1/campaigns", &order).await.json();
    assert_eq!(
        (names(&begun), &begun["kind"]),
        (vec![("b", 1)], &json!("purge"))
    );
}

#[tokio::test]
async fn without_a_package_there_is_nothing_to_upgrade_to() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let order = json!({"kind": "upgrade", "account": "Office"});
    let refused = browser.post("/api/v1/campaigns", &order).await.problem(409);
    assert!(refused["detail"].as_str().unwrap().contains("no package"));
}
