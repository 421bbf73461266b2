//! Monitored computers and their enrolment.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use eidetic_deploy::Packages;
use eidetic_model::AgentId;
use eidetic_store::control::EnrolmentToken;
use eidetic_wire::EnrolmentTicket;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{
            ComputerDetail, Computers, EnrolmentTokenRequest, IssuedEnrolmentToken, LeftDirectory,
        },
        extract::{JsonBody, PathId},
        problem::{ApiError, ApiResult},
    },
    gateway,
    health::Overview,
    plans::facts_of,
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
    let left = state.components.directories.left(&facts_of(found.agent));
    Ok(Json(ComputerDetail {
        left_directory: left.map(LeftDirectory::from),
        ..ComputerDetail::new(&found, &overview)
    }))
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
    let computer = request.computer.as_deref().map(computer_name).transpose()?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(ApiError::inside)?;
    let ticket = EnrolmentTicket::new(&state.authority_certificate, secret);
    let created = state.components.clock.wall();
    let expires = created.saturating_add(Duration::from_secs(valid_for_secs));
    let log = &state.viewing_log;
    let object = match &computer {
        Some(computer) => format!("for {computer}, until {expires}"),
        None => format!("until {expires}"),
    };
    log.note(&who, "made enrolment token", object).await?;
    let control = &state.components.control;
    if let Some(computer) = &computer {
        gateway::bind(control.as_ref(), ticket.secret_sha256(), computer).await?;
    }
    control
        .add_enrolment_token(EnrolmentToken {
            secret_sha256: ticket.secret_sha256(),
            created,
            expires,
        })
        .await?;
    Ok(Json(IssuedEnrolmentToken {
        token: ticket.to_text(),
        expires_us: expires.as_unix_micros(),
        computer,
        package_version: Packages::in_folder(&*state.packages)
            .version()
            .flatten()
            .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
    }))
}

/// The name of one computer, with or without its domain.
fn computer_name(text: &str) -> ApiResult<String> {
    let name = text.trim().trim_end_matches('.');
    let is_label = |label: &str| {
        let possible = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        (1..=63).contains(&label.len()) && label.chars().all(possible)
    };
    // The agent says its name, and no address.
    let is_name = name.len() <= 253 && name.split('.').all(is_label);
    match is_name && name.parse::<std::net::IpAddr>().is_err() {
        true => Ok(name.to_owned()),
        false => Err(ApiError::field(
            "computer",
            "must be a computer's name, with or without its domain, and no address",
        )),
    }
}

const DEFAULT_SECS: u64 = 24 * 60 * 60;

const MIN_SECS: u64 = 60;

const MAX_SECS: u64 = 30 * DEFAULT_SECS;
