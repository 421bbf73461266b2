//! The frame around each packet of a segment.

#[cfg(feature = "encode")]
use alloc::vec::Vec;

#[cfg(feature = "encode")]
use crate::bytes::put_varint;
use crate::bytes::{ByteReader, MAX_VARINT_BYTES};
use crate::media_time::MediaTime;

/// What a packet holds.
///
/// ```text
/// u8      kind; 0x10 is added if the payload begins with a hash of the picture after the packet,
///         0x20 if the packet has frames of several times
/// varint  payload bytes
/// varint  time of the first frame in microseconds: of key and end packets since the start of
///         the segment, of all others since the last frame of the packet before
/// varint  with 0x20: microseconds from the first frame to the last
/// ...     payload
/// u32     CRC-32 of all the packet's bytes before it
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PacketKind {
    /// A whole picture: decoding can start here.
    Key,
    /// What changed since the packet before.
    Delta,
    /// The end of the segment, with its index.
    End,
    /// Something that a later version added and that a reader may step over.
    Ignorable(u8),
}

impl PacketKind {
    /// Whether the packet changes the picture.
    pub const fn is_frame(self) -> bool {
        matches!(self, Self::Key | Self::Delta)
    }

    /// Whether the packet's time counts from the segment's start.
    const fn has_absolute_time(self) -> bool {
        matches!(self, Self::Key | Self::End)
    }

    #[cfg(feature = "encode")]
    const fn to_byte(self) -> u8 {
        match self {
            Self::Key => 1,
            Self::Delta => 2,
            Self::End => 3,
            Self::Ignorable(byte) => byte | IGNORABLE,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            byte if byte & IGNORABLE != 0 => Some(Self::Ignorable(byte)),
            1 => Some(Self::Key),
            2 => Some(Self::Delta),
            3 => Some(Self::End),
            _ => None,
        }
    }
}

/// What precedes a packet's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PacketHead {
    pub(crate) kind: PacketKind,
    /// Whether the payload begins with a hash.
    pub(crate) has_hash: bool,
    pub(crate) payload_bytes: usize,
    pub(crate) time: MediaTime,
    /// Time of the last frame in it.
    pub(crate) last_time: MediaTime,
    /// Bytes of the head itself.
    pub(crate) head_bytes: usize,
}

impl PacketHead {
    /// The whole packet, checksum included.
    pub(crate) const fn packet_bytes(&self) -> usize {
        self.head_bytes + self.payload_bytes + CHECKSUM_BYTES
    }

    /// Reads the head at the beginning of `bytes`; `Ok(None)` if there are too few.
    ///
    /// `previous` is the last time of the packet before, `None` where decoding starts.
    pub(crate) fn read(
        bytes: &[u8],
        previous: Option<MediaTime>,
        max_payload_bytes: usize,
    ) -> Result<Option<Self>, PacketError> {
        let mut reader = ByteReader::new(bytes);
        let Some(byte) = reader.u8() else {
            return Ok(None);
        };
        let unknown = PacketError::UnknownKind(byte);
        let ignorable = byte & IGNORABLE != 0;
        let has_hash = !ignorable && byte & HASH_FLAG != 0;
        let lasts = !ignorable && byte & LASTS_FLAG != 0;
        let kind = if ignorable {
            byte
        } else {
            byte & !(HASH_FLAG | LASTS_FLAG)
        };
        let kind = PacketKind::from_byte(kind).ok_or(unknown)?;
        if (has_hash || lasts) && !kind.is_frame() {
            return Err(unknown);
        }
        let mut read = || {
            let duration =
                |reader: &mut ByteReader<'_>| if lasts { reader.varint() } else { Some(0) };
            Some((reader.varint()?, reader.varint()?, duration(&mut reader)?))
        };
        let Some((payload_bytes, time, duration)) = read() else {
            return if bytes.len() >= MAX_HEAD_BYTES {
                Err(PacketError::BadHead)
            } else {
                Ok(None)
            };
        };
        let payload_bytes = usize::try_from(payload_bytes)
            .ok()
            .filter(|&bytes| bytes <= max_payload_bytes)
            .ok_or(PacketError::TooLong {
                payload_bytes,
                limit: max_payload_bytes,
            })?;
        if has_hash && payload_bytes < HASH_BYTES {
            return Err(PacketError::BadHead);
        }
        let time = if kind.has_absolute_time() {
            let time = MediaTime::from_micros(time);
            if previous.is_some_and(|previous| previous > time) {
                return Err(PacketError::BadTime);
            }
            time
        } else {
            previous
                .ok_or(PacketError::NoKey)?
                .checked_add_micros(time)
                .ok_or(PacketError::BadTime)?
        };
        Ok(Some(Self {
            kind,
            has_hash,
            payload_bytes,
            time,
            last_time: time
                .checked_add_micros(duration)
                .ok_or(PacketError::BadTime)?,
            head_bytes: bytes.len() - reader.rest().len(),
        }))
    }
}

