//! Who looked at what.

use eidetic_store::control::ViewingEvent;
use serde::Serialize;
use utoipa::ToSchema;

/// What users looked at and changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Viewings {
    /// The latest first.
    pub viewings: Vec<Viewing>,
}

/// That a user looked at something, or changed it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Viewing {
    /// When.
    pub when_us: i64,
    /// Who.
    pub user: String,
    /// From which address.
    pub address: String,
    /// What he did, such as `watched session` or `searched`.
    pub what: String,
    /// The object, such as a session's id, or the search in words.
    pub object: String,
}

impl From<ViewingEvent> for Viewing {
    fn from(event: ViewingEvent) -> Self {
        Self {
            when_us: event.when.as_unix_micros(),
            user: event.user,
            address: event.address,
            what: event.what,
            object: event.object,
        }
    }
}
