//! REST under `/api/v1` and the console's files, over HTTPS.
//!
//! [`router`] is everything but the network; [`serve`] puts it on a listener. Handlers are in
//! `routes`, by what they are about; each takes the right that it needs as an argument (see
//! `auth`), so that one without is seen at a glance. What goes over the wire is in `dto`, with
//! conversions by hand from the model: compatibility has its address there. The document of all
//! this is generated from the handlers, and kept in `docs/openapi.json`.
//!
//! What is shown to a user is recorded first (`viewing_log`). Captured content goes to those with
//! the right to see it, and never to the log.

pub mod auth;
mod console;
mod difference;
mod dto;
mod extract;
mod guard;
mod listener;
mod live;
mod metrics;
mod openapi;
mod problem;
mod routes;
mod state;
mod thumbnails;
mod to_the_end;
mod viewing_log;

use std::{io, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, Uri},
    middleware::{from_fn, from_fn_with_state},
    routing::{any, get},
};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tower_http::compression::CompressionLayer;

pub use metrics::MetricsToken;
pub use openapi::document;
pub use state::ApiState;

use console::BuiltConsole;
use problem::ApiError;

/// All that the server answers over HTTPS.
pub fn router(state: ApiState) -> Router {
    let (texts, media) = openapi::handlers();
    let texts = texts.split_for_parts().0.layer(CompressionLayer::new());
    let api = Router::new()
        .merge(texts)
        .merge(media.split_for_parts().0)
        .fallback(async |uri: Uri| {
            ApiError::new(
                StatusCode::NOT_FOUND,
                format!("there is nothing at {}", uri.path()),
            )
        })
        .method_not_allowed_fallback(async || {
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "not with this method")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(guard::same_site_only))
        .layer(from_fn(guard::in_time))
        .layer(from_fn(guard::not_a_page));
    let other_versions = async || ApiError::not_found("version of the API");
    let console = console::router::<BuiltConsole>().layer(CompressionLayer::new());
    Router::new()
        .nest(openapi::BASE, api)
        .route("/api/{*rest}", any(other_versions))
        .route("/metrics", get(metrics::show))
        .fallback_service(console)
        .layer(from_fn(guard::strict_browser))
        .layer(from_fn_with_state(state.clone(), guard::logged))
        .with_state(state)
}

/// Serves [`router`] over TLS, HTTP/1.1 and HTTP/2, until the state's shutdown begins and the
/// requests that are being answered then have ended.
///
/// # Errors
///
/// If the listener cannot be used.
pub async fn serve(
    state: ApiState,
    tls: Arc<ServerConfig>,
    listener: TcpListener,
) -> io::Result<()> {
    listener.local_addr()?;
    let shutdown = state.shutdown.clone();
    listener::serve(router(state), &tls, listener, shutdown).await;
    Ok(())
}

/// Far more than any request needs.
const MAX_BODY_BYTES: usize = 256 << 10;