/// A packet to be written.
#[cfg(feature = "encode")]
pub(crate) struct Unwritten<'a> {
    pub(crate) kind: PacketKind,
    pub(crate) time: MediaTime,
    /// Time of the last frame in it.
    pub(crate) last_time: MediaTime,
    /// The last time of the packet before, which must not be later.
    pub(crate) previous: MediaTime,
    pub(crate) hash: Option<u64>,
    pub(crate) payload: &'a [u8],
}

/// Appends a packet to `out`.
#[cfg(feature = "encode")]
pub(crate) fn write_packet(packet: &Unwritten<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    let hash = packet.hash.map(u64::to_le_bytes);
    let hash: &[u8] = hash.as_ref().map_or(&[], |bytes| bytes);
    let hash_flag = if hash.is_empty() { 0 } else { HASH_FLAG };
    let duration = packet.last_time.micros_since(packet.time).unwrap_or(0);
    let lasts_flag = if duration == 0 { 0 } else { LASTS_FLAG };
    out.push(packet.kind.to_byte() | hash_flag | lasts_flag);
    put_varint(out, (hash.len() + packet.payload.len()) as u64);
    let written = if packet.kind.has_absolute_time() {
        packet.time.as_micros()
    } else {
        packet.time.micros_since(packet.previous).unwrap_or(0)
    };
    put_varint(out, written);
    if duration > 0 {
        put_varint(out, duration);
    }
    out.extend_from_slice(hash);
    out.extend_from_slice(packet.payload);
    let checksum = crc32fast::hash(&out[start..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// A packet cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// A kind that this reader must not step over.
    #[error("unknown packet kind {0:#04x}")]
    UnknownKind(u8),
    /// A number in the head does not end.
    #[error("bad packet head")]
    BadHead,
    /// The payload is longer than any packet of this picture size can be.
    #[error("packet of {payload_bytes} bytes exceeds the limit of {limit}")]
    TooLong {
        /// What the head declares.
        payload_bytes: u64,
        /// What is allowed.
        limit: usize,
    },
    /// Time goes back or overflows.
    #[error("bad packet time")]
    BadTime,
    /// Reading starts at a packet that needs the ones before it.
    #[error("reading does not start at a key frame")]
    NoKey,
    /// The bytes do not match their checksum.
    #[error("packet checksum {actual:08x} instead of {stored:08x}")]
    BadChecksum {
        /// The checksum in the packet.
        stored: u32,
        /// The checksum of the bytes.
        actual: u32,
    },
    /// Bytes follow the end packet.
    #[error("bytes follow the end packet")]
    AfterEnd,
}

pub(crate) const CHECKSUM_BYTES: usize = 4;
/// Kind and three varints.
pub(crate) const MAX_HEAD_BYTES: usize = 1 + 3 * MAX_VARINT_BYTES;
pub(crate) const HASH_BYTES: usize = 8;
const IGNORABLE: u8 = 0x80;
const HASH_FLAG: u8 = 0x10;
const LASTS_FLAG: u8 = 0x20;
