//! One stream of what changes in one session.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use eidetic_model::{SegmentId, SessionId, Timestamp};
use eidetic_runtime::ShutdownSignal;
use eidetic_search::{Condition, Field, Filter, Mark, Operator};
use eidetic_store::{
    StoreError,
    audit::Page,
    control::{Presence, SegmentState, SignInId, StoredSegment},
};
use tokio::{
    sync::broadcast,
    time::{Instant, sleep_until},
};

use super::{
    growth::{Growth, Segments},
    told::ToldRecords,
};
use crate::{
    api::dto::{Idle, Record, Records, Segment, SessionSummary},
    components::{Change, Components},
};

/// One stream of what changes in one session, until it ends.
pub struct Watch {
    watched: Watched,
    changes: broadcast::Receiver<Change>,
    growth: Growth,
    /// What was told already, so that nothing is told twice.
    told: Told,
    queue: VecDeque<LiveEvent>,
    next_read: Instant,
    course: Course,
}

/// What is watched, and by whom.
pub struct Watched {
    /// The stores, and the news of changes.
    pub components: Components,
    /// The session.
    pub session: SessionId,
    /// Activity records after this one; without, those that come from now on.
    pub after: Option<Mark>,
    /// The sign-in of the one who watches: the stream ends with it.
    pub sign_in: SignInId,
    /// The stream ends when the server leaves.
    pub shutdown: ShutdownSignal,
}

/// What changed.
#[derive(Clone)]
pub enum LiveEvent {
    /// The session's numbers; with its end, it is the last event.
    Session(SessionSummary),
    /// A segment began, grew, or will not grow any more.
    Segment(Segment),
    /// New activity records, and the newest of all that were told.
    Activities(Records, Mark),
    /// A stretch without input ended.
    Idle(Idle),
}

struct Told {
    summary: Option<SessionSummary>,
    segments: HashMap<SegmentId, (SegmentState, u64, Timestamp)>,
    records: ToldRecords,
    idle_until: Option<Timestamp>,
}

enum Course {
    /// The session goes on.
    Running,
    /// It ended, and segments of it are still on their way; until then they are waited for.
    Ending(Instant),
    /// Everything is told.
    Over,
}

enum Wake {
    Changed,
    Leave,
}

