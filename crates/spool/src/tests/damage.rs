//! A disk that changes what is on it.

use eidetic_model::RecordSequence;
use proptest::{
    collection::vec,
    prelude::{any, proptest},
    prop_assert, prop_assert_eq,
};

use super::{LIMITS, all_of, at, open, open_with, push, segment, waiting};
use crate::{
    SegmentState, SpoolError,
    disk::memory::{Crash, MemoryDisk},
};

const FIRST_LOG: &str = "entries-00000000000000000001.log";

#[test]
fn a_damaged_entry_keeps_its_number_and_the_others_come_through() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    for number in 1..=10 {
        push(&mut spool, &[number; 36]);
    }
    drop(spool);
    // Frames are 100 bytes long: content of entry 3, header of entry 6.
    disk.damage(FIRST_LOG, |bytes| {
        bytes[260] ^= 1;
        bytes[501] ^= 1;
    });
    let (mut spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert_eq!(recovered.damaged_entries, 2);
    assert_eq!(recovered.torn_bytes, 0);
    let found: Vec<_> = waiting(&mut spool);
    assert_eq!(found.len(), 10);
    for (number, content) in found {
        let expected =
            (number != 3 && number != 6).then(|| vec![u8::try_from(number).unwrap(); 36]);
        assert_eq!(content, expected, "{number}");
    }
    assert_eq!(push(&mut spool, b"next"), 11);
}

#[test]
fn a_file_that_is_damaged_throughout_leaves_the_next_ones_readable() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    for number in 1..=50 {
        push(&mut spool, &[number; 36]);
    }
    drop(spool);
    disk.damage(FIRST_LOG, |bytes| bytes.fill(0xe1));
    let found = waiting(&mut open(&disk));
    assert_eq!(found.len(), 50);
    assert!(found[..20].iter().all(|(_, content)| content.is_none()));
    assert!(found[20..].iter().all(|(_, content)| content.is_some()));
}

#[test]
fn a_torn_tail_is_cut_and_counted() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    push(&mut spool, &[1; 36]);
    push(&mut spool, &[2; 36]);
    drop(spool);
    disk.damage(FIRST_LOG, |bytes| bytes.truncate(170));
    let (mut spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert_eq!((recovered.torn_bytes, recovered.damaged_entries), (70, 0));
    assert_eq!(push(&mut spool, b"again"), 2);
    let found = waiting(&mut spool);
    assert_eq!(
        found,
        [(1, Some(vec![1; 36])), (2, Some(b"again".to_vec()))]
    );
}

#[test]
fn frames_cannot_be_moved_to_another_place() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    for number in 1..=3 {
        push(&mut spool, &[number; 36]);
    }
    drop(spool);
    disk.damage(FIRST_LOG, |bytes| {
        let first = bytes[..100].to_vec();
        let second = bytes[100..200].to_vec();
        bytes[..100].copy_from_slice(&second);
        bytes[100..200].copy_from_slice(&first);
    });
    let found = waiting(&mut open(&disk));
    assert_eq!(found, [(1, None), (2, None), (3, Some(vec![3; 36]))]);
}

#[test]
fn a_damaged_segment_is_told_with_the_place() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    spool.begin_segment(segment(1)).unwrap();
    for until in 0..4 {
        spool
            .append_segment(segment(1), &[7; 50], at(until))
            .unwrap();
    }
    spool.seal_segment(segment(1)).unwrap();
    drop(spool);
    let name = format!("segment-{}.seg", segment(1));
    // Begin 72 bytes, then frames of 122: in the third.
    disk.damage(&name, |bytes| bytes[72 + 2 * 122 + 60] ^= 1);
    let mut spool = open(&disk);
    assert!(matches!(
        spool.segments().next().unwrap().state,
        SegmentState::Sealed(_)
    ));
    let error = all_of(&mut spool, segment(1), 50).unwrap_err();
    assert!(matches!(
        error,
        SpoolError::SegmentDamaged { offset: 100, .. }
    ));
    spool.forget_segment(segment(1)).unwrap();
}

#[test]
fn without_its_header_a_spool_is_not_taken_for_a_new_one() {
    let disk = MemoryDisk::default();
    push(&mut open(&disk), b"one");
    disk.damage("spool.id", |bytes| bytes[20] ^= 1);
    assert!(matches!(
        open_with(&disk, LIMITS),
        Err(SpoolError::DamagedHeader)
    ));
    crate::Disk::remove(&mut disk.clone(), "spool.id").unwrap();
    assert!(matches!(
        open_with(&disk, LIMITS),
        Err(SpoolError::DamagedHeader)
    ));
}

proptest! {
    /// Whatever happens to the bytes of any files: opening and reading end, without a panic, and
    /// what is given back as an entry was once pushed under that number.
    #[test]
    fn any_damage_is_survived(changes in vec((any::<u32>(), any::<u32>(), any::<u8>()), 1..8), cut in any::<u32>()) {
        let disk = MemoryDisk::default();
        let mut spool = open(&disk);
        for number in 1..=40 {
            push(&mut spool, &[number; 50]);
        }
        spool.begin_segment(segment(1)).unwrap();
        spool.begin_segment(segment(2)).unwrap();
        for until in 0..5 {
            spool.append_segment(segment(1), &[7; 150], at(until)).unwrap();
            spool.append_segment(segment(2), &[7; 150], at(until)).unwrap();
        }
        spool.seal_segment(segment(1)).unwrap();
        drop(spool);
        let names: Vec<String> = disk.lengths().into_keys().filter(|name| name != "spool.id").collect();
        for (which, at, by) in changes {
            disk.damage(&names[which as usize % names.len()], |bytes| {
                let at = at as usize % bytes.len();
                bytes[at] ^= by;
            });
        }
        disk.damage(&names[cut as usize % names.len()], |bytes| {
            bytes.truncate(bytes.len().saturating_sub(cut as usize >> 8 & 0xff));
        });
        disk.restart(Crash::Process);
        let mut spool = open(&disk);
        for (number, content) in waiting(&mut spool) {
            if let Some(content) = content {
                prop_assert_eq!(content, vec![u8::try_from(number).unwrap(); 50]);
            }
        }
        for id in [segment(1), segment(2)] {
            if let Ok(bytes) = all_of(&mut spool, id, 70) {
                prop_assert!(bytes.len() <= 750 && bytes.iter().all(|byte| *byte == 7));
            }
        }
        let next = push(&mut spool, b"next");
        prop_assert_eq!(spool.newest_entry(), RecordSequence(next));
    }
}
