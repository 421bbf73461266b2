//! Telling every task that it is time to leave.

use tokio_util::sync::CancellationToken;

/// The one who says when to leave. Dropping it says so too.
#[derive(Debug)]
pub struct Shutdown(CancellationToken);

/// Tells a task when to leave. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ShutdownSignal(CancellationToken);

impl Shutdown {
    /// A shutdown that has not begun.
    #[expect(clippy::new_without_default, reason = "it is started, not defaulted")]
    pub fn new() -> Self {
        Self(CancellationToken::new())
    }

    /// A signal to give to tasks.
    pub fn signal(&self) -> ShutdownSignal {
        ShutdownSignal(self.0.clone())
    }

    /// Tells all tasks to leave.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Waits for the system to ask this process to leave: SIGINT or SIGTERM; on Windows Ctrl-C,
    /// the closing of the console, the user's logoff or the computer's shutdown.
    ///
    /// # Errors
    ///
    /// If that cannot be watched.
    pub async fn requested_by_system() -> std::io::Result<()> {
        system::asks_to_leave().await
    }
}

impl Drop for Shutdown {
    fn drop(&mut self) {
        self.begin();
    }
}

impl ShutdownSignal {
    /// Returns once it is time to leave.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait(&self) {
        self.0.cancelled().await;
    }

    /// Whether it is time to leave.
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }
}

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{SignalKind, signal};

    pub(super) async fn asks_to_leave() -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(())
    }
}

#[cfg(windows)]
mod system {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

    pub(super) async fn asks_to_leave() -> std::io::Result<()> {
        let (mut interrupt, mut stop) = (ctrl_c()?, ctrl_break()?);
        let (mut close, mut logoff, mut shutdown) =
            (ctrl_close()?, ctrl_logoff()?, ctrl_shutdown()?);
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = stop.recv() => {}
            _ = close.recv() => {}
            _ = logoff.recv() => {}
            _ = shutdown.recv() => {}
        }
        Ok(())
    }
}
