//! `/metrics`, for whoever shows the token that the configuration names.

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use sha2::{Digest as _, Sha256};

use super::{
    ApiState,
    problem::{ApiError, ApiResult},
};
use crate::health::{Overview, metrics};

/// The SHA-256 of the token with which metrics can be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MetricsToken([u8; 32]);

impl MetricsToken {
    /// This token.
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token.trim().as_bytes()).into())
    }
}

/// Somebody who has the token.
pub struct MetricsReader;

impl FromRequestParts<ApiState> for MetricsReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let Some(expected) = state.metrics_token else {
            return Err(ApiError::new(
                StatusCode::NOT_FOUND,
                "metrics are off: name a file with a token as `token_file` in the section \
                 `[metrics]` of the server's configuration",
            ));
        };
        // Hashes are compared: how long that takes tells nothing of the token.
        match shown(&parts.headers).map(MetricsToken::new) {
            Some(token) if token == expected => Ok(Self),
            _ => Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "show the token with the header `Authorization: Bearer …`",
            )),
        }
    }
}

/// Tells how the server and its agents are, in the OpenMetrics text format.
pub async fn show(_reader: MetricsReader, State(state): State<ApiState>) -> ApiResult<Response> {
    let components = &state.components;
    let overview = Overview::look(components).await?;
    let audit = components.audit.health().await?;
    let today = eidetic_store::control::Day::of(components.clock.wall());
    let samples = components.health.storage_samples(today).await?;
    let stored = metrics::Stored {
        records: audit.records,
        audit_bytes: audit.bytes,
        segment_bytes: components.control.segment_bytes().await?,
        free_bytes: samples.last().map(|sample| sample.free_bytes),
    };
    let text = metrics::text(&overview, &stored).map_err(ApiError::inside)?;
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix("Bearer ")
}

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
