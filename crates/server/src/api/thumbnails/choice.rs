//! Which frame of a session stands for it.

use std::{collections::BTreeMap, time::Duration};

use axum::body::Bytes;
use eidetic_model::{SegmentId, Timestamp};
use eidetic_store::{StoreError, control::StoredSegment, segments::SegmentStore};

use eidetic_codec::MAX_HEADER_BYTES;

/// The frame that stands for a session, and where to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The segment that has it.
    pub segment: SegmentId,
    /// The frame is the last one that is not after this time.
    pub until: Timestamp,
    /// Whether another may be chosen soon.
    pub is_running: bool,
    /// The offset of the key frame before it.
    key_frame: u64,
    /// The offset after the bytes that may be needed.
    end: u64,
}

/// What decoding needs.
#[derive(Clone, Debug)]
pub struct SegmentPart {
    /// The beginning of the segment, with its header.
    pub head: Bytes,
    /// The offset of the key frame.
    pub offset: u64,
    /// The bytes from the key frame on.
    pub packets: Bytes,
}

impl Choice {
    /// Of the display that was recorded longest: the last frame before the middle, or the latest
    /// while the session goes on. `None` if nothing can be decoded.
    pub fn of(is_running: bool, segments: &[StoredSegment]) -> Option<Self> {
        let mut displays: BTreeMap<_, Vec<&StoredSegment>> = BTreeMap::new();
        for segment in segments {
            if segment
                .key_frames
                .iter()
                .any(|key| key.offset < segment.bytes)
            {
                let display = displays.entry(segment.description.display);
                display.or_default().push(segment);
            }
        }
        let longest = displays.into_values().max_by_key(|shown| recorded(shown))?;
        let until = if is_running {
            Timestamp::MAX
        } else {
            let first = longest
                .iter()
                .map(|segment| segment.description.start)
                .min()?;
            let last = longest.iter().map(|segment| segment.until).max()?;
            first.saturating_add(last.saturating_since(first) / 2)
        };
        let key_frames = longest.iter().flat_map(|segment| {
            let keys = segment.key_frames.iter();
            let readable = keys.filter(|key| key.offset < segment.bytes);
            readable.map(move |key| (key, segment))
        });
        let (key_frame, segment) = key_frames
            .clone()
            .filter(|(key, _)| key.time <= until)
            .max_by_key(|(key, _)| (key.time, key.offset))
            .or_else(|| key_frames.min_by_key(|(key, _)| key.time))?;
        let following = segment.key_frames.iter().map(|key| key.offset);
        let next = following.filter(|offset| *offset > key_frame.offset).min();
        let end = next.unwrap_or(segment.bytes).min(segment.bytes);
        Some(Self {
            segment: segment.description.id,
            until: until.max(key_frame.time),
            is_running,
            key_frame: key_frame.offset,
            end: end.min(key_frame.offset.saturating_add(MAX_PACKET_BYTES)),
        })
    }

    /// Reads what decoding needs; `None` if the segment is gone.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn read(&self, store: &dyn SegmentStore) -> Result<Option<SegmentPart>, StoreError> {
        let header = 0..(MAX_HEADER_BYTES as u64).min(self.end);
        let Some(head) = store.read(self.segment, header).await? else {
            return Ok(None);
        };
        let packets = store.read(self.segment, self.key_frame..self.end).await?;
        Ok(packets.map(|packets| SegmentPart {
            head,
            offset: self.key_frame,
            packets,
        }))
    }
}

fn recorded(segments: &[&StoredSegment]) -> Duration {
    let durations = segments
        .iter()
        .map(|segment| segment.until.saturating_since(segment.description.start));
    durations.fold(Duration::ZERO, Duration::saturating_add)
}

/// More than enough for most; with less than was wanted, the frame is a little earlier.
const MAX_PACKET_BYTES: u64 = 8 << 20;

#[cfg(test)]
mod tests {
    use eidetic_model::{DisplayIndex, SegmentDescription, SessionId};
    use eidetic_store::control::{KeyFrame, SegmentState};
    use uuid::Uuid;

    use super::*;

    fn segment(number: u128, display: u16, start: i64, until: i64) -> StoredSegment {
        let time = Timestamp::from_unix_micros;
        StoredSegment {
            description: SegmentDescription {
                id: SegmentId::from_uuid(Uuid::from_u128(number)),
                session: SessionId::from_uuid(Uuid::from_u128(99)),
                display: DisplayIndex(display),
                start: time(start),
                width: 64,
                height: 48,
                left: 0,
                top: 0,
            },
            state: SegmentState::Growing,
            until: time(until),
            bytes: 1000,
            key_frames: vec![
                KeyFrame {
                    time: time(start),
                    offset: 60,
                },
                KeyFrame {
                    time: time(i64::midpoint(start, until)),
                    offset: 500,
                },
            ],
        }
    }

    #[test]
    fn the_middle_of_the_display_that_was_recorded_longest_is_chosen() {
        let segments = [
            segment(1, 0, 0, 100),
            segment(2, 1, 0, 100),
            segment(3, 1, 100, 300),
        ];
        let choice = Choice::of(false, &segments).unwrap();
        assert_eq!(choice.segment, segments[2].description.id);
        assert_eq!(choice.until, Timestamp::from_unix_micros(150));
        assert_eq!((choice.key_frame, choice.end), (60, 500));
    }

    #[test]
    fn of_a_running_session_the_latest_is_chosen() {
        let segments = [segment(1, 0, 0, 100), segment(2, 0, 100, 200)];
        let choice = Choice::of(true, &segments).unwrap();
        assert_eq!(choice.segment, segments[1].description.id);
        assert_eq!((choice.key_frame, choice.end), (500, 1000));
    }

    #[test]
    fn what_has_no_bytes_is_not_chosen() {
        let mut empty = segment(1, 0, 0, 100);
        empty.bytes = 0;
        assert_eq!(Choice::of(true, &[empty]), None);
        assert_eq!(Choice::of(false, &[]), None);
    }
}
