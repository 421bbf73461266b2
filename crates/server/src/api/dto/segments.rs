//! Segments of a display's recording.

use eidetic_store::control::{SegmentState, StoredSegment};
use serde::Serialize;
use utoipa::ToSchema;

/// A bounded run of one display's pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Segment {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// The display that it shows.
    pub display: u16,
    /// The time of its first frame.
    pub start_us: i64,
    /// Until when it tells what the display showed.
    pub until_us: i64,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// Where the display's left edge is on the session's desktop, in pixels.
    pub left: i32,
    /// Where the display's top edge is on the session's desktop, in pixels.
    pub top: i32,
    /// How many bytes can be read now: whole packets.
    pub bytes: u64,
    /// How much of it has come.
    pub state: SegmentStatus,
    /// Why it will not come whole, if it is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lost_reason: Option<&'static str>,
    /// SHA-256 of all its bytes in hexadecimal, if it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sha256: Option<String>,
    /// Where decoding can begin, in order.
    pub key_frames: Vec<SegmentKeyFrame>,
}

/// How much of a segment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SegmentStatus {
    /// More may come.
    Growing,
    /// All; it never changes.
    Sealed,
    /// It will not come, or not whole.
    Lost,
}

/// Where in a segment decoding can begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SegmentKeyFrame {
    /// The time of the frame.
    pub time_us: i64,
    /// The offset of its packet in the segment.
    pub offset: u64,
}

impl From<&StoredSegment> for Segment {
    fn from(segment: &StoredSegment) -> Self {
        let description = &segment.description;
        let (state, lost_reason, sha256) = match segment.state {
            SegmentState::Growing => (SegmentStatus::Growing, None, None),
            SegmentState::Sealed(sha256) => (SegmentStatus::Sealed, None, Some(sha256)),
            SegmentState::Lost(reason) => (SegmentStatus::Lost, Some(reason.what()), None),
        };
        Self {
            id: description.id.to_string(),
            display: description.display.0,
            start_us: description.start.as_unix_micros(),
            until_us: segment.until.as_unix_micros(),
            width: description.width,
            height: description.height,
            left: description.left,
            top: description.top,
            bytes: segment.bytes,
            state,
            lost_reason,
            sha256: sha256.map(hex::encode),
            key_frames: segment
                .key_frames
                .iter()
                .map(|key_frame| SegmentKeyFrame {
                    time_us: key_frame.time.as_unix_micros(),
                    offset: key_frame.offset,
                })
                .collect(),
        }
    }
}
