//! The segments: a file each.

use std::collections::BTreeMap;

use eidetic_model::{SegmentEnd, SegmentId, Timestamp};
use sha2::{Digest, Sha256};

use crate::{
    AppendOutcome, CutSegment, Recovered, SpoolError,
    frame::{FrameKind, frame_bytes},
    volume::Volume,
};

/// All segments. Their ids are of UUID version 7: ordered by id they are ordered by begin.
pub(crate) struct SegmentFiles {
    files: BTreeMap<SegmentId, SegmentFile>,
    bytes: u64,
}

/// One segment.
pub(crate) struct SegmentFile {
    /// The newest entry when it was begun; it says that there is this segment.
    pub announced_by: u64,
    /// Its length, without what the file adds.
    pub bytes: u64,
    pub state: FileState,
    file_bytes: u64,
    unsynced: bool,
    cursor: Cursor,
}

pub(crate) enum FileState {
    Open { hash: Sha256, until: Timestamp },
    Sealed(SegmentEnd),
    Lost,
}

/// Where the reader was: the byte `number` of the segment is in the frame at `offset` or later.
#[derive(Clone, Copy, Default)]
struct Cursor {
    number: u64,
    offset: u64,
}

impl SegmentFiles {
    /// The segments on this disk. Those that were open are cut and sealed, if `newest_entry`
    /// says that they were announced.
    pub fn open(
        volume: &mut Volume,
        names: &[String],
        newest_entry: u64,
        recovered: &mut Recovered,
    ) -> Result<Self, SpoolError> {
        let mut files = BTreeMap::new();
        for id in names.iter().filter_map(|name| id_of(name)) {
            let mut file = recover(volume, id, recovered)?;
            if file.announced_by > newest_entry {
                file.state = FileState::Lost;
            }
            if matches!(file.state, FileState::Lost) {
                recovered.cut_segments.retain(|cut| cut.end.id != id);
                recovered.lost_segments.push(id);
            }
            files.insert(id, file);
        }
        recovered.cut_segments.sort_by_key(|cut| cut.end.id);
        recovered.lost_segments.sort_unstable();
        Ok(Self {
            bytes: files.values().map(|file| file.file_bytes).sum(),
            files,
        })
    }

    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SegmentId, &SegmentFile)> {
        self.files.iter().map(|(id, file)| (*id, file))
    }

    pub fn begin(
        &mut self,
        volume: &mut Volume,
        id: SegmentId,
        announced_by: u64,
    ) -> Result<AppendOutcome, SpoolError> {
        if self.files.contains_key(&id) {
            return Err(SpoolError::SegmentExists(id));
        }
        let name = name_of(id);
        let content = announced_by.to_le_bytes();
        let frame = volume.seal_frame(&name, 0, FrameKind::SegmentBegin, 0, &content)?;
        volume.folder_unsynced = true;
        if volume.append(&name, 0, &frame)? == AppendOutcome::Full {
            // An empty file is not a segment.
            let _not_made_at_all = volume.disk.remove(&name);
            return Ok(AppendOutcome::Full);
        }
        self.bytes += frame.len() as u64;
        self.files.insert(
            id,
            SegmentFile {
                announced_by,
                bytes: 0,
                state: FileState::Open {
                    hash: Sha256::new(),
                    until: Timestamp::MIN,
                },
                file_bytes: frame.len() as u64,
                unsynced: true,
                cursor: Cursor::default(),
            },
        );
        Ok(AppendOutcome::Stored)
    }

    pub fn append(
        &mut self,
        volume: &mut Volume,
        id: SegmentId,
        bytes: &[u8],
        until: Timestamp,
    ) -> Result<AppendOutcome, SpoolError> {
        let file = find(&mut self.files, id)?;
        let FileState::Open { hash, until: last } = &mut file.state else {
            return Err(SpoolError::SegmentNotOpen(id));
        };
        let until = until.max(*last);
        let name = name_of(id);
        let mut frames = Vec::new();
        let mut number = file.bytes;
        let mut rest = bytes;
        loop {
            let (part, after) = rest.split_at(rest.len().min(volume.sizes.part_bytes));
            let kind = if after.is_empty() {
                FrameKind::AppendEnd
            } else {
                FrameKind::AppendPart
            };
            let content = [until.as_unix_micros().to_le_bytes().as_slice(), part].concat();
            let offset = file.file_bytes + frames.len() as u64;
            frames.extend(volume.seal_frame(&name, offset, kind, number, &content)?);
            number += part.len() as u64;
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        let outcome = volume.append(&name, file.file_bytes, &frames)?;
        if outcome == AppendOutcome::Stored {
            hash.update(bytes);
            *last = until;
            file.bytes = number;
            file.file_bytes += frames.len() as u64;
            file.unsynced = true;
            self.bytes += frames.len() as u64;
        }
        Ok(outcome)
    }

    /// Seals a segment. Where there is no room to write that down, the next
    /// [`SegmentFiles::open`] comes to the same end from what is there.
    pub fn seal(
        &mut self,
        volume: &mut Volume,
        id: SegmentId,
        has_room: bool,
    ) -> Result<SegmentEnd, SpoolError> {
        let file = find(&mut self.files, id)?;
        let FileState::Open { hash, until } = &file.state else {
            return Err(SpoolError::SegmentNotOpen(id));
        };
        if file.bytes == 0 {
            return Err(SpoolError::SegmentEmpty(id));
        }
        let end = SegmentEnd {
            id,
            end: *until,
            bytes: file.bytes,
            sha256: hash.clone().finalize().into(),
        };
        if has_room {
            self.bytes += write_end(volume, file, end)?;
        }
        file.state = FileState::Sealed(end);
        Ok(end)
    }

    pub fn sync(&mut self, volume: &mut Volume) -> Result<(), SpoolError> {
        for (id, file) in self.files.iter_mut().filter(|(_, file)| file.unsynced) {
            volume.sync_file(&name_of(*id))?;
            file.unsynced = false;
        }
        volume.sync_new_files()
    }

    /// Up to `max_bytes` bytes of a segment from `offset`; fewer only at its end.
    pub fn read(
        &mut self,
        volume: &mut Volume,
        id: SegmentId,
        offset: u64,
        max_bytes: usize,
    ) -> Result<Vec<u8>, SpoolError> {
        let file = find(&mut self.files, id)?;
        let name = name_of(id);
        if file.unsynced {
            volume.sync_file(&name)?;
            volume.sync_new_files()?;
            file.unsynced = false;
        }
        let wanted = usize::try_from(file.bytes.saturating_sub(offset))
            .unwrap_or(usize::MAX)
            .min(max_bytes);
        let mut cursor = file.cursor;
        if cursor.offset == 0 || offset < cursor.number {
            cursor = Cursor {
                number: 0,
                offset: BEGIN_BYTES,
            };
        }
        let mut reader = volume.reader(&name, cursor.offset, file.file_bytes);
        let mut bytes = Vec::with_capacity(wanted);
        while bytes.len() < wanted {
            let damaged = || SpoolError::SegmentDamaged {
                segment: id,
                offset: cursor.number,
            };
            let header = reader.peek()?.ok_or_else(damaged)?;
            if header.number != cursor.number || !is_append(header.kind) {
                return Err(damaged());
            }
            let position = offset + bytes.len() as u64;
            let length = header.content_bytes().saturating_sub(UNTIL_BYTES) as u64;
            file.cursor = cursor;
            if cursor.number + length > position {
                let (_, content) = reader.next()?.ok_or_else(damaged)?;
                let content = content.get(UNTIL_BYTES..).unwrap_or_default();
                let start = usize::try_from(position - cursor.number).unwrap_or(usize::MAX);
                let content = content.get(start..).unwrap_or_default();
                bytes.extend(&content[..content.len().min(wanted - bytes.len())]);
            } else {
                reader.skip(header);
            }
            cursor = Cursor {
                number: cursor.number + length,
                offset: reader.offset(),
            };
        }
        Ok(bytes)
    }

    /// Removes a segment.
    pub fn remove(&mut self, volume: &mut Volume, id: SegmentId) -> Result<(), SpoolError> {
        let file_bytes = find(&mut self.files, id)?.file_bytes;
        let name = name_of(id);
        volume.disk.remove(&name).map_err(SpoolError::io(&name))?;
        volume.folder_unsynced = true;
        self.bytes -= file_bytes;
        self.files.remove(&id);
        Ok(())
    }
}

