//! The spool as a whole.

mod crash;
mod damage;
mod promises;

use eidetic_model::{RecordSequence, SegmentId, SpoolId, SpoolLimits, Timestamp};
use uuid::Uuid;

use crate::{
    EntryContent, PushOutcome, Recovered, Spool, SpoolError, SpoolKey, disk::memory::MemoryDisk,
    volume::Sizes,
};

/// Small, so that little data makes many files and frames.
const SIZES: Sizes = Sizes {
    log_file_bytes: 2_000,
    tidy_bytes: 500,
    part_bytes: 100,
    min_reserve_bytes: 1_000,
};

const LIMITS: SpoolLimits = SpoolLimits {
    max_bytes: 20_000,
    min_free_bytes: 0,
};

fn open_with(disk: &MemoryDisk, limits: SpoolLimits) -> Result<(Spool, Recovered), SpoolError> {
    let key = SpoolKey::new([1; 32]);
    let disk = Box::new(disk.clone());
    Spool::open_sized(disk, &key, limits, spool_id(1), SIZES)
}

fn open(disk: &MemoryDisk) -> Spool {
    open_with(disk, LIMITS).unwrap().0
}

fn spool_id(number: u128) -> SpoolId {
    SpoolId::from_uuid(Uuid::from_u128(number))
}

fn segment(number: u128) -> SegmentId {
    SegmentId::from_uuid(Uuid::from_u128(number))
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

fn push(spool: &mut Spool, bytes: &[u8]) -> u64 {
    match spool.push_entry(bytes).unwrap() {
        PushOutcome::Stored(sequence) => sequence.0,
        PushOutcome::Full => panic!("the spool is full"),
    }
}

/// Entries with their numbers; `None` for damaged ones.
type Waiting = Vec<(u64, Option<Vec<u8>>)>;

/// All entries that wait, read a few at a time.
fn waiting(spool: &mut Spool) -> Waiting {
    try_waiting(spool).unwrap()
}

fn try_waiting(spool: &mut Spool) -> Result<Waiting, SpoolError> {
    let mut all = Waiting::new();
    let mut after = RecordSequence::ZERO;
    loop {
        let some = spool.entries_after(after, 7, 900)?;
        let Some(last) = some.last() else {
            return Ok(all);
        };
        after = last.sequence;
        for entry in some {
            if let Some((before, _)) = all.last() {
                assert_eq!(entry.sequence.0, before + 1, "no holes");
            }
            let content = match entry.content {
                EntryContent::Intact(bytes) => Some(bytes),
                EntryContent::Damaged => None,
            };
            all.push((entry.sequence.0, content));
        }
    }
}

fn all_of(spool: &mut Spool, id: SegmentId, piece: usize) -> Result<Vec<u8>, SpoolError> {
    let mut bytes = Vec::new();
    loop {
        let some = spool.read_segment(id, bytes.len() as u64, piece)?;
        if some.is_empty() {
            return Ok(bytes);
        }
        bytes.extend(some);
    }
}
