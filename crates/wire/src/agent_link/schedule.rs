//! What is sent next.

use std::ops::Bound;

use eidetic_model::SegmentId;

use super::{
    AgentLink, FromAgent, Loading, Output, State,
    outgoing::{Outgoing, Phase, Request},
};
use crate::{MAX_ENTRIES_PER_MESSAGE, MAX_SEGMENT_BYTES_PER_MESSAGE, convert::to_proto, proto};

impl AgentLink {
    /// Asks for all that may be sent now.
    pub(super) fn schedule(&mut self) {
        if !self.is_open() {
            return;
        }
        self.ask_about_segments();
        self.end_segments();
        if self.loading.is_some() {
            return;
        }
        self.loading = self.next_entries().or_else(|| self.next_bytes());
        match self.loading {
            None => {}
            Some(Loading::Entries { after, max_count }) => {
                self.outputs.push_back(Output::LoadEntries {
                    after,
                    max_count,
                    max_bytes: MAX_BYTES_OF_ENTRIES,
                });
            }
            Some(Loading::Segment {
                id,
                offset,
                max_bytes,
            }) => self.outputs.push_back(Output::LoadSegment {
                id,
                offset,
                max_bytes,
            }),
        }
    }

    /// Asks how much the server has of the segments that come next.
    fn ask_about_segments(&mut self) {
        let acknowledged = self.entries.acknowledged;
        let under_way = self
            .segments
            .values()
            .filter(|segment| segment.is_under_way() && !segment.is_growing())
            .count();
        let may_start = |segment: &Outgoing| {
            segment.phase == Phase::Waiting
                && segment.announced_by <= acknowledged
                && segment.available > 0
        };
        let mut places = MAX_UNDER_WAY.saturating_sub(under_way);
        let mut asked = Vec::new();
        for (id, segment) in &mut self.segments {
            if !may_start(segment) {
                continue;
            }
            if !segment.is_growing() {
                if places == 0 {
                    continue;
                }
                places -= 1;
            }
            segment.phase = Phase::Asked;
            segment.unanswered.push_back(Request::Query);
            asked.push(*id);
        }
        for id in asked {
            self.send(FromAgent::SegmentQuery(proto::SegmentQuery {
                segment_id: to_proto::segment_id(id),
            }));
        }
    }

    /// Says of segments that they end, once all their bytes are sent.
    fn end_segments(&mut self) {
        let mut ended = Vec::new();
        for segment in self.segments.values_mut() {
            if let Some(end) = segment.unsent_end() {
                segment.phase = Phase::Ended;
                segment.unanswered.push_back(Request::End);
                ended.push(end);
            }
        }
        for end in ended {
            self.send(FromAgent::SegmentEnd(to_proto::segment_end(&end)));
        }
    }

    fn next_entries(&self) -> Option<Loading> {
        let State::Open(windows) = &self.state else {
            return None;
        };
        let entries = &self.entries;
        let under_way = entries.sent.0 - entries.acknowledged.0;
        let room = windows.entries.saturating_sub(under_way);
        let count = room.min(entries.newest.0 - entries.sent.0);
        let max_count = usize::try_from(count)
            .unwrap_or(usize::MAX)
            .min(MAX_ENTRIES_PER_MESSAGE);
        (max_count > 0).then_some(Loading::Entries {
            after: entries.sent,
            max_count,
        })
    }

    fn next_bytes(&mut self) -> Option<Loading> {
        let State::Open(windows) = &self.state else {
            return None;
        };
        let (id, offset, available) = self.next_growing().or_else(|| self.next_whole())?;
        let is_growing = self.segments.get(&id)?.is_growing();
        let left = available - offset;
        let mut room = windows
            .segment_bytes
            .saturating_sub(windows.segment_bytes_under_way);
        let mut is_idle = windows.segment_bytes_under_way == 0;
        if !is_growing {
            room = room.min(windows.pacing.room());
            is_idle |= windows.pacing.is_idle();
        }
        // Small pieces only where nothing else would move.
        if room == 0 || (room < left.min(MIN_PIECE_BYTES) && !is_idle) {
            return None;
        }
        if is_growing {
            self.last_growing = Some(id);
        }
        let max_bytes = usize::try_from(room.min(left))
            .unwrap_or(usize::MAX)
            .min(MAX_SEGMENT_BYTES_PER_MESSAGE);
        Some(Loading::Segment {
            id,
            offset,
            max_bytes,
        })
    }

    /// The growing segments, one after the other.
    fn next_growing(&self) -> Option<(SegmentId, u64, u64)> {
        let after = self.last_growing.map_or(Bound::Unbounded, Bound::Excluded);
        self.segments
            .range((after, Bound::Unbounded))
            .chain(&self.segments)
            .filter(|(_, segment)| segment.is_growing())
            .find_map(unsent)
    }

    /// The oldest of the others of which the server does not have all.
    fn next_whole(&self) -> Option<(SegmentId, u64, u64)> {
        self.segments.iter().find_map(unsent)
    }
}

fn unsent((id, segment): (&SegmentId, &Outgoing)) -> Option<(SegmentId, u64, u64)> {
    // A bound on what is remembered of a server that does not answer.
    if segment.unanswered.len() >= MAX_UNANSWERED {
        return None;
    }
    Some((*id, segment.unsent()?, segment.available))
}

/// How much of entries is put into one message; an entry by itself is never longer.
const MAX_BYTES_OF_ENTRIES: usize = 1 << 20;

/// How many sealed segments may be under way, so that questions and answers do not wait for each
/// other.
const MAX_UNDER_WAY: usize = 8;

/// How much of one segment may be unanswered.
const MAX_UNANSWERED: usize = 256;

/// Less is not sent while more is under way.
const MIN_PIECE_BYTES: u64 = 64 << 10;
