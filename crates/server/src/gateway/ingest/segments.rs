//! Segments: bytes to the segment store, and how much of them can be played to the control data.

use std::collections::HashMap;

use eidetic_codec::{MediaTime, PacketInfo, PacketKind, PacketScanner};
use eidetic_model::{AgentId, GapReason, SegmentEnd, SegmentId, SessionId, Timestamp};
use eidetic_store::{
    StoreError,
    control::{KeyFrame, SegmentState, StoredSegment},
    segments::{Appended, Sealed},
};
use eidetic_wire::{
    convert::{MAX_UNIX_MICROS, SegmentChunk},
    proto::segment_rejected::Reason,
    server_link::SegmentOutcome,
};
use tracing::{debug, error, warn};

use super::failure::Failure;
use crate::components::{Change, Components};

/// Stores the segments of one agent.
pub struct Segments {
    components: Components,
    agent: AgentId,
    growing: HashMap<SegmentId, Growing>,
    /// Segments whose hash was wrong once.
    mismatched: Vec<SegmentId>,
}

/// A segment of which more may come.
struct Growing {
    session: SessionId,
    scanner: PacketScanner,
    /// How many bytes the scanner has seen.
    scanned: u64,
    /// How many bytes the control data says can be played.
    playable: u64,
    /// The offset of the last key frame that the control data knows.
    last_key_frame: Option<u64>,
    /// How many key frames the control data knows.
    key_frames: usize,
    /// What cannot be read as packets is stored all the same, and said once.
    unreadable: bool,
}

/// What is known of a segment that an agent speaks of.
enum Known {
    Growing,
    Sealed,
    /// Not announced, another agent's, or given up.
    No,
}

