//! Accounts for collecting data, and jobs that wait.

use eidetic_model::ComputerFacts;
use eidetic_server::deployment::add_jobs;
use eidetic_store::control::{Agent, AgentState};
use serde_json::json;

use super::support::{AGENT, START, Server};
use crate::log::Log;

#[tokio::test(flavor = "current_thread")]
async fn the_secret_of_an_account_is_shown_to_nobody_and_kept_sealed() {
    let log = Log::default();
    let _while_it_lives = tracing::subscriber::set_default(log.subscriber());
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let account = json!({"name": "Office", "user": "root", "password": "hunter2secret"});
    let kept = browser.post("/api/v1/accounts", &account).await;
    assert_eq!(kept.status, 204);
    let wrong = json!({"name": "Key", "user": "root", "private_key": "hunter2secret"});
    let refused = browser.post("/api/v1/accounts", &wrong).await;
    assert!(!refused.text().contains("hunter2secret"));
    refused.problem(422);

    let listed = browser.get("/api/v1/accounts").await;
    assert_eq!(
        listed.json(),
        json!({"accounts": [{"name": "Office", "user": "root", "kind": "password"}]})
    );
    let looked = browser.get("/api/v1/viewings").await.text();
    assert!(looked.contains("kept account") && !looked.contains("hunter2secret"));
    let control = &server.components.control;
    let (_, stored) = control
        .setting("collecting_accounts")
        .await
        .unwrap()
        .unwrap();
    assert!(stored.contains("Office") && !stored.contains("hunter2secret"));
    assert!(!log.text().contains("hunter2secret"));
}

#[tokio::test]
async fn where_no_account_is_named_it_is_that_of_the_item_or_the_plan() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    for name in ["Office", "Own"] {
        let account = json!({"name": name, "user": "root", "password": "secret"});
        browser.post("/api/v1/accounts", &account).await;
    }
    let plan = json!({"name": "Web", "deployment": {"account": "Office"}, "items": [
        {"kind": "computer", "computer": "web-1"},
        {"kind": "computer", "computer": "web-2", "account": "Own"},
        {"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.9", "account": "Own"},
    ]});
    assert_eq!(browser.post("/api/v1/plans", &plan).await.status, 200);
    let order = json!({"computers": ["web-1", "web-2", "10.0.0.5"]});
    let jobs = browser.post("/api/v1/deployments", &order).await.json();
    let jobs = jobs["deployments"].as_array().unwrap().iter();
    let accounts: Vec<_> = jobs.map(|job| job["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["Office", "Own", "Own"]);
    let other = json!({"computers": ["mail-1"]});
    let refused = browser
        .post("/api/v1/deployments", &other)
        .await
        .problem(422);
    assert_eq!(refused["errors"][0]["field"], "account");
    // An account that an item has is in use.
    let own = json!({"name": "own"});
    let removed = browser.post("/api/v1/accounts/remove", &own).await;
    removed.problem(409);
}

#[tokio::test]
async fn a_computer_has_one_job_at_a_time_which_can_be_cancelled() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let account = json!({"name": "Office", "user": "root", "password": "secret"});
    browser.post("/api/v1/accounts", &account).await;
    let order = json!({"computers": ["web-1", "web-2"], "account": "office"});
    let jobs = browser.post("/api/v1/deployments", &order).await.json();
    let job = &jobs["deployments"][0];
    assert_eq!(job["state"], "waiting");
    assert_eq!(
        (&job["computer"], &job["action"]),
        (&json!("web-1"), &json!("install"))
    );

    let again = json!({"computers": ["web-3", "WEB-1"], "account": "Office"});
    browser
        .post("/api/v1/deployments", &again)
        .await
        .problem(409);
    let all = browser.get("/api/v1/deployments").await.json();
    let web_3 = &all["deployments"][0];
    assert_eq!(
        (&web_3["computer"], &web_3["state"]),
        (&json!("web-3"), &json!("cancelled"))
    );

    let path = format!("/api/v1/deployments/{}/cancel", job["id"].as_str().unwrap());
    let cancelled = browser.post(&path, &json!({})).await.json();
    assert_eq!(cancelled["state"], "cancelled");
    for (order, field) in [
        (json!({"computers": [], "account": "Office"}), "computers"),
        (
            json!({"computers": ["a b"], "account": "Office"}),
            "computers[0]",
        ),
        (
            json!({"computers": ["a", "A"], "account": "Office"}),
            "computers[1]",
        ),
        (json!({"computers": ["a"], "account": "Other"}), "account"),
        (
            json!({"computers": ["a"], "account": "Office", "port": 0}),
            "port",
        ),
    ] {
        let refused = browser.post("/api/v1/deployments", &order).await;
        let problem = refused.json();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

#[tokio::test]
async fn an_account_that_a_plan_uses_stays() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let account = json!({"name": "Office", "user": "root", "password": "secret"});
    browser.post("/api/v1/accounts", &account).await;
    let plan = json!({"name": "A", "deployment": {"automatic": true, "account": "office"}});
    let plan = browser.post("/api/v1/plans", &plan).await.json();
    assert_eq!(plan["deployment"]["automatic"], true);
    let name = json!({"name": "Office"});
    let refused = browser.post("/api/v1/accounts/remove", &name).await;
    refused.problem(409);
    let plan = json!({"name": "B", "deployment": {"automatic": true}});
    browser.post("/api/v1/plans", &plan).await.problem(422);
    let other = json!({"name": "Other"});
    browser
        .post("/api/v1/accounts/remove", &other)
        .await
        .problem(404);
}

#[tokio::test]
async fn a_plan_asks_once_for_each_computer_that_it_names_and_that_has_no_agent() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let there = Agent {
        id: AGENT,
        computer_name: "WEB-2".into(),
        agent_version: "0.1.0".into(),
        operating_system: "Linux".into(),
        facts: ComputerFacts::default(),
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    server.components.control.put_agent(there).await.unwrap();
    let computer = |name| json!({"kind": "computer", "computer": name});
    let range = json!({"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.9"});
    let plan = json!({
        "name": "A",
        "items": [computer("web-1"), computer("web-2"), computer("web-3"), range],
        "deployment": {"automatic": true, "account": "Office",
            "accounts": [{"computer": "WEB-3", "account": "Servers"}]},
    });
    browser.post("/api/v1/plans", &plan).await;
    let other = json!({"name": "B", "items": [computer("web-9")]});
    browser.post("/api/v1/plans", &other).await;

    for _ in 0..2 {
        add_jobs(&server.components).await.unwrap();
        let jobs = browser.read("/api/v1/deployments").await;
        let jobs = jobs["deployments"].as_array().unwrap();
        let asked: Vec<_> = jobs
            .iter()
            .map(|job| (&job["computer"], &job["account"]))
            .collect();
        let expected = [
            (json!("web-3"), json!("Servers")),
            (json!("web-1"), json!("Office")),
        ];
        assert_eq!(
            asked,
            expected.each_ref().map(|(name, account)| (name, account))
        );
        assert_eq!(jobs[0]["asked_by"], "plan A");
    }
}
