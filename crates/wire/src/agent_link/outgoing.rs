//! One segment on its way to the server.

use std::{collections::VecDeque, time::Duration};

use eidetic_model::{RecordSequence, SegmentEnd};

use super::AvailableSegment;

/// A segment that the server does not have yet.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub announced_by: RecordSequence,
    /// How many bytes the spool has.
    pub available: u64,
    pub end: Option<SegmentEnd>,
    pub phase: Phase,
    /// What was sent about it and is not answered, oldest first.
    pub unanswered: VecDeque<Request>,
    /// Whether the server missed bytes when it was already told of the end.
    missed_before_end: bool,
    /// How often what arrived was not what was sent.
    mismatches: u8,
    /// How often the server went back since it last got on.
    stalls: u8,
}

/// How far a segment is, on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing was sent about it.
    Waiting,
    /// The server was asked how much it has.
    Asked,
    /// Its bytes are being sent.
    Sending {
        /// The first byte that was not sent.
        next: u64,
        /// How many bytes the server has.
        durable: u64,
        /// Whether the server missed bytes: all is sent again from `durable` on, once it has
        /// answered what is under way.
        missed: bool,
    },
    /// All of it was sent and its end too.
    Ended,
    /// All of it is sent again, once the server has answered what is under way.
    Restarting,
    /// Nothing more is to be sent; it goes once the server has answered what is under way.
    Over,
}

/// Something that the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Query,
    Bytes {
        /// How many.
        count: u64,
        /// Where they end.
        end: u64,
        sent_at: Duration,
        /// Whether they count for the pacing of the backlog.
        held_back: bool,
    },
    End,
}

/// What the server said about bytes makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nonsense {
    TooLong,
    NoProgress,
}

impl Outgoing {
    pub fn new(segment: &AvailableSegment) -> Self {
        Self {
            announced_by: segment.announced_by,
            available: segment.bytes,
            end: segment.end,
            phase: Phase::Waiting,
            unanswered: VecDeque::new(),
            missed_before_end: false,
            mismatches: 0,
            stalls: 0,
        }
    }

    /// Whether it can still grow, so that somebody may be watching it.
    pub const fn is_growing(&self) -> bool {
        self.end.is_none()
    }

    /// From where on its bytes are to be sent now, if any are.
    pub const fn unsent(&self) -> Option<u64> {
        match self.phase {
            Phase::Sending {
                next,
                missed: false,
                ..
            } if next < self.available => Some(next),
            _ => None,
        }
    }

    /// Its end, if that is what is to be sent now.
    pub fn unsent_end(&self) -> Option<SegmentEnd> {
        let end = self.end?;
        match self.phase {
            Phase::Sending {
                next,
                missed: false,
                ..
            } if next >= end.bytes => Some(end),
            _ => None,
        }
    }

    /// Whether it takes up one of the places for segments that are being sent.
    pub const fn is_under_way(&self) -> bool {
        !matches!(self.phase, Phase::Waiting | Phase::Over)
    }

    /// The connection is gone: what was sent does not count.
    pub fn disconnected(&mut self) {
        self.phase = Phase::Waiting;
        self.unanswered.clear();
        self.missed_before_end = false;
        self.stalls = 0;
    }

    /// The server has so many bytes, it says in answer to `request`.
    pub fn progress(&mut self, request: Request, now_durable: u64) -> Result<(), Nonsense> {
        match (&mut self.phase, request) {
            (Phase::Asked, _) => {
                self.phase = Phase::Sending {
                    next: now_durable,
                    durable: now_durable,
                    missed: false,
                };
            }
            (
                Phase::Sending {
                    next,
                    durable,
                    missed,
                },
                Request::Bytes { end, .. },
            ) => {
                if now_durable > *next {
                    return Err(Nonsense::TooLong);
                }
                if now_durable > *durable {
                    self.stalls = 0;
                }
                *durable = now_durable;
                *missed |= now_durable < end;
            }
            // The answer to the end decides.
            (Phase::Ended, Request::Bytes { end, .. }) => {
                self.missed_before_end |= now_durable < end;
            }
            _ => {}
        }
        self.settle()
    }

    /// What arrived was not what was sent, so all is sent again. False if that was once too often.
    pub fn mismatched(&mut self) -> bool {
        self.phase = Phase::Restarting;
        if std::mem::take(&mut self.missed_before_end) {
            self.stalls += 1;
            return self.stalls <= MAX_STALLS;
        }
        self.mismatches += 1;
        self.mismatches <= MAX_MISMATCHES
    }

    /// Goes back to where the server is, once nothing is under way.
    pub fn settle(&mut self) -> Result<(), Nonsense> {
        if !self.unanswered.is_empty() {
            return Ok(());
        }
        match self.phase {
            Phase::Restarting => self.resume_at(0),
            Phase::Sending {
                durable,
                missed: true,
                ..
            } => {
                self.stalls += 1;
                if self.stalls > MAX_STALLS {
                    return Err(Nonsense::NoProgress);
                }
                self.resume_at(durable);
            }
            _ => {}
        }
        Ok(())
    }

    const fn resume_at(&mut self, offset: u64) {
        self.phase = Phase::Sending {
            next: offset,
            durable: offset,
            missed: false,
        };
    }
}

/// A segment that arrived wrong is sent again once.
const MAX_MISMATCHES: u8 = 1;

/// How often the server may lose what it was sent without getting on.
const MAX_STALLS: u8 = 3;
