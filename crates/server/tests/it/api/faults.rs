//! When something in here breaks.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::body::Body;
use eidetic_model::{SessionId, Timestamp};
use eidetic_search::{Field, Filter, Mark};
use eidetic_server::{api, api::ApiState};
use eidetic_store::{
    StoreError,
    audit::{AuditHealth, AuditStore, Batch, Page, PageOf},
};
use serde_json::json;
use tower::ServiceExt as _;

use super::support::{Answer, Server, opened, session_id};

/// An audit database whose disk has gone.
struct Broken;

fn broken<T>() -> Result<T, StoreError> {
    Err(StoreError::Failed {
        attempt: "read the disk in bay 7",
        source: "no such device".into(),
    })
}

#[async_trait]
impl AuditStore for Broken {
    async fn append(&self, _batch: Batch) -> Result<(), StoreError> {
        broken()
    }

    async fn search(&self, _filter: &Filter, _page: Page) -> Result<PageOf, StoreError> {
        broken()
    }

    async fn count(
        &self,
        _filter: &Filter,
        _by: Field,
        _top: usize,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        broken()
    }

    async fn timeline(
        &self,
        _session: SessionId,
        _after: Option<Mark>,
        _limit: usize,
    ) -> Result<PageOf, StoreError> {
        broken()
    }

    async fn purge(&self, _before: Timestamp) -> Result<u64, StoreError> {
        broken()
    }

    async fn health(&self) -> Result<AuditHealth, StoreError> {
        broken()
    }
}

#[tokio::test]
async fn a_failing_store_is_a_problem_that_tells_the_outside_nothing_of_the_inside() {
    let server = Server::start().await;
    server.take_in(vec![opened(1, 0)]).await;
    let browser = server.signed_in().await;
    let mut components = server.components.clone();
    components.audit = Arc::new(Broken);
    let state = ApiState::new(components, b"the authority", server.shutdown.signal());
    let router = api::router(state);
    let session = format!("/api/v1/sessions/{}", session_id(1));
    for (method, path) in [
        ("POST", "/api/v1/search"),
        ("GET", session.as_str()),
        ("GET", &format!("{session}/activities")),
        ("GET", &format!("{session}/live")),
    ] {
        let request = browser.request(method, path).body(Body::empty()).unwrap();
        let answer = Answer::of(router.clone().oneshot(request).await.unwrap()).await;
        answer.problem(500);
        assert!(!answer.text().contains("bay 7"), "{}", answer.text());
        assert!(!answer.text().contains("device"), "{}", answer.text());
    }
    let request = browser.request("GET", "/api/v1/computers");
    let request = request.body(Body::empty()).unwrap();
    let answer = Answer::of(router.oneshot(request).await.unwrap()).await;
    assert_eq!(answer.status, 200);
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
