//! The one thread that writes: changes that are waiting are committed together.

use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::{StoreError, sqlite::Failure};

/// Asks the thread. When [`QUEUE`] changes are waiting, further ones wait before they are put in.
pub(super) struct Writer {
    changes: Option<mpsc::Sender<Box<dyn Change>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start(connection: Connection) -> Result<Self, StoreError> {
        let (sender, changes) = mpsc::channel(QUEUE);
        let thread = thread::Builder::new()
            .name("control-writer".into())
            .spawn(move || run(&connection, changes))
            .map_err(|source| StoreError::Failed {
                attempt: "start the writer of the control database",
                source: Box::new(source),
            })?;
        Ok(Self {
            changes: Some(sender),
            thread: Some(thread),
        })
    }

    /// Makes a change, whole or not at all; durable when it returns.
    pub async fn change<T: Send + 'static>(
        &self,
        attempt: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let change = Box::new(Work {
            attempt,
            work: Some(work),
            result: None,
            reply,
        });
        let changes = self.changes.as_ref().ok_or_else(|| gone(attempt))?;
        changes.send(change).await.map_err(|_| gone(attempt))?;
        answer.await.map_err(|_| gone(attempt))?
    }
}

/// Waits until what was asked for is done and the file is closed.
impl Drop for Writer {
    fn drop(&mut self) {
        self.changes = None;
        if let Some(thread) = self.thread.take() {
            // If it panicked, each caller has been told that it is gone.
            let _panicked = thread.join();
        }
    }
}

/// A change that waits.
trait Change: Send {
    /// Makes the change in the open transaction.
    fn make(&mut self, connection: &Connection);

    /// Why it took back the whole transaction: all in it failed for this.
    fn failure(&self) -> Failure;

    /// Tells whoever asked what became of it.
    fn finish(self: Box<Self>, committed: Result<(), &Failure>);
}

struct Work<F, T> {
    attempt: &'static str,
    work: Option<F>,
    result: Option<Result<T, Failure>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Change for Work<F, T>
where
    F: FnOnce(&Connection) -> Result<T, Failure> + Send,
    T: Send,
{
    fn make(&mut self, connection: &Connection) {
        self.result = self.work.take().map(|work| in_savepoint(connection, work));
    }

    fn failure(&self) -> Failure {
        Failure::Store(match &self.result {
            Some(Err(failure)) => failure.again(self.attempt, WHAT),
            _ => gone(self.attempt),
        })
    }

    fn finish(self: Box<Self>, committed: Result<(), &Failure>) {
        let result = match (self.result, committed) {
            // Its own failure says more than the one that followed.
            (Some(Err(failure)), _) => Err(failure.into_error(self.attempt, WHAT)),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(failure)) => Err(failure.again(self.attempt, WHAT)),
            (None, Ok(())) => Err(gone(self.attempt)),
        };
        // Whoever asked may have left.
        let _left = self.reply.send(result);
    }
}

fn run(connection: &Connection, mut changes: mpsc::Receiver<Box<dyn Change>>) {
    while let Some(change) = changes.blocking_recv() {
        let mut group = vec![change];
        while group.len() < MAX_GROUP
            && let Ok(change) = changes.try_recv()
        {
            group.push(change);
        }
        let committed = commit(connection, &mut group);
        for change in group {
            change.finish(committed.as_ref().copied());
        }
    }
}

fn commit(connection: &Connection, group: &mut [Box<dyn Change>]) -> Result<(), Failure> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for change in group {
        change.make(connection);
        // After some failures, such as a full disk, SQLite takes back the whole transaction:
        // what came before is gone then, and what comes after must not be made on its own.
        if connection.is_autocommit() {
            return Err(change.failure());
        }
    }
    connection.execute_batch("COMMIT").map_err(|error| {
        if !connection.is_autocommit() {
            // If this fails too, the next BEGIN says so.
            let _failed = connection.execute_batch("ROLLBACK");
        }
        Failure::from(error)
    })
}

fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection.execute_batch("SAVEPOINT change")?;
    let result = work(connection);
    if connection.is_autocommit() {
        return result;
    }
    if result.is_err() {
        connection.execute_batch("ROLLBACK TO change")?;
    }
    connection.execute_batch("RELEASE change")?;
    result
}

fn gone(attempt: &'static str) -> StoreError {
    StoreError::Failed {
        attempt,
        source: "the writer of the control database is gone".into(),
    }
}

/// What the database holds, as errors say it.
pub(super) const WHAT: &str = "control data";

const QUEUE: usize = 256;
const MAX_GROUP: usize = 64;
