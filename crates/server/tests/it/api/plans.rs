//! Monitoring plans.

use std::time::Duration;

use eidetic_model::{AgentId, ComputerFacts};
use eidetic_server::{
    components::{AgentStatus, Connection},
    health::{EventKind, Happened},
};
use eidetic_store::control::{Agent, AgentState};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::{AGENT, Browser, START, Server, at_secs};

const PLANS: &str = "/api/v1/plans";
const DEFAULT: &str = "/api/v1/plans/00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn at_first_there_is_the_default_plan_which_stays() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let listed = browser.read(PLANS).await;
    assert_eq!(listed["revision"], 0);
    let plan = &listed["plans"][0];
    assert_eq!(
        (&plan["name"], &plan["is_default"]),
        (&json!("Default plan"), &json!(true))
    );
    assert_eq!(plan["settings"]["max_frames_per_second"], 4);
    assert_eq!(plan["settings"]["monitor"], true);

    let problem = browser.delete_if(DEFAULT, 0).await.problem(409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("cannot be removed"), "{detail}");
    let renamed = json!({"name": "Mine"});
    let problem = browser.put_if(DEFAULT, 0, &renamed).await.problem(422);
    assert_eq!(problem["errors"][0]["field"], "name");
}

#[tokio::test]
async fn a_plan_is_made_changed_ordered_and_removed_and_all_of_it_is_recorded() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let made = make(&browser, &office()).await;
    assert_eq!(
        (&made["revision"], &made["settings_revision"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(made["items"][1]["exclude"][0]["from"], "10.0.0.20");
    let other = make(&browser, &json!({"name": "Jump hosts"})).await;
    let path = path_of(&made);

    let mut changed = office();
    changed["settings"] = json!({"quality": "low", "record_screen": false});
    changed["items"].as_array_mut().unwrap().remove(0);
    let answer = browser.put_if(&path, 1, &changed).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("etag"), "\"3\"");
    assert_eq!(answer.json()["settings"]["quality"], "low");
    assert_eq!(answer.json()["settings_revision"], 3);
    assert_eq!(browser.read(&path).await, answer.json());

    let order = json!({"plans": [other["id"], made["id"]]});
    let listed = browser.put_if("/api/v1/plans/order", 3, &order).await;
    assert_eq!(
        names(&listed.json()),
        ["Jump hosts", "Office", "Default plan"]
    );
    let gone = browser.delete_if(&path, 3).await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    let listed = browser.read(PLANS).await;
    assert_eq!(names(&listed), ["Jump hosts", "Default plan"]);
    browser.get(&path).await.problem(404);

    let loaded = eidetic_server::plans::load(server.components.control.as_ref()).await;
    assert_eq!(loaded.unwrap(), **server.components.plans.borrow());
    let viewings = browser.read("/api/v1/viewings?limit=5").await;
    let noted: Vec<_> = viewings["viewings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|noted| format!("{} {}", noted["what"], noted["object"]).replace('"', ""))
        .collect();
    assert_eq!(
        noted,
        [
            "removed plan Office",
            "ordered plans Jump hosts, Office",
            "changed plan Office: without computer rds01.corp.example, \
             record_screen true to false, quality high to low",
            "made plan Jump hosts",
            "made plan Office",
        ]
    );
}

#[tokio::test]
async fn a_change_has_to_name_the_revision_that_it_is_made_to() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let made = make(&browser, &office()).await;
    let path = path_of(&made);
    browser.put(&path, &office()).await.problem(428);
    let problem = browser.put_if(&path, 0, &office()).await.problem(412);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("its revision is 1 now"), "{detail}");
    browser.delete_if(&path, 7).await.problem(412);
    let order = json!({"plans": [made["id"]]});
    browser
        .put_if("/api/v1/plans/order", 0, &order)
        .await
        .problem(412);
    let listed = browser.read(PLANS).await;
    assert_eq!(listed["revision"], 1);
    let viewings = browser.read("/api/v1/viewings?limit=1").await;
    assert_eq!(
        viewings["viewings"][0]["what"], "made plan",
        "what was refused was not done"
    );
}

