//! What happened to the system.

use axum::{Json, extract::State};
use eidetic_model::{AgentId, Timestamp};
use eidetic_store::control::HealthFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{HealthEvents, Severity, limits::read_limit, read_log_mark},
        extract::Parameters,
        problem::{ApiError, ApiResult},
    },
    health::EventKind,
};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HealthLogPage {
    /// Of these severities, with commas between them: `information`, `warning`, `error`.
    severity: Option<String>,
    /// Of these kinds, with commas between them.
    kind: Option<String>,
    /// Of this agent.
    agent_id: Option<uuid::Uuid>,
    /// Of computers whose name contains this.
    computer: Option<String>,
    /// Of plans whose name contains this.
    plan: Option<String>,
    /// Not before this time.
    from_us: Option<i64>,
    /// Before this time.
    until_us: Option<i64>,
    /// At most this many, 1 to 1000; 100 by default.
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// List what happened to the system, the latest first
#[utoipa::path(get, path = "/health-log", tag = "server", params(HealthLogPage),
    responses((status = 200, body = HealthEvents)))]
pub async fn health_log(
    State(state): State<ApiState>,
    _who: SignedIn,
    Parameters(page): Parameters<HealthLogPage>,
) -> ApiResult<Json<HealthEvents>> {
    let limit = read_limit(page.limit.unwrap_or(100), MAX_EVENTS)?;
    let before = page.after.as_deref().map(read_log_mark).transpose()?;
    let filter = HealthFilter {
        severities: listed(page.severity.as_deref(), "severity", severity)?,
        kinds: listed(page.kind.as_deref(), "kind", |name| {
            EventKind::named(name).map(|kind| kind.name().to_owned())
        })?,
        agent: page.agent_id.map(AgentId::from_uuid),
        computer: page.computer.unwrap_or_default(),
        plan: page.plan.unwrap_or_default(),
        from: page.from_us.map(Timestamp::from_unix_micros),
        until: page.until_us.map(Timestamp::from_unix_micros),
    };
    let health = &state.components.health;
    let events = health.health_events(filter, before, limit + 1).await?;
    Ok(Json(HealthEvents::new(events, limit)))
}

fn severity(name: &str) -> Option<eidetic_store::control::Severity> {
    Some(match name {
        "information" => Severity::Information.into(),
        "warning" => Severity::Warning.into(),
        "error" => Severity::Error.into(),
        _ => return None,
    })
}

/// The items of a list with commas.
fn listed<T>(
    text: Option<&str>,
    field: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> ApiResult<Vec<T>> {
    let names = text
        .unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty());
    names
        .map(|name| {
            read(name).ok_or_else(|| ApiError::field(field, format!("there is no {name:?}")))
        })
        .collect()
}

const MAX_EVENTS: usize = 1000;
