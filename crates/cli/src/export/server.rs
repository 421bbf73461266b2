//! Recordings that a server keeps.

use std::io::{self, Read};

use anyhow::{Context as _, bail};
use eidetic_model::Timestamp;

use super::recording::{KeyFrame, Recording, Segment, SegmentStore, Title};
use super::span::Span;
use crate::client::answers::{self, Application, Record, RecordPage, SegmentState, SessionDetail};
use crate::client::{ClientError, Connection};

/// What a server tells of a session.
pub struct Session {
    connection: Connection,
    id: String,
    detail: SessionDetail,
}

impl Session {
    /// Asks for a session. The server takes note of who does.
    pub fn open(connection: Connection, id: &str) -> anyhow::Result<Self> {
        let detail = connection
            .get(&format!("/sessions/{id}"))
            .map_err(|error| unknown_session(error, id))?;
        Ok(Self {
            connection,
            id: id.to_owned(),
            detail,
        })
    }

    /// The displays of which there are pictures, from 0.
    pub fn displays(&self) -> Vec<u16> {
        let mut displays: Vec<u16> = self
            .detail
            .segments
            .iter()
            .filter(|segment| segment.bytes > 0 && segment.state != SegmentState::Lost)
            .map(|segment| segment.display)
            .collect();
        displays.sort_unstable();
        displays.dedup();
        displays
    }

    /// From when to when the session went.
    pub fn span(&self) -> Span {
        let end = self.detail.end_us.unwrap_or(self.detail.last_known_us);
        Span {
            from: Timestamp::from_unix_micros(self.detail.start_us),
            until: Timestamp::from_unix_micros(end.max(self.detail.start_us)),
        }
    }

    /// The recording of one display, with the titles up to `until`.
    pub fn recording(self, display: u16, until: Timestamp) -> anyhow::Result<Recording> {
        let span = self.span();
        let mut segments: Vec<_> = self
            .detail
            .segments
            .iter()
            .filter(|segment| segment.display == display)
            .map(segment)
            .collect();
        segments.sort_by_key(|segment| segment.span.from);
        if self.detail.end_us.is_none() {
            stand_until(&mut segments, &self.detail, span.until);
        }
        let titles = self.titles(display, until)?;
        Ok(Recording {
            name: format!("{} on {}", self.detail.who, self.detail.where_),
            span,
            segments,
            titles,
            store: Box::new(ServerStore {
                connection: self.connection,
            }),
        })
    }

    fn titles(&self, display: u16, until: Timestamp) -> anyhow::Result<Vec<Title>> {
        let mut titles = Vec::new();
        let mut after = String::new();
        loop {
            let path = format!("/sessions/{}/activities?limit={RECORDS}{after}", self.id);
            let page: RecordPage = self
                .connection
                .get(&path)
                .context("failed to read what happened in the session")?;
            let is_past = page
                .records
                .last()
                .is_some_and(|record| record.when_us > until.as_unix_micros());
            titles.extend(page.records.iter().map(|record| title(record, display)));
            match page.next {
                Some(next) if !is_past => after = format!("&after={next}"),
                _ => break,
            }
        }
        titles.sort_by_key(|title| title.at);
        Ok(titles)
    }
}

/// The bytes of a server's segments.
struct ServerStore {
    connection: Connection,
}

impl SegmentStore for ServerStore {
    fn open<'a>(&'a self, segment: &Segment, offset: u64) -> anyhow::Result<Box<dyn Read + 'a>> {
        Ok(Box::new(Pieces {
            connection: &self.connection,
            path: format!("/segments/{}/data", segment.name),
            next: offset,
            end: segment.bytes,
            piece: io::Cursor::default(),
        }))
    }
}

