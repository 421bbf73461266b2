//! What is captured and what is secret never reaches the log.

use serde_json::json;

use super::support::{PASSWORD, Server, activity, opened, session_id};
use crate::log::Log;

/// On one thread, so that the log of this test is that of everything it starts.
#[tokio::test(flavor = "current_thread")]
async fn titles_searches_passwords_and_cookies_never_reach_the_log() {
    let log = Log::default();
    let _while_it_lives = tracing::subscriber::set_default(log.subscriber());

    let server = Server::start().await;
    server
        .take_in(vec![opened(1, 0), activity(1, 1, "Secret payroll plan")])
        .await;
    let mut browser = server.browser();
    browser.sign_in("secret name", "secret guess").await;
    browser.sign_in("anna", PASSWORD).await;
    let search = json!({"free_text": ["secret"], "conditions": [
        {"field": "what", "operator": "equals", "value": "Secret payroll plan"}]});
    let answer = browser.post("/api/v1/search", &search).await;
    assert!(answer.text().contains("Secret payroll plan"));
    let bad = json!({"free_text": "secret"});
    browser.post("/api/v1/search", &bad).await.problem(422);
    browser.get("/api/v1/sessions?after=secret").await;
    browser.get("/secret?secret").await;
    browser
        .read(&format!("/api/v1/sessions/{}/activities", session_id(1)))
        .await;
    let token = browser.post("/api/v1/enrolment-tokens", &json!({})).await;

    let text = log.text();
    assert!(text.contains("request answered"), "{text}");
    let cookie = browser.cookie.clone().unwrap();
    let cookie = cookie.split_once('=').unwrap().1;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    for secret in ["secret", "ecret payroll", PASSWORD, cookie, token.as_str()] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}
