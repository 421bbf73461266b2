//! The same work on many computers in stages: one, some, all.

use axum::{Json, extract::State as Shared, http::StatusCode};
use eidetic_search::fold;
use uuid::Uuid;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{Campaign, CampaignContinuation, CampaignKind, CampaignRequest, Campaigns},
        extract::{JsonBody, PathId},
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    deployment::campaign::{self, Act, Candidate, Candidates, Member, Progress, State, Work},
};

/// List campaigns, and the computers that another one could take
#[utoipa::path(get, path = "/campaigns", tag = "deployment",
    responses((status = 200, body = Campaigns)))]
pub async fn campaigns(
    Shared(state): Shared<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<Campaigns>> {
    let components = &state.components;
    let candidates = Candidates::look(components, &state.packages).await?;
    let all = components.deployment.campaigns().all();
    Ok(Json(Campaigns {
        campaigns: all.into_iter().map(Campaign::from).collect(),
        package_version: candidates.package_version,
        older: candidates.older.into_iter().map(Into::into).collect(),
        without_plan: candidates
            .without_plan
            .into_iter()
            .map(Into::into)
            .collect(),
    }))
}

/// Upgrade or remove agents in stages
///
/// First on one computer, then on a tenth of them, then on all. A stage begins when all computers of
/// the stages before are done, and their agents connected again with the new version, or gone. When
/// one fails, it stops until somebody says how it goes on.
#[utoipa::path(post, path = "/campaigns", tag = "deployment",
    request_body = CampaignRequest, responses((status = 200, body = Campaign)))]
pub async fn begin_campaign(
    Shared(state): Shared<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<CampaignRequest>,
) -> ApiResult<Json<Campaign>> {
    let components = &state.components;
    let candidates = Candidates::look(components, &state.packages).await?;
    let within_secs = request.within_secs.unwrap_or(WITHIN_SECS);
    if !(60..=86_400).contains(&within_secs) {
        return Err(ApiError::field("within_secs", "must be 60 to 86400"));
    }
    let work = work(request.kind, &candidates)?;
    let chosen = chosen(&request, &work, candidates)?;
    let accounts = components.deployment.accounts(components.control.as_ref());
    let accounts = accounts.await?;
    let mut members = members(chosen, request.account.as_deref())?;
    for account in members.iter().map(|member| &member.account) {
        if !accounts
            .iter()
            .any(|known| fold(&known.name) == fold(account))
        {
            let message = format!("there is no account {account:?}: make it, or name another");
            return Err(ApiError::field("account", message));
        }
    }
    campaign::Campaign::in_stages(&mut members);
    let what = match &work {
        Work::Upgrade { .. } => "began to upgrade agents in stages",
        Work::Remove | Work::Purge => "began to remove agents in stages",
    };
    let names: Vec<_> = members.iter().map(|member| &*member.name).collect();
    state.viewing_log.note(&who, what, names.join(", ")).await?;
    let now = components.clock.wall();
    let campaign = campaign::Campaign {
        id: components.ids.new_id(now),
        work,
        asked_by: who.user.clone(),
        created_us: now.as_unix_micros(),
        within_secs,
        state: State::Running,
        members,
    };
    let components = components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        let begun = campaign.clone();
        let campaigns = components.deployment.campaigns();
        match campaigns.begin(control, campaign).await? {
            true => Ok(Json(begun.into())),
            false => Err(ApiError::new(
                StatusCode::CONFLICT,
                "another one is not over: wait for it, or cancel it",
            )),
        }
    })
    .await
}

/// Let a campaign that stopped go on
#[utoipa::path(post, path = "/campaigns/{id}/continue", tag = "deployment",
    params(("id" = String, Path, format = Uuid)),
    request_body = CampaignContinuation, responses((status = 200, body = Campaign)))]
pub async fn continue_campaign(
    Shared(state): Shared<ApiState>,
    who: SignedIn,
    PathId(id): PathId<Uuid>,
    JsonBody(how): JsonBody<CampaignContinuation>,
) -> ApiResult<Json<Campaign>> {
    let known = state.components.deployment.campaigns().one(id);
    known.ok_or_else(|| ApiError::not_found("campaign"))?;
    let what = match how.leave_out_failed {
        true => "continued a campaign without what failed",
        false => "continued a campaign",
    };
    state.viewing_log.note(&who, what, id.to_string()).await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        let campaigns = components.deployment.campaigns();
        let go_on = |campaign: &mut campaign::Campaign| {
            let goes_on = campaign.go_on(how.leave_out_failed);
            goes_on.then(|| campaign.clone())
        };
        let changed = campaigns.change(control, id, go_on).await?;
        let campaign = changed.ok_or_else(|| ApiError::not_found("campaign"))?;
        let not_stopped = || ApiError::new(StatusCode::CONFLICT, "it is not stopped");
        Ok(Json(campaign.ok_or_else(not_stopped)?.into()))
    })
    .await
}

