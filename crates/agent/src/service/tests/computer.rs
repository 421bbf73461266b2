//! A computer on which a service runs that can be killed, and recorders that only note what they
//! are asked.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use eidetic_capture::{LoginSession, LoginSessionId, SessionChange, fake::login_session};
use eidetic_model::{
    Clock as _, DisplayIndex, Entry, Policy, PolicyParts, RecordSequence, SegmentDescription,
    SegmentId, SessionEvent, SessionId, SpoolId, SpoolLimits, Timestamp,
};
use eidetic_spool::{EntryContent, Spool, SpoolKey};
use eidetic_testkit::{CountedIds, SimulatedClock};
use eidetic_wire::{convert::from_proto, proto};
use prost::Message as _;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    channel::{Assignment, Order, Report},
    service::{
        core::{Core, CoreParts, Recorders},
        event::{Event, RecorderRun},
        spool::SharedSpool,
    },
    state_folder::StateFolder,
};

/// What was asked of the recorders.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a few, in a test")]
pub(super) enum Asked {
    Start(RecorderRun, Box<Assignment>),
    Order(RecorderRun, Order),
    RestartAfter(u64),
}

#[derive(Clone, Default)]
struct FakeRecorders {
    asked: Arc<Mutex<Vec<Asked>>>,
    sessions: Arc<Mutex<HashMap<RecorderRun, SessionId>>>,
}

impl Recorders for FakeRecorders {
    fn start(&mut self, run: RecorderRun, _login: &LoginSession, assignment: Assignment) {
        self.sessions
            .lock()
            .unwrap()
            .insert(run, assignment.session.id);
        let asked = Asked::Start(run, Box::new(assignment));
        self.asked.lock().unwrap().push(asked);
    }

    fn order(&mut self, run: RecorderRun, order: Order) {
        self.asked.lock().unwrap().push(Asked::Order(run, order));
    }

    fn forget(&mut self, _run: RecorderRun) {}

    fn restart_later(&mut self, _session: &LoginSessionId, after: Duration) {
        let asked = Asked::RestartAfter(after.as_secs());
        self.asked.lock().unwrap().push(asked);
    }
}

/// A computer with a disk; the service on it can be killed and started again.
pub(super) struct Computer {
    pub(super) clock: SimulatedClock,
    recorders: FakeRecorders,
    ids: Arc<CountedIds>,
    pub(super) spool: Arc<SharedSpool>,
    pub(super) core: Option<Core>,
    /// Whether the name service answers.
    pub(super) groups_are_told: Arc<AtomicBool>,
    policy: Policy,
    /// Entries up to this one were looked at.
    seen: RecordSequence,
    /// The last, since what is open in it keeps it from being removed.
    pub(super) folder: TempDir,
}

