//! The end packet: totals and the index of key frames.

use alloc::vec::Vec;

use crate::bytes::{ByteReader, put_varint};
use crate::media_time::MediaTime;

/// What the end packet says about the segment.
///
/// ```text
/// varint  frames that were given to the encoder, unchanged ones included
/// varint  frame packets
/// u64     hash of the last picture
/// varint  encoder's CPU time in microseconds plus 1, or 0 if it is not known
/// varint  key frames; for each:
///   varint  offset in the segment, less that of the key frame before
///   varint  time in microseconds, less that of the key frame before
/// ..      fields of later versions
/// u32     bytes of this whole packet
/// u32     45 49 44 58 ("EIDX")
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentEnd {
    /// When the segment ends: the last picture stands until then.
    pub time: MediaTime,
    /// Frames that were given to the encoder, unchanged ones included.
    pub frames: u64,
    /// Packets that change the picture.
    pub frame_packets: u64,
    /// Hash of the last picture: XXH64 with seed 0 over blue, green, red, 0 of each pixel.
    pub final_hash: u64,
    /// CPU time that encoding took, in microseconds, where it was measured.
    pub encode_cpu_micros: Option<u64>,
    /// Where each key frame is.
    pub key_frames: Vec<KeyFrame>,
}

/// One entry of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFrame {
    /// Offset of the packet from the segment's first byte.
    pub offset: u64,
    /// Its time.
    pub time: MediaTime,
}

/// An end packet's payload makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bad end packet")]
pub struct BadEnd;

impl SegmentEnd {
    /// The payload, less the last eight bytes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        put_varint(out, self.frames);
        put_varint(out, self.frame_packets);
        out.extend_from_slice(&self.final_hash.to_le_bytes());
        put_varint(
            out,
            self.encode_cpu_micros
                .map_or(0, |micros| micros.saturating_add(1)),
        );
        put_varint(out, self.key_frames.len() as u64);
        let mut previous = KeyFrame {
            offset: 0,
            time: MediaTime::ZERO,
        };
        for &key in &self.key_frames {
            put_varint(out, key.offset - previous.offset);
            put_varint(out, key.time.as_micros() - previous.time.as_micros());
            previous = key;
        }
    }

    /// Reads the payload of an end packet at `time`.
    pub fn read(time: MediaTime, payload: &[u8]) -> Result<Self, BadEnd> {
        let body = payload
            .len()
            .checked_sub(TRAILER_BYTES)
            .map(|end| &payload[..end])
            .ok_or(BadEnd)?;
        Self::read_body(time, body).ok_or(BadEnd)
    }

    fn read_body(time: MediaTime, body: &[u8]) -> Option<Self> {
        let mut reader = ByteReader::new(body);
        let frames = reader.varint()?;
        let frame_packets = reader.varint()?;
        let final_hash = reader.u64()?;
        let encode_cpu_micros = reader.varint()?.checked_sub(1);
        let count = reader.length()?;
        // Each entry takes at least two bytes, which bounds the allocation.
        if count > reader.rest().len() / 2 {
            return None;
        }
        let mut key_frames = Vec::with_capacity(count);
        let mut previous = KeyFrame {
            offset: 0,
            time: MediaTime::ZERO,
        };
        for _ in 0..count {
            previous = KeyFrame {
                offset: previous.offset.checked_add(reader.varint()?)?,
                time: previous.time.checked_add_micros(reader.varint()?)?,
            };
            key_frames.push(previous);
        }
        Some(Self {
            time,
            frames,
            frame_packets,
            final_hash,
            encode_cpu_micros,
            key_frames,
        })
    }
}

/// How many bytes the end packet of a segment has, from the segment's last
/// [`END_LOCATOR_BYTES`] bytes; `None` if the segment has no end packet.
pub fn end_packet_bytes(tail: &[u8]) -> Option<u32> {
    let tail = tail.last_chunk::<END_LOCATOR_BYTES>()?;
    let mut reader = ByteReader::new(tail);
    let bytes = reader.u32()?;
    (reader.array()? == END_MAGIC).then_some(bytes)
}

/// The bytes at the very end of a segment that [`end_packet_bytes`] needs.
pub const END_LOCATOR_BYTES: usize = TRAILER_BYTES + super::packet::CHECKSUM_BYTES;

pub(crate) const TRAILER_BYTES: usize = 8;
pub(crate) const END_MAGIC: [u8; 4] = *b"EIDX";
