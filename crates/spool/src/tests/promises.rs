//! Each promise of the spool by itself.

use eidetic_model::{RecordSequence, SpoolLimits, Timestamp};
use sha2::{Digest, Sha256};

use super::{LIMITS, all_of, at, open, open_with, push, segment, spool_id, waiting};
use crate::{
    AppendOutcome, MAX_ENTRY_BYTES, PushOutcome, SegmentState, Spool, SpoolError, SpoolKey,
    disk::memory::{Crash, MemoryDisk},
};

#[test]
fn entries_come_back_in_order_and_count_on_over_restarts() {
    let disk = MemoryDisk::default();
    let mut expected = Vec::new();
    for round in 0..4 {
        let mut spool = open(&disk);
        for number in 0..10 {
            let bytes = vec![number; usize::from(number) * 10];
            let sequence = push(&mut spool, &bytes);
            assert_eq!(sequence, round * 10 + u64::from(number) + 1);
            expected.push((sequence, Some(bytes)));
        }
        assert_eq!(waiting(&mut spool), expected);
    }
    assert_eq!(open(&disk).entries_waiting(), 40);
}

#[test]
fn numbers_go_on_after_everything_was_acknowledged() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    for _ in 0..30 {
        push(&mut spool, &[7; 100]);
    }
    spool.acknowledge_entries(RecordSequence(30)).unwrap();
    assert_eq!(waiting(&mut spool), []);
    assert!(spool.used_bytes() < 500, "acknowledged files are deleted");
    disk.restart(Crash::Power { seed: 1 });
    let mut spool = open(&disk);
    assert_eq!(spool.newest_entry(), RecordSequence(30));
    assert_eq!(push(&mut spool, b"next"), 31);
}

#[test]
fn acknowledging_makes_room_in_pieces() {
    let mut spool = open(&MemoryDisk::default());
    for _ in 0..60 {
        push(&mut spool, &[7; 100]);
    }
    let full = spool.used_bytes();
    spool.acknowledge_entries(RecordSequence(30)).unwrap();
    assert!(spool.used_bytes() < full * 2 / 3);
    assert_eq!(spool.entries_waiting(), 30);
    assert_eq!(waiting(&mut spool)[0].0, 31);
    // Repeated and older acknowledgements change nothing.
    spool.acknowledge_entries(RecordSequence(30)).unwrap();
    spool.acknowledge_entries(RecordSequence(2)).unwrap();
    assert_eq!(spool.acknowledged_entry(), RecordSequence(30));
}

#[test]
fn what_does_not_exist_cannot_be_acknowledged() {
    let mut spool = open(&MemoryDisk::default());
    push(&mut spool, b"one");
    assert!(matches!(
        spool.acknowledge_entries(RecordSequence(2)),
        Err(SpoolError::AcknowledgedTooMuch { .. })
    ));
}

#[test]
fn reading_stays_within_what_is_asked() {
    let mut spool = open(&MemoryDisk::default());
    for _ in 0..20 {
        push(&mut spool, &[7; 100]);
    }
    let mut count = |max_count, max_bytes| {
        let entries = spool.entries_after(RecordSequence(3), max_count, max_bytes);
        let entries = entries.unwrap();
        assert_eq!(entries[0].sequence, RecordSequence(4));
        entries.len()
    };
    assert_eq!(count(5, 10_000), 5);
    assert_eq!(count(100, 10_000), 17);
    assert_eq!(count(100, 399), 3);
    assert_eq!(count(100, 1), 1);
    let none = spool.entries_after(RecordSequence(99), 5, 100).unwrap();
    assert_eq!(none, []);
}

#[test]
fn too_long_an_entry_is_refused() {
    let disk = MemoryDisk::default();
    let (mut spool, _) = Spool::open_on(
        Box::new(disk),
        &SpoolKey::new([1; 32]),
        SpoolLimits {
            max_bytes: 64 << 20,
            min_free_bytes: 0,
        },
        spool_id(1),
    )
    .unwrap();
    let long = vec![7; MAX_ENTRY_BYTES + 1];
    assert!(matches!(
        spool.push_entry(&long),
        Err(SpoolError::EntryTooLong { .. })
    ));
    assert_eq!(push(&mut spool, &long[1..]), 1);
    assert_eq!(waiting(&mut spool), [(1, Some(long[1..].to_vec()))]);
}