impl Computer {
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let spool = open_spool(folder.path());
        let mut computer = Self {
            folder,
            clock: SimulatedClock::at(Timestamp::from_unix_micros(1_000_000_000_000)),
            recorders: FakeRecorders::default(),
            ids: Arc::default(),
            spool,
            core: None,
            groups_are_told: Arc::new(AtomicBool::new(true)),
            policy: policy(64 << 20),
            seen: RecordSequence::ZERO,
        };
        computer.start();
        computer
    }

    pub(super) fn start(&mut self) {
        let parts = CoreParts {
            clock: Arc::new(self.clock.clone()),
            ids: Arc::clone(&self.ids) as _,
            recorders: Box::new(self.recorders.clone()),
            spool: Arc::clone(&self.spool),
            folder: StateFolder::at(self.folder.path()),
            computer: "HOST".into(),
            groups: Box::new({
                let are_told = Arc::clone(&self.groups_are_told);
                move |login| {
                    let groups = || vec![format!("group of {}", login.user_name)];
                    are_told.load(Ordering::Relaxed).then(groups)
                }
            }),
        };
        self.core = Some(Core::start(parts, 0, self.policy.clone()).unwrap());
    }

    /// Ends the service where it stands, and starts another.
    pub(super) fn kill_and_start(&mut self) {
        self.core = None;
        self.recorders.asked.lock().unwrap().clear();
        self.start();
    }

    pub(super) fn handle(&mut self, event: Event) {
        self.core.as_mut().unwrap().handle(event).unwrap();
    }

    /// Leaves the spool no room for anything.
    pub(super) fn fill_disk(&mut self) {
        self.limit(SpoolLimits {
            max_bytes: 64 << 20,
            min_free_bytes: 1 << 60,
        });
    }

    /// Gives the spool room again, and lets the service notice.
    pub(super) fn clear_disk(&mut self) {
        self.limit(policy(64 << 20).spool());
        self.handle(Event::Tick);
    }

    fn limit(&mut self, limits: SpoolLimits) {
        self.policy = policy_with(limits);
        let policy = self.policy.clone();
        self.handle(Event::Policy {
            revision: 0,
            policy,
        });
    }

    pub(super) fn begin(&mut self, id: &str) -> RecorderRun {
        self.handle(Event::Sessions(SessionChange::Began {
            session: login_session(id, "ann", ":1"),
            already_there: false,
        }));
        let run = self.last_run();
        self.handle(Event::Report(run, Report::Ready));
        run
    }

    pub(super) fn last_run(&self) -> RecorderRun {
        let asked = self.recorders.asked.lock().unwrap();
        asked
            .iter()
            .rev()
            .find_map(|asked| match asked {
                Asked::Start(run, _) => Some(*run),
                _ => None,
            })
            .unwrap()
    }

    pub(super) fn session_of(&self, run: RecorderRun) -> SessionId {
        self.recorders.sessions.lock().unwrap()[&run]
    }

    pub(super) fn open_segment(&mut self, run: RecorderRun, number: u128) -> SegmentId {
        let id = SegmentId::from_uuid(Uuid::from_u128(number));
        let description = SegmentDescription {
            id,
            session: self.session_of(run),
            display: DisplayIndex(0),
            start: self.clock.wall(),
            width: 64,
            height: 48,
            left: 0,
            top: 0,
        };
        self.handle(Event::Report(run, Report::SegmentOpened(description)));
        id
    }

    pub(super) fn write_segment(&mut self, run: RecorderRun, segment: SegmentId, bytes: usize) {
        let until = self.clock.wall();
        let bytes = Bytes::from(vec![7; bytes]);
        self.handle(Event::Report(
            run,
            Report::SegmentBytes {
                segment,
                until,
                bytes,
            },
        ));
    }

    /// What was asked of the recorders since the last call.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.recorders.asked.lock().unwrap())
    }

    /// The entries since the last call.
    pub(super) fn entries(&mut self) -> Vec<Entry> {
        let entries = self
            .spool
            .lock()
            .entries_after(self.seen, 1_000, 1 << 20)
            .unwrap();
        self.seen = entries.last().map_or(self.seen, |entry| entry.sequence);
        entries
            .into_iter()
            .map(|entry| match entry.content {
                EntryContent::Intact(bytes) => {
                    from_proto::entry(proto::Entry::decode(&bytes[..]).unwrap()).unwrap()
                }
                EntryContent::Damaged => panic!("damaged"),
            })
            .collect()
    }

    /// The entries since the last call, in words.
    pub(super) fn told(&mut self) -> Vec<String> {
        self.entries().iter().map(words).collect()
    }

    /// What the service says of itself.
    pub(super) fn status(&self) -> serde_json::Value {
        let path = StateFolder::at(self.folder.path()).status();
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    pub(super) fn after(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

fn open_spool(folder: &Path) -> Arc<SharedSpool> {
    let key = SpoolKey::new([1; 32]);
    let limits = policy(64 << 20).spool();
    let id = SpoolId::from_uuid(Uuid::from_u128(9));
    let (spool, _) = Spool::open(&folder.join("spool"), &key, limits, id).unwrap();
    Arc::new(SharedSpool::new(spool))
}

pub(super) fn policy(max_bytes: u64) -> Policy {
    let limits = SpoolLimits {
        max_bytes,
        min_free_bytes: 0,
    };
    policy_with(limits)
}

fn policy_with(spool: SpoolLimits) -> Policy {
    Policy::new(PolicyParts {
        idle_after: Duration::from_secs(60),
        spool,
        ..PolicyParts::default()
    })
    .unwrap()
}

pub(super) fn words(entry: &Entry) -> String {
    match entry {
        Entry::SessionOpened(session) => format!("opened {}", session.who),
        Entry::Activity(record) => format!("{}: {}", record.action, record.what.reveal()),
        Entry::Idle(_) => "idle".into(),
        Entry::SessionClosed(_) => "closed".into(),
        Entry::SegmentOpened(_) => "segment".into(),
        Entry::SegmentLost { reason, .. } => format!("lost: {}", reason.what()),
    }
}

pub(super) fn happened(event: SessionEvent) -> Event {
    Event::Sessions(SessionChange::Happened {
        id: LoginSessionId("c1".into()),
        event,
    })
}
