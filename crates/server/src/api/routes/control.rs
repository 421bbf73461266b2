//! Calls of the server to agents.

use axum::{Json, extract::State, http::StatusCode};
use eidetic_model::AgentId;
use eidetic_store::control::AgentState;
use eidetic_wire::proto::ControlCall;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{ControlAnswer, ControlRequest},
        extract::{JsonBody, PathId},
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    control::CallError,
};

/// Call an agent
///
/// Over the agent's own connection if there is one, else to TCP 9003 of its computer; the answer says
/// which way. If neither can be used, the answer is 502 with what that means and what to do.
#[utoipa::path(post, path = "/computers/{id}/control", tag = "computers",
    params(("id" = String, Path, format = Uuid)),
    request_body = ControlRequest, responses((status = 200, body = ControlAnswer)))]
pub async fn control(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<AgentId>,
    JsonBody(request): JsonBody<ControlRequest>,
) -> ApiResult<Json<ControlAnswer>> {
    let agent = state.components.control.agent(id).await?;
    let agent = agent.ok_or_else(|| ApiError::not_found("computer"))?;
    if agent.state == AgentState::Removed {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "the computer was removed: enrol its agent again first",
        ));
    }
    let (call, wish) = request.read();
    let what = match call {
        ControlCall::Unspecified | ControlCall::Status => "asked an agent for its status",
        ControlCall::Collect => "had an agent send what waits",
        ControlCall::Stop => "stopped recording",
        ControlCall::Restart => "restarted recording",
    };
    let log = &state.viewing_log;
    log.note(&who, what, agent.computer_name.clone()).await?;
    to_the_end(async move {
        let components = &state.components;
        let called = state.caller.call(components, &agent, call, wish).await;
        let answer = called.map_err(|error| match error {
            CallError::Store(error) => error.into(),
            CallError::Refused(reason) => ApiError::new(StatusCode::CONFLICT, reason),
            error => ApiError::new(StatusCode::BAD_GATEWAY, error.to_string()),
        })?;
        let is_connected = components.connected.connection(id).is_some();
        Ok(Json(ControlAnswer::new(answer, is_connected)))
    })
    .await
}
