//! Finds the packets of a growing segment without keeping or decoding them.

use alloc::vec::Vec;

use super::SegmentError;
use super::header::{HeaderProgress, MAX_HEADER_BYTES, SegmentHeader};
use super::packet::{CHECKSUM_BYTES, MAX_HEAD_BYTES, PacketError, PacketHead, PacketKind};
use crate::limits::max_payload_bytes;
use crate::media_time::MediaTime;

/// Takes a segment's bytes as they arrive, in pieces of any size, and says which packets are
/// complete and intact. Holds at most a header's worth of bytes.
///
/// After an error it stays where the error is.
#[derive(Debug, Default)]
pub struct PacketScanner {
    header: Option<SegmentHeader>,
    /// The header's or the packet head's bytes, until it is complete.
    head: Vec<u8>,
    body: Option<Body>,
    /// Offset after the last complete item.
    complete_bytes: u64,
    packets: u64,
    time: Option<MediaTime>,
    ended: bool,
    failed: Option<SegmentError>,
}

/// A complete packet whose checksum matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacketInfo {
    /// What it holds.
    pub kind: PacketKind,
    /// The time of its first frame.
    pub time: MediaTime,
    /// The time of its last frame.
    pub last_time: MediaTime,
    /// Offset of its first byte in the segment.
    pub offset: u64,
    /// Its bytes, checksum included.
    pub bytes: u64,
}

/// A packet whose head is known.
#[derive(Debug)]
struct Body {
    head: PacketHead,
    payload_left: usize,
    hasher: crc32fast::Hasher,
    checksum: Vec<u8>,
}

impl PacketScanner {
    /// A scanner at the beginning of a segment.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and calls `found` for each packet that they complete.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut found: impl FnMut(PacketInfo),
    ) -> Result<(), SegmentError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while !bytes.is_empty() {
            match self.step(bytes, &mut found) {
                Ok(rest) => bytes = rest,
                Err(error) => {
                    self.failed = Some(error);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The segment's header, once it is complete.
    pub fn header(&self) -> Option<&SegmentHeader> {
        self.header.as_ref()
    }

    /// Offset after the last complete packet, or after the header, or 0: where the segment can
    /// be cut.
    pub fn complete_bytes(&self) -> u64 {
        self.complete_bytes
    }

    /// Complete packets so far.
    pub fn packets(&self) -> u64 {
        self.packets
    }

    /// Time of the last frame in the last complete packet.
    pub fn last_time(&self) -> Option<MediaTime> {
        self.time
    }

    /// Whether the end packet was seen.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    fn step<'a>(
        &mut self,
        bytes: &'a [u8],
        found: &mut impl FnMut(PacketInfo),
    ) -> Result<&'a [u8], SegmentError> {
        let Some(header) = self.header else {
            return self.take_header(bytes);
        };
        if self.body.is_some() {
            return self.take_body(bytes, found);
        }
        if self.ended {
            return Err(self.at_packet(PacketError::AfterEnd));
        }
        self.take_head(bytes, max_payload_bytes(header.size))
    }

    fn take_header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], SegmentError> {
        let before = self.head.len();
        let taken = bytes.len().min(MAX_HEADER_BYTES - before);
        self.head.extend_from_slice(&bytes[..taken]);
        match SegmentHeader::read(&self.head)? {
            HeaderProgress::NeedBytes(_) => Ok(&bytes[taken..]),
            HeaderProgress::Complete(header, length) => {
                self.header = Some(header);
                self.complete_bytes = length as u64;
                self.head.clear();
                Ok(&bytes[length - before..])
            }
        }
    }

    fn take_head<'a>(&mut self, bytes: &'a [u8], limit: usize) -> Result<&'a [u8], SegmentError> {
        let before = self.head.len();
        let taken = bytes.len().min(MAX_HEAD_BYTES - before);
        self.head.extend_from_slice(&bytes[..taken]);
        let head = PacketHead::read(&self.head, self.time, limit)
            .map_err(|error| self.at_packet(error))?;
        let Some(head) = head else {
            return Ok(&bytes[taken..]);
        };
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&self.head[..head.head_bytes]);
        self.head.clear();
        self.body = Some(Body {
            head,
            payload_left: head.payload_bytes,
            hasher,
            checksum: Vec::with_capacity(CHECKSUM_BYTES),
        });
        Ok(&bytes[head.head_bytes - before..])
    }

    fn take_body<'a>(
        &mut self,
        bytes: &'a [u8],
        found: &mut impl FnMut(PacketInfo),
    ) -> Result<&'a [u8], SegmentError> {
        let Some(body) = &mut self.body else {
            return Ok(bytes);
        };
        let (payload, rest) = bytes.split_at(bytes.len().min(body.payload_left));
        body.hasher.update(payload);
        body.payload_left -= payload.len();
        let missing = CHECKSUM_BYTES - body.checksum.len();
        let (checksum, rest) = rest.split_at(rest.len().min(missing));
        body.checksum.extend_from_slice(checksum);
        let Some(stored) = body.checksum.first_chunk::<CHECKSUM_BYTES>() else {
            return Ok(rest);
        };
        let stored = u32::from_le_bytes(*stored);
        let actual = body.hasher.clone().finalize();
        let head = body.head;
        if stored != actual {
            return Err(self.at_packet(PacketError::BadChecksum { stored, actual }));
        }
        let info = PacketInfo {
            kind: head.kind,
            time: head.time,
            last_time: head.last_time,
            offset: self.complete_bytes,
            bytes: head.packet_bytes() as u64,
        };
        self.body = None;
        self.complete_bytes += info.bytes;
        self.packets += 1;
        self.time = Some(info.last_time);
        self.ended = info.kind == PacketKind::End;
        found(info);
        Ok(rest)
    }

    fn at_packet(&self, error: PacketError) -> SegmentError {
        SegmentError::Packet {
            offset: self.complete_bytes,
            number: self.packets,
            error,
        }
    }
}
