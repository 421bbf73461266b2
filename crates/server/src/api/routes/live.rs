//! Watching a session as it goes on.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use eidetic_model::SessionId;
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use tracing::error;
use utoipa::IntoParams;

use crate::api::{
    ApiState,
    auth::SignedIn,
    dto::limits::read_mark,
    extract::{Parameters, PathId},
    live::{LiveEvent, Watch, Watched},
    problem::{ApiError, ApiResult},
};

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveFrom {
    /// Tell activity records after this mark; without, those that come from now on.
    after: Option<String>,
}

/// Watch a session as it goes on
///
/// Events: `session` (a SessionSummary), `segment` (a Segment), `activities` (Records), `idle`
/// (an Idle). Begins with the segments that are growing or ended lately. Ends after the `session`
/// that has `end_us`.
#[utoipa::path(get, path = "/sessions/{id}/live", tag = "sessions",
    params(("id" = String, Path, format = Uuid, description = "the session"), LiveFrom),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn live(
    State(state): State<ApiState>,
    who: SignedIn,
    PathId(id): PathId<SessionId>,
    Parameters(from): Parameters<LiveFrom>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let last_told = headers.get(LAST_EVENT_ID);
    let last_told = last_told.and_then(|value| value.to_str().ok());
    let after = last_told.or(from.after.as_deref());
    let after = after.map(read_mark).transpose()?;
    let session = state.components.control.session(id).await?;
    session.ok_or_else(|| ApiError::not_found("session"))?;
    let permit = Arc::clone(&state.live_streams)
        .try_acquire_owned()
        .map_err(|_| {
            ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many sessions are being watched",
            )
        })?;
    let log = &state.viewing_log;
    log.note_once(&who, "followed session live", id.to_string())
        .await?;
    let watch = Watch::begin(Watched {
        components: state.components.clone(),
        session: id,
        after,
        sign_in: who.sign_in,
        shutdown: state.shutdown.clone(),
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    let events = Sse::new(events(watch.await?, permit)).keep_alive(keep_alive);
    Ok(([UNBUFFERED], events).into_response())
}

/// The events as they go over the wire. The permit is held until the stream is dropped.
fn events(
    watch: Watch,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((watch, permit), |(mut watch, permit)| async move {
        match watch.next().await.map(|event| event.as_ref().map(to_event)) {
            Ok(Some(Ok(event))) => Some((Ok(event), (watch, permit))),
            Ok(None) => None,
            Ok(Some(Err(error))) => {
                error!(%error, "live event could not be written");
                None
            }
            Err(error) => {
                error!(%error, "live stream ended by a failing store");
                None
            }
        }
    })
}

fn to_event(event: &LiveEvent) -> Result<Event, axum::Error> {
    fn named(name: &str, data: &impl Serialize) -> Result<Event, axum::Error> {
        Event::default().event(name).json_data(data)
    }
    match event {
        LiveEvent::Session(summary) => named("session", summary),
        LiveEvent::Segment(segment) => named("segment", segment),
        // A browser that has to connect again says this id, and goes on from there.
        LiveEvent::Activities(records, newest) => {
            Ok(named("activities", records)?.id(newest.to_text()))
        }
        LiveEvent::Idle(idle) => named("idle", idle),
    }
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Tells proxies to pass each event on at once.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);
