//! Directories, of which containers can be items of plans.

use axum::{Json, extract::State, http::StatusCode};
use eidetic_search::fold;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        dto::{
            Containers, ContainersRequest, DirectoryList, DirectoryName, DirectoryRequest,
            DirectoryTest, DirectoryView,
        },
        extract::JsonBody,
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    directory::{AskError, settings::DirectorySettings},
    plans::{ItemDocument, Plan},
};

/// List the directories
#[utoipa::path(get, path = "/directories", tag = "directories",
    responses((status = 200, body = DirectoryList)))]
pub async fn directories(
    State(state): State<ApiState>,
    _who: SignedIn,
) -> ApiResult<Json<DirectoryList>> {
    let components = &state.components;
    let control = components.control.as_ref();
    let listed = components.directories.list(control).await?;
    Ok(Json(DirectoryList {
        directories: listed.into_iter().map(DirectoryView::from).collect(),
    }))
}

/// Keep a directory
///
/// In place of one of that name, if there is one.
#[utoipa::path(post, path = "/directories", tag = "directories",
    request_body = DirectoryRequest, responses((status = 204)))]
pub async fn put_directory(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<DirectoryRequest>,
) -> ApiResult<StatusCode> {
    let settings = read(&state, request).await?;
    let object = format!(
        "{} ({}:{} with account {})",
        settings.name, settings.server, settings.port, settings.account
    );
    let log = &state.viewing_log;
    log.note(&who, "kept directory", object).await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        components.directories.put(control, settings).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Forget a directory
#[utoipa::path(post, path = "/directories/remove", tag = "directories",
    request_body = DirectoryName, responses((status = 204)))]
pub async fn remove_directory(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(directory): JsonBody<DirectoryName>,
) -> ApiResult<StatusCode> {
    let name = directory.name;
    let book = state.components.plans.borrow().clone();
    let uses_it = |item: &ItemDocument| match item {
        ItemDocument::DirectoryContainer(item) => fold(item.directory.trim()) == fold(&name),
        ItemDocument::Computer(_) | ItemDocument::IpRange(_) => false,
    };
    let mut using = book.plans().iter().map(Plan::document);
    if let Some(plan) = using.find(|plan| plan.items.iter().any(uses_it)) {
        let text = format!("the plan {:?} uses it: remove its items first", plan.name);
        return Err(ApiError::new(StatusCode::CONFLICT, text));
    }
    let log = &state.viewing_log;
    log.note(&who, "removed directory", name.clone()).await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        match components.directories.remove(control, &name).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(ApiError::not_found("directory")),
        }
    })
    .await
}

/// Try a directory
///
/// Connects, encrypts, compares the certificate, signs in, and finds the base. Nothing is stored.
#[utoipa::path(post, path = "/directories/test", tag = "directories",
    request_body = DirectoryRequest, responses((status = 200, body = DirectoryTest)))]
pub async fn test_directory(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<DirectoryRequest>,
) -> ApiResult<Json<DirectoryTest>> {
    let settings = read(&state, request).await?;
    let object = format!("{} ({}:{})", settings.name, settings.server, settings.port);
    let log = &state.viewing_log;
    log.note(&who, "tried directory", object).await?;
    let components = &state.components;
    let control = components.control.as_ref();
    let tried = components
        .directories
        .test(control, &components.deployment, settings)
        .await;
    Ok(Json(match tried {
        Ok(answer) => DirectoryTest {
            is_good: true,
            base: Some(answer.value.base),
            certificate: Some(answer.certificate.to_string()),
            ..DirectoryTest::default()
        },
        Err(AskError::Store(error)) => return Err(error.into()),
        Err(error) => DirectoryTest::from(&error),
    }))
}

/// Look into a container of a directory
#[utoipa::path(post, path = "/directories/containers", tag = "directories",
    request_body = ContainersRequest, responses((status = 200, body = Containers)))]
pub async fn containers(
    State(state): State<ApiState>,
    _who: SignedIn,
    JsonBody(request): JsonBody<ContainersRequest>,
) -> ApiResult<Json<Containers>> {
    let components = &state.components;
    let control = components.control.as_ref();
    let parent = request.container.map(|dn| dn.trim().to_owned());
    let parent = parent.filter(|dn| !dn.is_empty());
    let listed = components
        .directories
        .containers(control, &components.deployment, &request.directory, parent)
        .await;
    match listed {
        Ok(listed) => Ok(Json(listed.into())),
        Err(AskError::Store(error)) => Err(error.into()),
        Err(error) => Err(ApiError::new(StatusCode::BAD_GATEWAY, error.to_string())),
    }
}

/// Ask all directories for their computers now
///
/// It begins at once; the plans show what came of it.
#[utoipa::path(post, path = "/directories/refresh", tag = "directories",
    responses((status = 204)))]
pub async fn refresh_directories(
    State(state): State<ApiState>,
    who: SignedIn,
) -> ApiResult<StatusCode> {
    let log = &state.viewing_log;
    log.note(&who, "asked directories", "all".to_owned())
        .await?;
    state.components.directories.refresh_now();
    Ok(StatusCode::NO_CONTENT)
}

/// Forget the certificate of a directory's server
///
/// For one that was renewed: the next one that the server shows is kept.
#[utoipa::path(post, path = "/directories/forget-certificate", tag = "directories",
    request_body = DirectoryName, responses((status = 204)))]
pub async fn forget_directory_certificate(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(directory): JsonBody<DirectoryName>,
) -> ApiResult<StatusCode> {
    let name = directory.name;
    let log = &state.viewing_log;
    log.note(&who, "forgot directory certificate", name.clone())
        .await?;
    let components = state.components.clone();
    to_the_end(async move {
        let control = components.control.as_ref();
        let directories = &components.directories;
        match directories.forget_certificate(control, &name).await? {
            true => Ok(StatusCode::NO_CONTENT),
            false => Err(ApiError::not_found("directory")),
        }
    })
    .await
}

async fn read(state: &ApiState, request: DirectoryRequest) -> ApiResult<DirectorySettings> {
    let components = &state.components;
    let control = components.control.as_ref();
    let known = components.directories.list(control).await?;
    let name = fold(request.name.trim());
    let before = known.iter().find(|known| fold(&known.name) == name);
    request.read(before)
}
