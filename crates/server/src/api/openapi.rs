//! The API's document, generated from the handlers.

use std::sync::LazyLock;

use axum::{extract::DefaultBodyLimit, http::header, response::IntoResponse};
use utoipa::{
    OpenApi,
    openapi::{
        Content, Ref, ResponseBuilder,
        path::Operation,
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt as _},
    routes,
};

use super::{
    ApiState,
    dto::{Idle, Records},
    problem::{ApiError, ApiResult, Problem},
    routes::{
        account, campaigns, computers, control, dashboard, deployments, directories, health,
        health_log, live, mail, plans, prerequisites, search, segments, sessions, storage,
        thumbnails, viewings,
    },
};

/// The path under which all of the API is.
pub const BASE: &str = "/api/v1";

/// All handlers, and the document that describes them. Answers of the first router may be
/// compressed, those of the second are media and live streams.
pub fn handlers() -> (OpenApiRouter<ApiState>, OpenApiRouter<ApiState>) {
    let texts = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(health::health))
        .routes(routes!(account::sign_in).layer(DefaultBodyLimit::max(MAX_SIGN_IN_BYTES)))
        .routes(routes!(account::sign_out))
        .routes(routes!(account::account))
        .routes(routes!(account::change_password))
        .routes(routes!(search::search))
        .routes(routes!(sessions::sessions))
        .routes(routes!(sessions::session))
        .routes(routes!(sessions::activities))
        .routes(routes!(computers::computers))
        .routes(routes!(computers::computer))
        .routes(routes!(computers::resolve_duplicate))
        .routes(routes!(control::control))
        .routes(routes!(computers::new_identity))
        .routes(routes!(computers::make_enrolment_token))
        .routes(routes!(dashboard::dashboard))
        .routes(routes!(health_log::health_log))
        .routes(routes!(mail::mail, mail::keep_mail))
        .routes(routes!(mail::test_mail))
        .routes(routes!(prerequisites::adjustments))
        .routes(routes!(prerequisites::check_computer))
        .routes(routes!(prerequisites::check_network))
        .routes(routes!(plans::plans, plans::make_plan))
        .routes(routes!(plans::order_plans))
        .routes(routes!(plans::resolve_conflict))
        .routes(routes!(plans::check_plan))
        .routes(routes!(
            plans::plan,
            plans::replace_plan,
            plans::remove_plan
        ))
        .routes(routes!(deployments::accounts, deployments::put_account))
        .routes(routes!(deployments::remove_account))
        .routes(routes!(deployments::test_account))
        .routes(routes!(
            directories::directories,
            directories::put_directory
        ))
        .routes(routes!(directories::remove_directory))
        .routes(routes!(directories::test_directory))
        .routes(routes!(directories::containers))
        .routes(routes!(directories::refresh_directories))
        .routes(routes!(directories::forget_directory_certificate))
        .routes(routes!(deployments::host_keys))
        .routes(routes!(deployments::forget_host_key))
        .routes(routes!(deployments::deployments, deployments::deploy))
        .routes(routes!(campaigns::campaigns, campaigns::begin_campaign))
        .routes(routes!(campaigns::continue_campaign))
        .routes(routes!(campaigns::cancel_campaign))
        .routes(routes!(deployments::deployment))
        .routes(routes!(deployments::cancel_deployment))
        .routes(routes!(storage::storage))
        .routes(routes!(viewings::viewings))
        .routes(routes!(openapi));
    let media = OpenApiRouter::default()
        .routes(routes!(live::live))
        .routes(routes!(thumbnails::thumbnail))
        .routes(routes!(segments::data));
    (texts, media)
}

/// The document of all handlers: the golden file `docs/openapi.json`.
pub fn document() -> utoipa::openapi::OpenApi {
    let (texts, media) = handlers();
    let mut document = texts.into_openapi();
    document.merge(media.into_openapi());
    let paths = std::mem::take(&mut document.paths.paths);
    for (path, mut item) in paths {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.put,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            add_problem(operation);
        }
        document.paths.paths.insert(format!("{BASE}{path}"), item);
    }
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(SIGN_IN, cookie());
    document
}

/// Show this document
#[utoipa::path(get, path = "/openapi.json", tag = "server", security(()),
    responses((status = 200, body = Object)))]
pub async fn openapi() -> ApiResult<impl IntoResponse> {
    static TEXT: LazyLock<Result<String, serde_json::Error>> =
        LazyLock::new(|| document().to_json());
    let text = TEXT.as_ref().map_err(ApiError::inside)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text.as_str()))
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Eidetic", description = "Search and play back what users did. Times are \
        microseconds since the Unix epoch. Every request but GET and HEAD carries the header \
        `X-Eidetic-Request: 1`. Errors have one shape, `Problem`."),
    components(schemas(Problem, Records, Idle)),
    security(("sign_in" = []))
)]
struct Document;

/// Every operation can fail, and always in the same shape.
fn add_problem(operation: &mut Operation) {
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let response = ResponseBuilder::new()
        .description("a problem")
        .content("application/problem+json", problem);
    let responses = &mut operation.responses.responses;
    responses.insert("default".to_owned(), response.build().into());
}

fn cookie() -> SecurityScheme {
    let description = "given by signing in";
    let cookie = ApiKeyValue::with_description("__Host-eidetic", description);
    SecurityScheme::ApiKey(ApiKey::Cookie(cookie))
}

const SIGN_IN: &str = "sign_in";

/// Who signs in is not known yet, and shall not fill the memory.
const MAX_SIGN_IN_BYTES: usize = 16 << 10;
