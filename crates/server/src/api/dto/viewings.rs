//! Who looked at what, and who changed what.

use eidetic_store::control::{LogMark, ViewingEvent};
use serde::Serialize;
use utoipa::ToSchema;

use super::write_log_mark;

/// A page of what users looked at and changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Viewings {
    /// The latest first.
    pub viewings: Vec<Viewing>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// That a user looked at something, or changed it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Viewing {
    /// Its place in the log.
    pub id: String,
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
    /// What was before, if something was changed: a line for each field.
    pub before: String,
    /// What is after, if something was changed: a line for each field.
    pub after: String,
    /// The earliest moment of the recording that was shown, if a recording was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub looked_from_us: Option<i64>,
    /// The latest moment of the recording that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub looked_until_us: Option<i64>,
    /// When something of it was shown last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub looked_last_us: Option<i64>,
}

impl Viewings {
    /// A page of this many, of which one more was asked for.
    pub fn new(mut viewings: Vec<(LogMark, ViewingEvent)>, limit: usize) -> Self {
        let is_more = viewings.len() > limit;
        viewings.truncate(limit);
        let last = viewings.last().filter(|_| is_more);
        Self {
            next: last.map(|(mark, _)| write_log_mark(*mark)),
            viewings: viewings.into_iter().map(Viewing::from).collect(),
        }
    }
}

impl From<(LogMark, ViewingEvent)> for Viewing {
    fn from((mark, event): (LogMark, ViewingEvent)) -> Self {
        let looked = event.looked.as_ref();
        Self {
            id: write_log_mark(mark),
            when_us: event.when.as_unix_micros(),
            looked_from_us: looked.map(|looked| looked.from.as_unix_micros()),
            looked_until_us: looked.map(|looked| looked.until.as_unix_micros()),
            looked_last_us: looked.map(|looked| looked.last.as_unix_micros()),
            user: event.user,
            address: event.address,
            what: event.what,
            object: event.object,
            before: event.before,
            after: event.after,
        }
    }
}