/// Cancel a campaign
///
/// What is under way is brought to its end; nothing more begins.
#[utoipa::path(post, path = "/campaigns/{id}/cancel", tag = "deployment",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = Campaign)))]
pub async fn cancel_campaign(
    Shared(state): Shared<ApiState>,
    who: SignedIn,
    PathId(id): PathId<Uuid>,
) -> ApiResult<Json<Campaign>> {
    let known = state.components.deployment.campaigns().one(id);
    known.ok_or_else(|| ApiError::not_found("campaign"))?;
    let log = &state.viewing_log;
    log.note(&who, "cancelled a campaign", id.to_string())
        .await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        let campaigns = components.deployment.campaigns();
        let cancel = |campaign: &mut campaign::Campaign| (campaign.cancel(), campaign.clone());
        let changed = campaigns.change(control, id, cancel).await?;
        let (acts, campaign) = changed.ok_or_else(|| ApiError::not_found("campaign"))?;
        for act in acts.into_iter().flatten() {
            if let Act::TakeBack(job) = act {
                components.deployment.cancel(job);
            }
        }
        Ok(Json(campaign.into()))
    })
    .await
}

fn work(kind: CampaignKind, candidates: &Candidates) -> ApiResult<Work> {
    let version = || {
        candidates.package_version.clone().ok_or_else(|| {
            let message = "the server has no package of the agent: put one into the folder that \
                           `packages` in its configuration names";
            ApiError::new(StatusCode::CONFLICT, message)
        })
    };
    Ok(match kind {
        CampaignKind::Upgrade => Work::Upgrade {
            version: version()?,
        },
        CampaignKind::Remove => Work::Remove,
        CampaignKind::Purge => Work::Purge,
    })
}

/// Those who are to be taken, the connected ones first: on them it is seen soonest how it goes.
fn chosen(
    request: &CampaignRequest,
    work: &Work,
    candidates: Candidates,
) -> ApiResult<Vec<Candidate>> {
    let is_upgrade = matches!(work, Work::Upgrade { .. });
    let possible = match is_upgrade {
        true => candidates.older,
        false => candidates.without_plan,
    };
    let mut chosen = match (&request.agents, is_upgrade) {
        (Some(agents), _) if agents.len() > MAX_COMPUTERS => {
            let message = format!("must be 1 to {MAX_COMPUTERS}");
            return Err(ApiError::field("agents", message));
        }
        (Some(agents), _) => {
            let mut chosen: Vec<Candidate> = Vec::new();
            for (place, id) in agents.iter().enumerate() {
                let is_it = |candidate: &&Candidate| candidate.agent.to_string() == *id;
                let Some(found) = possible.iter().find(is_it) else {
                    let message = match is_upgrade {
                        true => "is not a computer on Linux whose agent is older than the package",
                        false => "is not a computer on Linux that no plan names",
                    };
                    return Err(ApiError::field(format!("agents[{place}]"), message));
                };
                if !chosen.contains(found) {
                    chosen.push(found.clone());
                }
            }
            chosen
        }
        (None, true) => {
            let connected = possible.into_iter().filter(|found| found.is_connected);
            connected.take(MAX_COMPUTERS).collect()
        }
        (None, false) => {
            let message = "say which agents are to be removed";
            return Err(ApiError::field("agents", message));
        }
    };
    if chosen.is_empty() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "there is no computer for it",
        ));
    }
    chosen.sort_by_key(|candidate| !candidate.is_connected);
    Ok(chosen)
}

fn members(chosen: Vec<Candidate>, account: Option<&str>) -> ApiResult<Vec<Member>> {
    chosen
        .into_iter()
        .map(|candidate| {
            let account = candidate.account.or_else(|| account.map(str::to_owned));
            let account = account.ok_or_else(|| {
                let message = format!(
                    "with which account the server signs in on {} is not known: name one",
                    candidate.name
                );
                ApiError::field("account", message)
            })?;
            Ok(Member {
                agent: candidate.agent.as_uuid(),
                name: candidate.name,
                system: candidate.system,
                host: candidate.host,
                port: candidate.port,
                account,
                stage: 0,
                progress: Progress::Waiting,
            })
        })
        .collect()
}

const WITHIN_SECS: u64 = 900;
const MAX_COMPUTERS: usize = 2_000;
