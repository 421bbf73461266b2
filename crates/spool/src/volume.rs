//! Sealed frames on a disk: what entries and segments have in common.

use std::io;

use eidetic_model::SpoolId;

use crate::{
    AppendOutcome, Disk, SpoolError,
    frame::{FrameHeader, FrameKind, HEADER_BYTES, MAGIC},
    key::Cipher,
};

/// The disk, and the key to what is on it.
pub(crate) struct Volume {
    pub disk: Box<dyn Disk>,
    pub cipher: Cipher,
    pub first_id: SpoolId,
    pub sizes: Sizes,
    /// Whether files were made that are not yet durable in the folder.
    pub folder_unsynced: bool,
}

/// Where what is written is divided. Changing them changes no format.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    /// Where a new file of entries is begun.
    pub log_file_bytes: u64,
    /// A newest file of entries that is all acknowledged is replaced from this size on: not too
    /// often.
    pub tidy_bytes: u64,
    /// Bytes of an append in one frame: what must be in memory to read any of them.
    pub part_bytes: usize,
    /// The least that segments leave to entries.
    pub min_reserve_bytes: u64,
}

impl Sizes {
    pub const DEFAULT: Self = Self {
        log_file_bytes: 4 << 20,
        tidy_bytes: 256 << 10,
        part_bytes: 256 << 10,
        min_reserve_bytes: 4 << 20,
    };
}

impl Volume {
    /// A frame for the place `offset` of the file `name`.
    pub fn seal_frame(
        &self,
        name: &str,
        offset: u64,
        kind: FrameKind,
        number: u64,
        content: &[u8],
    ) -> Result<Vec<u8>, SpoolError> {
        let header = FrameHeader::new(kind, number, content.len()).encode();
        let bound = self.bound(name, offset, &header);
        let sealed = self
            .cipher
            .seal(content, &bound)
            .map_err(SpoolError::io(name))?;
        Ok([header.as_slice(), &sealed].concat())
    }

    /// Adds to a file that is `length` bytes long, all or nothing.
    pub fn append(
        &mut self,
        name: &str,
        length: u64,
        bytes: &[u8],
    ) -> Result<AppendOutcome, SpoolError> {
        match self.disk.append(name, bytes) {
            Ok(()) => Ok(AppendOutcome::Stored),
            Err(error) if is_full(&error) => match self.disk.truncate(name, length) {
                Ok(()) => Ok(AppendOutcome::Full),
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(AppendOutcome::Full),
                Err(source) => Err(SpoolError::io(name)(source)),
            },
            Err(source) => Err(SpoolError::io(name)(source)),
        }
    }

    pub fn sync_file(&mut self, name: &str) -> Result<(), SpoolError> {
        self.disk.sync(name).map_err(SpoolError::io(name))
    }

    pub fn sync_folder(&mut self) -> Result<(), SpoolError> {
        self.disk.sync_folder().map_err(SpoolError::io("."))?;
        self.folder_unsynced = false;
        Ok(())
    }

    /// Makes durable which files there are, if that changed.
    pub fn sync_new_files(&mut self) -> Result<(), SpoolError> {
        if self.folder_unsynced {
            self.sync_folder()?;
        }
        Ok(())
    }

    /// Reads the frames of the file `name` between `offset` and `end`.
    pub fn reader<'a>(&'a mut self, name: &'a str, offset: u64, end: u64) -> FrameReader<'a> {
        FrameReader {
            volume: self,
            name,
            offset,
            end,
            buffer: Vec::new(),
            buffer_offset: offset,
        }
    }

    /// What a frame's seal binds beside its content, so that no frame can stand in another's place.
    fn bound(&self, name: &str, offset: u64, header: &[u8]) -> Vec<u8> {
        [
            self.first_id.to_bytes().as_slice(),
            &offset.to_le_bytes(),
            header,
            name.as_bytes(),
        ]
        .concat()
    }
}

/// Reads frames one after the other. Holds one frame or [`READ_BYTES`] in memory.
pub(crate) struct FrameReader<'a> {
    volume: &'a mut Volume,
    name: &'a str,
    offset: u64,
    end: u64,
    buffer: Vec<u8>,
    buffer_offset: u64,
}

impl FrameReader<'_> {
    /// Where the next frame is expected.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// The header of the next frame, if the frame is all there.
    pub fn peek(&mut self) -> Result<Option<FrameHeader>, SpoolError> {
        let Some(header) = FrameHeader::decode(self.bytes(HEADER_BYTES)?) else {
            return Ok(None);
        };
        let left = self.end - self.offset;
        Ok((header.frame_bytes() as u64 <= left).then_some(header))
    }

    /// Goes past the frame with this header.
    pub fn skip(&mut self, header: FrameHeader) {
        self.offset += header.frame_bytes() as u64;
    }

    /// The next frame, if it is whole and sound; else stays where it is.
    pub fn next(&mut self) -> Result<Option<(FrameHeader, Vec<u8>)>, SpoolError> {
        let Some(header) = self.peek()? else {
            return Ok(None);
        };
        let offset = self.offset;
        let Some(frame) = self
            .bytes(header.frame_bytes())?
            .get(..header.frame_bytes())
            .map(<[u8]>::to_vec)
        else {
            return Ok(None);
        };
        let (header_bytes, sealed) = frame.split_at(HEADER_BYTES);
        let bound = self.volume.bound(self.name, offset, header_bytes);
        let Some(content) = self.volume.cipher.open(sealed, &bound) else {
            return Ok(None);
        };
        self.skip(header);
        Ok(Some((header, content)))
    }

    /// Goes to the next place, after this one, where a sound header is. False if there is none.
    pub fn find(&mut self) -> Result<bool, SpoolError> {
        loop {
            self.offset = (self.offset + 1).min(self.end);
            let bytes = self.bytes(READ_BYTES)?;
            if bytes.len() < HEADER_BYTES {
                return Ok(false);
            }
            let found = bytes
                .windows(MAGIC.len())
                .position(|window| window == MAGIC);
            // Past the end of what is read, a magic number could have begun but not ended.
            let step = found.unwrap_or(bytes.len() - MAGIC.len());
            self.offset += step as u64;
            if found.is_some() && self.peek()?.is_some() {
                return Ok(true);
            }
        }
    }

    /// At least `wanted` bytes from the offset on; fewer only at the end.
    fn bytes(&mut self, wanted: usize) -> Result<&[u8], SpoolError> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        let have = |offset: u64, buffer: &[u8], buffer_offset: u64| {
            usize::try_from(offset - buffer_offset)
                .ok()
                .filter(|start| buffer.len().saturating_sub(*start) >= wanted)
        };
        if have(self.offset, &self.buffer, self.buffer_offset).is_none() {
            let length = wanted.max(READ_BYTES).min(left);
            self.buffer = self
                .volume
                .disk
                .read(self.name, self.offset, length)
                .map_err(SpoolError::io(self.name))?;
            self.buffer_offset = self.offset;
        }
        let start = usize::try_from(self.offset - self.buffer_offset).unwrap_or(usize::MAX);
        Ok(self.buffer.get(start..).unwrap_or_default())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// How much is read from the disk at once.
const READ_BYTES: usize = 128 << 10;
