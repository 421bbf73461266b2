//! Reading a segment from a stream, and saying where it is damaged.

use std::io::Read;

use anyhow::{Context as _, anyhow};
use eidetic_codec::{MediaTime, SegmentReader};

/// Fills a segment reader from a stream, a piece at a time.
pub struct Source<R> {
    stream: R,
    pub reader: SegmentReader,
    piece: Vec<u8>,
}

impl<R: Read> Source<R> {
    pub fn new(stream: R) -> Self {
        Self {
            stream,
            reader: SegmentReader::new(),
            piece: vec![0; PIECE_BYTES],
        }
    }

    /// Reads on; false at the end of the stream.
    pub fn fill(&mut self) -> anyhow::Result<bool> {
        loop {
            match self.stream.read(&mut self.piece) {
                Ok(0) => return Ok(false),
                Ok(count) => {
                    self.reader.push(&self.piece[..count]);
                    return Ok(true);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("failed to read the segment"),
            }
        }
    }

    /// What to say when the stream ended before the segment did.
    pub fn cut(&self, last: Option<MediaTime>) -> anyhow::Error {
        let at = after(last);
        let packet = self.reader.packets();
        let offset = self.reader.offset();
        match self.reader.unread_bytes() {
            0 => anyhow!("the segment has no end: it is cut at byte {offset}, {at}"),
            part => anyhow!(
                "the segment is cut in packet {packet} at byte {offset}, {at}: \
                 {part} bytes of the packet are there"
            ),
        }
    }
}

/// How far decoding came, in words.
pub fn after(last: Option<MediaTime>) -> String {
    match last {
        Some(time) => format!("after the frame at {} s", seconds(time)),
        None => "before the first frame".to_owned(),
    }
}

/// A time in seconds, to the microsecond.
pub fn seconds(time: MediaTime) -> f64 {
    time.as_micros() as f64 / 1e6
}

const PIECE_BYTES: usize = 1 << 16;
