//! Monitoring plans.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
};
use eidetic_model::{AgentId, PlanId};
use eidetic_store::control::{HealthFilter, PlansReplaced};

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        difference::difference,
        dto::{
            ConflictResolution, PlanCheck, PlanCheckComputer, PlanCheckRequest, PlanDetail,
            PlanOrder, Plans, Warned, item_counts, monitored,
        },
        extract::{JsonBody, PathId},
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    health::{EventKind, Happened, Overview},
    plans::{PlanBook, PlanDocument, PlanError, facts_of, save},
};

type Tagged<T> = ([(HeaderName, HeaderValue); 1], Json<T>);

/// List the monitoring plans
#[utoipa::path(get, path = "/plans", tag = "plans", responses((status = 200, body = Plans)))]
pub async fn plans(State(state): State<ApiState>, _who: SignedIn) -> ApiResult<Tagged<Plans>> {
    let plans = shown(&state).await?;
    Ok(tagged(plans.revision, plans))
}

/// Make a monitoring plan
///
/// It comes behind the other plans, before the default plan.
#[utoipa::path(post, path = "/plans", tag = "plans",
    request_body = PlanDocument, responses((status = 200, body = PlanDetail)))]
pub async fn make_plan(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(document): JsonBody<PlanDocument>,
) -> ApiResult<Tagged<PlanDetail>> {
    let components = &state.components;
    let id = PlanId::from_uuid(components.ids.new_id(components.clock.wall()));
    let name = document.name.trim().to_owned();
    let what = Noted::of(&name, None, Some(&document));
    change(&state, &who, ("made plan", name), what, move |book| {
        book.with(id, document.clone())
    })
    .await?;
    one(&state, id).await
}

/// Show a monitoring plan
#[utoipa::path(get, path = "/plans/{id}", tag = "plans",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = PlanDetail)))]
pub async fn plan(
    State(state): State<ApiState>,
    _who: SignedIn,
    PathId(id): PathId<PlanId>,
) -> ApiResult<Tagged<PlanDetail>> {
    one(&state, id).await
}

/// Replace a monitoring plan
///
/// What is left out has its default. `If-Match` names the revision that was looked at.
#[utoipa::path(put, path = "/plans/{id}", tag = "plans",
    params(("id" = String, Path, format = Uuid), ("If-Match" = String, Header)),
    request_body = PlanDocument, responses((status = 200, body = PlanDetail)))]
pub async fn replace_plan(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<PlanId>,
    headers: HeaderMap,
    JsonBody(document): JsonBody<PlanDocument>,
) -> ApiResult<Tagged<PlanDetail>> {
    let revision = if_match(&headers)?;
    let book = state.components.plans.borrow().clone();
    let before = book.plan(id).ok_or_else(|| ApiError::not_found("plan"))?;
    let changes = before.document().changes_in(&document);
    let object = format!("{}: {changes}", before.document().name);
    let what = Noted::of(
        &before.document().name,
        Some(before.document()),
        Some(&document),
    );
    change(&state, &who, ("changed plan", object), what, move |book| {
        book.with_changed(id, revision, document.clone())
    })
    .await?;
    one(&state, id).await
}

/// Remove a monitoring plan
///
/// Its computers belong to the next plan that names them, or to the default plan. `If-Match` names
/// the revision that was looked at.
#[utoipa::path(delete, path = "/plans/{id}", tag = "plans",
    params(("id" = String, Path, format = Uuid), ("If-Match" = String, Header)),
    responses((status = 204)))]
