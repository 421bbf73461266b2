//! The one thread that writes: it commits what is waiting, together.

use std::{
    collections::HashMap,
    sync::Arc,
    thread::{self, JoinHandle},
};

use eidetic_model::{Clock, RecordSequence, SessionId, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::{
    insert::{PartWriter, by_month, not_in},
    parts::{Parts, WHAT},
    purge::{self, Purged},
    purge_sessions,
};
use crate::{
    StoreError,
    audit::{
        Batch,
        position::{Month, Plausible},
    },
    sqlite::Failure,
};

/// Asks the thread. When [`QUEUE`] requests are waiting, further ones wait before they are put in.
pub(super) struct Writer {
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Request {
    Append(Batch, Reply<()>),
    Purge(Timestamp, Reply<Purged>),
    PurgeSessions(Arc<[SessionId]>, Timestamp, Reply<purge_sessions::Purged>),
}

impl Writer {
    pub fn start(parts: Arc<Parts>, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let (sender, requests) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("audit-writer".into())
            .spawn(move || Thread::new(parts, clock).run(requests))
            .map_err(|source| StoreError::Failed {
                attempt: "start the writer of the audit database",
                source: Box::new(source),
            })?;
        Ok(Self {
            requests: Some(sender),
            thread: Some(thread),
        })
    }

    /// Adds a batch; durable when it returns.
    pub async fn append(&self, batch: Batch) -> Result<(), StoreError> {
        self.ask(|reply| Request::Append(batch, reply)).await
    }

    /// Forgets some of the records before a time.
    pub async fn purge(&self, before: Timestamp) -> Result<Purged, StoreError> {
        self.ask(|reply| Request::Purge(before, reply)).await
    }

    /// Forgets some of the records of these sessions before a time.
    pub async fn purge_sessions(
        &self,
        sessions: Arc<[SessionId]>,
        before: Timestamp,
    ) -> Result<purge_sessions::Purged, StoreError> {
        self.ask(|reply| Request::PurgeSessions(sessions, before, reply))
            .await
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(request(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Waits until what was asked for is done and the files are closed.
impl Drop for Writer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked, each caller has been told that it is gone.
            let _panicked = thread.join();
        }
    }
}

fn gone() -> StoreError {
    StoreError::Failed {
        attempt: "write to the audit database",
        source: "its writer is gone".into(),
    }
}

struct Thread {
    parts: Arc<Parts>,
    clock: Arc<dyn Clock>,
    /// The parts that are open, with when they were last used.
    open: HashMap<Month, (u64, PartWriter)>,
    used: u64,
}

impl Thread {
    fn new(parts: Arc<Parts>, clock: Arc<dyn Clock>) -> Self {
        Self {
            parts,
            clock,
            open: HashMap::new(),
            used: 0,
        }
    }

    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut waiting = None;
        while let Some(request) = waiting.take().or_else(|| requests.blocking_recv()) {
            match request {
                Request::Append(batch, reply) => {
                    let mut group = Group::default();
                    group.add(batch, reply);
                    while group.records < MAX_GROUP_RECORDS {
                        match requests.try_recv() {
                            Ok(Request::Append(batch, reply)) => group.add(batch, reply),
                            Ok(other) => {
                                waiting = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(group);
                }
                Request::Purge(before, reply) => {
                    let result = self
                        .purge(before)
                        .map_err(|failure| failure.into_error("purge activity records", WHAT));
                    // Whoever asked may have left.
                    let _gone = reply.send(result);
                }
                Request::PurgeSessions(sessions, before, reply) => {
                    let result = self.purge_sessions(&sessions, before).map_err(|failure| {
                        failure.into_error("purge activity records of sessions", WHAT)
                    });
                    let _gone = reply.send(result);
                }
            }
        }
    }

    fn commit(&mut self, group: Group) {
        let Group {
            batches, replies, ..
        } = group;
        match self.append(&batches) {
            Ok(()) => {
                for reply in replies {
                    let _gone = reply.send(Ok(()));
                }
            }
            // One of them may be at fault: each on its own. What was stored already is skipped.
            Err(_) if batches.len() > 1 => {
                for (batch, reply) in batches.into_iter().zip(replies) {
                    let _gone = reply.send(self.append(&[batch]));
                }
            }
            Err(error) => {
                if let Some(reply) = replies.into_iter().next() {
                    let _gone = reply.send(Err(error));
                }
            }
        }
    }

    fn append(&mut self, batches: &[Batch]) -> Result<(), StoreError> {
        let plausible = Plausible::at(self.clock.wall());
        for (month, records) in by_month(batches, plausible) {
            self.append_to(month, batches, records, plausible)
                .map_err(|failure| failure.into_error("store activity records", WHAT))?;
        }
        Ok(())
    }

    fn append_to(
        &mut self,
        month: Month,
        batches: &[Batch],
        mut records: Vec<(usize, RecordSequence)>,
        plausible: Plausible,
    ) -> Result<(), Failure> {
        // What came in before at a time when it was not plausible is at an end.
        for end in self.parts.months().into_iter().filter(|end| end.is_end()) {
            if end != month
                && let Some(reader) = self.parts.reader(end)?
            {
                records = not_in(&reader, batches, &records)?;
            }
        }
        if records.is_empty() {
            return Ok(());
        }
        self.part(month)?.append(batches, &records, plausible)
    }

    fn purge(&mut self, before: Timestamp) -> Result<Purged, Failure> {
        match purge::next_step(&self.parts, before)? {
            purge::Step::Nothing => Ok(Purged::default()),
            purge::Step::Drop { month, records } => {
                self.open.remove(&month);
                self.parts.remove(month)?;
                tracing::info!(%month, records, "part of the audit database removed");
                Ok(Purged {
                    records,
                    more: true,
                })
            }
            purge::Step::Delete(month) => {
                let records = purge::delete_some(self.part(month)?.connection(), month, before)?;
                Ok(Purged {
                    records,
                    more: true,
                })
            }
        }
    }

    fn purge_sessions(
        &mut self,
        sessions: &[SessionId],
        before: Timestamp,
    ) -> Result<purge_sessions::Purged, Failure> {
        let mut purged = purge_sessions::Purged {
            more: true,
            ..purge_sessions::Purged::default()
        };
        match purge_sessions::next_step(&self.parts, sessions, before)? {
            purge_sessions::Step::Nothing => purged.more = false,
            purge_sessions::Step::Drop(month) => {
                self.open.remove(&month);
                self.parts.remove(month)?;
                tracing::info!(%month, "empty part of the audit database removed");
            }
            purge_sessions::Step::Delete(month) => {
                let part = self.part(month)?.connection();
                purged.records = purge_sessions::delete_some(part, sessions, before)?;
            }
        }
        Ok(purged)
    }

    fn part(&mut self, month: Month) -> Result<&mut PartWriter, Failure> {
        use std::collections::hash_map::Entry;
        self.used += 1;
        if self.open.len() >= MAX_OPEN
            && !self.open.contains_key(&month)
            && let Some(&stale) = self
                .open
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(month, _)| month)
        {
            self.open.remove(&stale);
        }
        let (used, part) = match self.open.entry(month) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(closed) => {
                let connection = self.parts.writer(month)?;
                closed.insert((0, PartWriter::new(connection)))
            }
        };
        *used = self.used;
        Ok(part)
    }
}

/// Batches that are committed together.
#[derive(Default)]
struct Group {
    batches: Vec<Batch>,
    replies: Vec<Reply<()>>,
    records: usize,
}

impl Group {
    fn add(&mut self, batch: Batch, reply: Reply<()>) {
        self.records += batch.records.len();
        self.batches.push(batch);
        self.replies.push(reply);
    }
}

const QUEUE: usize = 256;
const MAX_GROUP_RECORDS: usize = 10_000;
const MAX_OPEN: usize = 4;