/// Makes playable what had come in before the server was stopped, also of agents that do not
/// come again.
pub async fn recover(components: &Components) {
    let growing = match components.segments.growing().await {
        Ok(growing) => growing,
        Err(error) => {
            error!(%error, "growing segments were not found");
            return;
        }
    };
    for id in growing {
        let known = components.control.segment(id).await;
        let result = match known {
            Ok(Some((_, segment))) if segment.state == SegmentState::Growing => {
                Growing::read_again(components, &segment).await.map(|_| ())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            error!(segment = %id, %error, "growing segment was not taken up again");
        }
    }
}

impl Segments {
    /// Stores segments of this agent.
    pub fn new(components: Components, agent: AgentId) -> Self {
        Self {
            components,
            agent,
            growing: HashMap::new(),
            mismatched: Vec::new(),
        }
    }

    /// Adds bytes to a segment.
    pub async fn append(&mut self, chunk: &SegmentChunk) -> Result<SegmentOutcome, Failure> {
        let taken = chunk.bytes.len() as u64;
        match self.look_up(chunk.id).await? {
            Known::Growing => {}
            Known::Sealed => return Ok(SegmentOutcome::Stored { taken }),
            Known::No => return Ok(unknown(taken)),
        }
        let store = &self.components.segments;
        let bytes = chunk.bytes.clone();
        match store.append(chunk.id, chunk.offset, bytes).await? {
            Appended::Durable(durable) => {
                if let Some(growing) = self.growing.get_mut(&chunk.id) {
                    growing.take(&self.components, chunk).await?;
                }
                Ok(SegmentOutcome::Appended { taken, durable })
            }
            Appended::Hole { durable } => Ok(SegmentOutcome::Appended { taken, durable }),
            // Whether it is the segment that the agent means, its end tells.
            Appended::AlreadySealed => Ok(SegmentOutcome::Appended {
                taken,
                durable: chunk.end(),
            }),
        }
    }

    /// Checks a segment and makes it whole.
    pub async fn end(&mut self, end: &SegmentEnd) -> Result<SegmentOutcome, Failure> {
        match self.look_up(end.id).await? {
            Known::Growing => {}
            Known::Sealed => return Ok(SegmentOutcome::Stored { taken: 0 }),
            Known::No => return Ok(unknown(0)),
        }
        match self.components.segments.seal(end).await? {
            Sealed::Stored => {
                self.components.control.seal_segment(*end).await?;
                self.forget(end.id);
                Ok(SegmentOutcome::Stored { taken: 0 })
            }
            Sealed::Incomplete { durable } => Ok(SegmentOutcome::Holds(durable)),
            Sealed::HashMismatch => self.mismatch(end.id).await,
        }
    }

    /// How much of a segment is durable.
    pub async fn query(&mut self, id: SegmentId) -> Result<SegmentOutcome, Failure> {
        match self.look_up(id).await? {
            Known::Growing => {
                let durable = self.components.segments.durable_bytes(id).await?;
                Ok(SegmentOutcome::Holds(durable))
            }
            Known::Sealed => Ok(SegmentOutcome::Stored { taken: 0 }),
            Known::No => Ok(unknown(0)),
        }
    }

    async fn look_up(&mut self, id: SegmentId) -> Result<Known, StoreError> {
        if self.growing.contains_key(&id) {
            return Ok(Known::Growing);
        }
        match self.components.control.segment(id).await? {
            Some((owner, segment)) if owner == self.agent => match segment.state {
                SegmentState::Growing => {
                    if self.growing.len() >= MAX_GROWING {
                        // They are read again when they are needed.
                        self.growing.clear();
                    }
                    let growing = Growing::read_again(&self.components, &segment).await?;
                    self.growing.insert(id, growing);
                    Ok(Known::Growing)
                }
                SegmentState::Sealed(_) => Ok(Known::Sealed),
                SegmentState::Lost(_) => Ok(Known::No),
            },
            Some(_) | None => Ok(Known::No),
        }
    }

    /// The agent sends the segment again, once; a second time it is lost.
    async fn mismatch(&mut self, id: SegmentId) -> Result<SegmentOutcome, Failure> {
        self.components.segments.discard(id).await?;
        self.components.control.reset_segment(id).await?;
        if self.mismatched.contains(&id) {
            error!(segment = %id, "segment has a wrong hash again and is lost");
            let control = &self.components.control;
            control.lose_segment(id, GapReason::SegmentDamaged).await?;
        } else {
            warn!(segment = %id, "segment has a wrong hash, it is asked for again");
            if self.mismatched.len() >= MAX_GROWING {
                self.mismatched.remove(0);
            }
            self.mismatched.push(id);
        }
        self.forget(id);
        Ok(SegmentOutcome::Rejected {
            taken: 0,
            reason: Reason::HashMismatch,
        })
    }

    fn forget(&mut self, segment: SegmentId) {
        if let Some(growing) = self.growing.remove(&segment) {
            let session = growing.session;
            self.components
                .news
                .tell(Change::Segment { session, segment });
        }
    }
}

impl Growing {
    /// Where the scanner was, found out from the bytes that are durable.
    async fn read_again(
        components: &Components,
        segment: &StoredSegment,
    ) -> Result<Self, StoreError> {
        let id = segment.description.id;
        let mut growing = Self {
            session: segment.description.session,
            scanner: PacketScanner::new(),
            scanned: 0,
            playable: segment.bytes,
            last_key_frame: segment.key_frames.last().map(|frame| frame.offset),
            key_frames: segment.key_frames.len(),
            unreadable: false,
        };
        let durable = components.segments.durable_bytes(id).await?;
        while growing.scanned < durable {
            let offset = growing.scanned;
            let until = durable.min(offset + READ_BYTES);
            let read = components.segments.read(id, offset..until).await?;
            let bytes = read.filter(|bytes| !bytes.is_empty());
            let Some(bytes) = bytes else { break };
            let chunk = SegmentChunk { id, offset, bytes };
            growing.take(components, &chunk).await?;
        }
        if durable > 0 {
            debug!(segment = %id, bytes = durable, "growing segment taken up again");
        }
        Ok(growing)
    }

    /// Looks for packets in bytes that have become durable, and keeps what can be played now.
    async fn take(
        &mut self,
        components: &Components,
        chunk: &SegmentChunk,
    ) -> Result<(), StoreError> {
        let key_frames = self.scan(chunk);
        let playable = self.scanner.complete_bytes();
        if playable <= self.playable && key_frames.is_empty() {
            return Ok(());
        }
        let until = self.absolute(self.scanner.last_time().map_or(0, MediaTime::as_micros));
        components
            .control
            .grow_segment(chunk.id, playable, until, &key_frames)
            .await?;
        self.playable = playable;
        self.key_frames += key_frames.len();
        if let Some(last) = key_frames.last() {
            self.last_key_frame = Some(last.offset);
        }
        let (session, segment) = (self.session, chunk.id);
        components.news.tell(Change::Segment { session, segment });
        Ok(())
    }

    /// The key frames in these bytes that are not known yet, as far as they are listed.
    fn scan(&mut self, chunk: &SegmentChunk) -> Vec<KeyFrame> {
        let seen = self.scanned.saturating_sub(chunk.offset);
        let new = usize::try_from(seen)
            .ok()
            .and_then(|seen| chunk.bytes.get(seen..))
            .unwrap_or_default();
        let mut found: Vec<PacketInfo> = Vec::new();
        let scanned = self.scanner.push(new, |packet| found.push(packet));
        self.scanned += new.len() as u64;
        if let Err(error) = scanned
            && !self.unreadable
        {
            self.unreadable = true;
            warn!(segment = %chunk.id, %error, "segment cannot be read as packets");
        }
        found
            .into_iter()
            .filter(|packet| packet.kind == PacketKind::Key)
            .filter(|packet| self.last_key_frame.is_none_or(|last| packet.offset > last))
            .take(MAX_KEY_FRAMES.saturating_sub(self.key_frames))
            .map(|packet| KeyFrame {
                time: self.absolute(packet.time.as_micros()),
                offset: packet.offset,
            })
            .collect()
    }

    fn absolute(&self, micros: u64) -> Timestamp {
        let start = self
            .scanner
            .header()
            .map_or(0, |header| header.start_unix_micros);
        let time = Timestamp::from_unix_micros(start);
        let time = time.saturating_add(std::time::Duration::from_micros(micros));
        // What stands in the bytes of a segment was not checked when the message came in.
        Timestamp::from_unix_micros(time.as_unix_micros().clamp(0, MAX_UNIX_MICROS))
    }
}

fn unknown(taken: u64) -> SegmentOutcome {
    SegmentOutcome::Rejected {
        taken,
        reason: Reason::UnknownSegment,
    }
}

/// Each holds a scanner, which is small; an agent has one for each of its displays.
const MAX_GROWING: usize = 64;
const READ_BYTES: u64 = 256 << 10;
/// As many as the index of a segment has at most. Further ones can be played, not jumped to.
const MAX_KEY_FRAMES: usize = 65_536;

#[cfg(test)]
mod tests {
    use eidetic_codec::{
        Damage, Encoder, EncoderConfig, FrameInterval, FrameRef, PictureSize, SegmentWriter,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_segment_that_claims_impossible_times_stays_within_the_possible() {
        for (claimed, taken) in [(i64::MAX, MAX_UNIX_MICROS), (i64::MIN, 0), (7, 8)] {
            let mut growing = nothing_known();
            let bytes = segment(claimed, 0);
            growing.scanner.push(&bytes, |_| {}).unwrap();
            assert_eq!(growing.absolute(1).as_unix_micros(), taken);
        }
    }

    #[test]
    fn a_segment_of_very_many_key_frames_has_a_bounded_list_of_them() {
        let chunk = SegmentChunk {
            id: SegmentId::from_uuid(Uuid::nil()),
            offset: 0,
            bytes: segment(0, 5).into(),
        };
        for (known, listed) in [(0, 5), (MAX_KEY_FRAMES - 2, 2), (MAX_KEY_FRAMES, 0)] {
            let mut growing = nothing_known();
            growing.key_frames = known;
            assert_eq!(growing.scan(&chunk).len(), listed);
            let all = chunk.bytes.len() as u64;
            assert_eq!(growing.scanner.complete_bytes(), all, "all can be played");
        }
    }

    fn nothing_known() -> Growing {
        Growing {
            session: SessionId::from_uuid(Uuid::nil()),
            scanner: PacketScanner::new(),
            scanned: 0,
            playable: 0,
            last_key_frame: None,
            key_frames: 0,
            unreadable: false,
        }
    }

    fn segment(start_unix_micros: i64, key_frames: u8) -> Vec<u8> {
        let size = PictureSize::new(16, 16).unwrap();
        let mut encoder = Encoder::new(EncoderConfig::new(size)).unwrap();
        let header = encoder.segment_header(start_unix_micros, FrameInterval::Variable);
        let mut bytes = Vec::new();
        let mut writer = SegmentWriter::begin(&header, &mut bytes);
        for number in 0..key_frames {
            encoder.request_key_frame();
            let picture = FrameRef {
                data: &[number; 16 * 16 * 4],
                stride: 16 * 4,
            };
            let time = MediaTime::from_micros(number.into());
            let encoded = encoder.encode(picture, Damage::Unknown, time).unwrap();
            let packets = encoded.packets();
            assert_eq!(packets.len(), 1, "each picture is another");
            for packet in packets {
                writer.append(&packet, &mut bytes).unwrap();
            }
        }
        bytes
    }
}
