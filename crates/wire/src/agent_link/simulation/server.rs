//! A server: the other link, and a store as simple as can be.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use eidetic_model::{Entry, Policy, RecordSequence, SegmentId, Timestamp};
use prost::Message as _;
use sha2::{Digest, Sha256};

use super::{Random, Wires, agent::ModelSpool};
use crate::{
    proto::{self, segment_rejected::Reason},
    server_link::{Ending, Input, Output, SegmentOutcome, ServerLink, Windows},
};

pub struct Server {
    windows: Windows,
    link: Option<ServerLink>,
    /// What the link wants done and is not done.
    jobs: VecDeque<Output>,
    entries: Vec<Entry>,
    segments: BTreeMap<SegmentId, StoredSegment>,
    /// Those whose bytes were spoilt once.
    spoilt: BTreeSet<SegmentId>,
}

#[derive(Default)]
struct StoredSegment {
    bytes: Vec<u8>,
    whole: bool,
}

impl Server {
    pub fn new(random: &mut Random) -> Self {
        Self {
            windows: Windows {
                entries: u32::try_from(1 + random.below(50)).unwrap(),
                segment_bytes: 2_000 + random.below(20_000),
            },
            link: None,
            jobs: VecDeque::new(),
            entries: Vec::new(),
            segments: BTreeMap::new(),
            spoilt: BTreeSet::new(),
        }
    }

    pub fn connected(&mut self, now: Duration) {
        self.link = Some(ServerLink::new(now, self.windows));
    }

    /// What was being stored may be stored or not; the agent does not hear of it.
    pub fn disconnected(&mut self, random: &mut Random) {
        self.link = None;
        let count = usize::try_from(random.below(1 + self.jobs.len() as u64)).unwrap();
        for job in self.jobs.drain(..).take(count).collect::<Vec<_>>() {
            self.store(job, random, false);
        }
    }

    pub fn tick(&mut self, now: Duration, wires: &mut Wires) {
        self.give(now, Input::Tick, wires);
    }

    pub fn receive(&mut self, now: Duration, bytes: &[u8], wires: &mut Wires) {
        let message = proto::FromAgent::decode(bytes).unwrap();
        self.give(now, Input::Message(message), wires);
    }

    /// Does one thing that the link wants done.
    pub fn work(&mut self, now: Duration, random: &mut Random, faults: bool, wires: &mut Wires) {
        if let Some(job) = self.jobs.pop_front()
            && let Some(done) = self.store(job, random, faults)
        {
            self.give(now, done, wires);
        }
        if faults && random.one_in(200) {
            let revision = random.below(100);
            let policy = Policy::default();
            self.give(now, Input::PolicyChanged { revision, policy }, wires);
        }
    }

    /// All that was recorded is here once, and nothing else.
    pub fn check(&self, spool: &ModelSpool) {
        assert!(self.entries == spool.entries);
        for (id, recorded) in &spool.recorded {
            let stored = self.segments.get(id);
            assert!(
                stored.is_none_or(|stored| stored.whole),
                "{id} is not whole"
            );
            let stored = stored.map(|stored| &stored.bytes[..]).unwrap_or_default();
            assert!(stored == recorded, "{id} differs");
        }
    }

    fn give(&mut self, now: Duration, input: Input, wires: &mut Wires) {
        let Some(link) = &mut self.link else {
            return;
        };
        link.handle(now, input);
        while let Some(output) = link.poll_output() {
            match output {
                Output::Send(message) => wires.down.push_back(message.encode_to_vec()),
                Output::Status(_) => {}
                Output::Close(Ending::Refused(refusal)) => panic!("{refusal:?}"),
                Output::Close(ending) => panic!("{ending:?}"),
                job => self.jobs.push_back(job),
            }
        }
    }

    fn store(&mut self, job: Output, random: &mut Random, faults: bool) -> Option<Input> {
        match job {
            Output::Open(_) => Some(Input::Opened {
                last_sequence: RecordSequence(self.entries.len() as u64),
                policy_revision: 1,
                policy: Policy::default(),
                server_time: Timestamp::from_unix_micros(7),
            }),
            Output::StoreChecks(report) => Some(Input::ChecksStored {
                adjustments: report.adjustments.iter().map(|done| done.id).collect(),
                server_time: Timestamp::from_unix_micros(7),
            }),
            Output::StoreEntries(entries) => {
                for (sequence, entry) in entries {
                    // As the database does: each sequence once.
                    if sequence.0 == self.entries.len() as u64 + 1 {
                        self.entries.push(entry);
                    }
                }
                let newest = RecordSequence(self.entries.len() as u64);
                Some(Input::EntriesStored(newest))
            }
            Output::QuerySegment(id) => {
                let segment = self.segment(id);
                let outcome = if segment.whole {
                    SegmentOutcome::Stored { taken: 0 }
                } else {
                    SegmentOutcome::Holds(segment.bytes.len() as u64)
                };
                Some(Input::Segment(id, outcome))
            }
            Output::AppendSegment(chunk) => {
                let lost = faults && random.one_in(50);
                let spoilt = faults && random.one_in(50) && self.spoilt.insert(chunk.id);
                let segment = self.segment(chunk.id);
                let taken = chunk.bytes.len() as u64;
                let have = segment.bytes.len() as u64;
                if segment.whole {
                    return Some(Input::Segment(chunk.id, SegmentOutcome::Stored { taken }));
                }
                if chunk.offset <= have && chunk.end() > have && !lost {
                    let known = usize::try_from(have - chunk.offset).unwrap();
                    segment.bytes.extend(&chunk.bytes[known..]);
                    if spoilt {
                        *segment.bytes.last_mut().unwrap() ^= 1;
                    }
                }
                let durable = segment.bytes.len() as u64;
                let outcome = SegmentOutcome::Appended { taken, durable };
                Some(Input::Segment(chunk.id, outcome))
            }
            Output::EndSegment(end) => {
                let segment = self.segment(end.id);
                let sha256: [u8; 32] = Sha256::digest(&segment.bytes).into();
                let right = segment.bytes.len() as u64 == end.bytes && sha256 == end.sha256;
                let outcome = if segment.whole || right {
                    segment.whole = true;
                    SegmentOutcome::Stored { taken: 0 }
                } else {
                    segment.bytes.clear();
                    let reason = Reason::HashMismatch;
                    SegmentOutcome::Rejected { taken: 0, reason }
                };
                Some(Input::Segment(end.id, outcome))
            }
            Output::Send(_) | Output::ControlState(_) | Output::Status(_) | Output::Close(_) => {
                None
            }
        }
    }

    /// A segment, which an entry has announced.
    fn segment(&mut self, id: SegmentId) -> &mut StoredSegment {
        let announced = self.entries.iter().any(
            |entry| matches!(entry, Entry::SegmentOpened(description) if description.id == id),
        );
        assert!(announced, "{id} came before the entry that announces it");
        self.segments.entry(id).or_default()
    }
}
