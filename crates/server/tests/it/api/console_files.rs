//! The console's files, as far as they are there whether it was built or not.

use axum::body::Body;

use super::support::Server;

#[tokio::test]
async fn every_page_has_strict_headers_and_needs_no_sign_in() {
    let server = Server::start().await;
    for path in ["/", "/search", "/sessions/1?t=5"] {
        let answer = server.browser().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn missing_files_are_not_found_and_nothing_can_be_written() {
    let server = Server::start().await;
    let browser = server.browser();
    assert_eq!(browser.get("/missing.js").await.status, 404);
    assert_eq!(browser.get("/../Cargo.toml").await.status, 404);
    let request = browser.request("POST", "/").body(Body::empty()).unwrap();
    assert_eq!(browser.send(request).await.status, 405);
}

#[tokio::test]
async fn pages_are_compressed_for_those_who_can_read_that() {
    let server = Server::start().await;
    let browser = server.browser();
    let request = browser
        .request("GET", "/")
        .header("accept-encoding", "gzip");
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("content-encoding"), "gzip");
}