#[tokio::test]
async fn two_who_make_plans_at_once_both_have_them() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let making = (0..10).map(|number| {
        let browser = &browser;
        async move { make(browser, &json!({"name": format!("Plan {number}")})).await }
    });
    futures::future::join_all(making).await;
    let listed = browser.read(PLANS).await;
    assert_eq!(
        (listed["revision"].as_u64(), names(&listed).len()),
        (Some(10), 11)
    );
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_field() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let wrong = json!({
        "name": "A",
        "items": [{"kind": "computer", "computer": "a b"}],
        "settings": {
            "max_cpu_percent": 0,
        },
    });
    let problem = browser.post(PLANS, &wrong).await.problem(422);
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["items[0].computer", "settings.max_cpu_percent"]);
    for (settings, field) in [
        (json!({"idle_after_secs": 1}), "settings.idle_after_secs"),
        (json!({"quality": "best"}), "settings.quality"),
        (json!({"idle": 60}), "settings.idle"),
        (
            json!({"users": {"only_listed": true}}),
            "settings.users.listed",
        ),
        (
            json!({"applications": {"except": [{"title": ""}]}}),
            "settings.applications.except",
        ),
        (
            json!({"stop_after_minutes": 99_999}),
            "settings.stop_after_minutes",
        ),
    ] {
        let wrong = json!({"name": "A", "settings": settings});
        let problem = browser.post(PLANS, &wrong).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field);
    }
    let range = json!({"kind": "ip_range", "from": "10.0.0.1", "to": "10.0.0.300"});
    let wrong = json!({"name": "A", "items": [range]});
    browser.post(PLANS, &wrong).await.problem(422);
    assert_eq!(browser.read(PLANS).await["revision"], 0);
}

#[tokio::test]
async fn computers_show_their_plan_and_whether_they_follow_it() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    add_computer(&server, 1, "RDS01", "10.0.0.4", Some(1)).await;
    add_computer(&server, 2, "PC7", "10.0.0.7", Some(0)).await;
    add_computer(&server, 3, "PC8", "10.9.0.7", None).await;
    make(&browser, &office()).await;
    let listed = browser.read(PLANS).await;
    let state = json!({"computers": 2, "connected": 2, "applied": 1,
        "with_unmet": 0, "with_gaps": 0});
    assert_eq!(listed["plans"][0]["state"], state);
    assert_eq!(listed["plans"][0]["items"][0]["computers"], 1);
    assert_eq!(listed["plans"][0]["items"][1]["computers"], 2);
    let state = json!({"computers": 1, "connected": 0, "applied": 0,
        "with_unmet": 0, "with_gaps": 0});
    assert_eq!(listed["plans"][1]["state"], state);
    let computers = browser.read("/api/v1/computers").await;
    let shown: Vec<_> = computers["computers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|computer| {
            let plan = &computer["plan"];
            json!([computer["name"], plan["name"], plan["is_applied"]])
        })
        .collect();
    let expected = [
        json!(["PC7", "Office", false]),
        json!(["PC8", "Default plan", false]),
        json!(["RDS01", "Office", true]),
    ];
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_computer_in_two_plans_is_told_of_and_one_request_resolves_it() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    add_computer(&server, 1, "RDS01", "10.0.0.4", Some(1)).await;
    let office = make(&browser, &office()).await;
    let item = json!({"kind": "computer", "computer": "RDS01"});
    let jump = make(&browser, &json!({"name": "Jump hosts", "items": [item]})).await;

    let listed = browser.read(PLANS).await;
    let conflict = &listed["conflicts"][0];
    assert_eq!(conflict["computer"], "RDS01");
    let explanation = conflict["explanation"].as_str().unwrap();
    assert!(explanation.contains("follows \"Office\""), "{explanation}");
    let computers = browser.read("/api/v1/computers").await;
    assert_eq!(&computers["computers"][0]["plan"]["conflict"], conflict);

    let wanted = json!({"agent_id": agent_id(1).to_string(), "plan_id": jump["id"]});
    let resolved = browser.post("/api/v1/plans/resolve", &wanted).await.json();
    assert_eq!(resolved["conflicts"], json!([]));
    let exclude = &resolved["plans"][0]["items"][0]["exclude"];
    assert_eq!(exclude[1], json!({"from": "10.0.0.4", "to": "10.0.0.4"}));
    assert_eq!(
        resolved["plans"][0]["settings_revision"],
        office["settings_revision"]
    );
    let computers = browser.read("/api/v1/computers").await;
    assert_eq!(computers["computers"][0]["plan"]["name"], "Jump hosts");

    let unknown = json!({"agent_id": agent_id(9).to_string(), "plan_id": jump["id"]});
    let problem = browser
        .post("/api/v1/plans/resolve", &unknown)
        .await
        .problem(422);
    assert_eq!(problem["errors"][0]["field"], "agent_id");
}

