//! Who looked at what.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::{Viewing, Viewings, limits::read_limit},
    extract::Parameters,
    problem::ApiResult,
};

/// How many viewings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ViewingsPage {
    /// At most this many, 1 to 1000; 100 by default.
    limit: Option<usize>,
}

/// List what users looked at and changed, the latest first
#[utoipa::path(get, path = "/viewings", tag = "viewings", params(ViewingsPage),
    responses((status = 200, body = Viewings)))]
pub async fn viewings(
    State(state): State<ApiState>,
    _who: SignedIn,
    Parameters(page): Parameters<ViewingsPage>,
) -> ApiResult<Json<Viewings>> {
    let limit = read_limit(page.limit.unwrap_or(100), MAX_VIEWINGS)?;
    let viewings = state.components.control.viewings(limit).await?;
    Ok(Json(Viewings {
        viewings: viewings.into_iter().map(Viewing::from).collect(),
    }))
}

const MAX_VIEWINGS: usize = 1000;