/// Fetches a segment in pieces, so that a slow encoder keeps no request waiting.
struct Pieces<'a> {
    connection: &'a Connection,
    path: String,
    next: u64,
    end: u64,
    piece: io::Cursor<Vec<u8>>,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.piece.read(buffer)?;
        if count > 0 || buffer.is_empty() || self.next >= self.end {
            return Ok(count);
        }
        let wanted = (self.end - self.next).min(PIECE_BYTES);
        let piece = self
            .connection
            .bytes(&self.path, self.next, wanted)
            .map_err(io::Error::other)?;
        if piece.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.next += piece.len() as u64;
        self.piece = io::Cursor::new(piece);
        self.piece.read(buffer)
    }
}

fn segment(told: &answers::Segment) -> Segment {
    let lost = match told.state {
        SegmentState::Growing | SegmentState::Sealed => None,
        SegmentState::Lost => Some(match &told.lost_reason {
            Some(reason) => reason.clone(),
            None => "it was lost".to_owned(),
        }),
    };
    Segment {
        name: told.id.clone(),
        span: Span {
            from: Timestamp::from_unix_micros(told.start_us),
            until: Timestamp::from_unix_micros(told.until_us.max(told.start_us)),
        },
        width: told.width,
        height: told.height,
        bytes: told.bytes,
        key_frames: told
            .key_frames
            .iter()
            .map(|key| KeyFrame {
                time: Timestamp::from_unix_micros(key.time_us),
                offset: key.offset,
            })
            .collect(),
        lost,
    }
}

/// While a session goes on, the last picture of a segment that grows is what the display shows.
fn stand_until(segments: &mut [Segment], detail: &SessionDetail, now: Timestamp) {
    let Some(last) = segments.last_mut() else {
        return;
    };
    let grows = detail
        .segments
        .iter()
        .any(|told| told.id == last.name && told.state == SegmentState::Growing);
    if grows {
        last.span.until = last.span.until.max(now);
    }
}

fn title(record: &Record, display: u16) -> Title {
    let application = record.application.as_ref().and_then(application_name);
    let mut text = match (record.what.is_empty(), application) {
        (false, Some(application)) => format!("{} [{application}]", record.what),
        (true, Some(application)) => application.to_owned(),
        (_, None) => record.what.clone(),
    };
    let moment = record.moment;
    if let Some(moment) = moment.filter(|moment| moment.display != display) {
        text = format!("{text} (on display {})", moment.display + 1);
    }
    Title {
        at: Timestamp::from_unix_micros(moment.map_or(record.when_us, |moment| moment.time_us)),
        text,
    }
}

/// The name that an application goes by.
fn application_name(application: &Application) -> Option<&str> {
    match application.description.as_str() {
        "" => application
            .path
            .rsplit(['/', '\\'])
            .next()
            .filter(|name| !name.is_empty()),
        description => Some(description),
    }
}

fn unknown_session(error: ClientError, id: &str) -> anyhow::Error {
    match error.status() {
        Some(404) => anyhow::anyhow!(
            "the server knows no session {id}: the console shows a session's id in its address"
        ),
        Some(403) => anyhow::Error::from(error)
            .context("this user may not see recordings: sign in as one who may (--user)"),
        _ => error.into(),
    }
}

/// Which of these displays to export: the one that was asked for, or the first.
pub fn choose_display(displays: &[u16], wanted: Option<u16>) -> anyhow::Result<u16> {
    let numbers = || {
        let numbers: Vec<_> = displays
            .iter()
            .map(|index| (index + 1).to_string())
            .collect();
        numbers.join(", ")
    };
    match (displays.first(), wanted) {
        (None, _) => bail!("no picture of this session was recorded"),
        (Some(&first), None) => Ok(first),
        (Some(_), Some(wanted)) => displays
            .iter()
            .copied()
            .find(|index| index + 1 == wanted)
            .with_context(|| {
                format!(
                    "nothing was recorded of display {wanted}; there is {}",
                    numbers()
                )
            }),
    }
}

/// As many as the server gives at once.
const RECORDS: usize = 1000;
const PIECE_BYTES: u64 = 2 << 20;
