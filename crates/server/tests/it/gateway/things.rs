//! Sessions, records and segments to send.

use std::time::Duration;

use eidetic_codec::{
    Damage, Encoder, EncoderConfig, FrameInterval, FrameRef, MediaTime, PictureSize, Quality,
    SegmentWriter, Totals,
};
use eidetic_model::{
    Action, ActivityRecord, Application, Captured, DisplayIndex, Entry, ObjectType,
    SegmentDescription, SegmentEnd, SegmentId, SessionDescription, SessionId, SessionOrigin,
    Timestamp,
};
use eidetic_wire::convert::SegmentChunk;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub const SESSION: SessionId = SessionId::from_uuid(Uuid::from_u128(0x5E55));

const START: Timestamp = Timestamp::from_unix_micros(1_790_000_000_000_000);

pub fn session_opened(session: SessionId) -> Entry {
    Entry::SessionOpened(SessionDescription {
        id: session,
        who: r"HOST\ann".into(),
        where_: "host".into(),
        origin: SessionOrigin::Local,
        display_name: ":0".into(),
        start: START,
    })
}

pub fn activity(session: SessionId, number: u64) -> Entry {
    Entry::Activity(ActivityRecord {
        session,
        when: START.saturating_add(Duration::from_millis(number)),
        who: r"HOST\ann".into(),
        action: Action::Activated,
        object_type: ObjectType::Window,
        what: Captured::new(title(number)),
        where_: "host".into(),
        workstation: None,
        details: Vec::new(),
        application: Some(Application {
            path: "/usr/bin/editor".into(),
            description: "Editor".into(),
        }),
        coalesced: 0,
        moment: None,
    })
}

pub fn title(number: u64) -> String {
    format!("document {number}")
}

/// A whole segment of a session: what is said of it, and its bytes.
pub struct TestSegment {
    pub id: SegmentId,
    pub session: SessionId,
    pub bytes: Vec<u8>,
    pub frames: u64,
}

impl TestSegment {
    /// A segment of noise, with a key frame at every eighth frame of about a kilobyte each.
    pub fn new(number: u128, session: SessionId, frames: u64) -> Self {
        let size = PictureSize::new(32, 16).unwrap();
        let mut config = EncoderConfig::new(size);
        config.quality = Quality::Lossless;
        let mut encoder = Encoder::new(config).unwrap();
        let header = encoder.segment_header(START.as_unix_micros(), FrameInterval::Variable);
        let mut bytes = Vec::new();
        let mut writer = SegmentWriter::begin(&header, &mut bytes);
        let mut noise = number as u32 | 1;
        for frame in 0..frames {
            if frame % 8 == 0 {
                encoder.request_key_frame();
            }
            let pixels: Vec<u8> = std::iter::repeat_with(|| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .take(32 * 16 * 4)
            .collect();
            let picture = FrameRef {
                data: &pixels,
                stride: 32 * 4,
            };
            let time = MediaTime::from_micros(frame * 250_000);
            let encoded = encoder.encode(picture, Damage::Unknown, time).unwrap();
            let packets = encoded.packets();
            assert_eq!(packets.len(), 1, "noise changes");
            for packet in packets {
                writer.append(&packet, &mut bytes).unwrap();
            }
        }
        let totals = Totals {
            frames,
            final_hash: encoder.picture_hash(),
            encode_cpu_micros: None,
        };
        let end = MediaTime::from_micros(frames * 250_000);
        writer.finish(end, totals, &mut bytes).unwrap();
        Self {
            id: SegmentId::from_uuid(Uuid::from_u128(number)),
            session,
            bytes,
            frames,
        }
    }

    pub fn opened(&self) -> Entry {
        Entry::SegmentOpened(SegmentDescription {
            id: self.id,
            session: self.session,
            display: DisplayIndex(0),
            start: START,
            width: 32,
            height: 16,
            left: 0,
            top: 0,
        })
    }

    pub fn chunk(&self, from: usize, until: usize) -> SegmentChunk {
        SegmentChunk {
            id: self.id,
            offset: from as u64,
            bytes: self.bytes[from..until].to_vec().into(),
        }
    }

    pub fn until(&self) -> Timestamp {
        START.saturating_add(Duration::from_micros(self.frames * 250_000))
    }

    pub fn end(&self) -> SegmentEnd {
        SegmentEnd {
            id: self.id,
            end: self.until(),
            bytes: self.bytes.len() as u64,
            sha256: Sha256::digest(&self.bytes).into(),
        }
    }
}
