//! The header of a segment.

use alloc::vec::Vec;

use crate::bytes::ByteReader;
use crate::geometry::{PictureSize, SizeError};

/// What a segment says about itself before its first packet.
///
/// ```text
///  0  8 bytes  89 45 49 44 0D 0A 1A 0A   (0x89 "EID" CR LF 0x1A LF)
///  8  u16      version of the format that the writer used
/// 10  u16      the oldest version whose readers can read this
/// 12  u16      bytes of this header, checksum included
/// 14  u16      slots of the tile cache, not 0
/// 16  u32      width
/// 20  u32      height
/// 24  i64      start, microseconds since 1970-01-01 00:00 UTC
/// 32  u32 u32  nominal frame interval in seconds: numerator, denominator; 0, 0 when variable
/// 40  u8       fourth byte of every pixel on output
/// 41  u8 u16   reserved, 0
/// ..           fields of later versions
/// -4  u32      CRC-32 of all header bytes before it
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Size of every picture in the segment.
    pub size: PictureSize,
    /// Absolute time of [`MediaTime::ZERO`](crate::MediaTime::ZERO), in microseconds of Unix time.
    pub start_unix_micros: i64,
    /// Whether frames come at a fixed rate.
    pub interval: FrameInterval,
    /// The fourth byte of every pixel when decoded as BGRX.
    pub fourth_byte: u8,
    /// Slots of the tile cache, of one kilobyte each; not 0.
    pub cache_slots: u16,
}

/// The nominal time between frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameInterval {
    /// Frames come when something changes.
    Variable,
    /// Frame `n` is at `n * numerator / denominator` seconds; an unchanged frame has no packet.
    Fixed {
        /// Seconds, not 0.
        numerator: u32,
        /// Parts of a second, not 0.
        denominator: u32,
    },
}

/// The version of a stored segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormatVersion(pub u16);

impl FormatVersion {
    /// The version that this code writes.
    pub const CURRENT: Self = Self(2);
}

/// A segment's header cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// These are not the first bytes of a segment.
    #[error("not an Eidetic segment")]
    BadMagic,
    /// A newer program wrote the segment in a way that this one cannot read.
    #[error("segment needs a reader of format {needed} and this one reads up to {supported}", needed = .needed.0, supported = .supported.0)]
    TooNew {
        /// The oldest version that can read it.
        needed: FormatVersion,
        /// The newest that this code reads.
        supported: FormatVersion,
    },
    /// The segment is of a format that this program does not read any more.
    #[error("segment is of format {version}, and this program reads from {oldest} on", version = .version.0, oldest = .oldest.0)]
    TooOld {
        /// The segment's.
        version: FormatVersion,
        /// The oldest that this code reads.
        oldest: FormatVersion,
    },
    /// The header's length field is impossible.
    #[error("segment header of {0} bytes")]
    BadLength(u16),
    /// The header's checksum does not match.
    #[error("segment header checksum {actual:08x} instead of {stored:08x}")]
    BadChecksum {
        /// The checksum in the header.
        stored: u32,
        /// The checksum of the bytes.
        actual: u32,
    },
    /// A picture cannot have this size.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// A field has a value that the format does not allow.
    #[error("bad {0} in segment header")]
    BadField(&'static str),
}

/// What the beginning of a segment holds so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderProgress {
    /// At least this many bytes are needed to go on.
    NeedBytes(usize),
    /// The header, and the offset of the first packet.
    Complete(SegmentHeader, usize),
}

impl SegmentHeader {
    /// The bytes that start a segment.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FormatVersion::CURRENT.0.to_le_bytes());
        out.extend_from_slice(&READABLE_BY.0.to_le_bytes());
        out.extend_from_slice(&(HEADER_BYTES as u16).to_le_bytes());
        out.extend_from_slice(&self.cache_slots.to_le_bytes());
        out.extend_from_slice(&self.size.width().to_le_bytes());
        out.extend_from_slice(&self.size.height().to_le_bytes());
        out.extend_from_slice(&self.start_unix_micros.to_le_bytes());
        let (numerator, denominator) = match self.interval {
            FrameInterval::Variable => (0, 0),
            FrameInterval::Fixed {
                numerator,
                denominator,
            } => (numerator, denominator),
        };
        out.extend_from_slice(&numerator.to_le_bytes());
        out.extend_from_slice(&denominator.to_le_bytes());
        out.push(self.fourth_byte);
        out.extend_from_slice(&[0; 3]);
        let checksum = crc32fast::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads the header at the beginning of `bytes`, which may hold less or more than it.
    pub fn read(bytes: &[u8]) -> Result<HeaderProgress, HeaderError> {
        let known = bytes.len().min(MAGIC.len());
        if bytes[..known] != MAGIC[..known] {
            return Err(HeaderError::BadMagic);
        }
        let mut reader = ByteReader::new(bytes);
        let (Some(_), Some(version), Some(readable_by), Some(length)) =
            (reader.u64(), reader.u16(), reader.u16(), reader.u16())
        else {
            return Ok(HeaderProgress::NeedBytes(LENGTH_KNOWN_AT));
        };
        check_readable_by(FormatVersion(readable_by))?;
        if FormatVersion(version) < OLDEST_READ {
            return Err(HeaderError::TooOld {
                version: FormatVersion(version),
                oldest: OLDEST_READ,
            });
        }
        let header_bytes = usize::from(length);
        if !(HEADER_BYTES..=MAX_HEADER_BYTES).contains(&header_bytes) {
            return Err(HeaderError::BadLength(length));
        }
        let Some((body, checksum)) = bytes
            .get(..header_bytes)
            .and_then(|header| header.split_last_chunk::<4>())
        else {
            return Ok(HeaderProgress::NeedBytes(header_bytes));
        };
        let stored = u32::from_le_bytes(*checksum);
        let actual = crc32fast::hash(body);
        if stored != actual {
            return Err(HeaderError::BadChecksum { stored, actual });
        }
        let header = Self::read_fields(&body[LENGTH_KNOWN_AT..])?;
        Ok(HeaderProgress::Complete(header, header_bytes))
    }

