//! The entries: a log in bounded files, deleted once all in them is acknowledged.
//!
//! Numbers here count from the spool's first life; `spool` takes the base off.

use std::collections::VecDeque;

use crate::{
    AppendOutcome, EntryContent, Recovered, SpoolError,
    frame::{FrameKind, frame_bytes},
    volume::{FrameReader, Volume},
};

/// All log files, and how far the server has them.
pub(crate) struct EntryLog {
    /// INVARIANT: never empty, so that the next number is on disk even if no entry is; each file
    /// begins where the one before ends.
    files: VecDeque<LogFile>,
    acknowledged: u64,
    bytes: u64,
    unsynced: bool,
    /// Where the reader was: the frame of entry `number`, or of a later one, is at `offset` of
    /// its file or after.
    cursor: Cursor,
}

struct LogFile {
    first: u64,
    /// One past the last entry's number.
    end: u64,
    length: u64,
}

#[derive(Clone, Copy)]
struct Cursor {
    number: u64,
    offset: u64,
}

impl EntryLog {
    /// The log on this disk; a new one that begins at 1 if there is none.
    pub fn open(
        volume: &mut Volume,
        names: &[String],
        recovered: &mut Recovered,
    ) -> Result<Self, SpoolError> {
        let mut firsts: Vec<u64> = names.iter().filter_map(|name| first_of(name)).collect();
        firsts.sort_unstable();
        if firsts.is_empty() {
            create(volume, 1)?;
            firsts.push(1);
        }
        let mut files = VecDeque::new();
        for (at, &first) in firsts.iter().enumerate() {
            let length = length(volume, &name_of(first))?;
            let end = firsts.get(at + 1).copied().unwrap_or(first);
            files.push_back(LogFile { first, end, length });
        }
        let newest = files.back_mut().expect("there is at least one file");
        recover(volume, newest, recovered)?;
        let acknowledged = files[0].first - 1;
        Ok(Self {
            bytes: files.iter().map(|file| file.length).sum(),
            files,
            acknowledged,
            unsynced: false,
            cursor: Cursor {
                number: 0,
                offset: 0,
            },
        })
    }

    /// The newest entry's number; that of the last one that there was if none is left.
    pub fn newest(&self) -> u64 {
        self.last().end - 1
    }

    pub const fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn push(&mut self, volume: &mut Volume, entry: &[u8]) -> Result<AppendOutcome, SpoolError> {
        if self.last().length >= volume.sizes.log_file_bytes
            && self.rotate(volume)? == AppendOutcome::Full
        {
            return Ok(AppendOutcome::Full);
        }
        let last = self.files.back_mut().expect("there is at least one file");
        let name = name_of(last.first);
        let frame = volume.seal_frame(&name, last.length, FrameKind::Entry, last.end, entry)?;
        let outcome = volume.append(&name, last.length, &frame)?;
        if outcome == AppendOutcome::Stored {
            last.length += frame.len() as u64;
            last.end += 1;
            self.bytes += frame.len() as u64;
            self.unsynced = true;
        }
        Ok(outcome)
    }

    pub fn sync(&mut self, volume: &mut Volume) -> Result<(), SpoolError> {
        if self.unsynced {
            volume.sync_file(&name_of(self.last().first))?;
            self.unsynced = false;
        }
        volume.sync_new_files()
    }

    /// Entries after `after` with their numbers; at least one if there is one.
    pub fn after(
        &mut self,
        volume: &mut Volume,
        after: u64,
        max_count: usize,
        max_bytes: usize,
    ) -> Result<Vec<(u64, EntryContent)>, SpoolError> {
        self.sync(volume)?;
        let mut next = after.max(self.acknowledged) + 1;
        let mut entries = Batch {
            entries: Vec::new(),
            max_count: max_count.max(1),
            max_bytes,
            bytes: 0,
        };
        while let Some(file) = self
            .files
            .iter()
            .find(|file| (file.first..file.end).contains(&next))
        {
            let offset = match self.cursor {
                Cursor { number, offset } if number > file.first && number <= next => offset,
                Cursor { .. } => 0,
            };
            let name = name_of(file.first);
            let mut reader = volume.reader(&name, offset, file.length);
            while next < file.end {
                let found = next_entry(&mut reader, next, file.end)?;
                let until = found.as_ref().map_or(file.end, |found| found.number);
                while next < until && entries.add(next, EntryContent::Damaged) {
                    next += 1;
                }
                let offset = found.as_ref().map_or(file.length, |found| found.offset);
                self.cursor = Cursor {
                    number: next,
                    offset,
                };
                if next < until {
                    return Ok(entries.entries);
                }
                if let Some(found) = found {
                    if !entries.add(next, EntryContent::Intact(found.content)) {
                        return Ok(entries.entries);
                    }
                    next += 1;
                    self.cursor = Cursor {
                        number: next,
                        offset: reader.offset(),
                    };
                }
            }
        }
        Ok(entries.entries)
    }

