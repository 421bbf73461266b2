//! The health log, the dashboard and the self-audit.

use std::time::Duration;

use axum::{body::Body, http::Request};
use eidetic_model::{AdjustmentId, AdjustmentRecord, ComputerFacts};
use eidetic_server::{
    api::{self, ApiState, MetricsToken},
    health::{EventKind, Happened},
};
use eidetic_store::control::{Agent, AgentState, Day, StorageSample};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::support::{AGENT, Answer, START, Server, activity, opened};

#[tokio::test]
async fn the_health_log_is_filtered_and_paged() {
    let server = Server::start().await;
    let log = server.components.health_log();
    for (kind, text) in [
        (EventKind::ServerStarted, "one"),
        (EventKind::DiskLow, "two"),
        (EventKind::CertificateExpires, "three"),
    ] {
        log.keep(vec![Happened::here(kind, text)]).await.unwrap();
        server.clock.advance(Duration::from_secs(60));
    }
    let browser = server.signed_in().await;
    let texts =
        async |query: &str| texts(&browser.read(&format!("/api/v1/health-log{query}")).await);
    assert_eq!(texts("").await, ["three", "two", "one"]);
    assert_eq!(texts("?severity=warning,error").await, ["three", "two"]);
    assert_eq!(texts("?kind=disk_low").await, ["two"]);
    let since = START.as_unix_micros() + 60_000_000;
    assert_eq!(texts(&format!("?until_us={since}")).await, ["one"]);

    let first = browser.read("/api/v1/health-log?limit=2").await;
    assert_eq!(texts_of(&first), ["three", "two"]);
    let next = first["next"].as_str().unwrap();
    let last = browser
        .read(&format!("/api/v1/health-log?limit=2&after={next}"))
        .await;
    assert_eq!(
        (texts_of(&last), &last["next"]),
        (vec!["one"], &Value::Null)
    );

    for wrong in [
        "severity=bad",
        "kind=nothing",
        "limit=0",
        "after=x",
        "sort=up",
    ] {
        let answer = browser.get(&format!("/api/v1/health-log?{wrong}")).await;
        assert!(
            [400, 422].contains(&answer.status),
            "{wrong}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn an_adjusted_prerequisite_is_in_the_log_with_before_and_after() {
    let server = Server::start().await;
    let adjustment = |problem: Option<&str>| AdjustmentRecord {
        id: AdjustmentId::from_uuid(uuid::Uuid::from_u128(1)),
        check: "firewall.inbound".into(),
        at: START,
        before: "closed".into(),
        after: "open".into(),
        problem: problem.map(Into::into),
    };
    let log = server.components.health_log();
    for adjustment in [adjustment(Some("access denied")), adjustment(None)] {
        log.record_adjustment(&agent(), "Lab", adjustment)
            .await
            .unwrap();
    }
    let browser = server.signed_in().await;
    let log = browser
        .read("/api/v1/health-log?plan=lab&computer=rds")
        .await;
    let event = &log["events"][0];
    assert_eq!(event["kind"], "prerequisite_adjusted");
    assert_eq!(
        (&event["before"], &event["after"]),
        (&json!("closed"), &json!("open"))
    );
    assert!(event["text"].as_str().unwrap().contains("firewall.inbound"));
    let failed = &log["events"][1];
    assert_eq!(failed["kind"], "prerequisite_not_mended");
    assert!(failed["text"].as_str().unwrap().contains("access denied"));
}

#[tokio::test]
async fn the_dashboard_sums_up_what_there_is() {
    let server = Server::start().await;
    let components = &server.components;
    components.control.put_agent(agent()).await.unwrap();
    server
        .take_in(vec![opened(1, 0), activity(1, 5, "a"), activity(1, 9, "b")])
        .await;
    let today = Day::of(START);
    for (day, segment_bytes) in [(Day(today.0 - 2), 1_000), (today, 3_000)] {
        let sample = StorageSample {
            day,
            audit_bytes: 0,
            segment_bytes,
            free_bytes: 10_000,
        };
        components.health.put_storage_sample(sample).await.unwrap();
    }
    let happened = Happened::here(EventKind::DiskLow, "full");
    components.health_log().keep(vec![happened]).await.unwrap();
    let browser = server.signed_in().await;
    let shown = browser.read("/api/v1/dashboard").await;
    let days = shown["records"].as_array().unwrap();
    assert_eq!((days.len(), &days[13]["records"]), (14, &json!(2)));
    assert_eq!(days[12]["records"], 0);
    assert_eq!(shown["computers"]["all"], 1);
    assert_eq!(shown["computers"]["by_status"][0]["status"], "enrolled");
    assert_eq!(shown["health"]["error"], 1);
    assert_eq!(
        texts_of(&json!({"events": shown["health"]["latest"]})),
        ["full"]
    );
    assert_eq!(shown["storage"]["growth_bytes_per_day"], 1_000.0);
    assert_eq!(shown["storage"]["full_in_days"], 10.0);
}

#[tokio::test]
async fn a_change_of_a_plan_is_kept_with_before_and_after_for_users_and_for_health() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let plan = |quality: &str| json!({"name": "Lab", "settings": {"quality": quality}});
    let made = browser.post("/api/v1/plans", &plan("high")).await.json();
    let path = format!("/api/v1/plans/{}", made["id"].as_str().unwrap());
    let changed = browser.put_if(&path, 1, &plan("low")).await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    for (list, path) in [
        ("viewings", "/api/v1/viewings?what=changed%20plan"),
        ("events", "/api/v1/health-log?kind=plan_changed&limit=1"),
    ] {
        let kept = &browser.read(path).await[list][0];
        assert_eq!(kept["before"], "settings.quality: high", "{path}");
        assert_eq!(kept["after"], "settings.quality: low", "{path}");
    }
    let made = &browser
        .read("/api/v1/viewings?what=made%20plan&user=ANN")
        .await["viewings"];
    assert!(made[0]["after"].as_str().unwrap().contains("name: Lab"));
    assert_eq!(made[0]["before"], "");
}

#[tokio::test]
async fn metrics_are_for_whoever_shows_the_token_and_off_without_one() {
    let server = Server::start().await;
    server.components.control.put_agent(agent()).await.unwrap();
    let ask = async |state: &ApiState, token: Option<&str>| {
        let mut request = Request::builder().uri("/metrics");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = api::router(state.clone()).oneshot(request).await.unwrap();
        Answer::of(answer).await
    };
    ask(&server.state, Some("0123456789abcdef"))
        .await
        .problem(404);
    let token = MetricsToken::new("0123456789abcdef\n");
    let state = server.state.clone().with_metrics(Some(token));
    ask(&state, None).await.problem(401);
    ask(&state, Some("another")).await.problem(401);
    let shown = ask(&state, Some("0123456789abcdef")).await;
    assert_eq!(shown.status, 200);
    let text = shown.text();
    assert!(
        text.contains("eidetic_computers{status=\"enrolled\"} 1\n"),
        "{text}"
    );
    assert!(
        text.contains("eidetic_stored_bytes{what=\"recordings\"} 0\n"),
        "{text}"
    );
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("RDS01"), "no names");
}

fn texts(log: &Value) -> Vec<String> {
    texts_of(log).into_iter().map(str::to_owned).collect()
}

fn texts_of(log: &Value) -> Vec<&str> {
    let events = log["events"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["text"].as_str().unwrap())
        .collect()
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
