//! Searching activity records.

use std::time::Duration;

use axum::{Json, extract::State};
use eidetic_store::audit::Page;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::{SearchPage, SearchRequest},
    extract::JsonBody,
    problem::ApiResult,
};

/// Search activity records, newest first
#[utoipa::path(post, path = "/search", tag = "records",
    request_body = SearchRequest, responses((status = 200, body = SearchPage)))]
pub async fn search(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<SearchRequest>,
) -> ApiResult<Json<SearchPage>> {
    let (filter, limit, after) = request.read()?;
    let log = &state.viewing_log;
    let words = request.in_words();
    match after {
        None => log.note_first(&who, "searched", words).await?,
        Some(_) => log.note_once(&who, "searched", words).await?,
    }
    let page = Page {
        limit,
        after,
        deadline: DEADLINE,
    };
    let page = state.components.audit.search(&filter, page).await?;
    Ok(Json(page.into()))
}

/// What is not found by then is left to the next page.
const DEADLINE: Duration = Duration::from_secs(2);
