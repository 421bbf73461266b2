//! An hour-long recording, made of the frames of a short one.
//!
//! The frames of the demo's activity are shown again and again, slower, until an hour is full:
//! about as many changes as an hour of a person's work has, and each of them real.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_codec::{
    Damage, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize, SegmentWriter,
    Totals,
};
use eidetic_model::{
    Action, ActivityRecord, AgentId, Application, Captured, Clock as _, DisplayIndex, Entry,
    IdSource as _, ObjectType, PlanId, RecordSequence, RecordedMoment, SegmentDescription,
    SegmentEnd, SegmentId, SessionDescription, SessionEnding, SessionId, SessionOrigin, SpoolId,
    Timestamp,
};
use eidetic_runtime::{RandomIds, SystemClock};
use eidetic_store::{
    audit::{AuditStore as _, Batch, SqliteAudit},
    control::{ControlStore as _, KeyFrame, SqliteControl},
    segments::{ObjectSegments, Sealed, SegmentStore as _},
};
use sha2::{Digest as _, Sha256};

use crate::{api::Api, recording, stack::Server};

const LENGTH: Duration = Duration::from_secs(3600);
const SEGMENT_LENGTH: Duration = Duration::from_secs(900);
/// How much slower than the scripted person a real one is.
const SLOWER: u64 = 5;

/// The segments of the session in which a title was seen, one display's, oldest first.
pub fn segments_of(api: &Api, title: &str) -> Result<Vec<Vec<u8>>> {
    let hits = api.search(title)?;
    let session = hits
        .first()
        .and_then(|hit| hit["session_id"].as_str())
        .context("no record with the wanted title")?;
    let detail = api.get(&format!("/sessions/{session}"))?;
    let segments = detail["segments"].as_array().context("no segments")?;
    segments
        .iter()
        .filter(|segment| segment["display"] == 0)
        .filter_map(|segment| segment["id"].as_str())
        .map(|id| api.bytes(&format!("/segments/{id}/data")))
        .collect()
}

/// Adds an hour-long session made of these segments' frames. Gives its id.
pub fn add_session(server: &mut Server, api: &Api, segments: &[Vec<u8>]) -> Result<String> {
    let computers = api.get("/computers")?;
    let agent: AgentId = computers["computers"][0]["agent_id"]
        .as_str()
        .context("no computer")?
        .parse()?;
    let start = SystemClock.wall().saturating_sub(2 * LENGTH);
    let recorded = record(segments, start)?;
    let session = SessionId::from_uuid(RandomIds.new_id(start));
    server.while_stopped(|folder| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(store(folder, agent, session, start, recorded))
    })?;
    Ok(session.to_string())
}

/// A segment that was made.
struct Made {
    start: Timestamp,
    end: Timestamp,
    size: PictureSize,
    key_frames: Vec<KeyFrame>,
    bytes: Vec<u8>,
}

/// Shows the frames again and again until an hour is full.
fn record(segments: &[Vec<u8>], start: Timestamp) -> Result<Vec<Made>> {
    let end = start.saturating_add(LENGTH);
    let mut made = Vec::new();
    let mut open: Option<Open> = None;
    let mut now = start;
    while now < end {
        let round = now;
        for segment in segments {
            let segment_start = now;
            let mut first = None;
            recording::play(segment, |size, time, pixels| {
                let first = *first.get_or_insert(time.as_micros());
                let offset = Duration::from_micros((time.as_micros() - first) * SLOWER);
                now = segment_start.saturating_add(offset);
                if now >= end {
                    return Ok(());
                }
                if let Some(full) = open.take_if(|open| open.is_full(now)) {
                    made.push(full.finish(now)?);
                }
                if open.is_none() {
                    open = Some(Open::begin(size, now)?);
                }
                open.as_mut().map_or(Ok(()), |open| open.show(now, pixels))
            })?;
        }
        ensure!(now > round, "the recording is too short to be stretched");
    }
    if let Some(last) = open {
        made.push(last.finish(end)?);
    }
    Ok(made)
}

/// A segment that is being made.
struct Open {
    start: Timestamp,
    size: PictureSize,
    encoder: Encoder,
    writer: SegmentWriter,
    key_frames: Vec<KeyFrame>,
    frames: u64,
    bytes: Vec<u8>,
}

impl Open {
    fn begin(size: PictureSize, start: Timestamp) -> Result<Self> {
        let encoder = Encoder::new(EncoderConfig::new(size))?;
        let header = encoder.segment_header(start.as_unix_micros(), FrameInterval::Variable);
        let mut bytes = Vec::new();
        let writer = SegmentWriter::begin(&header, &mut bytes);
        Ok(Self {
            start,
            size,
            encoder,
            writer,
            key_frames: Vec::new(),
            frames: 0,
            bytes,
        })
    }

    fn is_full(&self, now: Timestamp) -> bool {
        now.saturating_since(self.start) > SEGMENT_LENGTH || self.bytes.len() > 8 << 20
    }