pub async fn remove_plan(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<PlanId>,
    headers: HeaderMap,
) -> ApiResult<StatusCode> {
    let revision = if_match(&headers)?;
    let book = state.components.plans.borrow().clone();
    let before = book.plan(id).ok_or_else(|| ApiError::not_found("plan"))?;
    let name = before.document().name.clone();
    let what = Noted::of(&name, Some(before.document()), None);
    change(&state, &who, ("removed plan", name), what, move |book| {
        book.without(id, revision)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put the monitoring plans into another order
///
/// `If-Match` names the revision of the list that was looked at.
#[utoipa::path(put, path = "/plans/order", tag = "plans",
    params(("If-Match" = String, Header)),
    request_body = PlanOrder, responses((status = 200, body = Plans)))]
pub async fn order_plans(
    State(state): State<ApiState>,
    who: SignedIn,
    headers: HeaderMap,
    JsonBody(order): JsonBody<PlanOrder>,
) -> ApiResult<Tagged<Plans>> {
    let revision = if_match(&headers)?;
    let order: Vec<_> = order.plans.into_iter().map(PlanId::from_uuid).collect();
    let book = state.components.plans.borrow().clone();
    let names = order.iter().filter_map(|id| book.plan(*id));
    let names: Vec<_> = names.map(|plan| &*plan.document().name).collect();
    let object = names.join(", ");
    let order_now = book.plans().iter().map(|plan| &*plan.document().name);
    let what = Noted {
        plan: String::new(),
        before: order_now.collect::<Vec<_>>().join(", "),
        after: object.clone(),
    };
    change(&state, &who, ("ordered plans", object), what, move |book| {
        book.ordered(revision, &order)
    })
    .await?;
    let plans = shown(&state).await?;
    Ok(tagged(plans.revision, plans))
}

/// See to it that only one plan names a computer
///
/// From the other plans the items go that name it alone, and its addresses are excluded from their
/// ranges.
#[utoipa::path(post, path = "/plans/resolve", tag = "plans",
    request_body = ConflictResolution, responses((status = 200, body = Plans)))]
pub async fn resolve_conflict(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(wanted): JsonBody<ConflictResolution>,
) -> ApiResult<Tagged<Plans>> {
    let agent = AgentId::from_uuid(wanted.agent_id);
    let agent = state.components.control.agent(agent).await?;
    let agent = agent.ok_or_else(|| ApiError::field("agent_id", "there is no such computer"))?;
    let facts = facts_of(&agent);
    let others = state.components.control.agents().await?;
    let others = others.iter().filter(|other| other.id != agent.id);
    let others: Vec<_> = others.map(facts_of).collect();
    let keep = PlanId::from_uuid(wanted.plan_id);
    let book = state.components.plans.borrow().clone();
    let kept = book
        .plan(keep)
        .ok_or_else(|| ApiError::field("plan_id", "there is no such plan"))?;
    let object = format!("{} only in {}", agent.computer_name, kept.document().name);
    let what = Noted {
        plan: kept.document().name.clone(),
        before: String::new(),
        after: object.clone(),
    };
    change(
        &state,
        &who,
        ("resolved plan conflict", object),
        what,
        move |book| book.resolved(&facts, &others, keep),
    )
    .await?;
    let plans = shown(&state).await?;
    Ok(tagged(plans.revision, plans))
}

/// Look at what a monitoring plan would do
///
/// Nothing is stored. What is wrong with it is said as when it is stored.
#[utoipa::path(post, path = "/plans/check", tag = "plans",
    request_body = PlanCheckRequest, responses((status = 200, body = PlanCheck)))]
pub async fn check_plan(
    State(state): State<ApiState>,
    _who: SignedIn,
    JsonBody(request): JsonBody<PlanCheckRequest>,
) -> ApiResult<Json<PlanCheck>> {
    let now = state.components.plans.borrow().clone();
    let replaced = request.instead_of.map(PlanId::from_uuid);
    let id = replaced.unwrap_or(NOT_STORED);
    let then = match replaced {
        None => now.with(id, request.plan),
        Some(_) => match now.plan(id) {
            None => return Err(ApiError::field("instead_of", "there is no such plan")),
            Some(plan) => now.with_changed(id, plan.revision(), request.plan),
        },
    };
    let then = then.map_err(|error| match error {
        PlanError::Fields(fields) => ApiError::fields(
            fields
                .into_iter()
                .map(|(field, message)| (format!("plan.{field}"), message)),
        ),
        error => refused(error),
    })?;
    let agents = state.components.control.agents().await?;
    let mut computers = Vec::new();
    let mut all_facts = Vec::new();
    for agent in monitored(&agents) {
        let facts = facts_of(agent);
        if then.naming(&facts).any(|plan| plan.id() == id) {
            computers.push(PlanCheckComputer {
                name: agent.computer_name.clone(),
                plan_now: now.plan_of(&facts).document().name.clone(),
                plan_then: then.plan_of(&facts).document().name.clone(),
            });
        }
        all_facts.push(facts);
    }
    let plan = then.plan(id).ok_or_else(|| ApiError::not_found("plan"))?;
    Ok(Json(PlanCheck {
        plan: plan.document().clone(),
        items: item_counts(plan, &all_facts),
        computers,
    }))
}

async fn shown(state: &ApiState) -> ApiResult<Plans> {
    let agents = state.components.control.agents().await?;
    let book = state.components.plans.borrow().clone();
    let warned = warned(state).await?;
    Ok(Plans::new(&book, &agents, &state.components, &warned))
}

