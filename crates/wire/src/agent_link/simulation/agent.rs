//! An agent: the link under test, and a spool as simple as can be.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use bytes::Bytes;
use eidetic_model::{
    ComputerFacts, DisplayIndex, Entry, IdleStretch, RecordSequence, SegmentDescription,
    SegmentEnd, SegmentId, SessionId, SpoolId, Timestamp,
};
use prost::Message as _;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Random, Wires};
use crate::{
    AgentLink, ProtocolVersion,
    agent_link::{AvailableSegment, Input, Output},
    convert::{Hello, to_proto},
    proto,
};

pub struct Agent {
    pub spool: ModelSpool,
    link: AgentLink,
    /// Answers from the spool that the link has not had yet.
    loads: VecDeque<Input>,
}

/// What was recorded, and what of it the server is not known to have.
#[derive(Default)]
pub struct ModelSpool {
    /// Entry 1 is the first.
    pub entries: Vec<Entry>,
    pub acknowledged: usize,
    pub segments: BTreeMap<SegmentId, ModelSegment>,
    /// All that ever were, for comparison.
    pub recorded: BTreeMap<SegmentId, Vec<u8>>,
}

pub struct ModelSegment {
    pub announced_by: RecordSequence,
    pub bytes: Vec<u8>,
    pub end: Option<SegmentEnd>,
}

impl ModelSpool {
    pub fn is_empty(&self) -> bool {
        self.acknowledged == self.entries.len() && self.segments.is_empty()
    }

    fn newest(&self) -> RecordSequence {
        RecordSequence(self.entries.len() as u64)
    }

    fn available(&self, id: SegmentId) -> Input {
        let segment = &self.segments[&id];
        Input::SegmentAvailable(AvailableSegment {
            id,
            announced_by: segment.announced_by,
            bytes: segment.bytes.len() as u64,
            end: segment.end,
        })
    }
}

impl Agent {
    pub fn new() -> Self {
        Self {
            spool: ModelSpool::default(),
            link: AgentLink::new(hello(), RecordSequence::ZERO, RecordSequence::ZERO),
            loads: VecDeque::new(),
        }
    }

    /// The process dies and starts again; the spool remembers an earlier acknowledgement.
    pub fn restart(&mut self, random: &mut Random) {
        self.loads.clear();
        let forgotten = random.below(1 + self.spool.acknowledged.min(20) as u64);
        self.spool.acknowledged -= usize::try_from(forgotten).unwrap();
        for segment in self.spool.segments.keys().copied().collect::<Vec<_>>() {
            self.seal(segment);
        }
        self.spool
            .segments
            .retain(|_, segment| segment.end.is_some());
        let acknowledged = RecordSequence(self.spool.acknowledged as u64);
        self.link = AgentLink::new(hello(), acknowledged, self.spool.newest());
        for id in self.spool.segments.keys().copied().collect::<Vec<_>>() {
            let available = self.spool.available(id);
            self.give(Duration::ZERO, available, None);
        }
    }

    pub fn connected(&mut self, now: Duration, wires: &mut Wires) {
        self.give(now, Input::Connected, Some(wires));
    }

    pub fn disconnected(&mut self, now: Duration) {
        self.give(now, Input::Disconnected, None);
    }

    pub fn tick(&mut self, now: Duration, wires: &mut Wires) {
        if self
            .link
            .poll_timeout()
            .is_some_and(|timeout| timeout <= now)
        {
            self.give(now, Input::Tick, Some(wires));
        }
    }

    pub fn receive(&mut self, now: Duration, bytes: &[u8], wires: &mut Wires) {
        let message = proto::ToAgent::decode(bytes).unwrap();
        self.give(now, Input::Message(message), Some(wires));
    }

    /// The spool answers one question.
    pub fn load(&mut self, now: Duration, wires: &mut Wires) {
        if let Some(loaded) = self.loads.pop_front() {
            self.give(now, loaded, Some(wires));
        }
    }

    /// Something happens on the screen.
    pub fn record(&mut self, now: Duration, random: &mut Random, mut wires: Option<&mut Wires>) {
        let open: Vec<_> = self.open_segments();
        let chosen = (!open.is_empty())
            .then(|| open[usize::try_from(random.below(open.len() as u64)).unwrap()]);
        match (random.below(8), chosen) {
            (0, _) if open.len() < 3 => {
                let number = self.spool.recorded.len() as u128 + 1;
                let id = SegmentId::from_uuid(Uuid::from_u128(number));
                self.push(now, segment_opened(id), wires.as_deref_mut());
                let segment = ModelSegment {
                    announced_by: self.spool.newest(),
                    bytes: Vec::new(),
                    end: None,
                };
                self.spool.segments.insert(id, segment);
                self.spool.recorded.insert(id, Vec::new());
            }
            (1, Some(id)) => {
                self.seal(id);
                self.tell(now, id, wires);
            }
            (2..=5, Some(id)) => {
                let count = usize::try_from(random.below(2_000)).unwrap();
                let bytes: Vec<u8> = (0..count)
                    .map(|_| random.below(256).to_le_bytes()[0])
                    .collect();
                let segment = self.spool.segments.get_mut(&id).unwrap();
                segment.bytes.extend(&bytes);
                self.spool.recorded.get_mut(&id).unwrap().extend(bytes);
                self.tell(now, id, wires);
            }
            _ => {
                let count = i64::try_from(self.spool.entries.len()).unwrap();
                self.push(now, idle(count), wires);
            }
        }
    }

