//! The prerequisites of monitored computers: what agents changed, and looking again.

use std::net::IpAddr;

use axum::{Json, extract::State, http::StatusCode};
use eidetic_checks::network::{self, Ports};
use eidetic_model::AgentId;
use tokio::task::spawn_blocking;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::{Adjustments, ComputerChecks, NetworkCheckRequest, NetworkChecks},
    extract::{JsonBody, PathId},
    problem::{ApiError, ApiResult},
};
use crate::plans::facts_of;

/// List what an agent changed on its computer to meet prerequisites
#[utoipa::path(get, path = "/computers/{id}/adjustments", tag = "computers",
    params(("id" = String, Path, description = "The agent's id")),
    responses((status = 200, body = Adjustments)))]
pub async fn adjustments(
    State(state): State<ApiState>,
    _who: SignedIn,
    PathId(id): PathId<AgentId>,
) -> ApiResult<Json<Adjustments>> {
    let control = &state.components.control;
    if control.agent(id).await?.is_none() {
        return Err(ApiError::not_found("computer"));
    }
    let adjustments = control.adjustments(id, MOST_ADJUSTMENTS).await?;
    Ok(Json(Adjustments {
        adjustments: adjustments.into_iter().map(Into::into).collect(),
    }))
}

/// Have an agent look at its computer's prerequisites now
#[utoipa::path(post, path = "/computers/{id}/check", tag = "computers",
    params(("id" = String, Path, description = "The agent's id")),
    responses((status = 204, description = "The agent is asked. Its answer is in the list of \
        computers within seconds."),
        (status = 409, description = "The agent is not connected.")))]
pub async fn check_computer(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<AgentId>,
) -> ApiResult<StatusCode> {
    let components = &state.components;
    let agent = components.control.agent(id).await?;
    let agent = agent.ok_or_else(|| ApiError::not_found("computer"))?;
    if components.connected.connection(id).is_none() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "its agent is not connected: it looks by itself when it is",
        ));
    }
    let log = &state.viewing_log;
    log.note(&who, "asked for a check", agent.computer_name)
        .await?;
    let _nobody_listens = components.check_requests.send(id);
    Ok(StatusCode::NO_CONTENT)
}

/// Look at a computer from the server, over the network
#[utoipa::path(post, path = "/network-checks", tag = "computers",
    request_body = NetworkCheckRequest, responses((status = 200, body = NetworkChecks)))]
pub async fn check_network(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<NetworkCheckRequest>,
) -> ApiResult<Json<NetworkChecks>> {
    let computer = request.computer.trim().to_owned();
    let odd = |character: char| character.is_whitespace() || "/@:[]".contains(character);
    let is_name = (1..=MAX_NAME_BYTES).contains(&computer.len()) && !computer.contains(odd);
    if !is_name && computer.parse::<IpAddr>().is_err() {
        return Err(ApiError::field(
            "computer",
            "must be a computer's name or address, without a port".to_owned(),
        ));
    }
    let log = &state.viewing_log;
    log.note(
        &who,
        "looked at a computer over the network",
        computer.clone(),
    )
    .await?;
    let permit = state.network_checks.acquire().await;
    let permit = permit.map_err(ApiError::inside)?;
    let host = computer.clone();
    let found = spawn_blocking(move || network::look_at(&host, Ports::default())).await;
    drop(permit);
    let found = found.map_err(ApiError::inside)?;
    Ok(Json(NetworkChecks {
        agent: what_its_agent_found(&state, &computer).await?,
        checks: found.into_iter().map(Into::into).collect(),
        computer,
    }))
}

async fn what_its_agent_found(
    state: &ApiState,
    computer: &str,
) -> ApiResult<Option<ComputerChecks>> {
    let Ok(name) = computer.parse() else {
        return Ok(None);
    };
    let item = eidetic_model::Item::Computer(name);
    let control = &state.components.control;
    let agents = control.agents().await?;
    let Some(agent) = agents.iter().find(|agent| item.matches(&facts_of(agent))) else {
        return Ok(None);
    };
    let known = control.checks().await?;
    let known = known.iter().find(|known| known.agent == agent.id);
    Ok(known.map(|known| ComputerChecks::new(known, &agent.operating_system)))
}

const MOST_ADJUSTMENTS: usize = 200;

/// As long as a name can be.
const MAX_NAME_BYTES: usize = 253;
