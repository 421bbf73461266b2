//! Signing in and out.

use std::time::Duration;

use axum::body::Body;
use eidetic_model::Timestamp;
use serde_json::json;

use super::support::{PASSWORD, START, Server};

#[tokio::test]
async fn a_sign_in_gives_a_cookie_that_lasts_twelve_hours_whether_used_or_not() {
    let server = Server::start().await;
    let mut browser = server.browser();
    browser.get("/api/v1/account").await.problem(401);
    let answer = browser.sign_in("ANNA", PASSWORD).await;
    let expected = json!({"user_name": "anna", "must_change_password": false});
    assert_eq!((answer.status, answer.json()), (200, expected.clone()));
    assert!(answer.header("set-cookie").starts_with("__Host-eidetic="));
    assert_eq!(answer.header("cache-control"), "no-store");

    for _ in 0..11 {
        server.clock.advance(Duration::from_secs(3600));
        assert_eq!(browser.read("/api/v1/account").await, expected);
    }
    server.clock.advance(Duration::from_secs(3600));
    browser.get("/api/v1/account").await.problem(401);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let wrong = browser.sign_in("anna", "not her password").await;
    let unknown = browser.sign_in("nobody", PASSWORD).await;
    let long = browser.sign_in("anna", &"x".repeat(5000)).await;
    assert_eq!(wrong.problem(401), unknown.problem(401));
    assert_eq!(wrong.problem(401), long.problem(401));
    assert!(browser.cookie.is_none());
}

#[tokio::test]
async fn who_is_not_signed_in_cannot_send_much() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let much = "x".repeat(20 << 10);
    browser.sign_in("anna", &much).await.problem(413);
}

#[tokio::test]
async fn after_five_wrong_passwords_one_waits_even_with_the_right_one() {
    let server = Server::start().await;
    let mut browser = server.browser();
    for _ in 0..5 {
        browser.sign_in("anna", "guess").await.problem(401);
    }
    let refused = browser.sign_in("anna", PASSWORD).await;
    refused.problem(429);
    assert_eq!(refused.header("retry-after"), "30");
    server.add_user("bob", false).await;
    assert_eq!(browser.sign_in("bob", PASSWORD).await.status, 200);

    server.clock.advance(Duration::from_secs(30));
    assert_eq!(browser.sign_in("anna", PASSWORD).await.status, 200);
    browser.sign_in("anna", "guess").await.problem(401);
}

#[tokio::test]
async fn signing_out_ends_the_sign_in_and_no_other() {
    let server = Server::start().await;
    let here = server.signed_in().await;
    let elsewhere = server.signed_in().await;
    let answer = here.post("/api/v1/sign-out", &json!({})).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    here.get("/api/v1/account").await.problem(401);
    elsewhere.read("/api/v1/account").await;
}

#[tokio::test]
async fn signing_in_again_replaces_the_sign_in_of_the_same_browser() {
    let server = Server::start().await;
    let mut browser = server.signed_in().await;
    let before = browser.cookie.clone();
    browser.sign_in("anna", PASSWORD).await;
    browser.read("/api/v1/account").await;
    browser.cookie = before;
    browser.get("/api/v1/account").await.problem(401);
}

#[tokio::test]
async fn a_given_password_must_be_changed_before_anything_else() {
    let server = Server::start().await;
    server.add_user("carl", true).await;
    let mut browser = server.browser();
    let answer = browser.sign_in("carl", PASSWORD).await;
    assert_eq!(answer.json()["must_change_password"], true);
    let refused = browser.get("/api/v1/computers").await.problem(403);
    let kind = refused["type"].as_str().unwrap();
    assert!(kind.ends_with("/password-change-required"), "{kind}");
    browser
        .post("/api/v1/search", &json!({}))
        .await
        .problem(403);
    browser.read("/api/v1/account").await;

    let change = json!({"current_password": PASSWORD, "new_password": "my very own words"});
    let answer = browser.post("/api/v1/account/password", &change).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    browser.read("/api/v1/computers").await;
    browser.sign_in("carl", PASSWORD).await.problem(401);
    assert_eq!(
        browser.sign_in("carl", "my very own words").await.status,
        200
    );
}