/// What is to be warned of beside the plans.
async fn warned(state: &ApiState) -> ApiResult<Warned> {
    let components = &state.components;
    let overview = Overview::look(components).await?;
    let with_unmet = overview
        .computers()
        .filter(|computer| computer.needed_and_unmet() > 0)
        .map(|computer| computer.agent.id);
    let gaps = HealthFilter {
        kinds: vec![EventKind::Gap.name().to_owned()],
        from: Some(overview.now().saturating_sub(LATELY)),
        ..HealthFilter::default()
    };
    let gaps = components.health.health_events(gaps, None, MOST_GAPS);
    Ok(Warned {
        with_unmet: with_unmet.collect(),
        with_gaps: gaps
            .await?
            .into_iter()
            .filter_map(|(_, event)| event.agent)
            .collect(),
    })
}

async fn one(state: &ApiState, id: PlanId) -> ApiResult<Tagged<PlanDetail>> {
    let plans = shown(state).await?.plans;
    let id = id.to_string();
    let plan = plans.into_iter().find(|plan| plan.id == id);
    let plan = plan.ok_or_else(|| ApiError::not_found("plan"))?;
    Ok(tagged(plan.revision, plan))
}

/// Records who changes what, then changes it. Of two changes at once, the second is made to what
/// the first left.
async fn change(
    state: &ApiState,
    who: &SignedIn,
    (what, object): (&'static str, String),
    noted: Noted,
    changed: impl Fn(&PlanBook) -> Result<PlanBook, PlanError> + Send + Sync + 'static,
) -> ApiResult<()> {
    let components = state.components.clone();
    // What is refused is not recorded as done.
    changed(&components.plans.borrow()).map_err(refused)?;
    let happened = Happened {
        plan: noted.plan,
        before: noted.before.clone(),
        after: noted.after.clone(),
        ..Happened::here(
            EventKind::PlanChanged,
            format!("{} {what}: {object}.", who.user),
        )
    };
    let difference = (noted.before, noted.after);
    let log = &state.viewing_log;
    log.note_change(who, what, object, difference).await?;
    to_the_end(async move {
        loop {
            let before: Arc<PlanBook> = components.plans.borrow().clone();
            let after = changed(&before).map_err(refused)?;
            let control = components.control.as_ref();
            match save(control, &components.plans, &before, after).await? {
                PlansReplaced::Yes => {
                    components.health_log().note(vec![happened]).await;
                    return Ok(());
                }
                PlansReplaced::Conflict => {}
            }
        }
    })
    .await
}

/// What is recorded of a change.
struct Noted {
    plan: String,
    before: String,
    after: String,
}

impl Noted {
    fn of(name: &str, before: Option<&PlanDocument>, after: Option<&PlanDocument>) -> Self {
        let (before, after) = difference(before, after);
        Self {
            plan: name.to_owned(),
            before,
            after,
        }
    }
}

fn refused(error: PlanError) -> ApiError {
    let text = error.to_string();
    match error {
        PlanError::Unknown => ApiError::not_found("plan"),
        PlanError::Stale { .. } => ApiError::new(StatusCode::PRECONDITION_FAILED, text),
        PlanError::Fields(fields) => ApiError::fields(fields),
        PlanError::DefaultStays | PlanError::TooMany => ApiError::new(StatusCode::CONFLICT, text),
    }
}

/// The revision that a change is made to.
fn if_match(headers: &HeaderMap) -> ApiResult<u64> {
    let Some(tag) = headers.get(header::IF_MATCH) else {
        return Err(ApiError::new(
            StatusCode::PRECONDITION_REQUIRED,
            "say with the header `If-Match` to which revision this is a change, such as `\"7\"`",
        ));
    };
    let revision = tag
        .to_str()
        .ok()
        .and_then(|tag| tag.trim_matches('"').parse().ok());
    revision.ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            "the header `If-Match` is not a revision, such as `\"7\"`",
        )
    })
}

fn tagged<T>(revision: u64, body: T) -> Tagged<T> {
    let tag = HeaderValue::from_str(&format!("\"{revision}\""));
    let tag = tag.expect("digits in quotes are a header's value");
    ([(header::ETAG, tag)], Json(body))
}

/// Stands for a plan that is only looked at.
const NOT_STORED: PlanId = PlanId::from_uuid(uuid::Uuid::max());

const LATELY: Duration = Duration::from_secs(7 * 86_400);
const MOST_GAPS: usize = 2_000;