    fn show(&mut self, now: Timestamp, pixels: &[u8]) -> Result<()> {
        self.frames += 1;
        let frame = FrameRef {
            data: pixels,
            stride: 4 * self.size.width() as usize,
        };
        let time = media_time(self.start, now);
        let encoded = self.encoder.encode(frame, Damage::Unknown, time)?;
        for packet in encoded.packets() {
            if packet.kind == eidetic_codec::PacketKind::Key {
                self.key_frames.push(KeyFrame {
                    time: now,
                    offset: self.bytes.len() as u64,
                });
            }
            self.writer.append(&packet, &mut self.bytes)?;
        }
        Ok(())
    }

    fn finish(mut self, end: Timestamp) -> Result<Made> {
        if let Some(packet) = self.encoder.flush() {
            self.writer.append(&packet, &mut self.bytes)?;
        }
        let totals = Totals {
            frames: self.frames,
            final_hash: self.encoder.picture_hash(),
            encode_cpu_micros: None,
        };
        self.writer
            .finish(media_time(self.start, end), totals, &mut self.bytes)?;
        Ok(Made {
            start: self.start,
            end,
            size: self.size,
            key_frames: self.key_frames,
            bytes: self.bytes,
        })
    }
}

fn media_time(start: Timestamp, now: Timestamp) -> MediaTime {
    MediaTime::from_micros(
        u64::try_from(now.saturating_since(start).as_micros()).unwrap_or(u64::MAX),
    )
}

/// Puts a session with these segments into the stores of a server that is stopped.
async fn store(
    folder: &Path,
    agent: AgentId,
    session: SessionId,
    start: Timestamp,
    recorded: Vec<Made>,
) -> Result<()> {
    let clock = Arc::new(SystemClock);
    let audit = SqliteAudit::open(folder.join("audit"), clock)?;
    let control = SqliteControl::open(folder.join("control.db"))?;
    let segments = ObjectSegments::local(folder.join("segments")).await?;
    let spool = SpoolId::from_uuid(RandomIds.new_id(start));

    let mut entries = vec![Entry::SessionOpened(SessionDescription {
        id: session,
        who: "CORP\\hour".to_owned(),
        where_: "bench".to_owned(),
        origin: SessionOrigin::Local,
        display_name: ":0".to_owned(),
        start,
    })];
    entries.extend(
        (0..500)
            .map(|index| activity(session, start, index))
            .map(Entry::Activity),
    );
    let named: Vec<(SegmentId, Made)> = recorded
        .into_iter()
        .map(|made| (SegmentId::from_uuid(RandomIds.new_id(made.start)), made))
        .collect();
    entries.extend(named.iter().map(|(id, made)| {
        Entry::SegmentOpened(SegmentDescription {
            id: *id,
            session,
            display: DisplayIndex(0),
            start: made.start,
            width: made.size.width(),
            height: made.size.height(),
            left: 0,
            top: 0,
        })
    }));
    entries.push(Entry::SessionClosed(SessionEnding {
        session,
        end: start.saturating_add(LENGTH),
    }));

    let numbered: Vec<_> = (1..).map(RecordSequence).zip(entries).collect();
    let records = numbered
        .iter()
        .filter_map(|(sequence, entry)| match entry {
            Entry::Activity(record) => Some((*sequence, record.clone())),
            _ => None,
        })
        .collect();
    audit
        .append(Batch {
            agent,
            spool,
            records,
        })
        .await?;
    control
        .apply(agent, spool, PlanId::DEFAULT, &numbered)
        .await?;
    for (id, made) in named {
        let bytes = made.bytes.len() as u64;
        let end = SegmentEnd {
            id,
            end: made.end,
            bytes,
            sha256: Sha256::digest(&made.bytes).into(),
        };
        segments.append(id, 0, made.bytes.into()).await?;
        ensure!(
            segments.seal(&end).await? == Sealed::Stored,
            "segment {id} was not stored"
        );
        control
            .grow_segment(id, bytes, made.end, &made.key_frames)
            .await?;
        control.seal_segment(end).await?;
    }
    Ok(())
}

/// One of 500 activities, as many as an hour of office work has.
fn activity(session: SessionId, start: Timestamp, index: u32) -> ActivityRecord {
    let when = start.saturating_add(LENGTH / 500 * index);
    let program = ["Terminal", "Mousepad", "Chromium"][index as usize % 3];
    ActivityRecord {
        session,
        when,
        who: "CORP\\hour".to_owned(),
        action: Action::Activated,
        object_type: ObjectType::Window,
        what: Captured::new(format!("Document {index} - {program}")),
        where_: "bench".to_owned(),
        workstation: None,
        details: Vec::new(),
        application: Some(Application {
            path: format!("/usr/bin/{}", program.to_lowercase()),
            description: program.to_owned(),
        }),
        coalesced: 0,
        moment: Some(RecordedMoment {
            display: DisplayIndex(0),
            time: when,
        }),
    }
}
