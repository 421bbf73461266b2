//! A process that stores and says what it was acknowledged, killed at any moment.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use eidetic_model::{
    Action, ActivityRecord, AgentId, Captured, DisplayIndex, Entry, ObjectType, PlanId,
    RecordSequence, SegmentDescription, SegmentId, SessionDescription, SessionId, SessionOrigin,
    SpoolId, Timestamp,
};
use eidetic_runtime::SystemClock;
use eidetic_search::{Condition, Field, Filter, Operator};
use eidetic_store::{
    audit::{AuditStore, Batch, Page, SqliteAudit},
    control::{Applied, ControlStore, SqliteControl},
    segments::{Appended, ObjectSegments, SegmentStore},
};

#[test]
fn what_was_acknowledged_survives_kill_9_exactly_once() {
    if let Ok(folder) = std::env::var(FOLDER) {
        store_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = Acknowledged::default();
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([TEST, "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        acknowledged.read_then_kill(&mut child, round);
    }
    runtime().block_on(check(folder.path(), &acknowledged));
}

/// The last thing of each kind that was acknowledged.
#[derive(Debug, Default)]
struct Acknowledged {
    records: u64,
    entries: u64,
    bytes: u64,
    /// Records before this one were being forgotten, if they are of the earlier month.
    forgetting: u64,
    /// They were forgotten.
    forgotten: u64,
}

impl Acknowledged {
    /// Reads some acknowledgements, more in each round, and kills the process in the midst of more
    /// work. What it still said before it died counts as well.
    fn read_then_kill(&mut self, child: &mut Child, round: usize) {
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = 7 + 23 * round;
        let mut read = 0;
        while read < wanted {
            let line = lines.next().expect("the process stores until it is killed");
            read += usize::from(self.note(&line.unwrap()));
        }
        let mut looks = round % 3;
        eidetic_testkit::eventually("a few more moments", || {
            looks = looks.checked_sub(1).unwrap_or(usize::MAX);
            (looks == usize::MAX).then_some(())
        });
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            self.note(&line);
        }
    }

    /// Notes an acknowledgement, if the line is one. The last line may be torn: it ends with a dot.
    fn note(&mut self, line: &str) -> bool {
        let Some((kind, number)) = line.strip_suffix('.').and_then(|line| line.split_once(' '))
        else {
            return false;
        };
        let noted = match kind {
            "records" => &mut self.records,
            "entries" => &mut self.entries,
            "bytes" => &mut self.bytes,
            "forgetting" => &mut self.forgetting,
            "forgotten" => &mut self.forgotten,
            _ => return false,
        };
        *noted = number.parse().unwrap();
        true
    }
}

fn store_until_killed(folder: &Path) -> ! {
    runtime().block_on(async {
        let (audit, control, segments) = open(folder).await;
        let mut stdout = std::io::stdout();
        let mut say = |kind: &str, number: u64| {
            writeln!(stdout, "{kind} {number}.")
                .and_then(|()| stdout.flush())
                .unwrap();
        };
        let last = control.last_sequence(agent(), spool()).await.unwrap().0;
        let mut records = last;
        let mut entries = last;
        let mut bytes = segments.durable_bytes(segment()).await.unwrap();
        for round in 0.. {
            // As the server does: the records first, then the entries. What was stored of a
            // batch whose entries were not taken in is stored again.
            let batch = batch(records + 1, 1 + round % 17);
            records = batch.records.last_key_value().unwrap().0.0;
            audit.append(batch).await.unwrap();
            say("records", records);
            let taken_in: Vec<_> = (entries + 1..=records)
                .map(|sequence| (RecordSequence(sequence), entry(sequence)))
                .collect();
            let applied = control
                .apply(agent(), spool(), PlanId::DEFAULT, &taken_in)
                .await
                .unwrap();
            assert_eq!(applied, Applied::Through(RecordSequence(records)));
            entries = records;
            say("entries", entries);
            let more: Bytes = (bytes..bytes + 1_000 + round)
                .map(byte)
                .collect::<Vec<_>>()
                .into();
            match segments.append(segment(), bytes, more).await.unwrap() {
                Appended::Durable(durable) => bytes = durable,
                other => panic!("{other:?}"),
            }
            say("bytes", bytes);
            let old = records.saturating_sub(100);
            say("forgetting", old);
            audit.purge(record(old & !1).when).await.unwrap();
            say("forgotten", old);
        }
        unreachable!("it is killed before the numbers end")
    })
}

async fn check(folder: &Path, acknowledged: &Acknowledged) {
    let (audit, control, segments) = open(folder).await;
    let stored = all(&audit).await;
    let mut times = HashMap::<&str, usize>::new();
    for record in &stored {
        *times.entry(record.what.reveal()).or_default() += 1;
    }
    assert!(
        times.values().all(|&times| times == 1),
        "a record is there twice"
    );
    for sequence in 1..=acknowledged.records {
        let is_there = times.contains_key(record(sequence).what.reveal());
        let is_old = |before: u64| sequence % 2 == 0 && sequence < before & !1;
        assert!(
            is_there || is_old(acknowledged.forgetting),
            "record {sequence} is lost"
        );
        assert!(
            !is_there || !is_old(acknowledged.forgotten),
            "record {sequence} was forgotten and is there"
        );
    }
    // The index finds what reading all records finds.
    for term in ["roll", "report 7", "ЛОГ"] {
        let filter = Filter {
            conditions: vec![Condition {
                field: Field::What,
                operator: Operator::Contains,
                value: term.into(),
            }],
            ..Filter::default()
        };
        let expected = stored
            .iter()
            .filter(|record| filter.matches(*record))
            .count();
        let counted = audit.count(&filter, Field::Where, 10).await.unwrap();
        assert_eq!(
            counted.iter().map(|(_, count)| count).sum::<u64>(),
            expected as u64
        );
    }
    assert_eq!(audit.health().await.unwrap().records, stored.len() as u64);
    drop(audit);
    for part in std::fs::read_dir(folder.join("audit/parts")).unwrap() {
        let path = part.unwrap().path();
        let part = rusqlite::Connection::open(&path).unwrap();
        let answer: String = part
            .pragma_query_value(None, "integrity_check", |row| row.get(0))
            .unwrap();
        assert_eq!(answer, "ok", "{}", path.display());
        part.execute("INSERT INTO fts(fts) VALUES ('integrity-check')", [])
            .unwrap();
    }

    let last = control.last_sequence(agent(), spool()).await.unwrap().0;
    assert!(last >= acknowledged.entries);
    let session = control.session(session()).await.unwrap().unwrap();
    assert_eq!(session.activities, last - 2);

    let bytes = segments
        .read(segment(), 0..u64::MAX)
        .await
        .unwrap()
        .unwrap();
    assert!(bytes.len() as u64 >= acknowledged.bytes);
    assert!(
        bytes
            .iter()
            .zip(0..)
            .all(|(&found, offset)| found == byte(offset))
    );
}

async fn open(folder: &Path) -> (SqliteAudit, SqliteControl, ObjectSegments) {
    (
        SqliteAudit::open(folder.join("audit"), Arc::new(SystemClock)).unwrap(),
        SqliteControl::open(folder.join("control.db")).unwrap(),
        ObjectSegments::local(folder).await.unwrap(),
    )
}

async fn all(audit: &SqliteAudit) -> Vec<ActivityRecord> {
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let page = Page {
            limit: 1_000,
            after,
            deadline: Duration::from_secs(60),
        };
        let page = audit.search(&Filter::default(), page).await.unwrap();
        records.extend(page.records.into_iter().map(|(_, record)| record));
        match page.next {
            Some(next) => after = Some(next),
            None => return records,
        }
    }
}

