//! How the daily mail is sent.

use std::time::Duration;

use axum::{Json, extract::State};
use eidetic_model::Timestamp;

use crate::{
    api::{
        ApiState,
        auth::SignedIn,
        difference::difference,
        dto::{MailRequest, MailShown, MailTested},
        extract::JsonBody,
        problem::{ApiError, ApiResult},
        to_the_end::to_the_end,
    },
    mail::{DailyState, NotKept, daily::next_due, send, test_letter},
};

/// Show how the daily mail is sent
#[utoipa::path(get, path = "/mail", tag = "server",
    responses((status = 200, body = MailShown)))]
pub async fn mail(State(state): State<ApiState>, _who: SignedIn) -> ApiResult<Json<MailShown>> {
    shown(&state).await.map(Json)
}

/// Say how the daily mail is sent
///
/// The password is encrypted, and shown to nobody again.
#[utoipa::path(put, path = "/mail", tag = "server",
    request_body = MailRequest, responses((status = 200, body = MailShown)))]
pub async fn keep_mail(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<MailRequest>,
) -> ApiResult<Json<MailShown>> {
    let (settings, password) = request.read();
    let components = &state.components;
    let before = components.mail.kept(components.control.as_ref()).await?;
    let changed = difference(Some(&before.settings), Some(&settings));
    let log = &state.viewing_log;
    log.note_change(&who, "changed mail", "daily mail", changed)
        .await?;
    let components = components.clone();
    to_the_end(async move {
        let now = components.clock.wall();
        let control = components.control.as_ref();
        let kept = components.mail.keep(control, settings, password, now);
        kept.await.map_err(refused)
    })
    .await?;
    shown(&state).await.map(Json)
}

/// Send a test mail
///
/// By these settings; nothing of them is kept. The answer says what became of it, and where it was
/// not sent, at which step and why.
#[utoipa::path(post, path = "/mail/test", tag = "server",
    request_body = MailRequest, responses((status = 200, body = MailTested)))]
pub async fn test_mail(
    State(state): State<ApiState>,
    who: SignedIn,
    JsonBody(request): JsonBody<MailRequest>,
) -> ApiResult<Json<MailTested>> {
    let (settings, password) = request.read();
    settings.check().map_err(ApiError::fields)?;
    let components = &state.components;
    let control = components.control.as_ref();
    let password = components.mail.password_for(control, &settings, password);
    let password = password.await.map_err(refused)?;
    let object = format!(
        "to {} by {} port {}",
        settings.recipients.join(", "),
        settings.host,
        settings.port
    );
    let log = &state.viewing_log;
    log.note(&who, "sent test mail", object).await?;
    let letter = test_letter(&settings, components.clock.wall());
    let tested = send(&settings, password.as_ref(), &letter, TEST_WITHIN).await;
    Ok(Json(tested.into()))
}

async fn shown(state: &ApiState) -> ApiResult<MailShown> {
    let components = &state.components;
    let control = components.control.as_ref();
    let kept = components.mail.kept(control).await?;
    let daily = DailyState::load(control).await?;
    let last = daily.and_then(DailyState::sent);
    let next = next_due(kept.settings.hour_utc, components.clock.wall());
    let next = kept.settings.daily.then(|| next.as_unix_micros());
    let trouble = components.mail.trouble_now();
    let last = last.map(Timestamp::as_unix_micros);
    Ok(MailShown::new(kept, last, next, trouble.as_ref()))
}

fn refused(error: NotKept) -> ApiError {
    match error {
        NotKept::Fields(fields) => ApiError::fields(fields),
        NotKept::Store(error) => error.into(),
    }
}

/// Before the request itself takes too long.
const TEST_WITHIN: Duration = Duration::from_secs(25);
