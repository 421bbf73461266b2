//! `spool.id`: the version of the format, and who this spool is.

use eidetic_model::SpoolId;

use crate::{SpoolError, key::Cipher, key::SEALING_BYTES};

/// The version of what is on disk, for the folder as a whole.
///
/// A new `major` cannot be read by older agents. A new `minor` can, but they would not keep up
/// what it adds, so they must not write to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SpoolFormat {
    /// Changes when older readers would misread.
    pub major: u16,
    /// Changes when older readers would merely miss something.
    pub minor: u16,
}

/// The format on disk is not for this agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It cannot be read.
    #[error(
        "the spool has format {}.{}, this agent reads {}.x: use another version of the agent",
        found.major, found.minor, supported.major
    )]
    NotReadable {
        /// The format on disk.
        found: SpoolFormat,
        /// The format of this agent.
        supported: SpoolFormat,
    },
    /// It can be read but must not be written to.
    #[error(
        "the spool has format {}.{}, this agent writes up to {}.{}: use a newer agent",
        found.major, found.minor, supported.major, supported.minor
    )]
    NotWritable {
        /// The format on disk.
        found: SpoolFormat,
        /// The format of this agent.
        supported: SpoolFormat,
    },
}

impl SpoolFormat {
    /// The format that this build writes.
    pub const CURRENT: Self = Self { major: 1, minor: 0 };

    /// Whether a reader of the format `supported` understands this one.
    ///
    /// # Errors
    ///
    /// If not.
    pub const fn check_readable_by(self, supported: Self) -> Result<(), FormatError> {
        if self.major == supported.major {
            Ok(())
        } else {
            Err(FormatError::NotReadable {
                found: self,
                supported,
            })
        }
    }

    /// Whether a writer of the format `supported` may write to a spool of this one.
    ///
    /// # Errors
    ///
    /// If not.
    pub const fn check_writable_by(self, supported: Self) -> Result<(), FormatError> {
        if self.major == supported.major && self.minor > supported.minor {
            return Err(FormatError::NotWritable {
                found: self,
                supported,
            });
        }
        self.check_readable_by(supported)
    }
}

/// What `spool.id` says.
///
/// ```text
/// magic   8   "eidspool"
/// major   2
/// minor   2
/// first  16   the first id that the spool had; bound into all frames
/// sealed 64   nonce (24), id (16) and base (8), tag (16)
/// crc32   4   of all bytes before
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpoolHeader {
    pub first_id: SpoolId,
    pub id: SpoolId,
    /// Entries on disk count from the spool's first life; this is the number before its first
    /// entry under the present id.
    pub base: u64,
}

impl SpoolHeader {
    pub fn encode(&self, cipher: &Cipher) -> std::io::Result<Vec<u8>> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(SpoolFormat::CURRENT.major.to_le_bytes());
        bytes.extend(SpoolFormat::CURRENT.minor.to_le_bytes());
        bytes.extend(self.first_id.to_bytes());
        let mut secret = self.id.to_bytes().to_vec();
        secret.extend(self.base.to_le_bytes());
        let sealed = cipher.seal(&secret, &bytes)?;
        bytes.extend(sealed);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        Ok(bytes)
    }

    pub fn decode(bytes: &[u8], cipher: &Cipher) -> Result<Self, SpoolError> {
        Self::decode_supporting(bytes, cipher, SpoolFormat::CURRENT)
    }

    fn decode_supporting(
        bytes: &[u8],
        cipher: &Cipher,
        supported: SpoolFormat,
    ) -> Result<Self, SpoolError> {
        let damaged = || SpoolError::DamagedHeader;
        let (&magic, rest) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (&[a, b, c, d], _) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
        if magic != MAGIC || crc32fast::hash(body) != u32::from_le_bytes(*crc) {
            return Err(damaged());
        }
        let found = SpoolFormat {
            major: u16::from_le_bytes([a, b]),
            minor: u16::from_le_bytes([c, d]),
        };
        found.check_writable_by(supported)?;
        if body.len() != BOUND_BYTES + SEALED_BYTES {
            return Err(damaged());
        }
        let (bound, sealed) = body.split_at(BOUND_BYTES);
        let secret = cipher.open(sealed, bound).ok_or(SpoolError::WrongKey)?;
        let (id, base) = secret.split_first_chunk::<16>().ok_or_else(damaged)?;
        Ok(Self {
            first_id: SpoolId::from_slice(&bound[12..]).ok_or_else(damaged)?,
            id: SpoolId::from_slice(id).ok_or_else(damaged)?,
            base: u64::from_le_bytes(base.try_into().map_err(|_| damaged())?),
        })
    }
}

