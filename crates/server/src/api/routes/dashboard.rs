//! How everything is, at a glance.

use std::time::Duration;

use axum::{Json, extract::State};
use eidetic_store::control::{Day, HealthFilter, Severity};

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{Dashboard, DashboardParts},
        problem::ApiResult,
    },
    health::Overview,
};

/// Show how everything is, at a glance
#[utoipa::path(get, path = "/dashboard", tag = "server",
    responses((status = 200, body = Dashboard)))]
pub async fn dashboard(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<Dashboard>> {
    let components = &state.components;
    let (health, control) = (&components.health, &components.control);
    let now = components.clock.wall();
    let today = Day::of(now);
    let days = Day(today.0 - DAYS + 1)..Day(today.0 + 1);
    let last_day = now.saturating_sub(A_DAY)..now.saturating_add(Duration::from_secs(1));
    let bad = HealthFilter {
        severities: vec![Severity::Warning, Severity::Error],
        ..HealthFilter::default()
    };
    Ok(Json(Dashboard::new(DashboardParts {
        overview: Overview::look(components).await?,
        records: health.records_by_day(days.clone()).await?,
        counts: health.health_counts(last_day).await?,
        latest: health.health_events(bad, None, LATEST).await?,
        audit: components.audit.health().await?,
        segment_bytes: control.segment_bytes().await?,
        samples: health.storage_samples(days.start).await?,
        days,
    })))
}

const A_DAY: Duration = Duration::from_secs(86_400);
const DAYS: i64 = 14;
const LATEST: usize = 8;