#[test]
fn a_segment_grows_is_read_meanwhile_and_is_sealed() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    let announced = push(&mut spool, b"opened");
    spool.begin_segment(segment(1)).unwrap();
    let mut whole = Vec::new();
    for number in 0..20_u8 {
        let bytes = vec![number; usize::from(number) * 15];
        let until = at(i64::from(number));
        assert_eq!(
            spool.append_segment(segment(1), &bytes, until).unwrap(),
            AppendOutcome::Stored
        );
        whole.extend(bytes);
        assert_eq!(all_of(&mut spool, segment(1), 33).unwrap(), whole);
    }
    let end = spool.seal_segment(segment(1)).unwrap();
    assert_eq!(end.bytes, whole.len() as u64);
    assert_eq!(end.end, at(19));
    assert_eq!(end.sha256, <[u8; 32]>::from(Sha256::digest(&whole)));
    drop(spool);

    let (mut spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert_eq!(recovered.cut_segments, []);
    let found: Vec<_> = spool.segments().collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].state, SegmentState::Sealed(end));
    assert_eq!(found[0].announced_by, RecordSequence(announced));
    for piece in [1, 99, 100, 101, 10_000] {
        assert_eq!(all_of(&mut spool, segment(1), piece).unwrap(), whole);
    }
    let middle = spool.read_segment(segment(1), 1_234, 77).unwrap();
    assert_eq!(middle, whole[1_234..1_311]);
    spool.forget_segment(segment(1)).unwrap();
    assert_eq!(spool.segments().len(), 0);
}

#[test]
fn segments_are_used_as_they_should_be_or_not_at_all() {
    let mut spool = open(&MemoryDisk::default());
    let none = segment(9);
    assert!(
        matches!(spool.append_segment(none, b"x", at(1)), Err(SpoolError::UnknownSegment(id)) if id == none)
    );
    assert!(spool.read_segment(none, 0, 1).is_err());
    assert!(spool.forget_segment(none).is_err());
    spool.begin_segment(segment(1)).unwrap();
    assert!(matches!(
        spool.begin_segment(segment(1)),
        Err(SpoolError::SegmentExists(_))
    ));
    assert!(matches!(
        spool.seal_segment(segment(1)),
        Err(SpoolError::SegmentEmpty(_))
    ));
    spool.append_segment(segment(1), b"x", at(1)).unwrap();
    spool.seal_segment(segment(1)).unwrap();
    assert!(matches!(
        spool.append_segment(segment(1), b"x", at(1)),
        Err(SpoolError::SegmentNotOpen(_))
    ));
    assert!(spool.seal_segment(segment(1)).is_err());
}

