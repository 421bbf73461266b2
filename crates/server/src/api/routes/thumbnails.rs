//! Small pictures of sessions.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use eidetic_model::SessionId;

use crate::api::{
    ApiState,
    auth::SignedIn,
    extract::PathId,
    problem::{ApiError, ApiResult},
    routes::segments::Octets,
};

/// Show a small picture of a session
///
/// A frame from about its middle, or the latest while it goes on; at most 320 pixels wide.
#[utoipa::path(get, path = "/sessions/{id}/thumbnail", tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "the session")),
    responses((status = 200, content_type = "image/png", body = inline(Octets))))]
pub async fn thumbnail(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<SessionId>,
) -> ApiResult<Response> {
    let control = &state.components.control;
    let session = control.session(id).await?;
    let session = session.ok_or_else(|| ApiError::not_found("session"))?;
    let log = &state.viewing_log;
    log.note_once(&who, "saw thumbnail of session", id.to_string())
        .await?;
    let segments = control.segments(id).await?;
    let store = state.components.segments.as_ref();
    let now = state.components.clock.monotonic();
    let png = state
        .thumbnails
        .thumbnail(&session, &segments, store, now)
        .await?
        .ok_or_else(|| ApiError::not_found("picture"))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=60"),
        ),
    ];
    Ok((headers, png).into_response())
}
