//! Puts packets into a segment.

use alloc::vec::Vec;

use super::end::{END_MAGIC, KeyFrame, SegmentEnd, TRAILER_BYTES};
use super::header::SegmentHeader;
use super::packet::{PacketKind, Unwritten, write_packet};
use crate::encoder::EncodedPacket;
use crate::media_time::MediaTime;

/// Writes one segment as bytes to append; it holds the index of key frames and nothing else.
///
/// Dropping it without [`SegmentWriter::finish`] leaves a segment that reads fine up to its last
/// packet but has no index.
#[derive(Debug)]
pub struct SegmentWriter {
    /// Bytes given out so far.
    offset: u64,
    time: MediaTime,
    started: bool,
    frame_packets: u64,
    key_frames: Vec<KeyFrame>,
}

/// A packet does not fit behind the ones before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The packet is older than the one before.
    #[error("packet at {given} us after one at {latest} us")]
    TimeWentBack {
        /// The time of the packet before, in microseconds.
        latest: u64,
        /// The refused time, in microseconds.
        given: u64,
    },
    /// A segment must start with a key frame: ask the encoder for one.
    #[error("segment does not start with a key frame")]
    NoKeyFrame,
}

/// What only the recorder knows about a segment when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Frames that were given to the encoder, unchanged ones included.
    pub frames: u64,
    /// Hash of the last picture, from [`Encoder::picture_hash`](crate::Encoder::picture_hash).
    pub final_hash: u64,
    /// CPU time that encoding took, where it was measured.
    pub encode_cpu_micros: Option<u64>,
}

impl SegmentWriter {
    /// Starts a segment by appending its header to `out`.
    pub fn begin(header: &SegmentHeader, out: &mut Vec<u8>) -> Self {
        let bytes = header.to_bytes();
        out.extend_from_slice(&bytes);
        Self {
            offset: bytes.len() as u64,
            time: MediaTime::ZERO,
            started: false,
            frame_packets: 0,
            key_frames: Vec::new(),
        }
    }

    /// Appends a packet to `out`.
    pub fn append(&mut self, packet: &EncodedPacket, out: &mut Vec<u8>) -> Result<(), AppendError> {
        if !self.started && packet.kind != PacketKind::Key {
            return Err(AppendError::NoKeyFrame);
        }
        self.check_time(packet.time)?;
        if packet.kind == PacketKind::Key {
            self.index(KeyFrame {
                offset: self.offset,
                time: packet.time,
            });
        }
        self.started = true;
        self.frame_packets += 1;
        self.write(
            packet.kind,
            (packet.time, packet.last_time),
            packet.hash,
            &packet.payload,
            out,
        );

        Ok(())
    }

    /// Ends the segment at `time`: appends the end packet to `out`.
    pub fn finish(
        mut self,
        time: MediaTime,
        totals: Totals,
        out: &mut Vec<u8>,
    ) -> Result<(), AppendError> {
        self.check_time(time)?;
        let end = SegmentEnd {
            time,
            frames: totals.frames,
            frame_packets: self.frame_packets,
            final_hash: totals.final_hash,
            encode_cpu_micros: totals.encode_cpu_micros,
            key_frames: core::mem::take(&mut self.key_frames),
        };
        let mut payload = Vec::new();
        end.write(&mut payload);
        // The packet's length stands inside of it; it depends only on that of the payload.
        payload.extend_from_slice(&[0; TRAILER_BYTES]);
        let mut unfinished = Vec::new();
        self.write_to(
            PacketKind::End,
            (time, time),
            None,
            &payload,
            &mut unfinished,
        );
        payload.truncate(payload.len() - TRAILER_BYTES);
        payload.extend_from_slice(&(unfinished.len() as u32).to_le_bytes());
        payload.extend_from_slice(&END_MAGIC);
        self.write(PacketKind::End, (time, time), None, &payload, out);
        Ok(())
    }

    /// Bytes given out so far.
    pub fn bytes_written(&self) -> u64 {
        self.offset
    }

    fn write(
        &mut self,
        kind: PacketKind,
        (time, last_time): (MediaTime, MediaTime),
        hash: Option<u64>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let before = out.len();
        self.write_to(kind, (time, last_time), hash, payload, out);
        self.offset += (out.len() - before) as u64;
        self.time = last_time;
    }

    fn write_to(
        &self,
        kind: PacketKind,
        (time, last_time): (MediaTime, MediaTime),
        hash: Option<u64>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let previous = self.time;
        write_packet(
            &Unwritten {
                kind,
                time,
                last_time,
                previous,
                hash,
                payload,
            },
            out,
        );
    }

    /// Remembers a key frame; of very many every second one, since a reader finds the rest.
    fn index(&mut self, key: KeyFrame) {
        if self.key_frames.len() == MAX_INDEXED {
            let mut keep = false;
            self.key_frames.retain(|_| {
                keep = !keep;
                keep
            });
        }
        self.key_frames.push(key);
    }

    fn check_time(&self, time: MediaTime) -> Result<(), AppendError> {
        if time < self.time {
            return Err(AppendError::TimeWentBack {
                latest: self.time.as_micros(),
                given: time.as_micros(),
            });
        }
        Ok(())
    }
}

const MAX_INDEXED: usize = 1 << 16;