/// What an append of this length takes on disk.
pub(crate) const fn append_bytes(bytes: usize, part_bytes: usize) -> u64 {
    let parts = bytes.div_ceil(part_bytes) as u64;
    let parts = if parts == 0 { 1 } else { parts };
    bytes as u64 + parts * frame_bytes(UNTIL_BYTES)
}

/// Whether a file of this name is a segment.
pub(crate) fn is_segment_file(name: &str) -> bool {
    id_of(name).is_some()
}

fn find(
    files: &mut BTreeMap<SegmentId, SegmentFile>,
    id: SegmentId,
) -> Result<&mut SegmentFile, SpoolError> {
    files.get_mut(&id).ok_or(SpoolError::UnknownSegment(id))
}

/// Reads what a file says, and cuts and seals the segment if it is open.
fn recover(
    volume: &mut Volume,
    id: SegmentId,
    recovered: &mut Recovered,
) -> Result<SegmentFile, SpoolError> {
    let name = name_of(id);
    let length = volume.disk.length(&name).map_err(SpoolError::io(&name))?;
    let mut file = SegmentFile {
        announced_by: 0,
        bytes: 0,
        state: FileState::Lost,
        file_bytes: length,
        // What a crash of the process left may be in memory only.
        unsynced: true,
        cursor: Cursor::default(),
    };
    let mut reader = volume.reader(&name, 0, length);
    match reader.next()? {
        Some((header, content)) if header.kind == FrameKind::SegmentBegin => {
            let Some(number) = content.first_chunk() else {
                return Ok(file);
            };
            file.announced_by = u64::from_le_bytes(*number);
        }
        _ => return Ok(file),
    }
    if let Some(at) = length.checked_sub(END_BYTES)
        && let Some((header, content)) = volume.reader(&name, at, length).next()?
        && header.kind == FrameKind::SegmentEnd
        && let Some(end) = decode_end(id, &content)
    {
        file.bytes = end.bytes;
        file.state = FileState::Sealed(end);
        return Ok(file);
    }
    cut_and_seal(volume, file, id, recovered)
}

