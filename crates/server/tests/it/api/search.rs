//! Searching.

use serde_json::{Value, json};

use super::support::{Server, activity, opened};

async fn with_activities(count: u64) -> Server {
    let titles: Vec<_> = (0..count).map(|n| format!("Window {n}")).collect();
    with_titles(&titles.iter().map(String::as_str).collect::<Vec<_>>()).await
}

async fn with_titles(titles: &[&str]) -> Server {
    let server = Server::start().await;
    let mut entries = vec![opened(1, 0)];
    entries.extend(
        (0..)
            .zip(titles)
            .map(|(secs, title)| activity(1, secs, title)),
    );
    server.take_in(entries).await;
    server
}

/// The titles that a search finds, in the order in which they came.
async fn found(server: &Server, conditions: &Value) -> Vec<String> {
    let browser = server.signed_in().await;
    let request = json!({"conditions": conditions});
    let answer = browser.post("/api/v1/search", &request).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let records = answer["records"].as_array().unwrap().iter().rev();
    records
        .map(|record| record["what"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_follow_each_other_by_their_marks_newest_first_and_none_is_missing() {
    let server = with_activities(25).await;
    let browser = server.signed_in().await;
    let mut titles = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    let mut after = Value::Null;
    loop {
        let request = match &after {
            Value::Null => json!({"limit": 10}),
            mark => json!({"limit": 10, "after": mark}),
        };
        let answer = browser.post("/api/v1/search", &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        for record in page["records"].as_array().unwrap() {
            titles.push(record["what"].as_str().unwrap().to_owned());
            assert!(ids.insert(record["id"].as_str().unwrap().to_owned()));
        }
        match page.get("next") {
            Some(next) => after = next.clone(),
            None => break,
        }
    }
    let expected: Vec<_> = (0..25).rev().map(|n| format!("Window {n}")).collect();
    assert_eq!(titles, expected);
}

#[tokio::test]
async fn a_record_is_told_with_all_that_is_known() {
    let server = with_activities(1).await;
    let browser = server.signed_in().await;
    let answer = browser.post("/api/v1/search", &json!({})).await;
    let mut record = answer.json()["records"][0].clone();
    assert!(record["id"].take().is_string());
    let expected = json!({
        "id": null,
        "session_id": super::support::session_id(1).to_string(),
        "when_us": 1_767_225_600_000_000_i64,
        "who": "CORP\\anna",
        "action": "Activated",
        "object_type": "Window",
        "what": "Window 0",
        "where": "RDS01",
        "workstation": "LAPTOP7",
        "details": [],
        "application": {"path": "/usr/bin/editor", "description": "Editor"},
        "coalesced": 0,
    });
    assert_eq!(record, expected);
}

#[tokio::test]
async fn conditions_free_text_and_times_choose_records() {
    let server = with_activities(25).await;
    let browser = server.signed_in().await;
    let count = async |request: Value| {
        let answer = browser.post("/api/v1/search", &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["records"].as_array().unwrap().len()
    };
    let what = |operator: &str, value: &str| json!({"conditions": [{"field": "what", "operator": operator, "value": value}]});
    assert_eq!(count(what("ends_with", "2")).await, 3);
    assert_eq!(count(what("equals", "window 2")).await, 1);
    assert_eq!(count(what("does_not_contain", "1")).await, 13);
    assert_eq!(count(json!({"free_text": ["WINDOW", "laptop"]})).await, 25);
    assert_eq!(count(json!({"free_text": ["nowhere"]})).await, 0);
    let from = 1_767_225_600_000_000_i64 + 20_000_000;
    assert_eq!(count(json!({"from_us": from})).await, 5);
    assert_eq!(count(json!({"until_us": from})).await, 20);
}

#[tokio::test]
async fn each_operator_compares_without_minding_case() {
    let server = with_titles(&["Payroll 2026", "payroll", "My PAYROLL", "Étude"]).await;
    for (operator, value, expected) in [
        ("contains", "ROLL 2", ["Payroll 2026"].as_slice()),
        ("contains", "ÉTU", &["Étude"]),
        ("does_not_contain", "payROLL", &["Étude"]),
        ("equals", "PayRoll", &["payroll"]),
        (
            "not_equal_to",
            "Payroll",
            &["Payroll 2026", "My PAYROLL", "Étude"],
        ),
        ("starts_with", "pay", &["Payroll 2026", "payroll"]),
        ("ends_with", "payroll", &["payroll", "My PAYROLL"]),
        ("ends_with", "%", &[]),
    ] {
        let condition = json!([{"field": "what", "operator": operator, "value": value}]);
        assert_eq!(found(&server, &condition).await, expected, "{operator}");
    }
    let condition = json!([{"field": "what", "value": "my"}]);
    assert_eq!(found(&server, &condition).await, ["My PAYROLL"]);
}

#[tokio::test]
async fn conditions_on_one_field_are_alternatives_and_fields_must_hold_together() {
    let server = with_titles(&["Payroll", "Budget", "Budget 2025", "Holidays"]).await;
    let what = |operator: &str, value: &str| json!({"field": "what", "operator": operator, "value": value});
    let where_ = |value: &str| json!({"field": "where", "operator": "equals", "value": value});
    let (payroll, budget) = (what("equals", "payroll"), what("starts_with", "budget"));
    for (conditions, expected) in [
        (
            vec![&payroll, &budget],
            ["Payroll", "Budget", "Budget 2025"].as_slice(),
        ),
        (
            vec![&payroll, &budget, &where_("rds01")],
            &["Payroll", "Budget", "Budget 2025"],
        ),
        (vec![&payroll, &budget, &where_("rds02")], &[]),
        (
            vec![&payroll, &where_("rds01"), &where_("rds02")],
            &["Payroll"],
        ),
        // What must be absent is no alternative.
        (
            vec![&payroll, &budget, &what("does_not_contain", "2025")],
            &["Payroll", "Budget"],
        ),
        (
            vec![
                &what("not_equal_to", "payroll"),
                &what("not_equal_to", "budget"),
            ],
            &["Budget 2025", "Holidays"],
        ),
    ] {
        let conditions = json!(conditions);
        assert_eq!(found(&server, &conditions).await, expected, "{conditions}");
    }
}

#[tokio::test]
async fn what_is_out_of_bounds_names_its_field() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let condition = json!({"field": "who", "value": "x"});
    for (request, field) in [
        (json!({"limit": 0}), "limit"),
        (json!({"limit": 1001}), "limit"),
        (json!({"after": "not a mark"}), "after"),
        (json!({"conditions": vec![condition; 51]}), "conditions"),
        (json!({"free_text": ["x".repeat(1001)]}), "free_text[0]"),
    ] {
        let problem = browser.post("/api/v1/search", &request).await.problem(422);
        assert_eq!(problem["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn what_was_searched_is_recorded_once_for_all_pages() {
    let server = with_activities(5).await;
    let browser = server.signed_in().await;
    let mut request = json!({"limit": 2, "free_text": ["window"]});
    for _ in 0..2 {
        let page = browser.post("/api/v1/search", &request).await.json();
        request["after"] = page["next"].clone();
    }
    let viewings = browser.read("/api/v1/viewings?limit=10").await;
    let searched: Vec<_> = viewings["viewings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|viewing| viewing["what"] == "searched")
        .map(|viewing| viewing["object"].as_str().unwrap())
        .collect();
    assert_eq!(searched, ["\"window\""]);
}
