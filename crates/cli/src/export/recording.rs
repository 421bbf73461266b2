//! What is exported: the segments of one display, and the titles of what happened meanwhile.

use std::io::Read;

use eidetic_model::Timestamp;

use super::span::Span;

/// A recording of one display, wherever it is kept.
pub struct Recording {
    /// What the video is called: who, and on which computer.
    pub name: String,
    /// From when to when there is something to tell.
    pub span: Span,
    /// Its segments by start.
    pub segments: Vec<Segment>,
    /// What was in front of the user, by time.
    pub titles: Vec<Title>,
    /// The bytes of the segments.
    pub store: Box<dyn SegmentStore>,
}

/// What is known of a segment before it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What it is called in messages and in its store.
    pub name: String,
    /// The time of its first frame, and until when it tells what the display showed.
    pub span: Span,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// How many bytes can be read.
    pub bytes: u64,
    /// Where decoding can begin, in order.
    pub key_frames: Vec<KeyFrame>,
    /// Why it cannot be shown, if it was lost on the way.
    pub lost: Option<String>,
}

/// Where decoding can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFrame {
    /// The time of the frame.
    pub time: Timestamp,
    /// The offset of its packet in the segment.
    pub offset: u64,
}

/// Something that happened. Holds captured content: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Title {
    /// When.
    pub at: Timestamp,
    /// What, as it was captured.
    pub text: String,
}

/// Where the bytes of segments are.
pub trait SegmentStore {
    /// The bytes of a segment from an offset on.
    fn open<'a>(&'a self, segment: &Segment, offset: u64) -> anyhow::Result<Box<dyn Read + 'a>>;
}

impl Segment {
    /// Whether there is a picture in it.
    pub fn has_pictures(&self) -> bool {
        self.lost.is_none() && self.key_frames.iter().any(|key| key.offset < self.bytes)
    }
}
