//! The spool, as the link asks for it.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use eidetic_model::{
    Action, ActivityRecord, Captured, Entry, GapReason, ObjectType, RecordSequence, SegmentId,
    SessionId, Timestamp,
};
use eidetic_spool::{EntryContent, PushOutcome, SegmentState, SpoolError, SpooledSegment};
use eidetic_wire::{
    AgentLink,
    agent_link::{AvailableSegment, GiveUpReason, Health, Input, LinkError, Output, Usage},
    convert::to_proto,
    proto,
};
use prost::Message as _;
use tracing::{error, warn};
use uuid::Uuid;

use crate::service::{SessionCounts, SharedSpool};

/// What there is in the spool, and how much of it the link has been told.
///
/// All of its methods work on the disk: called where that may take its time.
pub(super) struct SpoolSide {
    spool: Arc<SharedSpool>,
    computer: String,
    told: HashMap<SegmentId, (u64, bool)>,
    /// Segments of which a server that lost its past was told again, and by which entries.
    announced_anew: HashMap<SegmentId, RecordSequence>,
}

/// The link or the spool failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum SpoolSideError {
    /// The server misbehaves: end the connection.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The disk failed: nothing can be sent until the service is started again.
    #[error("the spool failed: {0}")]
    Spool(#[from] SpoolError),
}

impl SpoolSide {
    /// A side that has told nothing.
    pub(super) fn new(spool: Arc<SharedSpool>, computer: String) -> Self {
        Self {
            spool,
            computer,
            told: HashMap::new(),
            announced_anew: HashMap::new(),
        }
    }

    /// Tells again of the segments that wait: they were announced to a server that has lost it.
    pub(super) fn announce_anew(&mut self) -> Result<(), SpoolError> {
        let mut spool = self.spool.lock();
        let (acknowledged, newest) = (spool.acknowledged_entry(), spool.newest_entry());
        let waiting: Vec<SpooledSegment> = spool.segments().collect();
        for segment in waiting {
            if segment.announced_by > acknowledged && segment.announced_by <= newest {
                continue;
            }
            let Some(description) = self.spool.remembered(segment.id) else {
                continue;
            };
            let entry = to_proto::entry(&Entry::SegmentOpened(description));
            if let PushOutcome::Stored(by) = spool.push_entry(&entry.encode_to_vec())? {
                self.announced_anew.insert(segment.id, by);
            }
        }
        Ok(())
    }

    /// Tells the link what is new in the spool.
    pub(super) fn tell(
        &mut self,
        link: &mut AgentLink,
        now: std::time::Duration,
        sessions: SessionCounts,
        usage: Usage,
        known_until: Timestamp,
    ) -> Result<(), SpoolSideError> {
        let (newest, spool_bytes, segments, disk_free_bytes) = {
            let mut spool = self.spool.lock();
            let segments: Vec<SpooledSegment> = spool.segments().collect();
            let free = spool.free_bytes().ok();
            (spool.newest_entry(), spool.used_bytes(), segments, free)
        };
        link.handle(
            now,
            Input::Health(Health {
                spool_bytes,
                sessions_recorded: sessions.recorded,
                sessions_slowed: sessions.slowed,
                known_until,
                policy_revision: sessions.policy_revision,
                spool_full: sessions.spool_full,
                stopped_since: sessions.stopped_since,
                usage: Usage {
                    disk_free_bytes,
                    ..usage
                },
            }),
        )?;
        link.handle(now, Input::EntriesAvailable { newest })?;
        for segment in &segments {
            let end = match segment.state {
                SegmentState::Open => None,
                SegmentState::Sealed(end) => Some(end),
                SegmentState::Lost => continue,
            };
            let state = (segment.bytes, end.is_some());
            if self.told.insert(segment.id, state) == Some(state) {
                continue;
            }
            link.handle(
                now,
                Input::SegmentAvailable(AvailableSegment {
                    id: segment.id,
                    announced_by: *self
                        .announced_anew
                        .get(&segment.id)
                        .unwrap_or(&segment.announced_by),
                    bytes: segment.bytes,
                    end,
                }),
            )?;
        }
        if self.told.len() > segments.len() {
            self.withdraw(link, now, &segments)?;
        }
        Ok(())
    }

