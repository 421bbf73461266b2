//! What waits to be stored.

use std::collections::VecDeque;

use eidetic_model::{
    ActivityRecord, CheckReport, ComputerFacts, Entry, RecordSequence, SegmentEnd, SegmentId,
};
use eidetic_wire::{
    MAX_ENTRIES_PER_MESSAGE,
    convert::{Hello, SegmentChunk},
};

/// Something to store or to look up.
#[derive(Debug)]
pub enum Job {
    /// Look up what is known of the agent's spool, and keep what it is.
    Open(Hello, ComputerFacts),
    /// Store consecutive entries.
    Entries(Vec<(RecordSequence, Entry)>),
    /// Add bytes to a segment.
    Append(SegmentChunk),
    /// Check a segment and make it whole.
    End(SegmentEnd),
    /// See how much of a segment is durable.
    Query(SegmentId),
    /// Keep what the agent found of its prerequisites.
    Checks(CheckReport),
}

/// Jobs in the order in which they came. How many there are is its owner's to bound.
#[derive(Debug, Default)]
pub struct Jobs {
    waiting: VecDeque<Job>,
    /// INVARIANT: the memory that all in `waiting` take together.
    bytes: usize,
}

impl Jobs {
    /// Adds a job.
    pub fn push(&mut self, job: Job) {
        self.bytes += job.bytes();
        self.waiting.push_back(job);
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// About how much memory those that wait take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The next job. Entries that came in several messages and wait together are stored together:
    /// what it costs to make them durable is paid once.
    pub fn next(&mut self) -> Option<Job> {
        let mut job = self.waiting.pop_front()?;
        if let Job::Entries(entries) = &mut job {
            while let Some(Job::Entries(more)) = self.waiting.front_mut()
                && entries.len() + more.len() <= MAX_ENTRIES_PER_MESSAGE
            {
                entries.append(more);
                self.bytes -= JOB_BYTES;
                self.waiting.pop_front();
            }
        }
        // What was put together weighs what its parts did.
        self.bytes -= job.bytes();
        Some(job)
    }
}

impl Job {
    fn bytes(&self) -> usize {
        let held = match self {
            Self::Entries(entries) => entries.iter().map(|(_, entry)| entry_bytes(entry)).sum(),
            Self::Append(chunk) => chunk.bytes.len(),
            Self::Checks(report) => report_bytes(report),
            Self::Open(..) | Self::End(_) | Self::Query(_) => 0,
        };
        // The names in the others are short.
        held + JOB_BYTES
    }
}

fn report_bytes(report: &CheckReport) -> usize {
    let unmet = report.unmet.iter().map(|unmet| {
        let lines = unmet
            .by_hand
            .iter()
            .map(|line| line.len() + size_of::<String>());
        unmet.check.len() + unmet.found.len() + lines.sum::<usize>() + size_of_val(unmet)
    });
    let adjustments = report.adjustments.iter().map(|adjustment| {
        let problem = adjustment.problem.as_ref().map_or(0, String::len);
        let texts = adjustment.before.len() + adjustment.after.len() + adjustment.check.len();
        texts + problem + size_of_val(adjustment)
    });
    unmet.sum::<usize>() + adjustments.sum::<usize>()
}

fn entry_bytes(entry: &Entry) -> usize {
    let texts = match entry {
        Entry::Activity(record) => record_bytes(record),
        Entry::SessionOpened(session) => {
            session.who.len() + session.where_.len() + session.display_name.len()
        }
        _ => 0,
    };
    texts + size_of::<(RecordSequence, Entry)>()
}

fn record_bytes(record: &ActivityRecord) -> usize {
    let details = record.details.iter();
    let details: usize = details
        .map(|line| line.reveal().len() + size_of_val(line))
        .sum();
    let application = record.application.as_ref().map_or(0, |application| {
        application.path.len() + application.description.len()
    });
    let workstation = record.workstation.as_ref().map_or(0, String::len);
    let texts = record.who.len() + record.what.reveal().len() + record.where_.len();
    texts + details + application + workstation
}

const JOB_BYTES: usize = size_of::<Job>();

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

    #[test]
    fn what_waits_is_weighed_until_it_is_taken() {
        let mut jobs = Jobs::default();
        assert_eq!(jobs.bytes(), 0);
        jobs.push(Job::Append(SegmentChunk {
            id: SegmentId::from_uuid(Uuid::nil()),
            offset: 0,
            bytes: vec![0; 100_000].into(),
        }));
        let chunk = jobs.bytes();
        assert!((100_000..101_000).contains(&chunk));
        jobs.push(entries(1..4));
        jobs.push(entries(4..6));
        assert!(jobs.bytes() > chunk);
        jobs.next();
        assert!(jobs.bytes() < 10_000);
        jobs.next();
        assert_eq!((jobs.len(), jobs.bytes()), (0, 0));
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
