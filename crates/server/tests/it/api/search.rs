//! Searching.

use serde_json::{Value, json};

use super::support::{Server, activity, opened};

async fn with_activities(count: u64) -> Server {
    let server = Server::start().await;
    let mut entries = vec![opened(1, 0)];
    entries.extend((0..count).map(|n| activity(1, n, &format!("Window {n}"))));
    server.take_in(entries).await;
    server
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
