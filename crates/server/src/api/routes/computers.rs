//! Monitored computers and their enrolment.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use eidetic_model::AgentId;
use eidetic_store::control::EnrolmentToken;
use eidetic_wire::EnrolmentTicket;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{ComputerDetail, Computers, EnrolmentTokenRequest, IssuedEnrolmentToken},
        extract::{JsonBody, PathId},
        problem::{ApiError, ApiResult},
    },
    health::Overview,
};

/// List monitored computers
#[utoipa::path(get, path = "/computers", tag = "computers",
    responses((status = 200, body = Computers)))]
pub async fn computers(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<Computers>> {
    let overview = Overview::look(&state.components).await?;
    Ok(Json(Computers::new(&overview)))
}

/// Show a monitored computer with what is of concern and what to do
#[utoipa::path(get, path = "/computers/{id}", tag = "computers",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = ComputerDetail)))]
pub async fn computer(
    State(state): State<ApiState>,
    _who: SignedIn,
    PathId(id): PathId<AgentId>,
) -> ApiResult<Json<ComputerDetail>> {
    let overview = Overview::look(&state.components).await?;
    let found = overview.computer(id);
    let found = found.ok_or_else(|| ApiError::not_found("computer"))?;
    Ok(Json(ComputerDetail::new(&found, &overview)))
}

/// Say that there are not two computers with this identity any more
///
/// The one that had to wait is taken in at its next attempt if the first is not heard of. If both
/// still connect, they are found again within a minute.
#[utoipa::path(post, path = "/computers/{id}/resolve-duplicate", tag = "computers",
    params(("id" = String, Path, format = Uuid)), responses((status = 204)))]
pub async fn resolve_duplicate(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<AgentId>,
) -> ApiResult<StatusCode> {
    let components = &state.components;
    let agent = components.control.agent(id).await?;
    let agent = agent.ok_or_else(|| ApiError::not_found("computer"))?;
    let log = &state.viewing_log;
    log.note(&who, "resolved duplicate", agent.computer_name)
        .await?;
    components.duplicates.resolve(id);
    Ok(StatusCode::NO_CONTENT)
}

/// Give the second of two computers with one identity a new one
///
/// The computer that waits is told when it connects next, within a minute or two, and enrols by
/// itself. What it recorded meanwhile is sent under its new identity.
#[utoipa::path(post, path = "/computers/{id}/new-identity", tag = "computers",
    params(("id" = String, Path, format = Uuid)), responses((status = 204)))]
pub async fn new_identity(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<AgentId>,
) -> ApiResult<StatusCode> {
    let components = &state.components;
    let agent = components.control.agent(id).await?;
    let agent = agent.ok_or_else(|| ApiError::not_found("computer"))?;
    let log = &state.viewing_log;
    log.note(&who, "gave copy a new identity", agent.computer_name)
        .await?;
    match components.duplicates.make_new(id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::new(
            StatusCode::CONFLICT,
            "no second computer waits with this identity",
        )),
    }
}

/// Make a token with which one agent can enrol
#[utoipa::path(post, path = "/enrolment-tokens", tag = "computers",
    request_body = EnrolmentTokenRequest, responses((status = 200, body = IssuedEnrolmentToken)))]
pub async fn make_enrolment_token(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<EnrolmentTokenRequest>,
) -> ApiResult<Json<IssuedEnrolmentToken>> {
    let valid_for_secs = request.valid_for_secs.unwrap_or(DEFAULT_SECS);
    if !(MIN_SECS..=MAX_SECS).contains(&valid_for_secs) {
        return Err(ApiError::field(
            "valid_for_secs",
            format!("must be {MIN_SECS} to {MAX_SECS}"),
        ));
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(ApiError::inside)?;
    let ticket = EnrolmentTicket::new(&state.authority_certificate, secret);
    let created = state.components.clock.wall();
    let expires = created.saturating_add(Duration::from_secs(valid_for_secs));
    let log = &state.viewing_log;
    log.note(&who, "made enrolment token", format!("until {expires}"))
        .await?;
    state
        .components
        .control
        .add_enrolment_token(EnrolmentToken {
            secret_sha256: ticket.secret_sha256(),
            created,
            expires,
        })
        .await?;
    Ok(Json(IssuedEnrolmentToken {
        token: ticket.to_text(),
        expires_us: expires.as_unix_micros(),
    }))
}

const DEFAULT_SECS: u64 = 24 * 60 * 60;

const MIN_SECS: u64 = 60;

const MAX_SECS: u64 = 30 * DEFAULT_SECS;
