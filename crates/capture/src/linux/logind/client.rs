//! The client of logind, behind the seam.

use eidetic_runtime::Task;
use tokio::sync::mpsc;

use super::listener::{Listener, gone};
use crate::{CaptureError, SessionChange, Sessions};

/// Tells of the sessions that logind knows. Listening goes on while nobody asks.
pub struct Logind {
    changes: mpsc::Receiver<Result<SessionChange, CaptureError>>,
    _listener: Task<()>,
}

impl Logind {
    /// Connects to logind on the bus at this address, such as `unix:path=/run/dbus/bus`; on the
    /// system bus, if `None`. What it tells begins with the sessions that are there.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Unsupported`] if there is no such bus or no logind on it.
    pub async fn connect(address: Option<&str>) -> Result<Self, CaptureError> {
        let listener = Listener::connect(address).await?;
        // When it is full the listener waits, and the bus keeps what it has to say.
        let (sender, changes) = mpsc::channel(MOST_UNASKED);
        Ok(Self {
            changes,
            _listener: Task::spawn("logind listener", listener.run(sender)),
        })
    }
}

impl Sessions for Logind {
    async fn next(&mut self) -> Result<SessionChange, CaptureError> {
        let change = self.changes.recv().await;
        change.unwrap_or_else(|| Err(gone("the listener has ended")))
    }
}

/// How many changes may wait to be asked for.
const MOST_UNASKED: usize = 64;
