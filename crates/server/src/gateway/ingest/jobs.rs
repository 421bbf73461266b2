//! What waits to be stored.

use std::collections::VecDeque;

use eidetic_model::{Entry, RecordSequence, SegmentEnd, SegmentId};
use eidetic_wire::{
    MAX_ENTRIES_PER_MESSAGE,
    convert::{Hello, SegmentChunk},
};

/// Something to store or to look up.
#[derive(Debug)]
pub enum Job {
    /// Look up what is known of the agent's spool.
    Open(Hello),
    /// Store consecutive entries.
    Entries(Vec<(RecordSequence, Entry)>),
    /// Add bytes to a segment.
    Append(SegmentChunk),
    /// Check a segment and make it whole.
    End(SegmentEnd),
    /// See how much of a segment is durable.
    Query(SegmentId),
}

/// Jobs in the order in which they came. How many there are is its owner's to bound.
#[derive(Debug, Default)]
pub struct Jobs(VecDeque<Job>);

impl Jobs {
    /// Adds a job.
    pub fn push(&mut self, job: Job) {
        self.0.push_back(job);
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The next job. Entries that came in several messages and wait together are stored together:
    /// what it costs to make them durable is paid once.
    pub fn next(&mut self) -> Option<Job> {
        let mut job = self.0.pop_front()?;
        if let Job::Entries(entries) = &mut job {
            while let Some(Job::Entries(more)) = self.0.front_mut()
                && entries.len() + more.len() <= MAX_ENTRIES_PER_MESSAGE
            {
                entries.append(more);
                self.0.pop_front();
            }
        }
        Some(job)
    }
}

#[cfg(test)]
mod tests {
    use eidetic_model::{IdleStretch, SessionId, Timestamp};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn entries_that_wait_together_are_stored_together_and_nothing_changes_places() {
        let mut jobs = Jobs::default();
        jobs.push(entries(1..4));
        jobs.push(entries(4..6));
        jobs.push(Job::Query(SegmentId::from_uuid(Uuid::nil())));
        jobs.push(entries(6..7));
        assert_eq!(sequences(jobs.next()), [1, 2, 3, 4, 5]);
        assert!(matches!(jobs.next(), Some(Job::Query(_))));
        assert_eq!(sequences(jobs.next()), [6]);
        assert!(jobs.next().is_none());
    }

    #[test]
    fn a_batch_stays_small() {
        let mut jobs = Jobs::default();
        jobs.push(entries(1..1_000));
        jobs.push(entries(1_000..1_002));
        assert_eq!(sequences(jobs.next()).len(), 999);
        assert_eq!(sequences(jobs.next()).len(), 2);
    }

    fn entries(range: std::ops::Range<u64>) -> Job {
        let idle = IdleStretch {
            session: SessionId::from_uuid(Uuid::nil()),
            from: Timestamp::default(),
            until: Timestamp::default(),
        };
        let numbered = range.map(|sequence| (RecordSequence(sequence), Entry::Idle(idle)));
        Job::Entries(numbered.collect())
    }

    fn sequences(job: Option<Job>) -> Vec<u64> {
        match job {
            Some(Job::Entries(entries)) => entries.iter().map(|entry| entry.0.0).collect(),
            other => panic!("no entries, but {other:?}"),
        }
    }
}