const MAGIC: [u8; 8] = *b"eidspool";

const BOUND_BYTES: usize = 28;

const SEALED_BYTES: usize = SEALING_BYTES + 24;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::SpoolKey;

    fn cipher() -> Cipher {
        Cipher::new(&SpoolKey::new([1; 32]))
    }

    fn header() -> SpoolHeader {
        SpoolHeader {
            first_id: SpoolId::from_uuid(Uuid::from_u128(1)),
            id: SpoolId::from_uuid(Uuid::from_u128(2)),
            base: 3,
        }
    }

    /// A header as an agent of format `major`.`minor` would write it, with `more` after it.
    fn written_by(major: u16, minor: u16, more: &[u8]) -> Vec<u8> {
        let mut bytes = header().encode(&cipher()).unwrap();
        bytes.truncate(bytes.len() - 4);
        bytes[8..10].copy_from_slice(&major.to_le_bytes());
        bytes[10..12].copy_from_slice(&minor.to_le_bytes());
        bytes.extend(more);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    #[test]
    fn old_reader_with_new_data_says_which_version_it_needs() {
        for bytes in [written_by(2, 0, b""), written_by(2, 7, b"more of it")] {
            let error = SpoolHeader::decode(&bytes, &cipher()).unwrap_err();
            assert!(
                matches!(error, SpoolError::Format(FormatError::NotReadable { found, .. }) if found.major == 2)
            );
        }
        let newer = SpoolFormat { major: 1, minor: 9 };
        assert_eq!(newer.check_readable_by(SpoolFormat::CURRENT), Ok(()));
    }

    #[test]
    fn new_reader_reads_old_data() {
        let bytes = header().encode(&cipher()).unwrap();
        let newer = SpoolFormat { major: 1, minor: 9 };
        let read = SpoolHeader::decode_supporting(&bytes, &cipher(), newer).unwrap();
        assert_eq!(read, header());
        // Written by the first version there was: it must stay readable for ever.
        let first = hex(FIRST_VERSION);
        assert_eq!(SpoolHeader::decode(&first, &cipher()).unwrap(), header());
    }

    #[test]
    fn old_writer_does_not_touch_new_data() {
        let error = SpoolHeader::decode(&written_by(1, 1, b"more of it"), &cipher()).unwrap_err();
        assert!(matches!(
            error,
            SpoolError::Format(FormatError::NotWritable { .. })
        ));
    }

    #[test]
    fn a_wrong_key_and_damage_are_told_apart() {
        let bytes = header().encode(&cipher()).unwrap();
        let other = Cipher::new(&SpoolKey::new([2; 32]));
        assert!(matches!(
            SpoolHeader::decode(&bytes, &other),
            Err(SpoolError::WrongKey)
        ));
        for length in 0..bytes.len() {
            assert!(matches!(
                SpoolHeader::decode(&bytes[..length], &cipher()),
                Err(SpoolError::DamagedHeader)
            ));
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(matches!(
                SpoolHeader::decode(&changed, &cipher()),
                Err(SpoolError::DamagedHeader)
            ));
        }
    }

    fn hex(text: &str) -> Vec<u8> {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    const FIRST_VERSION: &str = "65696473706f6f6c0100000000000000000000000000000000000001fe88d5c91625a98c22717f7f\
        3559fbcb9eb892dadaf6e5c3fb8de827d13054336bb6d27a7fca825fc94944e8e1f52c293a7dac7b\
        a674465c617706377d6e102d6b410705";
}
