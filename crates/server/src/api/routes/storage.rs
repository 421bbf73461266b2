//! How much is stored.

use axum::{Json, extract::State};

use crate::api::{ApiState, auth::SignedIn, dto::Storage, problem::ApiResult};

/// Show how much is stored
#[utoipa::path(get, path = "/storage", tag = "server",
    responses((status = 200, body = Storage)))]
pub async fn storage(State(state): State<ApiState>, _who: SignedIn) -> ApiResult<Json<Storage>> {
    let components = &state.components;
    let audit = components.audit.health().await?;
    let segment_bytes = components.control.segment_bytes().await?;
    Ok(Json(Storage::new(&audit, segment_bytes)))
}