/// Goes through the appends of an open segment, and makes it end with the last whole one.
fn cut_and_seal(
    volume: &mut Volume,
    mut file: SegmentFile,
    id: SegmentId,
    recovered: &mut Recovered,
) -> Result<SegmentFile, SpoolError> {
    let name = name_of(id);
    let length = file.file_bytes;
    let mut reader = volume.reader(&name, BEGIN_BYTES, length);
    let mut hash = Sha256::new();
    let mut number = 0;
    let mut whole = (0, BEGIN_BYTES, hash.clone(), Timestamp::MIN);
    while let Some((header, content)) = reader.next()? {
        let Some((until, bytes)) = content.split_first_chunk() else {
            break;
        };
        if header.number != number || !is_append(header.kind) {
            break;
        }
        hash.update(bytes);
        number += bytes.len() as u64;
        if header.kind == FrameKind::AppendEnd {
            let until = Timestamp::from_unix_micros(i64::from_le_bytes(*until));
            whole = (number, reader.offset(), hash.clone(), until);
        }
    }
    let (bytes, file_bytes, hash, until) = whole;
    if file_bytes < length {
        recovered.torn_bytes += length - file_bytes;
        volume
            .disk
            .truncate(&name, file_bytes)
            .map_err(SpoolError::io(&name))?;
    }
    file.bytes = bytes;
    file.file_bytes = file_bytes;
    if bytes == 0 {
        return Ok(file);
    }
    let end = SegmentEnd {
        id,
        end: until,
        bytes,
        sha256: hash.finalize().into(),
    };
    write_end(volume, &mut file, end)?;
    volume.sync_file(&name)?;
    file.unsynced = false;
    file.state = FileState::Sealed(end);
    recovered.cut_segments.push(CutSegment {
        end,
        lost_bytes: length - file_bytes,
    });
    Ok(file)
}

/// Writes a segment's end, if the disk has room for it; returns how many bytes that took.
fn write_end(
    volume: &mut Volume,
    file: &mut SegmentFile,
    end: SegmentEnd,
) -> Result<u64, SpoolError> {
    let name = name_of(end.id);
    let mut content = end.end.as_unix_micros().to_le_bytes().to_vec();
    content.extend(end.bytes.to_le_bytes());
    content.extend(end.sha256);
    let frame = volume.seal_frame(
        &name,
        file.file_bytes,
        FrameKind::SegmentEnd,
        end.bytes,
        &content,
    )?;
    match volume.append(&name, file.file_bytes, &frame)? {
        AppendOutcome::Full => Ok(0),
        AppendOutcome::Stored => {
            file.file_bytes += frame.len() as u64;
            file.unsynced = true;
            Ok(frame.len() as u64)
        }
    }
}

fn decode_end(id: SegmentId, content: &[u8]) -> Option<SegmentEnd> {
    let (end, rest) = content.split_first_chunk()?;
    let (bytes, sha256) = rest.split_first_chunk()?;
    Some(SegmentEnd {
        id,
        end: Timestamp::from_unix_micros(i64::from_le_bytes(*end)),
        bytes: u64::from_le_bytes(*bytes),
        sha256: sha256.try_into().ok()?,
    })
}

const fn is_append(kind: FrameKind) -> bool {
    matches!(kind, FrameKind::AppendPart | FrameKind::AppendEnd)
}

fn name_of(id: SegmentId) -> String {
    format!("segment-{id}.seg")
}

fn id_of(name: &str) -> Option<SegmentId> {
    let id = name.strip_prefix("segment-")?.strip_suffix(".seg")?;
    let id = id.parse().ok()?;
    (name_of(id) == name).then_some(id)
}

/// In each frame of an append, before its bytes.
const UNTIL_BYTES: usize = 8;

/// A segment's first frame.
pub(crate) const BEGIN_BYTES: u64 = frame_bytes(8);

/// A sealed segment's last frame.
pub(crate) const END_BYTES: u64 = frame_bytes(8 + 8 + 32);
