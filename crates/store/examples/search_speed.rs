//! Measures the audit database: how fast records come in, what they weigh, how fast they are found.
//!
//! `cargo run --release -p eidetic-store --example search_speed -- [RECORDS]`
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{collections::BTreeMap, error::Error, sync::Arc, time::Duration};

use eidetic_model::{
    Action, ActivityRecord, AgentId, Application, Captured, Clock, ObjectType, RecordSequence,
    SessionId, SpoolId, Timestamp,
};
use eidetic_runtime::SystemClock;
use eidetic_search::{Condition, Field, Filter, Operator};
use eidetic_store::audit::{AuditStore, Batch, Page, SqliteAudit};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let records: u64 = match std::env::args().nth(1) {
        Some(records) => records.parse()?,
        None => 300_000,
    };
    let folder = tempfile::tempdir()?;
    let clock = SystemClock;
    let store = SqliteAudit::open(folder.path(), Arc::new(clock))?;

    let mut source = Source(1);
    let start = clock.monotonic();
    let mut commits = Vec::new();
    for first in (0..records).step_by(BATCH) {
        let batch = source.batch(first, records);
        let before = clock.monotonic();
        store.append(batch).await?;
        commits.push(clock.monotonic() - before);
    }
    let took = clock.monotonic() - start;
    let rate = records as f64 / took.as_secs_f64();
    println!("{records} records in {took:.1?}: {rate:.0} a second, batches of {BATCH}");
    println!("commit {}", quantiles(&mut commits));
    // Closed and opened again: what is left in the log goes to the file.
    drop(store);
    let store = SqliteAudit::open(folder.path(), Arc::new(clock))?;
    let health = store.health().await?;
    println!(
        "{} bytes a record ({} MB)",
        health.bytes / health.records,
        health.bytes >> 20
    );

    let what = |operator, value: &str| condition(Field::What, operator, value);
    let contains = |value: &str| what(Operator::Contains, value);
    let free = |term: &str| Filter {
        free_text: vec![term.to_owned()],
        ..Filter::default()
    };
    for (name, filter) in [
        ("newest, no filter", Filter::default()),
        ("contains, rare: payroll", contains("payroll")),
        ("contains, needle: xylozygote", contains("xylozygote")),
        ("contains, absent: zzqqzz", contains("zzqqzz")),
        ("contains, common: report", contains("report")),
        (
            "contains, Unicode: ЕЖЕГОДНЫЙ ОТЧ",
            contains("ЕЖЕГОДНЫЙ ОТЧ"),
        ),
        (
            "starts with, rare: Payroll",
            what(Operator::StartsWith, "Payroll"),
        ),
        ("two letters, frequent: re", contains("re")),
        ("two letters, absent: qj", contains("qj")),
        (
            "does not contain: report",
            what(Operator::DoesNotContain, "report"),
        ),
        (
            "who, common",
            condition(Field::Who, Operator::Equals, "corp\\user0"),
        ),
        (
            "who, rare",
            condition(Field::Who, Operator::Equals, "corp\\user290"),
        ),
        (
            "application, rare",
            condition(Field::Application, Operator::Contains, "Tool 118"),
        ),
        (
            "where contains",
            condition(Field::Where, Operator::Contains, "rds17"),
        ),
        ("free text, rare: payroll", free("payroll")),
        ("free text, a user: user290", free("user290")),
        ("free text, absent: zzqqzz", free("zzqqzz")),
    ] {
        let (mut times, mut hits) = (Vec::new(), 0);
        for _ in 0..RUNS {
            let before = clock.monotonic();
            let page = Page {
                limit: 100,
                after: None,
                deadline: Duration::from_secs(60),
            };
            hits = store.search(&filter, page).await?.records.len();
            times.push(clock.monotonic() - before);
        }
        println!("{name:34} {hits:4} hits  {}", quantiles(&mut times));
    }
    for (name, filter, by) in [
        (
            "count all by application",
            Filter::default(),
            Field::Application,
        ),
        ("count report by who", contains("report"), Field::Who),
    ] {
        let before = clock.monotonic();
        store.count(&filter, by, 10).await?;
        println!("{name:34}            {:.1?}", clock.monotonic() - before);
    }
    let before = clock.monotonic();
    let timeline = store.timeline(session(42), None, 1_000).await?;
    println!(
        "{:34} {:4} hits  {:.1?}",
        "timeline of a session",
        timeline.records.len(),
        clock.monotonic() - before
    );
    Ok(())
}

