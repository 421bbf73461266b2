//! Whether the server works.

use std::time::Duration;

use axum::{Json, extract::State};
use eidetic_search::Filter;
use eidetic_store::{StoreError, audit::Page};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        ApiState,
        problem::{ApiError, ApiResult},
    },
    components::Components,
};

/// That the server works.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// The server's version.
    pub version: &'static str,
}

/// Tell that the server works: that its stores answer
#[utoipa::path(get, path = "/health", tag = "server", security(()),
    responses((status = 200, body = Health)))]
pub async fn health(State(state): State<ApiState>) -> ApiResult<Json<Health>> {
    match tokio::time::timeout(ANSWER_WITHIN, ask_stores(&state.components)).await {
        Ok(Ok(())) => Ok(Json(Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
        })),
        Ok(Err(error)) => Err(ApiError::not_working(error)),
        Err(too_slow) => Err(ApiError::not_working(too_slow)),
    }
}

/// Asks each store what costs it little: anyone may ask for this.
async fn ask_stores(components: &Components) -> Result<(), StoreError> {
    components.control.user_count().await?;
    components.segments.growing().await?;
    let newest = Page {
        limit: 1,
        after: None,
        deadline: ANSWER_WITHIN,
    };
    components.audit.search(&Filter::default(), newest).await?;
    Ok(())
}

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