#[tokio::test]
async fn a_new_password_ends_all_other_sign_ins() {
    let server = Server::start().await;
    let here = server.signed_in().await;
    let elsewhere = server.signed_in().await;
    let change = json!({"current_password": PASSWORD, "new_password": "my very own words"});
    let answer = here.post("/api/v1/account/password", &change).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    here.read("/api/v1/account").await;
    elsewhere.get("/api/v1/account").await.problem(401);
}

#[tokio::test]
async fn a_password_change_that_is_wrong_names_the_field_and_changes_nothing() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    for (current, new, field) in [
        (PASSWORD, "elevenchars", "new_password"),
        (PASSWORD, PASSWORD, "new_password"),
        ("something else", "my very own words", "current_password"),
    ] {
        let change = json!({"current_password": current, "new_password": new});
        let answer = browser.post("/api/v1/account/password", &change).await;
        assert_eq!(answer.problem(422)["errors"][0]["field"], field);
    }
    assert_eq!(server.browser().sign_in("anna", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn guessing_the_current_password_is_slowed_down_too() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let change = json!({"current_password": "guess", "new_password": "my very own words"});
    for _ in 0..5 {
        let answer = browser.post("/api/v1/account/password", &change).await;
        answer.problem(422);
    }
    let answer = browser.post("/api/v1/account/password", &change).await;
    answer.problem(429);
}

#[tokio::test]
async fn requests_that_change_something_must_come_from_the_console() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let cookie = browser.cookie.clone().unwrap();
    let bare = || {
        axum::http::Request::builder()
            .method("POST")
            .uri("/api/v1/sign-out")
            .header("host", "console.example")
            .header("cookie", &cookie)
    };
    let without = bare().body(Body::empty()).unwrap();
    browser.send(without).await.problem(403);
    let foreign = bare()
        .header("x-eidetic-request", "1")
        .header("origin", "https://evil.example")
        .body(Body::empty());
    browser.send(foreign.unwrap()).await.problem(403);
    let own = bare()
        .header("x-eidetic-request", "1")
        .header("origin", "https://console.example")
        .body(Body::empty());
    assert_eq!(browser.send(own.unwrap()).await.status, 204);
}

#[tokio::test]
async fn signing_in_is_recorded() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let viewings = browser.read("/api/v1/viewings").await;
    assert_eq!(viewings["viewings"][0]["what"], "signed in");
    assert_eq!(viewings["viewings"][0]["user"], "anna");
}

#[tokio::test]
async fn a_sign_in_lasts_twelve_hours_whatever_the_clock_does() {
    let server = Server::start().await;
    let browser = server.signed_in().await;
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    let counts = async |now: Timestamp| {
        server.clock.jump_to(now);
        browser.get("/api/v1/account").await.status == 200
    };
    assert!(counts(START.saturating_add(hours(11))).await);
    assert!(!counts(START.saturating_add(hours(12))).await);
    assert!(!counts(Timestamp::MAX).await);
    // Set back, it would last longer; a correction by seconds sends nobody away.
    assert!(counts(START.saturating_sub(Duration::from_secs(20))).await);
    assert!(!counts(START.saturating_sub(hours(1))).await);
    assert!(!counts(Timestamp::MIN).await);
    // One can sign in at any time, and goes on once the clock is right again.
    for now in [Timestamp::MIN, Timestamp::default(), START, Timestamp::MAX] {
        server.clock.jump_to(now);
        let mut other = server.browser();
        assert_eq!(other.sign_in("anna", PASSWORD).await.status, 200);
        let stays = other.get("/api/v1/account").await.status;
        // At the end of time nothing lasts.
        assert_eq!(stays == 200, now != Timestamp::MAX, "{now}");
    }
}
