//! Tasks with a name, which end with their handle.

use std::{future::Future, time::Duration};

use tokio::task::{JoinError, JoinHandle};
use tracing::{Instrument, info_span, warn};

/// A running task. Dropping the handle aborts it.
#[derive(Debug)]
#[must_use = "dropping the handle aborts the task"]
pub struct Task<T> {
    name: &'static str,
    handle: JoinHandle<T>,
}

impl<T: Send + 'static> Task<T> {
    /// Starts `work` on the current runtime.
    pub fn spawn(name: &'static str, work: impl Future<Output = T> + Send + 'static) -> Self {
        let handle = tokio::spawn(work.instrument(info_span!("task", name)));
        Self { name, handle }
    }

    /// Waits for the task to end by itself, at most `deadline`; then aborts it. `None` if it was
    /// aborted or panicked.
    pub async fn finish_within(mut self, deadline: Duration) -> Option<T> {
        match tokio::time::timeout(deadline, &mut self.handle).await {
            Ok(Ok(value)) => Some(value),
            Ok(Err(error)) => {
                warn!(task = self.name, %error, "task failed");
                None
            }
            Err(_) => {
                warn!(task = self.name, "task did not end in time and is aborted");
                None
            }
        }
    }

    /// Waits for the task to end.
    ///
    /// # Errors
    ///
    /// If it panicked or was aborted.
    pub async fn join(&mut self) -> Result<T, JoinError> {
        (&mut self.handle).await
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
