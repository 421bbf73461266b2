//! Random actions against a simple model, over a disk that stops at any step.

use std::collections::BTreeMap;

use eidetic_model::{RecordSequence, SegmentEnd, SegmentId, Timestamp};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, proptest},
    prop_oneof,
};
use sha2::{Digest, Sha256};

use super::{LIMITS, all_of, at, open_with, segment, try_waiting};
use crate::{
    AppendOutcome, PushOutcome, SegmentState, Spool, SpoolError,
    disk::memory::{Crash, MemoryDisk},
};

#[derive(Clone, Debug)]
enum Action {
    Push { bytes: usize },
    Sync,
    Read,
    Acknowledge { sixteenths: u8 },
    Begin,
    Append { which: u8, bytes: usize },
    Seal { which: u8 },
    ReadSegment { which: u8 },
    Forget { which: u8 },
    Reopen,
}

/// What the spool must and may have.
#[derive(Default)]
struct Model {
    /// Content by number, also of acknowledged ones. One more than `pushed` if a push was under
    /// way at the crash.
    entries: BTreeMap<u64, Vec<u8>>,
    pushed: u64,
    /// Entries up to here survive anything.
    durable: u64,
    acknowledged: u64,
    segments: BTreeMap<SegmentId, ModelSegment>,
    forgotten: Vec<SegmentId>,
    /// Since the spool was last open.
    power_was_lost: bool,
    begun: u128,
}

#[derive(Clone, Default)]
struct ModelSegment {
    bytes: Vec<u8>,
    /// Where appends end, and until when they tell.
    ends: Vec<(usize, Timestamp)>,
    /// Whether it was begun, and how many of its bytes were taken.
    written: Option<usize>,
    /// The same of what survives anything.
    durable: Option<usize>,
    sealed: Option<SegmentEnd>,
}

/// A disk, a spool on it, and what should be in it.
struct Run {
    disk: MemoryDisk,
    spool: Option<Spool>,
    model: Model,
}

impl Run {
    fn new() -> Self {
        Self {
            disk: MemoryDisk::default(),
            spool: None,
            model: Model::default(),
        }
    }

    fn open(&mut self) -> Result<(), SpoolError> {
        if self.spool.is_none() {
            let (mut spool, _) = open_with(&self.disk, LIMITS)?;
            self.model.compare(&mut spool)?;
            self.spool = Some(spool);
        }
        Ok(())
    }

    fn act(&mut self, action: &Action) -> Result<(), SpoolError> {
        self.open()?;
        if let Action::Reopen = action {
            self.spool = None;
            return self.open();
        }
        let spool = self.spool.as_mut().unwrap();
        self.model.act(spool, action)?;
        assert_eq!(spool.newest_entry().0, self.model.pushed);
        assert!(spool.used_bytes() <= LIMITS.max_bytes);
        let files = self.disk.lengths();
        let files = files.iter().filter(|(name, _)| *name != "spool.id");
        assert_eq!(
            files.map(|(_, length)| *length as u64).sum::<u64>(),
            spool.used_bytes()
        );
        Ok(())
    }

    fn crash(&mut self, crash: Crash) {
        self.spool = None;
        self.disk.restart(crash);
        self.model.power_was_lost |= matches!(crash, Crash::Power { .. });
    }
}

