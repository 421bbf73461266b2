//! Accounts for collecting data, known computers and deployments.

use axum::{Json, extract::State, http::StatusCode};
use eidetic_model::ComputerFacts;
use eidetic_search::fold;
use uuid::Uuid;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{
            AccountName, AccountTest, CollectingAccount, CollectingAccountRequest,
            CollectingAccounts, ComputerName, DeploymentJob, DeploymentRequest, Deployments,
            KnownComputer, KnownComputers,
        },
        extract::{JsonBody, PathId},
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    deployment::{
        QueueError,
        jobs::{Action, Order},
    },
    directory::AskError,
    plans::{ItemDocument, Plan, PlanBook},
};

/// List the accounts for collecting data
#[utoipa::path(get, path = "/accounts", tag = "deployment",
    responses((status = 200, body = CollectingAccounts)))]
pub async fn accounts(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<CollectingAccounts>> {
    let components = &state.components;
    let accounts = components.deployment.accounts(components.control.as_ref());
    let accounts = accounts.await?.into_iter().map(CollectingAccount::from);
    Ok(Json(CollectingAccounts {
        accounts: accounts.collect(),
    }))
}

/// Keep an account for collecting data
///
/// In place of one of that name, if there is one. Its secret is encrypted, and shown to nobody
/// again.
#[utoipa::path(post, path = "/accounts", tag = "deployment",
    request_body = CollectingAccountRequest, responses((status = 204)))]
pub async fn put_account(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<CollectingAccountRequest>,
) -> ApiResult<StatusCode> {
    let (name, account) = request.read()?;
    let object = format!("{name} (user {})", account.user);
    state.viewing_log.note(&who, "kept account", object).await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        let deployment = &components.deployment;
        deployment.put_account(control, &name, &account).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Forget an account for collecting data
#[utoipa::path(post, path = "/accounts/remove", tag = "deployment",
    request_body = AccountName, responses((status = 204)))]
pub async fn remove_account(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(account): JsonBody<AccountName>,
) -> ApiResult<StatusCode> {
    let name = account.name;
    let book = state.components.plans.borrow().clone();
    let using = book.plans().iter().map(Plan::document);
    let mut using = using.filter(|plan| {
        let own = plan.deployment.accounts.iter().map(|own| &*own.account);
        let items = plan.items.iter().filter_map(ItemDocument::account);
        let names = own.chain(plan.deployment.account.as_deref());
        names.chain(items).any(|used| fold(used) == fold(&name))
    });
    if let Some(plan) = using.next() {
        let text = format!(
            "the plan {:?} uses it: give that another account first",
            plan.name
        );
        return Err(ApiError::new(StatusCode::CONFLICT, text));
    }
    let control = state.components.control.as_ref();
    let directories = state.components.directories.list(control).await?;
    let mut directories = directories.iter();
    if let Some(directory) = directories.find(|it| fold(&it.account) == fold(&name)) {
        let text = format!(
            "the directory {:?} is asked with it: give that another account first",
            directory.name
        );
        return Err(ApiError::new(StatusCode::CONFLICT, text));
    }
    let log = &state.viewing_log;
    log.note(&who, "removed account", name.clone()).await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        match components.deployment.remove_account(control, &name).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(ApiError::not_found("account")),
        }
    })
    .await
}

/// Try an account for collecting data
///
/// The password of a group Managed Service Account is read from its directory, and forgotten. Others
/// are tried where they sign in.
#[utoipa::path(post, path = "/accounts/test", tag = "deployment",
    request_body = AccountName, responses((status = 200, body = AccountTest)))]
pub async fn test_account(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(account): JsonBody<AccountName>,
) -> ApiResult<Json<AccountTest>> {
    let log = &state.viewing_log;
    log.note(&who, "tried account", account.name.clone())
        .await?;
    let components = &state.components;
    let directories = &components.directories;
    let tried = directories.managed_password(components, &account.name);
    Ok(Json(match tried.await {
        Ok(password) => AccountTest {
            is_good: true,
            code: None,
            message: format!(
                "The directory gives its password, and may have another one in {} minutes.",
                password.ask_again_in().as_secs() / 60
            ),
        },
        Err(AskError::Store(error)) => return Err(error.into()),
        Err(error) => AccountTest {
            is_good: false,
            code: Some(error.code()),
            message: error.to_string(),
        },
    }))
}

/// List the computers that were spoken with by SSH
#[utoipa::path(get, path = "/ssh-host-keys", tag = "deployment",
    responses((status = 200, body = KnownComputers)))]
pub async fn host_keys(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<KnownComputers>> {
    let components = &state.components;
    let keys = components.deployment.host_keys(components.control.as_ref());
    let computers = keys.await?.into_iter();
    Ok(Json(KnownComputers {
        computers: computers
            .map(|(computer, key)| KnownComputer::new(computer, &key))
            .collect(),
    }))
}

/// Forget the SSH key of a computer
///
/// For a computer that was set up anew: the next key that it shows is kept.
#[utoipa::path(post, path = "/ssh-host-keys/forget", tag = "deployment",
    request_body = ComputerName, responses((status = 204)))]
pub async fn forget_host_key(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(computer): JsonBody<ComputerName>,
) -> ApiResult<StatusCode> {
    let computer = computer.computer.trim().to_lowercase();
    let log = &state.viewing_log;
    log.note(&who, "forgot SSH key", computer.clone()).await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        let deployment = &components.deployment;
        match deployment.forget_host_key(control, &computer).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(ApiError::not_found("computer")),
        }
    })
    .await
}