/// The sequences 1 and 2 open the session and the segment; all others are activities.
fn entry(sequence: u64) -> Entry {
    match sequence {
        1 => Entry::SessionOpened(SessionDescription {
            id: session(),
            who: "CORP\\anna".into(),
            where_: "RDS01".into(),
            origin: SessionOrigin::Local,
            display_name: ":0".into(),
            start: Timestamp::default(),
        }),
        2 => Entry::SegmentOpened(SegmentDescription {
            id: segment(),
            session: session(),
            display: DisplayIndex(0),
            start: Timestamp::default(),
            width: 1,
            height: 1,
            left: 0,
            top: 0,
        }),
        sequence => Entry::Activity(record(sequence)),
    }
}

fn batch(first: u64, count: u64) -> Batch {
    let sequences = first..first + count;
    let records: BTreeMap<_, _> = sequences.map(|s| (RecordSequence(s), record(s))).collect();
    Batch {
        agent: agent(),
        spool: spool(),
        records,
    }
}

/// Neighbours are in different months.
fn record(sequence: u64) -> ActivityRecord {
    let month = i64::try_from(sequence % 2).unwrap() * 40 * 86_400_000_000;
    let micros = i64::try_from(sequence).unwrap() * 1_000;
    let word = ["Payroll", "Report", "Лог"][usize::try_from(sequence % 3).unwrap()];
    ActivityRecord {
        session: session(),
        when: Timestamp::from_unix_micros(1_790_000_000_000_000 + month + micros),
        who: "CORP\\anna".into(),
        action: Action::Activated,
        object_type: ObjectType::Window,
        what: Captured::new(format!("{word} {sequence}")),
        where_: "RDS01".into(),
        workstation: None,
        details: Vec::new(),
        application: None,
        coalesced: 0,
        moment: None,
    }
}

fn byte(offset: u64) -> u8 {
    (offset % 251).to_le_bytes()[0]
}

fn agent() -> AgentId {
    AgentId::from_slice(&[1; 16]).unwrap()
}

fn spool() -> SpoolId {
    SpoolId::from_slice(&[2; 16]).unwrap()
}

fn session() -> SessionId {
    SessionId::from_slice(&[3; 16]).unwrap()
}

fn segment() -> SegmentId {
    SegmentId::from_slice(&[4; 16]).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap()
}

const TEST: &str = "killed::what_was_acknowledged_survives_kill_9_exactly_once";
const FOLDER: &str = "EIDETIC_STORE_UNTIL_KILLED";
const ROUNDS: usize = 8;