impl Model {
    fn act(&mut self, spool: &mut Spool, action: &Action) -> Result<(), SpoolError> {
        match action {
            Action::Push { bytes } => {
                let number = self.pushed + 1;
                let content = vec![u8::try_from(number % 251).unwrap(); *bytes];
                self.entries.insert(number, content.clone());
                match spool.push_entry(&content)? {
                    PushOutcome::Stored(sequence) => {
                        assert_eq!(sequence.0, number);
                        self.pushed = number;
                    }
                    PushOutcome::Full => assert!(spool.used_bytes() > LIMITS.max_bytes / 2),
                }
            }
            Action::Sync => {
                spool.sync()?;
                self.synced();
                for segment in self.segments.values_mut() {
                    segment.durable = Some(segment.bytes.len());
                }
            }
            Action::Read => {
                let found = try_waiting(spool)?;
                self.check_entries(&found);
                self.synced();
            }
            Action::Acknowledge { sixteenths } => {
                let left = self.durable - self.acknowledged;
                self.acknowledged += left * u64::from(*sixteenths) / 16;
                spool.acknowledge_entries(RecordSequence(self.acknowledged))?;
            }
            Action::Begin => {
                self.begun += 1;
                let id = segment(self.begun);
                self.segments.insert(id, ModelSegment::default());
                match spool.begin_segment(id)? {
                    AppendOutcome::Stored => {
                        self.segments.entry(id).or_default().written = Some(0);
                    }
                    AppendOutcome::Full => drop(self.segments.remove(&id)),
                }
                self.synced();
            }
            Action::Append { which, bytes } => {
                let Some((id, model)) = self.pick(*which, |model| model.sealed.is_none()) else {
                    return Ok(());
                };
                let before = model.clone();
                model.bytes.extend(vec![*which; *bytes]);
                let until = at(i64::try_from(model.bytes.len()).unwrap());
                model.ends.push((model.bytes.len(), until));
                let bytes = model.bytes[before.bytes.len()..].to_vec();
                match spool.append_segment(id, &bytes, until)? {
                    AppendOutcome::Stored => model.written = Some(model.bytes.len()),
                    AppendOutcome::Full => *model = before,
                }
            }
            Action::Seal { which } => {
                let open = |model: &ModelSegment| model.sealed.is_none() && !model.bytes.is_empty();
                if let Some((id, model)) = self.pick(*which, open) {
                    let end = spool.seal_segment(id)?;
                    assert_eq!(end, model.end(id, model.bytes.len()));
                    model.sealed = Some(end);
                }
            }
            Action::ReadSegment { which } => {
                if let Some((id, model)) = self.pick(*which, |_| true) {
                    assert!(all_of(spool, id, 130)? == model.bytes);
                    model.durable = Some(model.bytes.len());
                }
            }
            Action::Forget { which } => {
                if let Some((id, _)) = self.pick(*which, |_| true) {
                    self.forgotten.push(id);
                    let forgotten = self.segments.remove(&id);
                    spool.forget_segment(id)?;
                    drop(forgotten);
                }
            }
            Action::Reopen => {}
        }
        Ok(())
    }

    fn synced(&mut self) {
        self.durable = self.pushed;
    }

    fn pick(
        &mut self,
        which: u8,
        fit: impl Fn(&ModelSegment) -> bool,
    ) -> Option<(SegmentId, &mut ModelSegment)> {
        let mut fitting: Vec<_> = self
            .segments
            .iter_mut()
            .filter(|(_, model)| fit(model))
            .collect();
        if fitting.is_empty() {
            return None;
        }
        let (id, model) = fitting.swap_remove(usize::from(which) % fitting.len());
        Some((*id, model))
    }

    fn check_entries(&self, found: &[(u64, Option<Vec<u8>>)]) {
        for (number, content) in found {
            assert_eq!(
                content.as_ref(),
                Some(&self.entries[number]),
                "entry {number}"
            );
        }
    }

    /// What must be there is there, and nothing that never was; goes on from what there is.
    fn compare(&mut self, spool: &mut Spool) -> Result<(), SpoolError> {
        let newest = spool.newest_entry().0;
        let needed = if self.power_was_lost {
            self.durable
        } else {
            self.pushed
        };
        assert!(newest >= needed, "{newest} of {needed}");
        assert!(newest <= self.pushed + 1);
        assert!(spool.acknowledged_entry().0 <= self.acknowledged);
        self.pushed = newest;
        let found = try_waiting(spool)?;
        assert_eq!(found.len() as u64, spool.entries_waiting());
        self.check_entries(&found);
        self.synced();
        // As the server tells after a new connection.
        spool.acknowledge_entries(RecordSequence(self.acknowledged))?;

        let there: Vec<_> = spool.segments().collect();
        for (id, model) in &self.segments {
            let is_there = there.iter().any(|found| found.id == *id);
            let needed = model.needed(self.power_was_lost).is_some();
            assert!(
                is_there || !needed || self.forgotten.contains(id),
                "segment {id} is gone"
            );
        }
        let mut segments = BTreeMap::new();
        for found in there {
            assert!(found.announced_by.0 <= newest);
            let known = self.segments.get(&found.id);
            match found.state {
                SegmentState::Open => panic!("no segment is open after a restart"),
                SegmentState::Lost => {
                    let needed = known.and_then(|known| known.needed(self.power_was_lost));
                    assert!(needed.unwrap_or(0) == 0);
                    self.forgotten.push(found.id);
                    spool.forget_segment(found.id)?;
                }
                // One that was forgotten may come back; the server knows it as stored.
                SegmentState::Sealed(_) if self.forgotten.contains(&found.id) => {
                    spool.forget_segment(found.id)?;
                }
                SegmentState::Sealed(end) => {
                    let mut known = known.unwrap().clone();
                    let length = usize::try_from(found.bytes).unwrap();
                    let needed = known.needed(self.power_was_lost).unwrap_or(0);
                    assert!(length >= needed, "{length} of {needed}");
                    assert_eq!(end, known.end(found.id, length));
                    known.bytes.truncate(length);
                    known.ends.retain(|end| end.0 <= length);
                    assert!(all_of(spool, found.id, 90)? == known.bytes);
                    known.written = Some(length);
                    known.durable = Some(length);
                    known.sealed = Some(end);
                    segments.insert(found.id, known);
                }
            }
        }
        self.segments = segments;
        self.power_was_lost = false;
        Ok(())
    }
}