#[tokio::test]
async fn what_a_plan_would_do_can_be_seen_before() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    add_computer(&server, 1, "RDS01", "10.0.0.4", None).await;
    add_computer(&server, 2, "PC7", "10.0.0.7", None).await;
    let item = json!({"kind": "computer", "computer": "RDS01"});
    make(&browser, &json!({"name": "Jump hosts", "items": [item]})).await;
    let check = json!({"plan": office()});
    let checked = browser.post("/api/v1/plans/check", &check).await.json();
    assert_eq!(checked["items"], json!([1, 2]));
    assert_eq!(checked["plan"]["settings"]["max_cpu_percent"], 5);
    let expected = json!([
        {"name": "PC7", "plan_now": "Default plan", "plan_then": "Office"},
        {"name": "RDS01", "plan_now": "Jump hosts", "plan_then": "Jump hosts"},
    ]);
    assert_eq!(checked["computers"], expected);
    let wrong = json!({"plan": {"name": ""}});
    let problem = browser
        .post("/api/v1/plans/check", &wrong)
        .await
        .problem(422);
    assert_eq!(problem["errors"][0]["field"], "plan.name");
    assert_eq!(browser.read(PLANS).await["revision"], 1);
}

async fn make(browser: &Browser<'_>, plan: &Value) -> Value {
    let answer = browser.post(PLANS, plan).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn path_of(plan: &Value) -> String {
    format!("{PLANS}/{}", plan["id"].as_str().unwrap())
}

fn names(listed: &Value) -> Vec<String> {
    let plans = listed["plans"].as_array().unwrap().iter();
    plans
        .map(|plan| plan["name"].as_str().unwrap().to_owned())
        .collect()
}

fn office() -> Value {
    json!({
        "name": "Office",
        "items": [
            {"kind": "computer", "computer": "rds01.corp.example"},
            {"kind": "ip_range", "from": "10.0.0.0", "to": "10.0.0.255",
             "exclude": [{"from": "10.0.0.20", "to": "10.0.0.29"}]},
        ],
    })
}

fn agent_id(number: u128) -> AgentId {
    AgentId::from_uuid(Uuid::from_u128(number))
}

/// A computer; connected if it follows settings of some revision.
async fn add_computer(
    server: &Server,
    number: u128,
    name: &str,
    address: &str,
    follows: Option<u64>,
) {
    let agent = Agent {
        id: agent_id(number),
        computer_name: name.to_owned(),
        agent_version: "0.1.0".to_owned(),
        operating_system: "Debian 12".to_owned(),
        facts: ComputerFacts::new([format!("{name}.corp.example")], [address.parse().unwrap()]),
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    };
    server.components.control.put_agent(agent).await.unwrap();
    let Some(policy_revision) = follows else {
        return;
    };
    let connection = Connection {
        number: 1,
        stopped_since: None,
        since: at_secs(4),
        address: format!("{address}:50000"),
        status: Some(AgentStatus {
            policy_revision,
            ..AgentStatus::default()
        }),
    };
    server
        .components
        .connected
        .insert(agent_id(number), connection);
}

#[tokio::test]
async fn a_plan_warns_of_unmet_prerequisites_and_gaps_of_its_own_computers() {
    let server = Server::start().await;
    let control = &server.components.control;
    control.put_agent(warned_agent()).await.unwrap();
    let browser = server.signed_in().await;
    let item = json!({"kind": "computer", "computer": "RDS01"});
    let plan = json!({"name": "Lab", "items": [item]});
    assert_eq!(browser.post("/api/v1/plans", &plan).await.status, 200);
    let warnings = async || {
        let plans = server.signed_in().await.read("/api/v1/plans").await;
        let of = |place: usize| {
            let state = &plans["plans"][place]["state"];
            let count = |name: &str| state[name].as_u64().unwrap();
            (count("with_unmet"), count("with_gaps"))
        };
        [of(0), of(1)]
    };
    assert_eq!(warnings().await, [(0, 0), (0, 0)]);
    let unmet = eidetic_model::UnmetCheck {
        check: "agent-folder".into(),
        found: "it is not there".into(),
        by_hand: vec![],
    };
    let checked = control.keep_checks(AGENT, START, vec![unmet]);
    checked.await.unwrap();
    let log = server.components.health_log();
    for _ in 0..2 {
        let gap = Happened::to(EventKind::Gap, &warned_agent(), "A minute is missing.");
        log.keep(vec![gap]).await.unwrap();
    }
    assert_eq!(warnings().await, [(1, 1), (0, 0)]);
    server.clock.advance(Duration::from_secs(8 * 86_400));
    assert_eq!(warnings().await, [(1, 0), (0, 0)], "gaps of the last week");
}

fn warned_agent() -> Agent {
    Agent {
        id: AGENT,
        computer_name: "RDS01".to_owned(),
        agent_version: "0.1.0".to_owned(),
        operating_system: "Debian 12".to_owned(),
        facts: ComputerFacts::new(["RDS01".to_owned()], []),
        enrolled: START,
        last_seen: None,
        state: AgentState::Active,
        certificate_serial: vec![1],
    }
}
