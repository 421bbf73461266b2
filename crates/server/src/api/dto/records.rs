//! Activity records.

use eidetic_model::{ActivityRecord, Application, Captured, RecordedMoment};
use eidetic_search::Mark;
use eidetic_store::audit::PageOf;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of activity records.
#[derive(Clone, Serialize, ToSchema)]
pub struct SearchPage {
    /// The records. May be empty although `next` is there: then there is more to look through,
    /// ask again.
    pub records: Vec<Record>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
}

/// Activity records, as a live stream tells them.
#[derive(Clone, Serialize, ToSchema)]
pub struct Records {
    /// The records, oldest first.
    pub records: Vec<Record>,
}

/// Who did what, when, where.
#[derive(Clone, Serialize, ToSchema)]
pub struct Record {
    /// Names this record, and is the mark after which others follow.
    pub id: String,
    /// The session in which it happened.
    #[schema(format = Uuid)]
    pub session_id: String,
    /// When it happened.
    pub when_us: i64,
    /// The session's user.
    pub who: String,
    /// What kind of thing happened.
    pub action: &'static str,
    /// What kind of thing it happened to.
    pub object_type: &'static str,
    /// The window's title, or what happened to the session.
    pub what: String,
    /// The computer.
    #[serde(rename = "where")]
    pub where_: String,
    /// From where the user was connected, if he was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub workstation: Option<String>,
    /// Further facts.
    pub details: Vec<String>,
    /// The application that the window belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub application: Option<RecordApplication>,
    /// How many further changes of the same window it stands for.
    pub coalesced: u32,
    /// The moment of the recording that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub moment: Option<RecordMoment>,
}

/// A program.
#[derive(Clone, Serialize, ToSchema)]
pub struct RecordApplication {
    /// The path of the executable; may be empty.
    pub path: String,
    /// The name that people know.
    pub description: String,
}

/// A moment of a session's recording.
#[derive(Clone, Copy, Serialize, ToSchema)]
pub struct RecordMoment {
    /// The display on which it is to be seen.
    pub display: u16,
    /// The time, on the same clock as the display's segments.
    pub time_us: i64,
}

impl From<PageOf> for SearchPage {
    fn from(page: PageOf) -> Self {
        Self {
            records: page.records.into_iter().map(Record::from).collect(),
            next: page.next.map(Mark::to_text),
        }
    }
}

impl From<(Mark, ActivityRecord)> for Record {
    fn from((mark, record): (Mark, ActivityRecord)) -> Self {
        Self {
            id: mark.to_text(),
            session_id: record.session.to_string(),
            when_us: record.when.as_unix_micros(),
            who: record.who,
            action: record.action.as_str(),
            object_type: record.object_type.as_str(),
            what: record.what.into_revealed(),
            where_: record.where_,
            workstation: record.workstation,
            details: record
                .details
                .into_iter()
                .map(Captured::into_revealed)
                .collect(),
            application: record.application.map(RecordApplication::from),
            coalesced: record.coalesced,
            moment: record.moment.map(RecordMoment::from),
        }
    }
}

impl From<Application> for RecordApplication {
    fn from(application: Application) -> Self {
        Self {
            path: application.path,
            description: application.description,
        }
    }
}

impl From<RecordedMoment> for RecordMoment {
    fn from(moment: RecordedMoment) -> Self {
        Self {
            display: moment.display.0,
            time_us: moment.time.as_unix_micros(),
        }
    }
}
