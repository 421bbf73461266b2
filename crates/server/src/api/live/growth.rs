//! What changed since the stores were read last.

use std::collections::BTreeSet;

use eidetic_model::{SegmentId, SessionId};
use tokio::sync::broadcast::error::TryRecvError;

use crate::components::Change;

/// What of a session changed since the stores were read last.
#[derive(Debug)]
pub struct Growth {
    /// Whether anything changed; the session's own numbers then did, too.
    pub anything: bool,
    /// Whether there may be new activity records.
    pub activities: bool,
    /// Which segments changed.
    pub segments: Segments,
}

/// Which segments changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Segments {
    /// These.
    Some(BTreeSet<SegmentId>),
    /// Any could have.
    Any,
}

impl Growth {
    /// Nothing changed.
    pub fn none() -> Self {
        Self {
            anything: false,
            activities: false,
            segments: Segments::Some(BTreeSet::new()),
        }
    }

    /// Anything could have changed.
    pub fn anything() -> Self {
        Self {
            anything: true,
            activities: true,
            segments: Segments::Any,
        }
    }

    /// Takes in a change, if it is one of this session.
    pub fn add(&mut self, session: SessionId, change: Change) {
        match change {
            Change::Session(changed) if changed == session => self.anything = true,
            Change::Activities(changed) if changed == session => {
                self.anything = true;
                self.activities = true;
            }
            Change::Segment {
                session: changed,
                segment,
            } if changed == session => {
                self.anything = true;
                self.add_segment(segment);
            }
            Change::Session(_)
            | Change::Activities(_)
            | Change::Segment { .. }
            | Change::Agent(_) => {}
        }
    }

    /// Takes in all changes that wait.
    pub fn add_waiting(
        &mut self,
        session: SessionId,
        changes: &mut tokio::sync::broadcast::Receiver<Change>,
    ) {
        loop {
            match changes.try_recv() {
                Ok(change) => self.add(session, change),
                Err(TryRecvError::Lagged(_)) => *self = Self::anything(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn add_segment(&mut self, segment: SegmentId) {
        if let Segments::Some(segments) = &mut self.segments {
            segments.insert(segment);
            if segments.len() > MAX_SEGMENTS {
                self.segments = Segments::Any;
            }
        }
    }
}

/// With more, all are read at once.
const MAX_SEGMENTS: usize = 32;

#[cfg(test)]
mod tests {
    use eidetic_model::SegmentId;
    use uuid::Uuid;

    use super::*;
    use crate::components::News;

    fn session(number: u128) -> SessionId {
        SessionId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn only_changes_of_the_session_count() {
        let mut growth = Growth::none();
        growth.add(session(1), Change::Activities(session(2)));
        assert!(!growth.anything);
        growth.add(session(1), Change::Activities(session(1)));
        assert!(growth.anything && growth.activities);
    }

    #[test]
    fn after_falling_behind_anything_could_have_changed() {
        let news = News::new();
        let mut changes = news.listen();
        for number in 0..5000 {
            news.tell(Change::Segment {
                session: session(2),
                segment: SegmentId::from_uuid(Uuid::from_u128(number)),
            });
        }
        let mut growth = Growth::none();
        growth.add_waiting(session(1), &mut changes);
        assert!(growth.anything && growth.activities);
        assert_eq!(growth.segments, Segments::Any);
    }

    #[test]
    fn many_changed_segments_become_any() {
        let mut growth = Growth::none();
        for number in 0..40 {
            growth.add_segment(SegmentId::from_uuid(Uuid::from_u128(number)));
        }
        assert_eq!(growth.segments, Segments::Any);
    }
}
