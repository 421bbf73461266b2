//! The spool as its users see it.

use std::path::Path;

use eidetic_model::{RecordSequence, SegmentEnd, SegmentId, SpoolId, SpoolLimits, Timestamp};

use crate::{
    AppendOutcome, Disk, FolderDisk, MAX_ENTRY_BYTES, PushOutcome, Recovered, SegmentState,
    SpoolError, SpoolKey, SpooledEntry, SpooledSegment,
    entries::{self, EntryLog},
    format::SpoolHeader,
    key::Cipher,
    segments::{self, FileState, SegmentFiles},
    volume::{Sizes, Volume},
};

/// What was recorded and is not yet stored by the server.
pub struct Spool {
    volume: Volume,
    header: SpoolHeader,
    limits: SpoolLimits,
    entries: EntryLog,
    segments: SegmentFiles,
}

impl Spool {
    /// Opens the spool in `folder`, or makes a new one there with the id `new_spool_id`.
    ///
    /// # Errors
    ///
    /// [`SpoolError::InUse`], [`SpoolError::WrongKey`], [`SpoolError::Format`],
    /// [`SpoolError::DamagedHeader`]: each says what to do. [`SpoolError::Io`] if the disk fails.
    pub fn open(
        folder: &Path,
        key: &SpoolKey,
        limits: SpoolLimits,
        new_spool_id: SpoolId,
    ) -> Result<(Self, Recovered), SpoolError> {
        let disk = FolderDisk::open(folder)?;
        Self::open_on(Box::new(disk), key, limits, new_spool_id)
    }

    /// Like [`Spool::open`], on any disk.
    ///
    /// # Errors
    ///
    /// As [`Spool::open`].
    pub fn open_on(
        disk: Box<dyn Disk>,
        key: &SpoolKey,
        limits: SpoolLimits,
        new_spool_id: SpoolId,
    ) -> Result<(Self, Recovered), SpoolError> {
        Self::open_sized(disk, key, limits, new_spool_id, Sizes::DEFAULT)
    }

    pub(crate) fn open_sized(
        mut disk: Box<dyn Disk>,
        key: &SpoolKey,
        limits: SpoolLimits,
        new_spool_id: SpoolId,
        sizes: Sizes,
    ) -> Result<(Self, Recovered), SpoolError> {
        let cipher = Cipher::new(key);
        let mut recovered = Recovered::default();
        let names = disk.names().map_err(SpoolError::io("."))?;
        let header = if names.iter().any(|name| name == HEADER_FILE) {
            let bytes = disk
                .read(HEADER_FILE, 0, MAX_HEADER_BYTES)
                .map_err(SpoolError::io(HEADER_FILE))?;
            SpoolHeader::decode(&bytes, &cipher)?
        } else if names
            .iter()
            .any(|name| entries::is_log_file(name) || segments::is_segment_file(name))
        {
            return Err(SpoolError::DamagedHeader);
        } else {
            recovered.fresh = true;
            let header = SpoolHeader {
                first_id: new_spool_id,
                id: new_spool_id,
                base: 0,
            };
            write_header(&mut *disk, &header, &cipher)?;
            header
        };
        let mut volume = Volume {
            disk,
            cipher,
            first_id: header.first_id,
            sizes,
            folder_unsynced: true,
        };
        let entries = EntryLog::open(&mut volume, &names, &mut recovered)?;
        let segments = SegmentFiles::open(&mut volume, &names, entries.newest(), &mut recovered)?;
        volume.sync_new_files()?;
        let spool = Self {
            volume,
            header,
            limits,
            entries,
            segments,
        };
        Ok((spool, recovered))
    }

    /// Who this spool is.
    pub const fn id(&self) -> SpoolId {
        self.header.id
    }

    /// Changes the limits. A spool that is over them takes nothing until it is under them.
    pub const fn set_limits(&mut self, limits: SpoolLimits) {
        self.limits = limits;
    }

    /// What the spool takes on disk.
    pub const fn used_bytes(&self) -> u64 {
        self.entries.bytes() + self.segments.bytes()
    }

    /// The newest entry's number; before the first entry zero.
    pub fn newest_entry(&self) -> RecordSequence {
        self.visible(self.entries.newest())
    }

    /// The last entry that was acknowledged. After a restart it may be an earlier one.
    pub fn acknowledged_entry(&self) -> RecordSequence {
        self.visible(self.entries.acknowledged())
    }

    /// How many entries wait.
    pub fn entries_waiting(&self) -> u64 {
        self.newest_entry().0 - self.acknowledged_entry().0
    }

