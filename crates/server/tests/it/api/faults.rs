//! When something in here breaks.

use std::time::Duration;

use serde_json::json;

use super::support::{PASSWORD, Server, activity, opened, session_id};
use crate::faulty::{Disk, with_audit_on, with_control_on};

#[tokio::test]
async fn a_failing_store_is_a_problem_that_tells_the_outside_nothing_of_the_inside() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let disk = Disk::default();
    let server = server.with(with_audit_on(&disk, server.components.clone()));
    let browser = server.signed_in().await;
    disk.take_out();
    let session = format!("/api/v1/sessions/{}", session_id(1));
    let search = browser.post("/api/v1/search", &json!({})).await;
    let mut answers = vec![search, browser.get(&session).await];
    for part in ["activities", "live"] {
        answers.push(browser.get(&format!("{session}/{part}")).await);
    }
    for answer in answers {
        answer.problem(500);
        assert!(!answer.text().contains("bay 7"), "{}", answer.text());
        assert!(!answer.text().contains("device"), "{}", answer.text());
    }
    browser.read("/api/v1/computers").await;
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_shown_and_the_reason_is_said() {
    let server = Server::start().await;
    server
        .take_in(vec![opened(1, 0), activity(1, 1, "Payroll")])
        .await;
    let disk = Disk::default();
    let server = server.with(with_control_on(&disk, server.components.clone()));
    let browser = server.signed_in().await;
    disk.fill();
    let session = format!("/api/v1/sessions/{}", session_id(1));
    let mut refused = vec![
        browser.post("/api/v1/search", &json!({})).await,
        server.browser().sign_in("anna", PASSWORD).await,
        browser.post("/api/v1/plans", &json!({"name": "A"})).await,
        browser.post("/api/v1/enrolment-tokens", &json!({})).await,
    ];
    let parts = ["/activities", "/live", "/thumbnail"].map(|part| format!("{session}{part}"));
    for path in ["/api/v1/sessions", &session]
        .into_iter()
        .chain(parts.iter().map(String::as_str))
    {
        refused.push(browser.get(path).await);
    }
    for answer in refused {
        let problem = answer.problem(507);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("disk is full"), "{detail}");
        assert!(detail.contains("make room"), "{detail}");
        assert!(!answer.text().contains("Payroll"), "{}", answer.text());
        assert!(answer.headers.get("set-cookie").is_none());
    }
    // What nobody needs to answer for goes on.
    for path in [
        "health",
        "account",
        "computers",
        "plans",
        "storage",
        "viewings",
    ] {
        browser.read(&format!("/api/v1/{path}")).await;
    }

    disk.mend();
    let found = browser.post("/api/v1/search", &json!({})).await;
    assert!(found.text().contains("Payroll"), "{}", found.text());
    browser.read("/api/v1/sessions").await;
    let viewings = browser.read("/api/v1/viewings").await;
    let what: Vec<_> = viewings["viewings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|viewing| viewing["what"].as_str().unwrap())
        .collect();
    assert_eq!(what, ["listed sessions", "searched", "signed in"]);
}

#[tokio::test]
async fn many_wrong_sign_ins_at_once_are_all_answered() {
    let server = Server::start().await;
    let attempts = (0..20).map(|_| async {
        let mut browser = server.browser();
        browser.sign_in("anna", "guess").await.status
    });
    let all = futures::future::join_all(attempts);
    let statuses = tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("they are answered in time");
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!((count(401), count(429)), (5, 15));
    let answer = server.browser().post("/api/v1/sign-in", &json!({})).await;
    answer.problem(422);
}