    pub fn stop_recording(&mut self, now: Duration, mut wires: Option<&mut Wires>) {
        for id in self.open_segments() {
            self.seal(id);
            if self.spool.segments.contains_key(&id) {
                self.tell(now, id, wires.as_deref_mut());
            }
        }
    }

    fn open_segments(&self) -> Vec<SegmentId> {
        let open = self
            .spool
            .segments
            .iter()
            .filter(|(_, segment)| segment.end.is_none());
        open.map(|(id, _)| *id).collect()
    }

    /// Seals a segment; forgets one that is empty.
    fn seal(&mut self, id: SegmentId) {
        let segment = self.spool.segments.get_mut(&id).unwrap();
        if segment.bytes.is_empty() {
            self.spool.segments.remove(&id);
            self.spool.recorded.insert(id, Vec::new());
        } else if segment.end.is_none() {
            segment.end = Some(SegmentEnd {
                id,
                end: Timestamp::from_unix_micros(1),
                bytes: segment.bytes.len() as u64,
                sha256: Sha256::digest(&segment.bytes).into(),
            });
        }
    }

    fn tell(&mut self, now: Duration, id: SegmentId, wires: Option<&mut Wires>) {
        let input = if self.spool.segments.contains_key(&id) {
            self.spool.available(id)
        } else {
            Input::SegmentWithdrawn(id)
        };
        self.give(now, input, wires);
    }

    fn push(&mut self, now: Duration, entry: Entry, wires: Option<&mut Wires>) {
        self.spool.entries.push(entry);
        let newest = self.spool.newest();
        self.give(now, Input::EntriesAvailable { newest }, wires);
    }

    fn give(&mut self, now: Duration, input: Input, mut wires: Option<&mut Wires>) {
        self.link.handle(now, input).unwrap();
        while let Some(output) = self.link.poll_output() {
            match output {
                Output::Send(message) => {
                    if let Some(wires) = wires.as_deref_mut() {
                        wires.up.push_back(message.encode_to_vec());
                    }
                }
                Output::LoadEntries {
                    after, max_count, ..
                } => self.load_entries(after, max_count),
                Output::LoadSegment {
                    id,
                    offset,
                    max_bytes,
                } => self.load_segment(id, offset, max_bytes),
                Output::EntriesStored(through) => {
                    let through = usize::try_from(through.0).unwrap();
                    assert!(
                        (self.spool.acknowledged..=self.spool.entries.len()).contains(&through)
                    );
                    self.spool.acknowledged = through;
                }
                Output::SegmentStored(id) => {
                    let segment = self.spool.segments.remove(&id).unwrap();
                    assert!(segment.end.is_some());
                }
                Output::PolicyChanged { .. }
                | Output::ServerClock(_)
                | Output::ChecksStored(_)
                | Output::CheckNow
                | Output::Control(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn load_entries(&mut self, after: RecordSequence, max_count: usize) {
        let from = usize::try_from(after.0).unwrap();
        let entries = self.spool.entries[from..].iter().take(max_count);
        let entries = entries.map(to_proto::entry).collect();
        let first = after.next();
        self.loads
            .push_back(Input::EntriesLoaded { first, entries });
    }

    fn load_segment(&mut self, id: SegmentId, offset: u64, max_bytes: usize) {
        let bytes = &self.spool.segments[&id].bytes[usize::try_from(offset).unwrap()..];
        let bytes = Bytes::copy_from_slice(&bytes[..bytes.len().min(max_bytes)]);
        self.loads
            .push_back(Input::SegmentLoaded { id, offset, bytes });
    }
}

fn hello() -> Hello {
    Hello {
        oldest: ProtocolVersion::OLDEST,
        newest: ProtocolVersion::NEWEST,
        agent_version: "1".into(),
        computer_name: "computer".into(),
        operating_system: "system".into(),
        spool: SpoolId::from_uuid(Uuid::from_u128(1)),
        facts: ComputerFacts::default(),
        run: None,
        control_port: None,
    }
}

fn idle(number: i64) -> Entry {
    Entry::Idle(IdleStretch {
        session: SessionId::from_uuid(Uuid::from_u128(1)),
        from: Timestamp::from_unix_micros(number),
        until: Timestamp::from_unix_micros(number + 1),
    })
}

fn segment_opened(id: SegmentId) -> Entry {
    Entry::SegmentOpened(SegmentDescription {
        id,
        session: SessionId::from_uuid(Uuid::from_u128(1)),
        display: DisplayIndex(0),
        start: Timestamp::from_unix_micros(1),
        width: 1,
        height: 1,
        left: 0,
        top: 0,
    })
}