/// List what is done on other computers
#[utoipa::path(get, path = "/deployments", tag = "deployment",
    responses((status = 200, body = Deployments)))]
pub async fn deployments(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<Deployments>> {
    let jobs = state.components.deployment.jobs().into_iter();
    Ok(Json(Deployments {
        deployments: jobs.map(DeploymentJob::from).collect(),
    }))
}

/// Install, upgrade or remove agents
///
/// The computers wait in a queue; each has a job of its own. Those on which something is done
/// already are refused with all others.
#[utoipa::path(post, path = "/deployments", tag = "deployment",
    request_body = DeploymentRequest, responses((status = 200, body = Deployments)))]
pub async fn deploy(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<DeploymentRequest>,
) -> ApiResult<Json<Deployments>> {
    let components = &state.components;
    let book = components.plans.borrow().clone();
    let orders = orders(&request, &book, &who)?;
    let accounts = components.deployment.accounts(components.control.as_ref());
    let accounts = accounts.await?;
    let is_known = |name: &str| accounts.iter().any(|known| fold(&known.name) == fold(name));
    if let Some(order) = orders.iter().find(|order| !is_known(&order.account)) {
        let message = format!("there is no account {:?}", order.account);
        return Err(ApiError::field("account", message));
    }
    let what = match request.action {
        Action::Install => "asked for agents",
        Action::Remove | Action::Purge => "asked to remove agents",
    };
    let names: Vec<_> = orders.iter().map(|order| &*order.computer).collect();
    let account = request.account.as_deref().unwrap_or("of the plan");
    let object = format!("{} with account {account}", names.join(", "));
    state.viewing_log.note(&who, what, object).await?;
    let mut taken = Vec::new();
    for order in orders {
        let now = components.clock.wall();
        let added = components
            .deployment
            .add(components.ids.new_id(now), order, now);
        match added {
            Ok(job) => taken.push(job.into()),
            Err(refused) => {
                for job in &taken {
                    let DeploymentJob { id, .. } = job;
                    if let Ok(id) = id.parse() {
                        components.deployment.cancel(id);
                    }
                }
                return Err(conflict(&refused));
            }
        }
    }
    Ok(Json(Deployments { deployments: taken }))
}

/// Show what is done on a computer
#[utoipa::path(get, path = "/deployments/{id}", tag = "deployment",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = DeploymentJob)))]
pub async fn deployment(
    State(state): State<ApiState>,
    _who: SignedIn,
    PathId(id): PathId<Uuid>,
) -> ApiResult<Json<DeploymentJob>> {
    let job = state.components.deployment.job(id);
    let job = job.ok_or_else(|| ApiError::not_found("deployment"))?;
    Ok(Json(job.into()))
}

/// Cancel what is done on a computer
///
/// A package that is being installed is brought to its end first.
#[utoipa::path(post, path = "/deployments/{id}/cancel", tag = "deployment",
    params(("id" = String, Path, format = Uuid)), responses((status = 200, body = DeploymentJob)))]
pub async fn cancel_deployment(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<Uuid>,
) -> ApiResult<Json<DeploymentJob>> {
    let deployment = &state.components.deployment;
    let job = deployment.job(id);
    let job = job.ok_or_else(|| ApiError::not_found("deployment"))?;
    let log = &state.viewing_log;
    log.note(&who, "cancelled deployment", job.order.computer)
        .await?;
    let job = deployment.cancel(id);
    let job = job.ok_or_else(|| ApiError::not_found("deployment"))?;
    Ok(Json(job.into()))
}

fn orders(request: &DeploymentRequest, book: &PlanBook, who: &SignedIn) -> ApiResult<Vec<Order>> {
    if !(1..=MAX_COMPUTERS).contains(&request.computers.len()) {
        let message = format!("must be 1 to {MAX_COMPUTERS}");
        return Err(ApiError::field("computers", message));
    }
    if request.port == Some(0) {
        return Err(ApiError::field("port", "must be 1 to 65535"));
    }
    let mut orders: Vec<Order> = Vec::new();
    for (place, computer) in request.computers.iter().enumerate() {
        let computer = computer.trim();
        let possible = |c: char| c.is_alphanumeric() || "-._:[]%".contains(c);
        if computer.is_empty() || computer.len() > 253 || !computer.chars().all(possible) {
            let message = "must be a computer's name or address";
            return Err(ApiError::field(format!("computers[{place}]"), message));
        }
        if orders
            .iter()
            .any(|order| fold(&order.computer) == fold(computer))
        {
            let message = "is there twice";
            return Err(ApiError::field(format!("computers[{place}]"), message));
        }
        orders.push(Order {
            computer: computer.to_owned(),
            system: request.system,
            port: request.port,
            account: match &request.account {
                Some(account) => account.clone(),
                None => account_of(book, computer)?,
            },
            action: request.action,
            asked_by: who.user.clone(),
        });
    }
    Ok(orders)
}

/// The account that its plan has for a computer.
fn account_of(book: &PlanBook, computer: &str) -> ApiResult<String> {
    let address = computer.trim_matches(['[', ']']).parse();
    let facts = ComputerFacts::new([computer.to_owned()], address);
    let plan = book.plan_of(&facts);
    let account = plan.account_for(&facts, computer).map(str::to_owned);
    account.ok_or_else(|| {
        let name = &plan.document().name;
        let message = format!("the plan {name:?} has none for {computer}: name one");
        ApiError::field("account", message)
    })
}

fn conflict(refused: &QueueError) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, refused.to_string())
}

const MAX_COMPUTERS: usize = 500;