    /// Does what the link wants of the spool; gives back what is not the spool's.
    pub(super) fn carry_out(
        &mut self,
        link: &mut AgentLink,
        now: std::time::Duration,
        wall: Timestamp,
        output: Output,
    ) -> Result<Option<Output>, SpoolSideError> {
        match output {
            Output::LoadEntries {
                after,
                max_count,
                max_bytes,
            } => {
                let entries = self.load_entries(after, max_count, max_bytes, wall)?;
                let first = after.next();
                link.handle(now, Input::EntriesLoaded { first, entries })?;
            }
            Output::LoadSegment {
                id,
                offset,
                max_bytes,
            } => {
                let loaded = self.spool.lock().read_segment(id, offset, max_bytes);
                let input = match loaded {
                    Ok(bytes) => Input::SegmentLoaded {
                        id,
                        offset,
                        bytes: Bytes::from(bytes),
                    },
                    Err(error @ SpoolError::SegmentDamaged { .. }) => {
                        error!(%error, "segment is damaged on disk and is lost");
                        self.give_up(id, GapReason::SegmentDamaged)?;
                        Input::SegmentUnreadable(id)
                    }
                    Err(SpoolError::UnknownSegment(_)) => Input::SegmentUnreadable(id),
                    Err(error) => return Err(error.into()),
                };
                link.handle(now, input)?;
            }
            Output::EntriesStored(through) => self.spool.lock().acknowledge_entries(through)?,
            Output::SegmentStored(id) => self.forget(id)?,
            Output::SegmentGivenUp(id, reason) => {
                error!(segment = %id, ?reason, "the server will not take a segment: it is lost");
                if reason == GiveUpReason::UnknownToServer && !self.tell_of_unknown(id, wall)? {
                    return Ok(None);
                }
                let reason = match reason {
                    GiveUpReason::HashMismatch => GapReason::SegmentDamaged,
                    GiveUpReason::UnknownToServer
                    | GiveUpReason::TooLarge
                    | GiveUpReason::Unspecified => GapReason::Overloaded,
                };
                self.give_up(id, reason)?;
            }
            other => return Ok(Some(other)),
        }
        Ok(None)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        let spool = self.spool.lock();
        spool.entries_waiting() == 0 && spool.segments().len() == 0
    }

    fn load_entries(
        &self,
        after: RecordSequence,
        max_count: usize,
        max_bytes: usize,
        wall: Timestamp,
    ) -> Result<Vec<proto::Entry>, SpoolError> {
        let entries = self
            .spool
            .lock()
            .entries_after(after, max_count, max_bytes)?;
        let decode = |content| match content {
            EntryContent::Intact(bytes) => proto::Entry::decode(&bytes[..]).ok(),
            EntryContent::Damaged => None,
        };
        Ok(entries
            .into_iter()
            .map(|entry| {
                decode(entry.content).unwrap_or_else(|| {
                    error!(sequence = %entry.sequence, "record is damaged on disk and is lost");
                    to_proto::entry(&Entry::Activity(self.damaged(wall)))
                })
            })
            .collect())
    }

    /// Tells of a segment that is lost because the server knows neither it nor, maybe, its
    /// session. Whether that could be told: if not, the segment stays.
    fn tell_of_unknown(&self, id: SegmentId, wall: Timestamp) -> Result<bool, SpoolError> {
        let mut spool = self.spool.lock();
        let end =
            spool
                .segments()
                .find(|segment| segment.id == id)
                .and_then(|segment| match segment.state {
                    SegmentState::Sealed(end) => Some(end.end),
                    SegmentState::Open | SegmentState::Lost => None,
                });
        let mut record = self.gap(
            end.unwrap_or(wall),
            "The server does not know a segment that was announced to it",
        );
        if let Some(description) = self.spool.remembered(id) {
            record.session = description.session;
            record.when = description.start;
        }
        let entry = to_proto::entry(&Entry::Activity(record));
        let outcome = spool.push_entry(&entry.encode_to_vec())?;
        Ok(outcome != PushOutcome::Full)
    }

    /// Stands for a record that the disk damaged: of which session is not known any more.
    fn damaged(&self, when: Timestamp) -> ActivityRecord {
        self.gap(when, "A record was damaged on the agent's disk")
    }