    /// Adds an entry. It is not durable before [`Spool::sync`].
    ///
    /// # Errors
    ///
    /// [`SpoolError::EntryTooLong`] over [`MAX_ENTRY_BYTES`]; [`SpoolError::Io`].
    pub fn push_entry(&mut self, bytes: &[u8]) -> Result<PushOutcome, SpoolError> {
        if bytes.len() > MAX_ENTRY_BYTES {
            return Err(SpoolError::EntryTooLong {
                bytes: bytes.len(),
                max: MAX_ENTRY_BYTES,
            });
        }
        let needed = entries::entry_bytes(bytes.len());
        if !self.has_room(needed, 0)? {
            // What is acknowledged but not worth a new file yet, is now.
            self.entries.remove_acknowledged(&mut self.volume, 1)?;
            if !self.has_room(needed, 0)? {
                return Ok(PushOutcome::Full);
            }
        }
        Ok(match self.entries.push(&mut self.volume, bytes)? {
            AppendOutcome::Stored => PushOutcome::Stored(self.newest_entry()),
            AppendOutcome::Full => PushOutcome::Full,
        })
    }

    /// Makes everything durable that was pushed, begun and appended.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`]: then nothing is known of what was not durable before.
    pub fn sync(&mut self) -> Result<(), SpoolError> {
        self.entries.sync(&mut self.volume)?;
        self.segments.sync(&mut self.volume)
    }

    /// The entries after `after` that wait, in order, without a hole: at least one if there is
    /// one, at most `max_count` and `max_bytes`. They are durable.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`].
    pub fn entries_after(
        &mut self,
        after: RecordSequence,
        max_count: usize,
        max_bytes: usize,
    ) -> Result<Vec<SpooledEntry>, SpoolError> {
        let after = self.stored(after);
        let entries = self
            .entries
            .after(&mut self.volume, after, max_count, max_bytes)?;
        Ok(entries
            .into_iter()
            .map(|(number, content)| SpooledEntry {
                sequence: self.visible(number),
                content,
            })
            .collect())
    }

    /// Forgets the entries up to `through`: the server has them.
    ///
    /// # Errors
    ///
    /// [`SpoolError::AcknowledgedTooMuch`] if there is no such entry; [`SpoolError::Io`].
    pub fn acknowledge_entries(&mut self, through: RecordSequence) -> Result<(), SpoolError> {
        let newest = self.newest_entry();
        if through > newest {
            return Err(SpoolError::AcknowledgedTooMuch { through, newest });
        }
        self.entries
            .acknowledge(&mut self.volume, self.header.base + through.0)
    }

    /// Gives the spool another id, under which the entries that wait count from 1.
    ///
    /// For when the server knows later entries of this spool than the spool itself, as after an
    /// older copy of the disk was put back: under the old id its entries would be taken for
    /// repeated ones.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`]: it has the old id still.
    pub fn renumber(&mut self, new_spool_id: SpoolId) -> Result<(), SpoolError> {
        let header = SpoolHeader {
            id: new_spool_id,
            base: self.entries.acknowledged(),
            ..self.header
        };
        write_header(&mut *self.volume.disk, &header, &self.volume.cipher)?;
        self.header = header;
        Ok(())
    }

    /// Begins a segment. Push the entry that announces it first: that entry becomes durable here,
    /// so that no segment is ever without one.
    ///
    /// # Errors
    ///
    /// [`SpoolError::SegmentExists`]; [`SpoolError::Io`].
    pub fn begin_segment(&mut self, id: SegmentId) -> Result<AppendOutcome, SpoolError> {
        if !self.has_room(segments::BEGIN_BYTES, self.reserve_bytes())? {
            return Ok(AppendOutcome::Full);
        }
        self.entries.sync(&mut self.volume)?;
        self.segments
            .begin(&mut self.volume, id, self.entries.newest())
    }

    /// Whether segments could take so many bytes more now.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`].
    pub fn takes_segments(&mut self, bytes: u64) -> Result<bool, SpoolError> {
        self.has_room(bytes, self.reserve_bytes())
    }