fn condition(field: Field, operator: Operator, value: &str) -> Filter {
    Filter {
        conditions: vec![Condition {
            field,
            operator,
            value: value.to_owned(),
        }],
        ..Filter::default()
    }
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    format!("p50 {:.1?}  p95 {:.1?}", at(50), at(95))
}

/// Makes records up, the same ones in each run: spread over 30 days of one month, in sessions of
/// a few hundred records, with few users, computers and applications that have most of them, and
/// a third of the titles new.
struct Source(u64);

impl Source {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// Few of the numbers below `end` are most of the answers.
    fn skewed(&mut self, end: u64) -> u64 {
        let most = self.below(end) + 1;
        self.below(most)
    }

    fn batch(&mut self, first: u64, of: u64) -> Batch {
        let last = of.min(first + BATCH as u64);
        let records: BTreeMap<_, _> = (first..last)
            .map(|number| (RecordSequence(number + 1), self.record(number, of)))
            .collect();
        Batch {
            agent: AgentId::from_uuid(uuid::Uuid::from_u128(1)),
            spool: SpoolId::from_uuid(uuid::Uuid::from_u128(1)),
            records,
        }
    }

    fn record(&mut self, number: u64, of: u64) -> ActivityRecord {
        let day = number * 30 / of;
        let user = self.skewed(300);
        let offset = i64::try_from(number * 30 * 86_400_000_000 / of).unwrap_or(0);
        let application = self.skewed(120);
        ActivityRecord {
            session: session(day * 300 + user),
            when: Timestamp::from_unix_micros(FIRST_MICROS + offset),
            who: format!("CORP\\user{user}"),
            action: Action::Activated,
            object_type: if self.below(20) == 0 {
                ObjectType::ElevatedWindow
            } else {
                ObjectType::Window
            },
            what: Captured::new(self.title(number)),
            where_: format!("RDS{}", user % 200),
            workstation: None,
            details: if self.below(20) == 0 {
                vec![Captured::from("Application Run As: root")]
            } else {
                Vec::new()
            },
            application: Some(Application {
                path: format!("C:\\Program Files\\Vendor\\tool{application}.exe"),
                description: format!("Tool {application}"),
            }),
            coalesced: 0,
            moment: None,
        }
    }

    fn title(&mut self, number: u64) -> String {
        match number {
            n if n % 20_000 == 77 => return format!("Payroll {n} - Calc"),
            n if n % 60 == 5 => return format!("Quarterly report {} - Writer", n % 4_096),
            n if n % 100_000 == 99 => return "the xylozygote paper".to_owned(),
            _ => {}
        }
        // Two thirds of the titles come again.
        let mut words = Source(match self.below(3) {
            0 => number << 20,
            _ => self.skewed(20_000) << 40,
        });
        let count = 4 + words.below(7);
        (0..count)
            .map(|_| {
                let word = WORDS[usize::try_from(words.skewed(WORDS.len() as u64)).unwrap_or(0)];
                match words.below(6) {
                    0 => format!("{word}{}", words.below(10_000)),
                    _ => word.to_owned(),
                }
            })
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn session(number: u64) -> SessionId {
    SessionId::from_uuid(uuid::Uuid::from_u128(u128::from(number) << 64 | 7))
}

const BATCH: usize = 1_000;
const RUNS: usize = 41;
/// 2026-06-01, which is in the past: what is to come does not stand in its own month.
const FIRST_MICROS: i64 = 1_780_272_000_000_000;
const WORDS: &[&str] = &[
    "Mozilla",
    "Firefox",
    "-",
    "Inbox",
    "document",
    "https://intranet.example/wiki/",
    "terminal",
    "C:\\Users\\anna\\Documents\\",
    "Calc",
    "Untitled",
    "settings",
    "budget",
    "meeting",
    "notes",
    "customer",
    "invoice",
    "root@rds:",
    "/var/log/",
    "error",
    "search",
    "results",
    "project",
    "schedule",
    "contract",
    "draft",
    "final",
    "version",
    "review",
    "ticket",
    "server",
    "backup",
    "database",
    "query",
    "password",
    "manager",
    "login",
    "dashboard",
    "metrics",
    "alerts",
    "shell",
    "connection",
    "properties",
    "network",
    "printer",
    "calendar",
    "contacts",
    "chat",
    "channel",
    "statement",
    "salary",
    "holiday",
    "travel",
    "expenses",
    "quarter",
    "forecast",
    "strategy",
    "Ежегодный отчёт",
    "Grüße",
    "préférences",
    "ustawienia",
    "設定",
    "文件",
    "report",
];
