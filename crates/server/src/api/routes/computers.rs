//! Monitored computers and their enrolment.

use std::time::Duration;

use axum::{Json, extract::State};
use eidetic_store::control::EnrolmentToken;
use eidetic_wire::EnrolmentTicket;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::{Computer, Computers, EnrolmentTokenRequest, IssuedEnrolmentToken},
    extract::JsonBody,
    problem::{ApiError, ApiResult},
};

/// List monitored computers
#[utoipa::path(get, path = "/computers", tag = "computers",
    responses((status = 200, body = Computers)))]
pub async fn computers(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<Computers>> {
    let agents = state.components.control.agents().await?;
    let known = state.components.control.checks().await?;
    let book = state.components.plans.borrow().clone();
    let computers = agents.into_iter().map(|agent| {
        let connection = state.components.connected.connection(agent.id);
        let checks = known.iter().find(|known| known.agent == agent.id);
        Computer::new(agent, connection.as_ref(), &book, checks)
    });
    Ok(Json(Computers {
        computers: computers.collect(),
    }))
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