impl Watch {
    /// Begins to watch. First it tells what changed lately: growing segments among it.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn begin(watched: Watched) -> Result<Self, StoreError> {
        // Listens before it reads, so that nothing falls between.
        let changes = watched.components.news.listen();
        let mark = match watched.after {
            Some(mark) => Some(mark),
            None => watched.newest_record().await?,
        };
        Ok(Self {
            watched,
            changes,
            growth: Growth::anything(),
            told: Told {
                summary: None,
                segments: HashMap::new(),
                records: ToldRecords::after(mark),
                idle_until: None,
            },
            queue: VecDeque::new(),
            next_read: Instant::now(),
            course: Course::Running,
        })
    }

    /// The next event; `None` once the session has ended and all is told, the viewer's sign-in
    /// has ended, or the server leaves.
    ///
    /// # Errors
    ///
    /// If a store fails.
    pub async fn next(&mut self) -> Result<Option<LiveEvent>, StoreError> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            if matches!(self.course, Course::Over) {
                return Ok(None);
            }
            match self.wait().await? {
                Wake::Changed if self.watched.may_go_on().await? => self.read().await?,
                Wake::Changed | Wake::Leave => return Ok(None),
            }
        }
    }

    /// Waits until something changed and enough time has passed since the last time.
    async fn wait(&mut self) -> Result<Wake, StoreError> {
        let mut check_sign_in = Instant::now() + SIGN_IN_CHECKED_AFTER;
        let refresh = Instant::now() + REFRESHED_AFTER;
        while !self.growth.anything {
            let grace = match self.course {
                Course::Ending(until) => until,
                Course::Running | Course::Over => check_sign_in,
            };
            tokio::select! {
                change = self.changes.recv() => match change {
                    Ok(change) => self.growth.add(self.watched.session, change),
                    Err(broadcast::error::RecvError::Lagged(_)) => self.growth = Growth::anything(),
                    Err(broadcast::error::RecvError::Closed) => return Ok(Wake::Leave),
                },
                () = self.watched.shutdown.wait() => return Ok(Wake::Leave),
                // Nothing changes on a still screen, but the session goes on.
                () = sleep_until(refresh) => self.growth.anything = true,
                () = sleep_until(check_sign_in.min(grace)) => {
                    if !self.watched.may_go_on().await? {
                        return Ok(Wake::Leave);
                    }
                    check_sign_in = Instant::now() + SIGN_IN_CHECKED_AFTER;
                    if matches!(self.course, Course::Ending(_)) {
                        self.growth = Growth::anything();
                    }
                }
            }
        }
        tokio::select! {
            () = sleep_until(self.next_read) => Ok(Wake::Changed),
            () = self.watched.shutdown.wait() => Ok(Wake::Leave),
        }
    }

    async fn read(&mut self) -> Result<(), StoreError> {
        let mut growth = std::mem::replace(&mut self.growth, Growth::none());
        growth.add_waiting(self.watched.session, &mut self.changes);
        self.next_read = Instant::now() + BETWEEN_READS;

        let control = &self.watched.components.control;
        let Some(session) = control.session(self.watched.session).await? else {
            self.course = Course::Over;
            return Ok(());
        };
        let has_ended = matches!(session.presence, Presence::Ended(_));
        if has_ended {
            growth = Growth::anything();
        }
        let recent = session.last_known.saturating_sub(RECENT);
        let is_growing = self.read_segments(growth.segments, recent).await?;
        let is_behind = growth.activities && self.read_activities().await?;
        self.read_idle(recent).await?;

        let summary = SessionSummary::new(&session, &self.watched.components.connected);
        if has_ended && (is_behind || (is_growing && !self.grace_is_over())) {
            // The end is told last.
            self.growth.anything = is_behind;
            self.growth.activities = is_behind;
            return Ok(());
        }
        if has_ended {
            self.course = Course::Over;
        }
        self.growth.anything |= is_behind;
        self.growth.activities |= is_behind;
        if self.told.summary.as_ref() != Some(&summary) {
            self.told.summary = Some(summary.clone());
            self.queue.push_back(LiveEvent::Session(summary));
        }
        Ok(())
    }

    /// Tells the segments that changed. Whether any is still growing, as far as was looked.
    async fn read_segments(
        &mut self,
        changed: Segments,
        recent: Timestamp,
    ) -> Result<bool, StoreError> {
        let control = &self.watched.components.control;
        let segments = match changed {
            Segments::Any => control.segments(self.watched.session).await?,
            Segments::Some(ids) => {
                let mut segments = Vec::new();
                for id in ids {
                    segments.extend(control.segment(id).await?.map(|(_, segment)| segment));
                }
                segments
            }
        };
        let mut is_any_growing = false;
        for segment in &segments {
            let is_growing = segment.state == SegmentState::Growing;
            is_any_growing |= is_growing;
            let is_known = self.told.segments.contains_key(&segment.description.id);
            if is_growing || is_known || segment.until >= recent {
                self.tell_segment(segment);
            }
        }
        Ok(is_any_growing)
    }

    fn tell_segment(&mut self, segment: &StoredSegment) {
        let now = (segment.state, segment.bytes, segment.until);
        let before = self.told.segments.insert(segment.description.id, now);
        if before != Some(now) {
            self.queue
                .push_back(LiveEvent::Segment(Segment::from(segment)));
        }
    }

    /// Tells a page of new activity records. Whether there are more.
    async fn read_activities(&mut self) -> Result<bool, StoreError> {
        let audit = &self.watched.components.audit;
        let mut page = audit
            .timeline(
                self.watched.session,
                self.told.records.from,
                RECORDS_AT_ONCE,
            )
            .await?;
        page.records
            .retain(|(mark, _)| self.told.records.add(*mark));
        if let Some(newest) = self.told.records.newest()
            && !page.records.is_empty()
        {
            let records = page.records.into_iter().map(Record::from).collect();
            self.queue
                .push_back(LiveEvent::Activities(Records { records }, newest));
        }
        self.told.records.forget_oldest();
        Ok(page.next.is_some())
    }

    async fn read_idle(&mut self, recent: Timestamp) -> Result<(), StoreError> {
        let control = &self.watched.components.control;
        let stretches = control.idle_stretches(self.watched.session).await?;
        let told = self.told.idle_until.unwrap_or(recent);
        for stretch in stretches.iter().filter(|stretch| stretch.until > told) {
            self.queue.push_back(LiveEvent::Idle(Idle::from(stretch)));
        }
        let last = stretches.last().map_or(told, |stretch| stretch.until);
        self.told.idle_until = Some(told.max(last));
        Ok(())
    }

    /// Whether segments that are still on their way were waited for long enough.
    fn grace_is_over(&mut self) -> bool {
        match self.course {
            Course::Ending(until) => Instant::now() >= until,
            Course::Running | Course::Over => {
                self.course = Course::Ending(Instant::now() + GRACE);
                false
            }
        }
    }
}

impl Watched {
    async fn newest_record(&self) -> Result<Option<Mark>, StoreError> {
        let filter = Filter {
            conditions: vec![Condition {
                field: Field::Session,
                operator: Operator::Equals,
                value: self.session.to_string(),
            }],
            ..Filter::default()
        };
        let mut after = None;
        loop {
            let page = Page {
                limit: 1,
                after,
                deadline: Duration::from_secs(5),
            };
            let found = self.components.audit.search(&filter, page).await?;
            match (found.records.first(), found.next) {
                (Some((mark, _)), _) => return Ok(Some(*mark)),
                (None, None) => return Ok(None),
                (None, next) => after = next,
            }
        }
    }

    /// Whether the viewer is signed in still, and has a password of his own: one that was reset
    /// has to be changed first.
    async fn may_go_on(&self) -> Result<bool, StoreError> {
        let now = self.components.clock.wall();
        let control = &self.components.control;
        let Some(sign_in) = control.sign_in(self.sign_in, now).await? else {
            return Ok(false);
        };
        let user = control.user(&sign_in.user).await?;
        Ok(user.is_some_and(|user| !user.must_change_password))
    }
}

/// At most four reads a second.
const BETWEEN_READS: Duration = Duration::from_millis(250);

/// What ended at most this long ago is told at the beginning, although it does not change any
/// more: the viewer may have read the session just before.
const RECENT: Duration = Duration::from_secs(10 * 60);

/// How long after a session's end its last segments are waited for.
const GRACE: Duration = Duration::from_secs(5);

const SIGN_IN_CHECKED_AFTER: Duration = Duration::from_secs(30);
/// How often the session is looked at where nothing changes.
const REFRESHED_AFTER: Duration = Duration::from_secs(5);

const RECORDS_AT_ONCE: usize = 1000;
