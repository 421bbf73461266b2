//! Who looked at what, and who changed what.

use axum::{Json, extract::State};
use eidetic_model::Timestamp;
use eidetic_store::control::ViewingFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::{Viewings, limits::read_limit, read_log_mark},
    extract::Parameters,
    problem::ApiResult,
};

/// Which viewings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ViewingsPage {
    /// By users whose name contains this.
    user: Option<String>,
    /// Of these kinds, with commas between them, such as `watched session`.
    what: Option<String>,
    /// Whose object contains this.
    object: Option<String>,
    /// Not before this time.
    from_us: Option<i64>,
    /// Before this time.
    until_us: Option<i64>,
    /// At most this many, 1 to 1000; 100 by default.
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
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
    let before = page.after.as_deref().map(read_log_mark).transpose()?;
    let what = page.what.unwrap_or_default();
    let filter = ViewingFilter {
        user: page.user.unwrap_or_default(),
        what: what
            .split(',')
            .filter(|what| !what.is_empty())
            .map(str::to_owned)
            .collect(),
        object: page.object.unwrap_or_default(),
        from: page.from_us.map(Timestamp::from_unix_micros),
        until: page.until_us.map(Timestamp::from_unix_micros),
    };
    let control = &state.components.control;
    let viewings = control.viewings(filter, before, limit + 1).await?;
    Ok(Json(Viewings::new(viewings, limit)))
}

const MAX_VIEWINGS: usize = 1000;
