//! The sessions of this computer.

use clap::Args;
pub(crate) use eidetic_capture::windows::SessionNotices;
use eidetic_capture::{Sessions as _, windows::WtsSessions};
use tokio::sync::mpsc;
use tracing::error;

use super::Config;
use crate::service::Event;

/// Which sessions to record, as the command line says: all of them.
#[derive(Debug, Args)]
pub(crate) struct SessionArguments {}

/// The sessions to record: all that somebody is logged on to.
#[derive(Debug)]
pub(crate) struct SessionSource {
    sessions: WtsSessions,
    notices: SessionNotices,
}

impl SessionSource {
    /// All sessions.
    pub(crate) fn find(_arguments: SessionArguments, _config: &Config) -> anyhow::Result<Self> {
        Self::all()
    }

    /// All sessions.
    pub(crate) fn all() -> anyhow::Result<Self> {
        let (sessions, notices) = WtsSessions::watch()?;
        Ok(Self { sessions, notices })
    }

    /// Takes what Windows tells the service and the recorders of sessions.
    pub(crate) fn notices(&self) -> SessionNotices {
        self.notices.clone()
    }
}

/// Tells of sessions until the service is gone.
pub(crate) async fn watch_sessions(mut source: SessionSource, events: mpsc::Sender<Event>) {
    loop {
        match source.sessions.next().await {
            Ok(change) => {
                if events.send(Event::Sessions(change)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                error!(%error, "sessions are not followed any more: restart the service");
                return;
            }
        }
    }
}
