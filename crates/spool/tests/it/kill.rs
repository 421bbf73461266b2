//! A process that fills a spool and is killed.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

use eidetic_model::{RecordSequence, SegmentId, SpoolId, SpoolLimits, Timestamp};
use eidetic_spool::{EntryContent, PushOutcome, SegmentState, Spool, SpoolKey};
use uuid::Uuid;

/// The name under which the test harness knows the one test here.
const TEST: &str = "kill::a_process_killed_at_any_instant_loses_and_doubles_nothing";

/// Tells the child that it is the child, and the folder.
const CHILD: &str = "EIDETIC_SPOOL_TEST_CHILD";

#[test]
fn a_process_killed_at_any_instant_loses_and_doubles_nothing() {
    if let Some(folder) = env::var_os(CHILD) {
        fill_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..8 {
        let told = run_and_kill(folder.path(), 5 + round * 37);
        let mut spool = open(folder.path());

        let newest = spool.newest_entry().0;
        assert!(newest >= told.pushed, "{newest} of {}", told.pushed);
        let mut number = acknowledged;
        while number < newest {
            let entries = spool.entries_after(RecordSequence(number), 100, 1 << 20);
            for entry in entries.unwrap() {
                number += 1;
                assert_eq!(entry.sequence, RecordSequence(number));
                assert!(entry.content == EntryContent::Intact(entry_content(number)));
            }
        }
        acknowledged = number - number % 10;
        spool
            .acknowledge_entries(RecordSequence(acknowledged))
            .unwrap();

        let segments: Vec<_> = spool.segments().collect();
        for segment in segments {
            // Killed between two appends, the segment was not yet forgotten.
            if segment.id == told.segment {
                assert!(segment.bytes >= told.appended);
            }
            match segment.state {
                SegmentState::Open => panic!("open after a restart"),
                SegmentState::Lost => assert_ne!(segment.id, told.segment),
                SegmentState::Sealed(end) => {
                    assert_eq!(end.bytes % 1_000, 0, "only whole appends are kept");
                    let bytes = spool.read_segment(segment.id, 0, 1 << 20).unwrap();
                    assert_eq!(bytes.len() as u64, end.bytes);
                    assert!(
                        bytes
                            .chunks(1_000)
                            .zip(1_u8..)
                            .all(|(part, n)| part == [n; 1_000])
                    );
                }
            }
            spool.forget_segment(segment.id).unwrap();
        }
    }
    assert!(acknowledged > 0);
}

/// What the child said before it died.
struct Told {
    pushed: u64,
    segment: SegmentId,
    appended: u64,
}

fn run_and_kill(folder: &Path, after_lines: usize) -> Told {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(CHILD, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Told {
        pushed: 0,
        segment: SegmentId::from_uuid(Uuid::nil()),
        appended: 0,
    };
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut count = 0;
    for line in lines {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["pushed", number] => told.pushed = number.parse().unwrap(),
            ["appended", id, bytes] => {
                told.segment = id.parse().unwrap();
                told.appended = bytes.parse().unwrap();
            }
            _ => continue,
        }
        count += 1;
        if count == after_lines {
            child.kill().unwrap();
        }
    }
    assert!(count >= after_lines, "the child ended by itself");
    child.wait().unwrap();
    told
}

/// Pushes and appends for ever, and says each time what is now in the spool.
fn fill_until_killed(folder: &Path) -> ! {
    let mut spool = open(folder);
    let mut out = std::io::stdout().lock();
    loop {
        let number = spool.newest_entry().0 + 1;
        let outcome = spool.push_entry(&entry_content(number)).unwrap();
        assert_eq!(outcome, PushOutcome::Stored(RecordSequence(number)));
        writeln!(out, "pushed {number}").unwrap();
        let id = SegmentId::from_uuid(Uuid::from_u128(number.into()));
        spool.begin_segment(id).unwrap();
        for part in 1..=5 {
            let until = Timestamp::from_unix_micros(part.into());
            spool.append_segment(id, &[part; 1_000], until).unwrap();
            writeln!(out, "appended {id} {}", u64::from(part) * 1_000).unwrap();
        }
        spool.seal_segment(id).unwrap();
        if number.is_multiple_of(3) {
            spool.sync().unwrap();
        }
        spool.forget_segment(id).unwrap();
    }
}

fn open(folder: &Path) -> Spool {
    let limits = SpoolLimits {
        max_bytes: 64 << 20,
        min_free_bytes: 0,
    };
    let id = SpoolId::from_uuid(Uuid::from_u128(1));
    let key = SpoolKey::new([1; 32]);
    Spool::open(folder, &key, limits, id).unwrap().0
}

fn entry_content(number: u64) -> Vec<u8> {
    let length = usize::try_from(number % 300).unwrap();
    vec![u8::try_from(number % 251).unwrap(); length]
}
