//! What the server tells: of each answer the fields that a command needs.
//!
//! Fields that are not named are ignored, so that a newer server may tell more.

use std::fmt;

use serde::Deserialize;

/// A session, with all that is needed to play it.
#[derive(Debug, Deserialize)]
pub struct SessionDetail {
    /// Its user.
    pub who: String,
    /// The computer.
    #[serde(rename = "where")]
    pub where_: String,
    /// When recording began.
    pub start_us: i64,
    /// When it ended, if it did.
    pub end_us: Option<i64>,
    /// The last time of which something is known.
    pub last_known_us: i64,
    /// Its segments.
    pub segments: Vec<Segment>,
}

/// A bounded run of one display's pictures.
#[derive(Debug, Deserialize)]
pub struct Segment {
    /// Its id.
    pub id: String,
    /// The display that it shows, from 0.
    pub display: u16,
    /// The time of its first frame.
    pub start_us: i64,
    /// Until when it tells what the display showed.
    pub until_us: i64,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// How many bytes can be read now.
    pub bytes: u64,
    /// How much of it has come.
    pub state: SegmentState,
    /// Why it will not come, if it is lost.
    pub lost_reason: Option<String>,
    /// Where decoding can begin.
    pub key_frames: Vec<KeyFrame>,
}

/// How much of a segment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentState {
    /// More may come.
    Growing,
    /// All.
    Sealed,
    /// It will not come, or not whole.
    Lost,
}

/// Where decoding can begin.
#[derive(Debug, Deserialize)]
pub struct KeyFrame {
    /// The time of the frame.
    pub time_us: i64,
    /// The offset of its packet in the segment.
    pub offset: u64,
}

/// A page of activity records.
#[derive(Debug, Deserialize)]
pub struct RecordPage {
    /// The records, oldest first.
    pub records: Vec<Record>,
    /// Where the next page begins; absent on the last one.
    pub next: Option<String>,
}

/// Who did what, when. Its `Debug` prints no captured content.
#[derive(Deserialize)]
pub struct Record {
    /// When it happened.
    pub when_us: i64,
    /// The window's title, or what happened to the session.
    pub what: String,
    /// The application that the window belongs to.
    pub application: Option<Application>,
    /// The moment of the recording that shows it.
    pub moment: Option<Moment>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("when_us", &self.when_us)
            .field("what_bytes", &self.what.len())
            .finish_non_exhaustive()
    }
}

/// A program.
#[derive(Debug, Deserialize)]
pub struct Application {
    /// The path of the executable; may be empty.
    pub path: String,
    /// The name that people know.
    pub description: String,
}

/// A moment of a session's recording.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Moment {
    /// The display on which it is to be seen, from 0.
    pub display: u16,
    /// The time, on the same clock as the display's segments.
    pub time_us: i64,
}

/// Whoever is signed in.
#[derive(Debug, Deserialize)]
pub struct Account {
    /// Whether nothing else is allowed before the password is changed.
    pub must_change_password: bool,
}

/// Why the server refused (RFC 9457).
#[derive(Debug, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The problem in words.
    pub detail: String,
    /// The kind of problem in words.
    pub title: String,
    /// Which fields are wrong, when it is about fields.
    #[serde(default)]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Deserialize)]
pub struct FieldProblem {
    /// The field.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => f.write_str(&self.title)?,
            detail => f.write_str(detail)?,
        }
        self.errors
            .iter()
            .try_for_each(|error| write!(f, "; {}: {}", error.field, error.message))
    }
}