    fn gap(&self, when: Timestamp, detail: &str) -> ActivityRecord {
        ActivityRecord {
            session: SessionId::from_uuid(Uuid::nil()),
            when,
            who: String::new(),
            action: Action::RecordingGap,
            object_type: ObjectType::Recording,
            what: Captured::from(GapReason::SegmentDamaged.what()),
            where_: self.computer.clone(),
            workstation: None,
            details: vec![Captured::from(detail)],
            application: None,
            coalesced: 0,
            moment: None,
        }
    }

    fn give_up(&mut self, id: SegmentId, reason: GapReason) -> Result<(), SpoolError> {
        let lost = to_proto::entry(&Entry::SegmentLost {
            segment: id,
            reason,
        });
        let outcome = self.spool.lock().push_entry(&lost.encode_to_vec())?;
        if outcome == PushOutcome::Full {
            // It stays until the gap can be told: the next start of the service tries again.
            warn!(segment = %id, "spool is full: the gap is told later");
            return Ok(());
        }
        // The gap is durable before what it stands for is gone.
        self.spool.lock().sync()?;
        self.forget(id)
    }

    fn forget(&mut self, id: SegmentId) -> Result<(), SpoolError> {
        self.told.remove(&id);
        self.announced_anew.remove(&id);
        self.spool.forget_remembered(id);
        match self.spool.lock().forget_segment(id) {
            Err(SpoolError::UnknownSegment(_)) => {
                warn!(segment = %id, "segment was forgotten before");
                Ok(())
            }
            result => result,
        }
    }

    /// Segments that went without the link's doing.
    fn withdraw(
        &mut self,
        link: &mut AgentLink,
        now: std::time::Duration,
        segments: &[SpooledSegment],
    ) -> Result<(), LinkError> {
        let gone: Vec<SegmentId> = self
            .told
            .keys()
            .filter(|id| !segments.iter().any(|segment| segment.id == **id))
            .copied()
            .collect();
        for id in gone {
            self.told.remove(&id);
            link.handle(now, Input::SegmentWithdrawn(id))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use eidetic_model::{ComputerFacts, SpoolId, SpoolLimits};
    use eidetic_spool::{Spool, SpoolKey};
    use eidetic_wire::{ProtocolVersion, convert::Hello};

    use super::*;

    #[test]
    fn a_segment_that_the_server_does_not_know_goes_only_with_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let limits = SpoolLimits {
            max_bytes: 64 << 20,
            min_free_bytes: 0,
        };
        let id = SpoolId::from_uuid(Uuid::from_u128(9));
        let key = SpoolKey::new([1; 32]);
        let (mut spool, _) = Spool::open(folder.path(), &key, limits, id).unwrap();
        let segment = SegmentId::from_uuid(Uuid::from_u128(5));
        let end = Timestamp::from_unix_micros(7_000_000);
        assert_eq!(
            spool.begin_segment(segment).unwrap(),
            eidetic_spool::AppendOutcome::Stored
        );
        let _stored = spool.append_segment(segment, &[7; 100], end).unwrap();
        spool.seal_segment(segment).unwrap();
        let spool = Arc::new(SharedSpool::new(spool));
        let hello = Hello {
            oldest: ProtocolVersion::OLDEST,
            newest: ProtocolVersion::NEWEST,
            agent_version: String::new(),
            computer_name: "HOST".into(),
            operating_system: String::new(),
            spool: id,
            facts: ComputerFacts::default(),
            run: None,
            control_port: None,
        };
        let mut link = AgentLink::new(hello, RecordSequence::ZERO, RecordSequence::ZERO);
        let mut side = SpoolSide::new(Arc::clone(&spool), "HOST".into());
        let unknown = Output::SegmentGivenUp(segment, GiveUpReason::UnknownToServer);
        side.carry_out(&mut link, Duration::ZERO, end, unknown)
            .unwrap();
        assert_eq!(spool.lock().segments().len(), 0);
        let entries = side
            .load_entries(RecordSequence::ZERO, 10, 1 << 20, end)
            .unwrap();
        let first = eidetic_wire::convert::from_proto::entry(entries[0].clone()).unwrap();
        assert!(matches!(first, Entry::Activity(record)
            if record.action == Action::RecordingGap && record.when == end));
    }
}
