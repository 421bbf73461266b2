//! Takes a segment's bytes as they arrive and gives out whole packets.

use alloc::vec::Vec;

use super::SegmentError;
use super::header::{HeaderProgress, SegmentHeader};
use super::packet::{HASH_BYTES, PacketError, PacketHead, PacketKind};
use crate::limits::max_payload_bytes;
use crate::media_time::MediaTime;

/// Splits a segment, or a part of it that starts at a key frame, into packets.
///
/// It holds what was pushed and not yet read: push pieces of bounded size and read all packets
/// before pushing on. After an error it stays where the error is.
#[derive(Debug, Default)]
pub struct SegmentReader {
    header: Option<SegmentHeader>,
    buffer: Vec<u8>,
    /// Read bytes at the beginning of the buffer.
    read: usize,
    /// Offset of the buffer's read position in the segment.
    offset: u64,
    packets: u64,
    time: Option<MediaTime>,
    ended: bool,
    failed: Option<SegmentError>,
}

/// A whole packet whose checksum matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it holds.
    pub kind: PacketKind,
    /// The time of its first frame.
    pub time: MediaTime,
    /// The time of its last frame.
    pub last_time: MediaTime,
    /// Offset of its first byte in the segment.
    pub offset: u64,
    /// How many packets were read before it.
    pub number: u64,
    /// Hash of the picture after this packet, if it carries one.
    pub hash: Option<u64>,
    /// For the decoder, without the hash.
    pub payload: &'a [u8],
}

impl SegmentReader {
    /// A reader at the beginning of a segment.
    pub fn new() -> Self {
        Self::default()
    }

    /// A reader that goes on at `offset`, which must be that of a key frame.
    pub fn at_key_frame(header: SegmentHeader, offset: u64) -> Self {
        Self {
            header: Some(header),
            offset,
            ..Self::default()
        }
    }

    /// Adds the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.read > 0 {
            self.buffer.drain(..self.read);
            self.read = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The segment's header, once enough bytes were pushed.
    pub fn header(&mut self) -> Result<Option<SegmentHeader>, SegmentError> {
        if self.header.is_none() {
            match SegmentHeader::read(&self.buffer[self.read..])? {
                HeaderProgress::NeedBytes(_) => {}
                HeaderProgress::Complete(header, length) => {
                    self.header = Some(header);
                    self.read += length;
                    self.offset += length as u64;
                }
            }
        }
        Ok(self.header)
    }

    /// Kind and time of the next packet if it is here as a whole, without reading it.
    pub fn peek(&mut self) -> Result<Option<(PacketKind, MediaTime)>, SegmentError> {
        Ok(self.peek_head()?.map(|head| (head.kind, head.time)))
    }

    /// The time of the next packet if it is here as a whole, without reading it.
    pub fn peek_time(&mut self) -> Result<Option<MediaTime>, SegmentError> {
        Ok(self.peek()?.map(|(_, time)| time))
    }

    /// The next packet, once it is here as a whole.
    pub fn next_packet(&mut self) -> Result<Option<Packet<'_>>, SegmentError> {
        let Some(head) = self.peek_head()? else {
            return Ok(None);
        };
        let start = self.read;
        let end = start + head.packet_bytes();
        let payload = start + head.head_bytes..start + head.head_bytes + head.payload_bytes;
        let stored = self.buffer[payload.end..end]
            .first_chunk::<4>()
            .map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let actual = crc32fast::hash(&self.buffer[start..payload.end]);
        if stored != actual {
            return Err(self.fail(PacketError::BadChecksum { stored, actual }));
        }
        let payload = &self.buffer[payload];
        let (hash, payload) = match payload.split_first_chunk::<HASH_BYTES>() {
            Some((hash, rest)) if head.has_hash => (Some(u64::from_le_bytes(*hash)), rest),
            _ => (None, payload),
        };
        let packet = Packet {
            kind: head.kind,
            time: head.time,
            last_time: head.last_time,
            offset: self.offset,
            number: self.packets,
            hash,
            payload,
        };
        self.read = end;
        self.offset += head.packet_bytes() as u64;
        self.packets += 1;
        self.time = Some(head.last_time);
        self.ended = head.kind == PacketKind::End;
        Ok(Some(packet))
    }

    /// Whether the end packet was read.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Offset after the last packet read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Pushed bytes that are not read yet.
    pub fn unread_bytes(&self) -> usize {
        self.buffer.len() - self.read
    }

    fn peek_head(&mut self) -> Result<Option<PacketHead>, SegmentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(header) = self.header()? else {
            return Ok(None);
        };
        let bytes = &self.buffer[self.read..];
        if bytes.is_empty() {
            return Ok(None);
        }
        if self.ended {
            return Err(self.fail(PacketError::AfterEnd));
        }
        let head = PacketHead::read(bytes, self.time, max_payload_bytes(header.size))
            .map_err(|error| self.fail(error))?;
        Ok(head.filter(|head| head.packet_bytes() <= self.unread_bytes()))
    }

    fn fail(&mut self, error: PacketError) -> SegmentError {
        let error = SegmentError::Packet {
            offset: self.offset,
            number: self.packets,
            error,
        };
        self.failed = Some(error);
        error
    }
}
