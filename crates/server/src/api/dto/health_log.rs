//! The health log.

use eidetic_model::Timestamp;
use eidetic_store::control::{self, LogMark};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::problem::{ApiError, ApiResult},
    health::EventKind,
};

/// A page of the health log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HealthEvents {
    /// The latest first.
    pub events: Vec<HealthItem>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// Something that happened to the system.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HealthItem {
    /// Its place in the log.
    pub id: String,
    /// When.
    pub when_us: i64,
    /// How bad it is.
    pub severity: Severity,
    /// What kind of event it is, by its stable name.
    pub kind: String,
    /// What kind of event it is, for a person.
    pub title: String,
    /// The id of the agent that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Uuid, nullable = false)]
    pub agent_id: Option<String>,
    /// The computer that it concerns; empty if none.
    pub computer: String,
    /// The plan that it concerns; empty if none.
    pub plan: String,
    /// What happened.
    pub text: String,
    /// What was before, if something was changed.
    pub before: String,
    /// What is after, if something was changed.
    pub after: String,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Information,
    /// Somebody should look at it.
    Warning,
    /// Data is lost, or will be.
    Error,
}

impl HealthEvents {
    /// A page of this many events, of which one more was asked for.
    pub fn new(mut events: Vec<(LogMark, control::HealthEvent)>, limit: usize) -> Self {
        let is_more = events.len() > limit;
        events.truncate(limit);
        let last = events.last().filter(|_| is_more);
        Self {
            next: last.map(|(mark, _)| write_log_mark(*mark)),
            events: events.into_iter().map(HealthItem::from).collect(),
        }
    }
}

impl From<(LogMark, control::HealthEvent)> for HealthItem {
    fn from((mark, event): (LogMark, control::HealthEvent)) -> Self {
        let known = EventKind::named(&event.kind);
        Self {
            id: write_log_mark(mark),
            when_us: event.when.as_unix_micros(),
            severity: event.severity.into(),
            title: known.map_or_else(|| event.kind.clone(), |kind| kind.title().to_owned()),
            kind: event.kind,
            agent_id: event.agent.map(|agent| agent.to_string()),
            computer: event.computer,
            plan: event.plan,
            text: event.text,
            before: event.before,
            after: event.after,
        }
    }
}

impl From<control::Severity> for Severity {
    fn from(severity: control::Severity) -> Self {
        match severity {
            control::Severity::Information => Self::Information,
            control::Severity::Warning => Self::Warning,
            control::Severity::Error => Self::Error,
        }
    }
}

impl From<Severity> for control::Severity {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Information => Self::Information,
            Severity::Warning => Self::Warning,
            Severity::Error => Self::Error,
        }
    }
}

/// The place of an event in a log, as clients see it.
pub fn write_log_mark(mark: LogMark) -> String {
    format!("{}-{}", mark.when.as_unix_micros(), mark.number)
}

/// A place in a log that a client sent.
///
/// # Errors
///
/// If it is not one.
pub fn read_log_mark(text: &str) -> ApiResult<LogMark> {
    let parts = text.rsplit_once('-');
    let mark = parts.and_then(|(when, number)| {
        Some(LogMark {
            when: Timestamp::from_unix_micros(when.parse().ok()?),
            number: number.parse().ok()?,
        })
    });
    mark.ok_or_else(|| ApiError::field("after", "is not the `next` of a page".to_owned()))
}