    /// Adds bytes to an open segment, which then tells what the display showed until `until`.
    /// After a crash all of them are there or none.
    ///
    /// # Errors
    ///
    /// [`SpoolError::UnknownSegment`], [`SpoolError::SegmentNotOpen`]; [`SpoolError::Io`].
    pub fn append_segment(
        &mut self,
        id: SegmentId,
        bytes: &[u8],
        until: Timestamp,
    ) -> Result<AppendOutcome, SpoolError> {
        let needed = segments::append_bytes(bytes.len(), self.volume.sizes.part_bytes);
        if !self.has_room(needed, self.reserve_bytes())? {
            return Ok(AppendOutcome::Full);
        }
        self.segments.append(&mut self.volume, id, bytes, until)
    }

    /// Ends an open segment. Always has room.
    ///
    /// # Errors
    ///
    /// [`SpoolError::UnknownSegment`], [`SpoolError::SegmentNotOpen`];
    /// [`SpoolError::SegmentEmpty`] if nothing was added to it; [`SpoolError::Io`].
    pub fn seal_segment(&mut self, id: SegmentId) -> Result<SegmentEnd, SpoolError> {
        let has_room = self.has_room(segments::END_BYTES, 0)?;
        self.segments.seal(&mut self.volume, id, has_room)
    }

    /// All segments, in the order in which they were begun.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = SpooledSegment> {
        self.segments.iter().map(|(id, file)| SpooledSegment {
            id,
            bytes: file.bytes,
            announced_by: self.visible(file.announced_by),
            state: match &file.state {
                FileState::Open { .. } => SegmentState::Open,
                FileState::Sealed(end) => SegmentState::Sealed(*end),
                FileState::Lost => SegmentState::Lost,
            },
        })
    }

    /// Up to `max_bytes` bytes of a segment from `offset`; fewer only at its end. They are durable.
    ///
    /// # Errors
    ///
    /// [`SpoolError::UnknownSegment`]; [`SpoolError::SegmentDamaged`] if the disk damaged it;
    /// [`SpoolError::Io`].
    pub fn read_segment(
        &mut self,
        id: SegmentId,
        offset: u64,
        max_bytes: usize,
    ) -> Result<Vec<u8>, SpoolError> {
        self.segments.read(&mut self.volume, id, offset, max_bytes)
    }

    /// Removes a segment in any state: the server has it, or it is recorded as lost.
    ///
    /// # Errors
    ///
    /// [`SpoolError::UnknownSegment`]; [`SpoolError::Io`].
    pub fn forget_segment(&mut self, id: SegmentId) -> Result<(), SpoolError> {
        self.segments.remove(&mut self.volume, id)
    }

    /// How many bytes are free on the spool's disk for this process.
    ///
    /// # Errors
    ///
    /// [`SpoolError::Io`].
    pub fn free_bytes(&mut self) -> Result<u64, SpoolError> {
        self.volume.disk.free_bytes().map_err(SpoolError::io("."))
    }

    /// Whether `bytes` more would leave `reserve` bytes below both limits.
    fn has_room(&mut self, bytes: u64, reserve: u64) -> Result<bool, SpoolError> {
        let needed = bytes.saturating_add(reserve);
        if self.used_bytes().saturating_add(needed) > self.limits.max_bytes {
            return Ok(false);
        }
        let free = self.free_bytes()?;
        Ok(free >= self.limits.min_free_bytes.saturating_add(needed))
    }

    /// What segments leave to the entries.
    fn reserve_bytes(&self) -> u64 {
        (self.limits.max_bytes / 20)
            .max(self.volume.sizes.min_reserve_bytes)
            .min(self.limits.max_bytes / 2)
    }

    const fn visible(&self, number: u64) -> RecordSequence {
        RecordSequence(number.saturating_sub(self.header.base))
    }

    const fn stored(&self, sequence: RecordSequence) -> u64 {
        self.header.base.saturating_add(sequence.0)
    }
}

fn write_header(
    disk: &mut dyn Disk,
    header: &SpoolHeader,
    cipher: &Cipher,
) -> Result<(), SpoolError> {
    let mut write = || {
        let bytes = header.encode(cipher)?;
        // A crash may have left one.
        if disk.names()?.iter().any(|name| name == NEW_HEADER_FILE) {
            disk.remove(NEW_HEADER_FILE)?;
        }
        disk.append(NEW_HEADER_FILE, &bytes)?;
        disk.sync(NEW_HEADER_FILE)?;
        disk.rename(NEW_HEADER_FILE, HEADER_FILE)?;
        disk.sync_folder()
    };
    write().map_err(SpoolError::io(HEADER_FILE))
}

const HEADER_FILE: &str = "spool.id";

const NEW_HEADER_FILE: &str = "spool.id.new";

const MAX_HEADER_BYTES: usize = 4 << 10;
