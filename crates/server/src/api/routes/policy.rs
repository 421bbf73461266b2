//! The policy that agents follow.

use axum::{Json, extract::State};
use eidetic_model::{Policy, PolicyError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        extract::JsonBody,
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    policy::{PolicyDocument, PolicyRevision, save},
};

/// A policy with its number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberedPolicy {
    /// Counts up with each change; 0 for the built-in policy.
    pub revision: u64,
    /// The policy.
    pub policy: PolicyDocument,
}

/// Show the policy that agents follow
#[utoipa::path(get, path = "/policy", tag = "policy",
    responses((status = 200, body = NumberedPolicy)))]
pub async fn policy(State(state): State<ApiState>, _who: SignedIn) -> Json<NumberedPolicy> {
    Json(NumberedPolicy::from(&*state.components.policy.borrow()))
}

/// Replace the policy that agents follow
///
/// What is left out has its default.
#[utoipa::path(put, path = "/policy", tag = "policy",
    request_body = PolicyDocument, responses((status = 200, body = NumberedPolicy)))]
pub async fn put_policy(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(document): JsonBody<PolicyDocument>,
) -> ApiResult<Json<NumberedPolicy>> {
    let policy = Policy::try_from(&document).map_err(|error| out_of_range(&error))?;
    let before = PolicyDocument::from(&state.components.policy.borrow().policy);
    let changes = before.changes_in(&document);
    let log = &state.viewing_log;
    log.note(&who, "changed policy", changes).await?;
    let components = state.components.clone();
    let answer = to_the_end(async move {
        let saved = save(components.control.as_ref(), policy).await?;
        let answer = NumberedPolicy::from(&saved);
        // Of two changes at once, the one that was stored last counts.
        components.policy.send_if_modified(|current| {
            let is_newer = saved.revision > current.revision;
            if is_newer {
                *current = saved;
            }
            is_newer
        });
        Ok(answer)
    });
    Ok(Json(answer.await?))
}

impl From<&PolicyRevision> for NumberedPolicy {
    fn from(revision: &PolicyRevision) -> Self {
        Self {
            revision: revision.revision,
            policy: PolicyDocument::from(&revision.policy),
        }
    }
}

fn out_of_range(error: &PolicyError) -> ApiError {
    let field = match error {
        PolicyError::FramesPerSecond(_) => "max_frames_per_second",
        PolicyError::CpuPercent(_) => "max_cpu_percent",
        PolicyError::IdleAfterSecs(_) => "idle_after_secs",
        PolicyError::TitlesPerSecond(_) => "max_titles_per_second",
        PolicyError::SpoolMaxBytes(_) => "spool_max_bytes",
    };
    ApiError::field(field, error.to_string())
}
