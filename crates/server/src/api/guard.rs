//! What is checked of every request, and added to every answer.

use std::time::Duration;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::debug;

use super::{ApiState, problem::ApiError};

/// Refuses requests that change something unless they come from the console itself, or from a
/// program: a form or an image on another site can send neither the header nor the origin.
pub async fn same_site_only(request: Request, next: Next) -> Response {
    match check_same_site(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// Answers in time, whatever the handler does. Streams may go on after.
pub async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "this took too long and was given up",
        )
        .into_response(),
    }
}

/// Tells the log about requests, without what they are about.
pub async fn logged(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let clock = state.components.clock;
    let began = clock.monotonic();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    debug!(
        %method,
        path = path.as_ref().map_or("(console)", MatchedPath::as_str),
        status = response.status().as_u16(),
        micros = clock.monotonic().saturating_sub(began).as_micros(),
        "request answered"
    );
    response
}

/// Adds the headers that keep browsers strict.
pub async fn strict_browser(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in STRICT {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Answers of the API are not kept by browsers, unless the handler says so, and are never
/// rendered as pages.
pub async fn not_a_page(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    response
}

fn check_same_site(method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    if headers.get(MARKER).is_none_or(|value| value != "1") {
        return Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "the header `X-Eidetic-Request: 1` is missing",
        ));
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let host = uri
        .authority()
        .map(Authority::as_str)
        .or_else(|| headers.get(header::HOST)?.to_str().ok());
    let is_ours = host.is_some_and(|host| *origin == *format!("https://{host}"));
    if is_ours {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "the request comes from another site",
    ))
}

const MARKER: HeaderName = HeaderName::from_static("x-eidetic-request");

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

const STRICT: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, headers: &[(HeaderName, &str)]) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        check_same_site(method, &Uri::from_static("/api/v1/search"), &headers).is_ok()
    }

    #[test]
    fn changes_need_the_header_and_the_own_origin() {
        let marked = (MARKER, "1");
        let host = (header::HOST, "console.example:9443");
        assert!(check(&Method::GET, &[]));
        assert!(!check(&Method::POST, &[]));
        assert!(!check(&Method::PUT, &[(MARKER, "0")]));
        assert!(check(&Method::POST, std::slice::from_ref(&marked)));
        for (origin, is_ours) in [
            ("https://console.example:9443", true),
            ("https://console.example", false),
            ("http://console.example:9443", false),
            ("https://evil.example", false),
            ("null", false),
        ] {
            let headers = [marked.clone(), host.clone(), (header::ORIGIN, origin)];
            assert_eq!(check(&Method::POST, &headers), is_ours, "{origin}");
        }
        assert!(!check(
            &Method::POST,
            &[marked, (header::ORIGIN, "https://console.example:9443")]
        ));
    }
}
