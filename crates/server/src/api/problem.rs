//! Errors of the API: an outside message for whoever asked, as RFC 9457 describes it, and an
//! inside one for the log.

use std::{error::Error, time::Duration};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use eidetic_store::StoreError;
use serde::Serialize;
use tracing::error;
use utoipa::ToSchema;

/// The one shape of all errors (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is: `about:blank`, or a path that ends in the problem's name,
    /// such as `/problems/password-change-required`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This very problem in words.
    pub detail: String,
    /// Which fields of the request are wrong, when it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, with dots and brackets where it lies deeper.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// An error on its way out of a handler.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after: Option<Duration>,
    /// For the log only. INVARIANT: never holds captured content.
    inside: Option<Box<dyn Error + Send + Sync>>,
}

/// What a handler returns.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// A problem that its status says all about, but for this detail.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            inside: None,
        }
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign in first")
    }

    /// There is no such thing.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}"))
    }

    /// The user must choose another password before anything else.
    pub fn password_change_required() -> Self {
        Self {
            kind: "/problems/password-change-required",
            title: "Password change required",
            ..Self::new(
                StatusCode::FORBIDDEN,
                "this password was given to you: choose your own first",
            )
        }
    }

    /// A field of the request has a value that it cannot have.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            errors: vec![FieldError {
                field: field.into(),
                message: message.into(),
            }],
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "a field has a value that it cannot have",
            )
        }
    }

    /// Several fields of the request have values that they cannot have.
    pub fn fields(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let errors = fields
            .into_iter()
            .map(|(field, message)| FieldError { field, message });
        Self {
            errors: errors.collect(),
            ..Self::field("", "")
        }
    }

    /// Too much was asked; after this time it may be asked again.
    pub fn too_many(retry_after: Duration, detail: &str) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
        }
    }

    /// Something broke in here. Whoever asked learns no more than that.
    pub fn inside(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            inside: Some(Box::new(error)),
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the server failed to do this; its log says why",
            )
        }
    }

    /// The server cannot do its work now.
    pub fn not_working(error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            inside: Some(Box::new(error)),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the server cannot work now; its log says why",
            )
        }
    }

    fn problem(&self) -> Problem {
        Problem {
            kind: self.kind,
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let full = matches!(error, StoreError::Full { .. });
        let inside = Self::inside(error);
        if full {
            Self {
                inside: inside.inside,
                ..Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "the server's disk is full: who looks at what and who changes what could not \
                     be recorded, so it is refused; make room on the server",
                )
            }
        } else {
            inside
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if let Some(inside) = &self.inside {
            error!(status = self.status.as_u16(), error = %chain(inside.as_ref()), "request failed");
        }
        let mut response = (self.status, Json(self.problem())).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            let secs = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs.max(1)));
        }
        response
    }
}

/// The error and what it comes from, on one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_rounded_up_to_whole_seconds() {
        let response = ApiError::too_many(Duration::from_millis(1500), "wait").into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        assert_eq!(
            response.headers()[header::CONTENT_TYPE],
            "application/problem+json"
        );
    }

    #[test]
    fn a_full_disk_has_a_status_of_its_own() {
        let error = ApiError::from(StoreError::Full { what: "viewing" });
        assert_eq!(error.into_response().status().as_u16(), 507);
    }
}