    /// Forgets the entries up to `through`, which exists.
    pub fn acknowledge(&mut self, volume: &mut Volume, through: u64) -> Result<(), SpoolError> {
        if through <= self.acknowledged {
            return Ok(());
        }
        self.acknowledged = through;
        self.remove_acknowledged(volume, volume.sizes.tidy_bytes)
    }

    /// Removes the files in which all is acknowledged: the newest too, if it has `min_bytes`.
    pub fn remove_acknowledged(
        &mut self,
        volume: &mut Volume,
        min_bytes: u64,
    ) -> Result<(), SpoolError> {
        if self.newest() == self.acknowledged && self.last().length >= min_bytes {
            self.rotate(volume)?;
        }
        while self.files.len() > 1 && self.files[0].end - 1 <= self.acknowledged {
            let name = name_of(self.files[0].first);
            volume.disk.remove(&name).map_err(SpoolError::io(&name))?;
            // One by one and durably, so that a crash never leaves a hole between files.
            volume.sync_folder()?;
            self.bytes -= self.files[0].length;
            self.files.pop_front();
        }
        Ok(())
    }

    /// Begins a new file. The one before is synced, and the new one is there for good.
    fn rotate(&mut self, volume: &mut Volume) -> Result<AppendOutcome, SpoolError> {
        self.sync(volume)?;
        let first = self.last().end;
        let outcome = create(volume, first)?;
        if outcome == AppendOutcome::Stored {
            volume.sync_folder()?;
            self.files.push_back(LogFile {
                first,
                end: first,
                length: 0,
            });
        }
        Ok(outcome)
    }

    fn last(&self) -> &LogFile {
        self.files.back().expect("there is at least one file")
    }
}

/// What an entry takes on disk.
pub(crate) const fn entry_bytes(content_bytes: usize) -> u64 {
    frame_bytes(content_bytes)
}

/// Whether a file of this name is part of the log.
pub(crate) fn is_log_file(name: &str) -> bool {
    first_of(name).is_some()
}

struct Batch {
    entries: Vec<(u64, EntryContent)>,
    max_count: usize,
    max_bytes: usize,
    bytes: usize,
}

impl Batch {
    /// False if it is full: nothing was added.
    fn add(&mut self, number: u64, content: EntryContent) -> bool {
        let bytes = match &content {
            EntryContent::Intact(bytes) => bytes.len(),
            EntryContent::Damaged => 0,
        };
        let full = self.entries.len() >= self.max_count
            || (!self.entries.is_empty() && self.bytes.saturating_add(bytes) > self.max_bytes);
        if !full {
            self.bytes += bytes;
            self.entries.push((number, content));
        }
        !full
    }
}

struct Found {
    number: u64,
    offset: u64,
    content: Vec<u8>,
}

/// The next entry that can be read and is one of `number..end`.
fn next_entry(
    reader: &mut FrameReader<'_>,
    number: u64,
    end: u64,
) -> Result<Option<Found>, SpoolError> {
    loop {
        let offset = reader.offset();
        match reader.next()? {
            Some((header, content)) => {
                if header.kind == FrameKind::Entry && (number..end).contains(&header.number) {
                    return Ok(Some(Found {
                        number: header.number,
                        offset,
                        content,
                    }));
                }
            }
            None => {
                if !reader.find()? {
                    return Ok(None);
                }
            }
        }
    }
}

/// Finds the end of the newest file, and cuts off what is torn there.
fn recover(
    volume: &mut Volume,
    file: &mut LogFile,
    recovered: &mut Recovered,
) -> Result<(), SpoolError> {
    let name = name_of(file.first);
    let mut whole = 0;
    let mut reader = volume.reader(&name, 0, file.length);
    while let Some(found) = next_entry(&mut reader, file.end, u64::MAX)? {
        recovered.damaged_entries += found.number - file.end;
        file.end = found.number + 1;
        whole = reader.offset();
    }
    if whole < file.length {
        recovered.torn_bytes += file.length - whole;
        volume
            .disk
            .truncate(&name, whole)
            .map_err(SpoolError::io(&name))?;
        file.length = whole;
    }
    // What a crash left in memory only may be read here, and is counted on from now on.
    volume.sync_file(&name)
}

fn create(volume: &mut Volume, first: u64) -> Result<AppendOutcome, SpoolError> {
    volume.folder_unsynced = true;
    volume.append(&name_of(first), 0, &[])
}

fn length(volume: &mut Volume, name: &str) -> Result<u64, SpoolError> {
    volume.disk.length(name).map_err(SpoolError::io(name))
}

fn name_of(first: u64) -> String {
    format!("entries-{first:020}.log")
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("entries-")?.strip_suffix(".log")?;
    let first = digits.parse().ok()?;
    (first > 0 && name_of(first) == name).then_some(first)
}
