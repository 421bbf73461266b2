//! The part files of segments that are still growing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::PathBuf,
};

use bytes::Bytes;
use eidetic_model::SegmentId;
use sha2::{Digest, Sha256};

use super::{Appended, object::failed};
use crate::StoreError;

/// A folder with one append-only file `<id>.part` for each growing segment.
///
/// INVARIANT: the bytes of a part file are durable, except while they are being added.
pub(super) struct Incoming {
    folder: PathBuf,
}

impl Incoming {
    /// Opens the folder, and makes it if it is not there.
    pub fn open(folder: PathBuf) -> Result<Self, StoreError> {
        fs::create_dir_all(&folder).map_err(failed("make the folder of growing segments"))?;
        let incoming = Self { folder };
        // A process that was killed may have left bytes that were written but not synced.
        for id in incoming.ids()? {
            File::open(incoming.path(id))
                .and_then(|file| file.sync_all())
                .map_err(failed("sync a growing segment"))?;
        }
        incoming.sync_folder()?;
        Ok(incoming)
    }

    /// The segments that have a part file.
    pub fn ids(&self) -> Result<Vec<SegmentId>, StoreError> {
        let failed = failed("list the growing segments");
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(&failed)? {
            let name = entry.map_err(&failed)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(EXTENSION));
            ids.extend(id.and_then(|id| id.parse::<SegmentId>().ok()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// The length of a part file; `None` if there is none.
    pub fn bytes(&self, id: SegmentId) -> Result<Option<u64>, StoreError> {
        let metadata = if_there(fs::metadata(self.path(id)));
        let metadata = metadata.map_err(failed("find a growing segment"))?;
        Ok(metadata.map(|metadata| metadata.len()))
    }

    /// Adds bytes and syncs them.
    pub fn append(&self, id: SegmentId, offset: u64, bytes: &[u8]) -> Result<Appended, StoreError> {
        let durable = self.bytes(id)?;
        // One without bytes may be left of an attempt that failed before its folder was synced.
        let is_new = durable.is_none_or(|durable| durable == 0);
        let durable = durable.unwrap_or(0);
        if offset > durable {
            return Ok(Appended::Hole { durable });
        }
        let known = usize::try_from(durable - offset).unwrap_or(usize::MAX);
        let new = bytes.get(known..).unwrap_or_default();
        if new.is_empty() && !is_new {
            return Ok(Appended::Durable(durable));
        }
        let failed = failed("add to a growing segment");
        let opened = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path(id));
        let mut file = opened.map_err(&failed)?;
        if is_new {
            // Before there are bytes: a part file that has some is in its folder for good.
            self.sync_folder()?;
        }
        let added = file.write_all(new).and_then(|()| file.sync_data());
        if let Err(error) = added {
            // Nothing half-written stays. If this fails too, the hash tells in the end.
            let _failed = file.set_len(durable).and_then(|()| file.sync_all());
            return Err(failed(error));
        }
        Ok(Appended::Durable(durable + new.len() as u64))
    }

    /// The bytes of a range, fewer if the part file ends before; `None` if there is none.
    pub fn read(&self, id: SegmentId, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        let failed = failed("read a growing segment");
        let Some(mut file) = if_there(File::open(self.path(id))).map_err(&failed)? else {
            return Ok(None);
        };
        let end = range.end.min(file.metadata().map_err(&failed)?.len());
        let Some(length) = end.checked_sub(range.start) else {
            return Ok(Some(Bytes::new()));
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(range.start))
            .and_then(|_| file.take(length).read_to_end(&mut bytes))
            .map_err(&failed)?;
        Ok(Some(bytes.into()))
    }

    /// The SHA-256 of a part file; `None` if there is none.
    pub fn sha256(&self, id: SegmentId) -> Result<Option<[u8; 32]>, StoreError> {
        let failed = failed("check a growing segment");
        let Some(mut file) = if_there(File::open(self.path(id))).map_err(&failed)? else {
            return Ok(None);
        };
        let mut hash = Sha256::new();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            match file.read(&mut buffer).map_err(&failed)? {
                0 => return Ok(Some(hash.finalize().into())),
                length => hash.update(&buffer[..length]),
            }
        }
    }

    /// Removes a part file, if there is one.
    pub fn remove(&self, id: SegmentId) -> Result<(), StoreError> {
        let removed = if_there(fs::remove_file(self.path(id)));
        if removed
            .map_err(failed("remove a growing segment"))?
            .is_some()
        {
            self.sync_folder()?;
        }
        Ok(())
    }

    fn path(&self, id: SegmentId) -> PathBuf {
        self.folder.join(format!("{id}{EXTENSION}"))
    }

    fn sync_folder(&self) -> Result<(), StoreError> {
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed("sync the folder of growing segments"))
    }
}

fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

const EXTENSION: &str = ".part";
const READ_BYTES: usize = 64 << 10;