#[test]
fn a_segment_that_a_crash_left_open_is_cut_and_sealed() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    spool.begin_segment(segment(1)).unwrap();
    spool.begin_segment(segment(2)).unwrap();
    spool.append_segment(segment(1), b"whole", at(5)).unwrap();
    spool.sync().unwrap();
    // One append in several frames, of which the last is torn.
    spool.append_segment(segment(1), &[7; 350], at(6)).unwrap();
    drop(spool);
    let name = format!("segment-{}.seg", segment(1));
    disk.damage(&name, |bytes| bytes.truncate(bytes.len() - 1));

    let (mut spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert_eq!(recovered.cut_segments.len(), 1);
    let cut = recovered.cut_segments[0];
    assert_eq!(
        (cut.end.id, cut.end.bytes, cut.end.end),
        (segment(1), 5, at(5))
    );
    assert!(cut.lost_bytes > 350);
    assert_eq!(recovered.lost_segments, [segment(2)]);
    assert_eq!(all_of(&mut spool, segment(1), 100).unwrap(), b"whole");
    drop(spool);
    // What is lost stays told until it is forgotten; what was cut is told once.
    let (mut spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert_eq!(recovered.cut_segments, []);
    assert_eq!(recovered.lost_segments, [segment(2)]);
    spool.forget_segment(segment(2)).unwrap();
    let states: Vec<_> = spool.segments().map(|segment| segment.state).collect();
    assert_eq!(states, [SegmentState::Sealed(cut.end)]);
}

#[test]
fn segments_fill_up_first_and_entries_have_a_reserve() {
    let mut spool = open(&MemoryDisk::default());
    spool.begin_segment(segment(1)).unwrap();
    let mut until = 0;
    while spool
        .append_segment(segment(1), &[7; 200], at(until))
        .unwrap()
        == AppendOutcome::Stored
    {
        until += 1;
    }
    assert_eq!(
        spool.begin_segment(segment(2)).unwrap(),
        AppendOutcome::Full
    );
    let mut pushed = 0;
    while let PushOutcome::Stored(sequence) = spool.push_entry(&[7; 20]).unwrap() {
        pushed = sequence.0;
    }
    assert!(pushed >= 1_000 / 84, "the reserve is for entries: {pushed}");
    assert!(spool.used_bytes() <= LIMITS.max_bytes);
    // Sealing always works, and what the server has makes room again.
    let end = spool.seal_segment(segment(1)).unwrap();
    assert_eq!(end.bytes % 200, 0);
    assert!(spool.used_bytes() <= LIMITS.max_bytes);
    spool.forget_segment(segment(1)).unwrap();
    assert_eq!(push(&mut spool, b"again"), pushed + 1);
    assert_eq!(
        spool.begin_segment(segment(2)).unwrap(),
        AppendOutcome::Stored
    );
}

#[test]
fn acknowledged_entries_make_room_even_if_they_were_all() {
    let mut spool = open(&MemoryDisk::default());
    let fill =
        |spool: &mut Spool| while spool.push_entry(&[7; 50]).unwrap() != PushOutcome::Full {};
    for _ in 0..3 {
        fill(&mut spool);
        let newest = spool.newest_entry();
        spool.acknowledge_entries(newest).unwrap();
        assert_eq!(push(&mut spool, b"room"), newest.0 + 1);
    }
}

#[test]
fn a_full_disk_is_an_answer_and_leaves_nothing_half_written() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    push(&mut spool, b"one");
    spool.begin_segment(segment(1)).unwrap();
    spool.append_segment(segment(1), b"one", at(1)).unwrap();
    let before = disk.lengths();
    // The disk says that there is room, and then there is not.
    let used: usize = before.values().sum();
    disk.limit_silently(Some(used as u64 + 40));
    assert_eq!(spool.push_entry(b"two").unwrap(), PushOutcome::Full);
    assert_eq!(
        spool.append_segment(segment(1), b"two", at(2)).unwrap(),
        AppendOutcome::Full
    );
    assert_eq!(
        spool.begin_segment(segment(2)).unwrap(),
        AppendOutcome::Full
    );
    assert_eq!(disk.lengths(), before);
    let end = spool.seal_segment(segment(1)).unwrap();
    drop(spool);
    let (mut spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert_eq!(recovered.torn_bytes, 0);
    assert_eq!(recovered.cut_segments[0].end, end);
    disk.limit_silently(None);
    assert_eq!(push(&mut spool, b"two"), 2);
    assert_eq!(waiting(&mut spool).len(), 2);
}

#[test]
fn a_disk_below_its_free_bytes_takes_nothing_more() {
    let disk = MemoryDisk::default();
    disk.limit(Some(5_000));
    let limits = SpoolLimits {
        min_free_bytes: 2_000,
        ..LIMITS
    };
    let (mut spool, _) = open_with(&disk, limits).unwrap();
    while spool.push_entry(&[7; 50]).unwrap() != PushOutcome::Full {}
    let used: usize = disk.lengths().values().sum();
    assert!((2_800..=3_000).contains(&used), "{used}");
    spool.set_limits(LIMITS);
    push(&mut spool, &[7; 50]);
}

#[test]
fn a_wrong_key_is_told_and_touches_nothing() {
    let disk = MemoryDisk::default();
    push(&mut open(&disk), b"one");
    let before = disk.lengths();
    let key = SpoolKey::new([2; 32]);
    let opened = Spool::open_on(Box::new(disk.clone()), &key, LIMITS, spool_id(2));
    assert!(matches!(opened, Err(SpoolError::WrongKey)));
    assert_eq!(disk.lengths(), before);
    assert_eq!(waiting(&mut open(&disk)).len(), 1);
}

#[test]
fn the_id_is_given_once_and_stays() {
    let disk = MemoryDisk::default();
    let (spool, recovered) = open_with(&disk, LIMITS).unwrap();
    assert!(recovered.fresh);
    assert_eq!(spool.id(), spool_id(1));
    drop(spool);
    let key = SpoolKey::new([1; 32]);
    let (spool, recovered) = Spool::open_on(Box::new(disk), &key, LIMITS, spool_id(2)).unwrap();
    assert!(!recovered.fresh);
    assert_eq!(spool.id(), spool_id(1));
}

#[test]
fn a_renumbered_spool_counts_what_waits_from_one() {
    let disk = MemoryDisk::default();
    let mut spool = open(&disk);
    for number in 0..30 {
        push(&mut spool, &[number; 100]);
    }
    spool.begin_segment(segment(1)).unwrap();
    spool.append_segment(segment(1), b"x", at(1)).unwrap();
    spool.acknowledge_entries(RecordSequence(10)).unwrap();
    spool.renumber(spool_id(5)).unwrap();
    for _ in 0..2 {
        assert_eq!(spool.id(), spool_id(5));
        assert_eq!(spool.newest_entry(), RecordSequence(20));
        let waiting = waiting(&mut spool);
        assert_eq!(waiting.len(), 20);
        assert_eq!(waiting[0], (1, Some(vec![10; 100])));
        let announced_by = spool.segments().next().unwrap().announced_by;
        assert_eq!(announced_by, RecordSequence(20));
        drop(spool);
        spool = open(&disk);
    }
    assert_eq!(push(&mut spool, b"next"), 21);
}

#[test]
fn days_offline_catch_up_a_little_at_a_time() {
    let disk = MemoryDisk::default();
    let limits = SpoolLimits {
        max_bytes: 1 << 30,
        min_free_bytes: 0,
    };
    let key = SpoolKey::new([1; 32]);
    let open = || Spool::open_on(Box::new(disk.clone()), &key, limits, spool_id(1)).unwrap();
    let (mut spool, _) = open();
    let entry = |number: u64| [&number.to_le_bytes()[..], &[7; 150]].concat();
    for number in 1..=100_000 {
        assert_eq!(push(&mut spool, &entry(number)), number);
    }
    drop(spool);
    let (mut spool, _) = open();
    let mut largest_read = 0;
    let mut number = 0;
    while spool.entries_waiting() > 0 {
        disk.forget_largest_read();
        let entries = spool
            .entries_after(RecordSequence(number), 1_000, 1 << 20)
            .unwrap();
        assert!(entries.len() <= 1_000);
        for found in entries {
            number += 1;
            assert_eq!(found.sequence, RecordSequence(number));
            assert!(found.content == crate::EntryContent::Intact(entry(number)));
        }
        largest_read = largest_read.max(disk.forget_largest_read());
        spool.acknowledge_entries(RecordSequence(number)).unwrap();
    }
    assert_eq!(number, 100_000);
    assert!(largest_read <= 128 << 10, "{largest_read}");
    assert!(spool.used_bytes() < 1 << 20);
}

#[test]
fn time_that_goes_back_does_not_make_a_segment_end_before_its_begin() {
    let mut spool = open(&MemoryDisk::default());
    spool.begin_segment(segment(1)).unwrap();
    spool.append_segment(segment(1), b"a", at(9)).unwrap();
    spool
        .append_segment(segment(1), b"b", Timestamp::MIN)
        .unwrap();
    assert_eq!(spool.seal_segment(segment(1)).unwrap().end, at(9));
}
