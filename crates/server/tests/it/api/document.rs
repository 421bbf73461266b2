//! The API's document, and what holds for all that is in it.

use std::{fs, path::Path};

use axum::{body::Body, http::Request};
use eidetic_server::api;
use serde_json::Value;

use super::support::{Answer, Server, session_id};

#[test]
fn the_document_is_the_golden_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut text = api::document().to_pretty_json().unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == text,
        "docs/openapi.json is not what the code says; run with UPDATE_GOLDEN=1 and look at the \
         difference"
    );
}

#[tokio::test]
async fn nothing_but_health_and_signing_in_answers_without_a_sign_in() {
    let server = Server::start().await;
    let mut open = Vec::new();
    for (method, path) in operations() {
        let request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(path.replace("{id}", &session_id(1).to_string()))
            .header("x-eidetic-request", "1")
            .header("content-type", "application/json")
            .body(Body::from("{}"));
        let answer = Answer::of(server.ask(request.unwrap()).await).await;
        if answer.status == 401 {
            answer.problem(401);
        } else {
            open.push(path);
        }
    }
    let expected = ["/api/v1/health", "/api/v1/openapi.json", "/api/v1/sign-in"];
    assert_eq!(open, expected);
}

#[tokio::test]
async fn everything_that_changes_something_needs_the_header() {
    let server = Server::start().await;
    for (method, path) in operations() {
        if method == "get" {
            continue;
        }
        let request = Request::builder()
            .method(method.to_uppercase().as_str())
            .uri(&path)
            .body(Body::empty());
        let answer = Answer::of(server.ask(request.unwrap()).await).await;
        answer.problem(403);
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    browser.get("/api/v1/nothing").await.problem(404);
    browser.get("/api/v2/sessions").await.problem(404);
    browser.get("/api/v1/sessions/not-an-id").await.problem(404);
    let unknown = format!("/api/v1/sessions/{}", session_id(404));
    for rest in ["", "/activities", "/live", "/thumbnail"] {
        browser.get(&format!("{unknown}{rest}")).await.problem(404);
    }
    browser.get("/api/v1/search").await.problem(405);
    let request = browser.request("DELETE", "/api/v1/computers");
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    answer.problem(405);
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_problems_that_say_why() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let send = async |kind: &str, body: Body| {
        let request = browser
            .request("POST", "/api/v1/search")
            .header("content-type", kind)
            .body(body);
        browser.send(request.unwrap()).await
    };
    send("text/plain", "{}".into()).await.problem(415);
    send("application/json", "{".into()).await.problem(400);
    send("application/json", "{} {}".into()).await.problem(400);
    let wrong = send("application/json", r#"{"limit": "ten"}"#.into()).await;
    assert_eq!(wrong.problem(422)["errors"][0]["field"], "limit");
    let deep = r#"{"conditions": [{"field": "whom", "value": ""}]}"#;
    let wrong = send("application/json", deep.into()).await;
    assert_eq!(
        wrong.problem(422)["errors"][0]["field"],
        "conditions[0].field"
    );
    let huge = vec![b' '; 1 << 20];
    send("application/json", huge.into()).await.problem(413);
    let answer = send("application/json; charset=utf-8", "{}".into()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn health_tells_that_the_server_works() {
    let server = Server::start().await;
    let answer = server.browser().get("/api/v1/health").await;
    assert_eq!(answer.json()["status"], "ok");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let request = server.browser().request("HEAD", "/api/v1/health");
    let head = server
        .browser()
        .send(request.body(Body::empty()).unwrap())
        .await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

/// Each method and path in the document, by path.
fn operations() -> Vec<(String, String)> {
    let document: Value = serde_json::to_value(api::document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (member, operation) in item.as_object().unwrap() {
            if operation.get("responses").is_some() {
                assert!(operation["responses"]["default"].is_object(), "{path}");
                operations.push((member.clone(), path.clone()));
            }
        }
    }
    assert!(operations.len() >= 18, "{operations:?}");
    operations.sort_by(|one, other| one.1.cmp(&other.1));
    operations
}