    fn read_fields(fields: &[u8]) -> Result<Self, HeaderError> {
        let mut reader = ByteReader::new(fields);
        let mut read = || -> Option<_> {
            Some((
                reader.u16()?,
                (reader.u32()?, reader.u32()?),
                reader.i64()?,
                (reader.u32()?, reader.u32()?),
                reader.u8()?,
            ))
        };
        let (cache_slots, (width, height), start_unix_micros, interval, fourth) =
            read().ok_or(HeaderError::BadField("length"))?;
        if cache_slots == 0 {
            return Err(HeaderError::BadField("cache size"));
        }
        let interval = match interval {
            (0, 0) => FrameInterval::Variable,
            (0, _) | (_, 0) => return Err(HeaderError::BadField("frame interval")),
            (numerator, denominator) => FrameInterval::Fixed {
                numerator,
                denominator,
            },
        };
        Ok(Self {
            size: PictureSize::new(width, height)?,
            start_unix_micros,
            interval,
            fourth_byte: fourth,
            cache_slots,
        })
    }
}

/// Whether this code can read what asks for a reader of version `needed`.
pub fn check_readable_by(needed: FormatVersion) -> Result<(), HeaderError> {
    if needed > FormatVersion::CURRENT {
        return Err(HeaderError::TooNew {
            needed,
            supported: FormatVersion::CURRENT,
        });
    }
    Ok(())
}

/// Bytes of the header that this version writes; fetching [`MAX_HEADER_BYTES`] always suffices.
pub const HEADER_BYTES: usize = 48;
/// The longest header that any version may have.
pub const MAX_HEADER_BYTES: usize = 1024;

const MAGIC: [u8; 8] = *b"\x89EID\r\n\x1a\n";
const READABLE_BY: FormatVersion = FormatVersion(2);
const OLDEST_READ: FormatVersion = FormatVersion(2);
const LENGTH_KNOWN_AT: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> SegmentHeader {
        SegmentHeader {
            size: PictureSize::new(1920, 1080).unwrap(),
            start_unix_micros: -5,
            interval: FrameInterval::Fixed {
                numerator: 1,
                denominator: 4,
            },
            fourth_byte: 0xFF,
            cache_slots: 11_264,
        }
    }

    /// The header with bytes replaced and the checksum made right again.
    fn patched(offset: usize, bytes: &[u8]) -> Vec<u8> {
        let mut header = header().to_bytes();
        header[offset..offset + bytes.len()].copy_from_slice(bytes);
        reseal(&mut header);
        header
    }

    fn reseal(header: &mut [u8]) {
        let end = header.len() - 4;
        let checksum = crc32fast::hash(&header[..end]);
        header[end..].copy_from_slice(&checksum.to_le_bytes());
    }

    #[test]
    fn a_header_comes_back_from_its_bytes() {
        let bytes = header().to_bytes();
        assert_eq!(bytes.len(), HEADER_BYTES);
        assert_eq!(
            SegmentHeader::read(&bytes),
            Ok(HeaderProgress::Complete(header(), HEADER_BYTES))
        );
    }

    #[test]
    fn a_part_of_a_header_asks_for_more() {
        let bytes = header().to_bytes();
        for length in 0..bytes.len() {
            let Ok(HeaderProgress::NeedBytes(needed)) = SegmentHeader::read(&bytes[..length])
            else {
                panic!("{length} bytes");
            };
            assert!(needed > length && needed <= HEADER_BYTES);
        }
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let bytes = header().to_bytes();
        for index in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[index] ^= 0x10;
            assert!(!matches!(
                SegmentHeader::read(&damaged),
                Ok(HeaderProgress::Complete(..))
            ));
        }
    }

    #[test]
    fn an_old_reader_refuses_data_that_needs_a_new_one() {
        assert_eq!(
            SegmentHeader::read(&patched(8, &[9, 0, 3, 0])),
            Err(HeaderError::TooNew {
                needed: FormatVersion(3),
                supported: FormatVersion(2),
            })
        );
    }

    #[test]
    fn data_of_the_first_format_is_refused_and_not_misread() {
        assert_eq!(
            SegmentHeader::read(&patched(8, &[1, 0, 1, 0])),
            Err(HeaderError::TooOld {
                version: FormatVersion(1),
                oldest: FormatVersion(2),
            })
        );
    }

    #[test]
    fn a_newer_writer_that_stays_readable_is_read_and_its_fields_are_stepped_over() {
        let mut bytes = header().to_bytes();
        bytes.truncate(HEADER_BYTES - 4);
        bytes.extend_from_slice(b"field of version 3....");
        bytes[8] = 3;
        bytes[12] = bytes.len() as u8;
        reseal(&mut bytes);
        assert_eq!(
            SegmentHeader::read(&bytes),
            Ok(HeaderProgress::Complete(header(), bytes.len()))
        );
    }

    #[test]
    fn impossible_fields_are_refused() {
        for (offset, bytes, field) in [
            (14, &[0u8, 0][..], "cache size"),
            (32, &[0; 4], "frame interval"),
        ] {
            assert_eq!(
                SegmentHeader::read(&patched(offset, bytes)),
                Err(HeaderError::BadField(field))
            );
        }
        assert!(matches!(
            SegmentHeader::read(&patched(16, &[1, 32, 0, 0])),
            Err(HeaderError::Size(_))
        ));
    }
}