impl ModelSegment {
    /// How many bytes must be there, if the segment must.
    const fn needed(&self, power_was_lost: bool) -> Option<usize> {
        if power_was_lost {
            self.durable
        } else {
            self.written
        }
    }

    /// The end of the segment, were it `length` bytes long.
    fn end(&self, id: SegmentId, length: usize) -> SegmentEnd {
        let ends = self.ends.iter().filter(|end| end.0 == length);
        let end = ends.map(|end| end.1).max();
        SegmentEnd {
            id,
            end: end.expect("segments end where an append ended"),
            bytes: length as u64,
            sha256: Sha256::digest(&self.bytes[..length]).into(),
        }
    }
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => (0..400_usize).prop_map(|bytes| Action::Push { bytes }),
        2 => Just(Action::Sync),
        2 => Just(Action::Read),
        3 => (0..=16_u8).prop_map(|sixteenths| Action::Acknowledge { sixteenths }),
        2 => Just(Action::Begin),
        6 => (any::<u8>(), 0..350_usize).prop_map(|(which, bytes)| Action::Append { which, bytes }),
        2 => any::<u8>().prop_map(|which| Action::Seal { which }),
        1 => any::<u8>().prop_map(|which| Action::ReadSegment { which }),
        2 => any::<u8>().prop_map(|which| Action::Forget { which }),
        1 => Just(Action::Reopen),
    ]
}

fn any_crash() -> impl Strategy<Value = Crash> {
    prop_oneof![
        Just(Crash::Process),
        any::<u64>().prop_map(|seed| Crash::Power { seed }),
    ]
}

proptest! {
    /// Several lives, each ended by a crash at some step, perhaps while it recovers.
    #[test]
    fn any_crash_keeps_what_was_durable(
        lives in vec((vec(any_action(), 0..40), 0..60_u32, any_crash()), 1..6),
        last in vec(any_action(), 0..20),
    ) {
        let mut run = Run::new();
        for (actions, steps, crash) in lives {
            run.disk.die_after(steps);
            for action in &actions {
                if run.act(action).is_err() {
                    break;
                }
            }
            run.crash(crash);
        }
        for action in &last {
            run.act(action).unwrap();
        }
        run.act(&Action::Reopen).unwrap();
    }

    #[test]
    fn a_long_life_goes_as_the_model_says(actions in vec(any_action(), 0..300)) {
        let mut run = Run::new();
        for action in &actions {
            run.act(action).unwrap();
        }
    }
}

/// The same life, ended at each of its steps, in several ways.
#[test]
fn every_crash_point_of_a_life_keeps_what_was_durable() {
    let push = Action::Push { bytes: 150 };
    let life = [
        vec![push.clone(); 12],
        vec![Action::Sync, Action::Begin],
        vec![
            Action::Append {
                which: 0,
                bytes: 250,
            },
            Action::Append {
                which: 0,
                bytes: 40,
            },
        ],
        vec![
            Action::Read,
            push.clone(),
            Action::Begin,
            Action::Acknowledge { sixteenths: 12 },
        ],
        vec![
            Action::Append {
                which: 1,
                bytes: 90,
            },
            Action::Seal { which: 0 },
            Action::Sync,
        ],
        vec![push.clone(); 12],
        vec![
            Action::Acknowledge { sixteenths: 16 },
            Action::Forget { which: 0 },
        ],
        vec![push; 2],
        vec![Action::Reopen, Action::Sync],
    ]
    .concat();
    let mut whole = Run::new();
    for action in &life {
        whole.act(action).unwrap();
    }
    let steps = whole.disk.steps();
    assert!(steps > 50, "{steps}");
    for step in 0..=steps {
        for seed in 0..6 {
            let crash = match seed {
                0 => Crash::Process,
                seed => Crash::Power {
                    seed: seed * 7_919 + u64::from(step),
                },
            };
            let mut run = Run::new();
            run.disk.die_after(step);
            let died = life.iter().any(|action| run.act(action).is_err());
            assert_eq!(died, step < steps, "step {step}");
            run.crash(crash);
            run.open().unwrap();
            run.act(&Action::Read).unwrap();
            run.act(&Action::Push { bytes: 10 }).unwrap();
        }
    }
}
