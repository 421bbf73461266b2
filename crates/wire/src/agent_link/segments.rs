//! What is said and loaded about segments.

use bytes::Bytes;
use eidetic_model::SegmentId;

use super::{
    AgentLink, AvailableSegment, FromAgent, GiveUpReason, LinkError, Loading, Output, State,
    outgoing::{Nonsense, Outgoing, Phase, Request},
};
use crate::{
    MAX_SEGMENT_BYTES,
    convert::to_proto,
    proto::{self, segment_rejected},
};

impl AgentLink {
    pub(super) fn segment_available(&mut self, segment: &AvailableSegment) {
        if segment.bytes > MAX_SEGMENT_BYTES {
            let known = self.segments.get(&segment.id);
            if known.is_none_or(|known| known.phase != Phase::Over) {
                self.give_up(segment.id, GiveUpReason::TooLarge);
            }
            return;
        }
        let known = self
            .segments
            .entry(segment.id)
            .or_insert_with(|| Outgoing::new(segment));
        known.available = segment.bytes;
        known.end = segment.end;
    }

    pub(super) fn segment_loaded(&mut self, id: SegmentId, offset: u64, mut bytes: Bytes) {
        let loading = match self.loading {
            Some(Loading::Segment {
                id: asked,
                offset: from,
                max_bytes,
            }) if asked == id && from == offset => max_bytes,
            _ => return,
        };
        self.loading = None;
        let Some(segment) = self.segments.get_mut(&id) else {
            return;
        };
        bytes.truncate(loading);
        if bytes.is_empty() {
            // The spool has less than was said.
            segment.available = segment.available.min(offset);
            return;
        }
        if segment.unsent() != Some(offset) {
            return;
        }
        let State::Open(windows) = &mut self.state else {
            return;
        };
        let count = bytes.len() as u64;
        let end = offset + count;
        let sent_at = self.now;
        let held_back = !segment.is_growing();
        if let Phase::Sending { next, .. } = &mut segment.phase {
            *next = end;
        }
        segment.unanswered.push_back(Request::Bytes {
            count,
            end,
            sent_at,
            held_back,
        });
        windows.segment_bytes_under_way += count;
        if held_back {
            windows.pacing.sent(count);
        }
        self.send(FromAgent::SegmentBytes(proto::SegmentBytes {
            segment_id: to_proto::segment_id(id),
            offset,
            bytes,
        }));
    }

    /// What the server answers; the answers about one segment come in the order of the questions.
    fn answered(&mut self, id: SegmentId) -> Result<(&mut Outgoing, Request), LinkError> {
        let not_asked = || LinkError::NotAsked(id);
        let segment = self.segments.get_mut(&id).ok_or_else(not_asked)?;
        let request = segment.unanswered.pop_front().ok_or_else(not_asked)?;
        if let State::Open(windows) = &mut self.state
            && let Request::Bytes {
                count,
                sent_at,
                held_back,
                ..
            } = request
        {
            windows.segment_bytes_under_way -= count;
            if held_back {
                windows
                    .pacing
                    .answered(count, self.now.saturating_sub(sent_at));
            }
        }
        Ok((segment, request))
    }

    pub(super) fn segment_progress(
        &mut self,
        id: SegmentId,
        durable: u64,
    ) -> Result<(), LinkError> {
        let (segment, request) = self.answered(id)?;
        let result = segment.progress(request, durable);
        self.remove_if_over(id);
        result.map_err(|nonsense| match nonsense {
            Nonsense::TooLong => LinkError::SegmentTooLong(id),
            Nonsense::NoProgress => LinkError::NoProgress(id),
        })
    }

    pub(super) fn segment_stored(&mut self, id: SegmentId) -> Result<(), LinkError> {
        let (segment, _) = self.answered(id)?;
        if segment.phase != Phase::Over {
            if segment.is_growing() {
                return Err(LinkError::SegmentTooLong(id));
            }
            self.outputs.push_back(Output::SegmentStored(id));
        }
        self.segment_over(id);
        Ok(())
    }

    pub(super) fn segment_rejected(
        &mut self,
        id: SegmentId,
        reason: segment_rejected::Reason,
    ) -> Result<(), LinkError> {
        let (segment, _) = self.answered(id)?;
        if segment.phase == Phase::Over {
            self.remove_if_over(id);
            return Ok(());
        }
        let given_up = match reason {
            segment_rejected::Reason::HashMismatch if segment.mismatched() => {
                let _nothing_is_measured_yet = segment.settle();
                return Ok(());
            }
            segment_rejected::Reason::HashMismatch => GiveUpReason::HashMismatch,
            segment_rejected::Reason::UnknownSegment => GiveUpReason::UnknownToServer,
            segment_rejected::Reason::TooLarge => GiveUpReason::TooLarge,
            segment_rejected::Reason::Unspecified => GiveUpReason::Unspecified,
        };
        self.give_up(id, given_up);
        Ok(())
    }

    fn give_up(&mut self, id: SegmentId, reason: GiveUpReason) {
        self.outputs.push_back(Output::SegmentGivenUp(id, reason));
        self.segment_over(id);
    }

    pub(super) fn segment_over(&mut self, id: SegmentId) {
        if let Some(segment) = self.segments.get_mut(&id) {
            segment.phase = Phase::Over;
        }
        self.remove_if_over(id);
    }

    fn remove_if_over(&mut self, id: SegmentId) {
        let over =
            |segment: &Outgoing| segment.phase == Phase::Over && segment.unanswered.is_empty();
        if self.segments.get(&id).is_some_and(over) {
            self.segments.remove(&id);
        }
    }
}
