//! Recorded sessions.

use std::time::Duration;

use axum::{Json, extract::State};
use eidetic_model::{ObjectType, SessionId};
use eidetic_search::{Condition, Field, Filter, Operator};
use eidetic_store::audit::{AuditStore, Page};
use futures::try_join;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::{
        Display, Idle, SearchPage, Segment, SessionDetail, SessionEventItem, SessionMark,
        SessionSummary, Sessions,
        limits::{MAX_RECORDS, read_limit, read_mark},
    },
    extract::{Parameters, PathId},
    problem::{ApiError, ApiResult},
};

/// Which page of sessions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SessionsPage {
    /// At most this many, 1 to 200; 50 by default.
    limit: Option<usize>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// Which page of activity records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivitiesPage {
    /// At most this many, 1 to 1000; 1000 by default.
    limit: Option<usize>,
    /// The `next` of the page before, or the id of a record.
    after: Option<String>,
}

/// List recorded sessions, the latest start first
#[utoipa::path(get, path = "/sessions", tag = "sessions", params(SessionsPage),
    responses((status = 200, body = Sessions)))]
pub async fn sessions(
    State(state): State<ApiState>,
    who: SignedIn,
    Parameters(page): Parameters<SessionsPage>,
) -> ApiResult<Json<Sessions>> {
    let limit = read_limit(page.limit.unwrap_or(50), MAX_SESSIONS)?;
    let after = match page.after.as_deref() {
        None => None,
        Some(text) => Some(
            SessionMark::from_text(text)
                .ok_or_else(|| ApiError::field("after", "is not a mark of this server"))?,
        ),
    };
    let log = &state.viewing_log;
    log.note_once(&who, "listed sessions", "").await?;

    let before = after.map(|mark| (mark.start, mark.id));
    let control = &state.components.control;
    let mut found = control.sessions(before, limit + 1).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let last = found.last().filter(|_| has_more);
    let connected = &state.components.connected;
    Ok(Json(Sessions {
        next: last.map(|session| SessionMark::after(session).to_text()),
        sessions: found
            .iter()
            .map(|session| SessionSummary::new(session, connected))
            .collect(),
    }))
}

/// Show a session with all that a player needs to begin
#[utoipa::path(get, path = "/sessions/{id}", tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "the session")),
    responses((status = 200, body = SessionDetail)))]
pub async fn session(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<SessionId>,
) -> ApiResult<Json<SessionDetail>> {
    let control = &state.components.control;
    let session = control.session(id).await?;
    let session = session.ok_or_else(|| ApiError::not_found("session"))?;
    let log = &state.viewing_log;
    log.note_once(&who, "opened session", id.to_string())
        .await?;

    let audit = state.components.audit.as_ref();
    let (segments, idle, events) = try_join!(
        control.segments(id),
        control.idle_stretches(id),
        events(audit, id),
    )?;
    Ok(Json(SessionDetail {
        summary: SessionSummary::new(&session, &state.components.connected),
        displays: Display::of(&segments),
        segments: segments.iter().map(Segment::from).collect(),
        idle: idle.iter().map(Idle::from).collect(),
        events,
    }))
}

/// List a session's activity records, oldest first
#[utoipa::path(get, path = "/sessions/{id}/activities", tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "the session"), ActivitiesPage),
    responses((status = 200, body = SearchPage)))]
pub async fn activities(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<SessionId>,
    Parameters(page): Parameters<ActivitiesPage>,
) -> ApiResult<Json<SearchPage>> {
    let limit = read_limit(page.limit.unwrap_or(MAX_RECORDS), MAX_RECORDS)?;
    let after = page.after.as_deref().map(read_mark).transpose()?;
    let session = state.components.control.session(id).await?;
    session.ok_or_else(|| ApiError::not_found("session"))?;
    let log = &state.viewing_log;
    log.note_once(&who, "opened session", id.to_string())
        .await?;
    let page = state.components.audit.timeline(id, after, limit).await?;
    Ok(Json(page.into()))
}

/// What happened to a session and to its recording: few among many records.
async fn events(
    audit: &dyn AuditStore,
    session: SessionId,
) -> Result<Vec<SessionEventItem>, eidetic_store::StoreError> {
    let equals = |field, value: String| Condition {
        field,
        operator: Operator::Equals,
        value,
    };
    let filter = Filter {
        conditions: vec![
            equals(Field::Session, session.to_string()),
            equals(Field::ObjectType, ObjectType::UserSession.as_str().into()),
            equals(Field::ObjectType, ObjectType::Recording.as_str().into()),
        ],
        ..Filter::default()
    };
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = Page {
            limit: MAX_EVENTS - records.len(),
            after,
            deadline: EVENTS_DEADLINE,
        };
        let page = audit.search(&filter, page).await?;
        records.extend(page.records);
        after = page.next;
        if after.is_none() || records.len() >= MAX_EVENTS {
            break;
        }
    }
    let oldest_first = records.into_iter().rev();
    Ok(oldest_first.map(|(_, record)| record.into()).collect())
}

const MAX_SESSIONS: usize = 200;

const MAX_EVENTS: usize = 1000;

const EVENTS_DEADLINE: Duration = Duration::from_secs(5);
