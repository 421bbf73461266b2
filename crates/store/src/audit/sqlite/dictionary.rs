//! The distinct values of the fields, and records made of their numbers.

use std::collections::HashMap;

use eidetic_model::{
    ActivityRecord, Application, Captured, DisplayIndex, RecordedMoment, SessionId, Timestamp,
};
use eidetic_search::{Field, Searchable};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow};
use sha2::{Digest, Sha256};

use crate::{audit::position, sqlite::Failure};

/// The fields that have a dictionary: all but What. The order is that of the columns of `rec`;
/// the number in `dim.kind` is the index here plus 1.
pub(super) const KINDS: [Field; 8] = [
    Field::Who,
    Field::Action,
    Field::Where,
    Field::ObjectType,
    Field::Details,
    Field::Application,
    Field::Workstation,
    Field::Session,
];

/// The columns that [`Row::read`] reads.
pub(super) const ROW_COLUMNS: &str = "id, who, action, wher, object_type, details, application, \
     workstation, session, title, at, coalesced, display, moment";

/// The index of a field in [`KINDS`]; `None` for What.
pub(super) fn kind_of(field: Field) -> Option<usize> {
    KINDS.into_iter().position(|kind| kind == field)
}

/// The number in `dim.kind`.
pub(super) fn kind_number(kind: usize) -> i64 {
    i64::try_from(kind).expect("there are eight") + 1
}

/// A value of a field: its text as it is searched, and where that text is to be cut to have the
/// field's parts back. `cuts` has the lengths of the parts in bytes, with commas between; it is
/// empty for a plain text and for a field that is absent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Value {
    pub text: String,
    pub cuts: String,
}

impl Value {
    /// The values of a record in the order of [`KINDS`].
    pub fn of(record: &ActivityRecord) -> [Self; 8] {
        KINDS.map(|field| Self {
            cuts: cuts(record, field),
            text: record.text(field).into_owned(),
        })
    }

    fn parts(&self) -> Option<Vec<&str>> {
        if self.cuts.is_empty() {
            return Some(Vec::new());
        }
        let mut start = 0_usize;
        self.cuts
            .split(',')
            .map(|length| {
                let end = start.checked_add(length.parse().ok()?)?;
                let part = self.text.get(start..end)?;
                start = end + 1;
                Some(part)
            })
            .collect()
    }
}

fn cuts(record: &ActivityRecord, field: Field) -> String {
    let lengths: Vec<usize> = match field {
        Field::Details => record
            .details
            .iter()
            .map(|line| line.reveal().len())
            .collect(),
        Field::Application => record
            .application
            .iter()
            .flat_map(|application| [application.description.len(), application.path.len()])
            .collect(),
        Field::Workstation => record.workstation.iter().map(String::len).collect(),
        _ => Vec::new(),
    };
    let lengths: Vec<_> = lengths.iter().map(usize::to_string).collect();
    lengths.join(",")
}

/// The 64 bits under which a text is looked up. Stored: it must never change.
pub(super) fn hash(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.first_chunk().expect("SHA-256 has 32 bytes");
    i64::from_le_bytes(*first)
}

/// A folded text as the trigram index is fed with it and asked for it. The index ends a text at
/// U+0000; with another character there it gives at most too much, which is compared again.
pub(super) fn index_text(folded: &str) -> String {
    folded.replace('\0', "\u{FFFD}")
}

/// A record as numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub id: i64,
    pub dims: [i64; 8],
    pub title: i64,
    pub when: Timestamp,
    coalesced: u32,
    moment: Option<RecordedMoment>,
}

impl Row {
    /// Reads [`ROW_COLUMNS`].
    pub fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        let id: i64 = row.get(0)?;
        let mut dims = [0; 8];
        for (column, dim) in dims.iter_mut().enumerate() {
            *dim = row.get(column + 1)?;
        }
        let at: Option<i64> = row.get(10)?;
        let when = at.unwrap_or(position::micros_of(id));
        let coalesced: Option<u32> = row.get(11)?;
        let display: Option<u16> = row.get(12)?;
        let moment: Option<i64> = row.get(13)?;
        Ok(Self {
            id,
            dims,
            title: row.get(9)?,
            when: Timestamp::from_unix_micros(when),
            coalesced: coalesced.unwrap_or(0),
            moment: display.zip(moment).map(|(display, moment)| RecordedMoment {
                display: DisplayIndex(display),
                time: Timestamp::from_unix_micros(when.wrapping_add(moment)),
            }),
        })
    }
}

/// The words of rows, read as they are needed.
pub(super) struct Dictionary<'c> {
    connection: &'c Connection,
    values: HashMap<i64, Value>,
}

impl<'c> Dictionary<'c> {
    pub fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            values: HashMap::new(),
        }
    }

    /// The value with this number.
    pub fn value(&mut self, id: i64) -> Result<&Value, Failure> {
        use std::collections::hash_map::Entry;
        match self.values.entry(id) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let value = self
                    .connection
                    .prepare_cached("SELECT v, cuts FROM dim WHERE id = ?1")?
                    .query_row([id], |row| {
                        Ok(Value {
                            text: row.get(0)?,
                            cuts: row.get(1)?,
                        })
                    })
                    .optional()?
                    .ok_or_else(|| damaged("names a value that is not there"))?;
                Ok(unknown.insert(value))
            }
        }
    }

    /// The title with this number.
    pub fn title(&self, id: i64) -> Result<String, Failure> {
        title(self.connection, id)
    }

    /// The record that a row stands for.
    pub fn record(&mut self, row: &Row) -> Result<ActivityRecord, Failure> {
        let [
            who,
            action,
            where_,
            object_type,
            details,
            application,
            workstation,
            session,
        ] = row.dims;
        Ok(ActivityRecord {
            session: self
                .value(session)?
                .text
                .parse::<SessionId>()
                .map_err(|error| damaged(error.to_string()))?,
            when: row.when,
            who: self.value(who)?.text.clone(),
            action: self
                .value(action)?
                .text
                .parse()
                .map_err(|_| damaged("has an unknown action"))?,
            object_type: self
                .value(object_type)?
                .text
                .parse()
                .map_err(|_| damaged("has an unknown object type"))?,
            what: Captured::new(self.title(row.title)?),
            where_: self.value(where_)?.text.clone(),
            workstation: self
                .parts(workstation)?
                .first()
                .map(|workstation| (*workstation).to_owned()),
            details: self
                .parts(details)?
                .into_iter()
                .map(Captured::from)
                .collect(),
            application: match self.parts(application)?.as_slice() {
                [] => None,
                [description, path] => Some(Application {
                    path: (*path).to_owned(),
                    description: (*description).to_owned(),
                }),
                _ => return Err(damaged("has an application that cannot be cut")),
            },
            coalesced: row.coalesced,
            moment: row.moment,
        })
    }

    fn parts(&mut self, id: i64) -> Result<Vec<&str>, Failure> {
        self.value(id)?
            .parts()
            .ok_or_else(|| damaged("has a value that cannot be cut"))
    }
}

/// The title with this number.
pub(super) fn title(connection: &Connection, id: i64) -> Result<String, Failure> {
    connection
        .prepare_cached("SELECT v FROM title WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?
        .ok_or_else(|| damaged("names a title that is not there"))
}

fn damaged(reason: impl Into<String>) -> Failure {
    Failure::damaged("activity record", reason)
}
