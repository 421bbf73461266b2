//! The sessions of this computer.

use std::{collections::HashSet, time::Duration};

use clap::Args;
use eidetic_capture::{
    CaptureError, LoginSessionId, SessionChange, Sessions,
    linux::{Logind, UnattendedDisplay},
};
use eidetic_wire::Backoff;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

use super::Config;
use crate::service::Event;

/// Which sessions to record, as the command line says.
#[derive(Debug, Args)]
pub(crate) struct SessionArguments {
    /// Records this X display, such as `:0`, instead of the sessions that logind tells of.
    #[arg(long)]
    display: Option<String>,
    /// The account whose session the display is [default: the one that runs this].
    #[arg(long, requires = "display")]
    user: Option<String>,
}

/// Which sessions to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionSource {
    /// All that logind tells of.
    Logind,
    /// The one of this display, without logind.
    Display {
        /// The display, such as `:0`.
        name: String,
        /// The account that its session belongs to; this process's own if none is given.
        user: Option<String>,
    },
}

impl SessionSource {
    /// The one that the command line says, or else the configuration.
    pub(crate) fn find(arguments: SessionArguments, config: &Config) -> anyhow::Result<Self> {
        let SessionArguments { display, user } = arguments;
        let Some(name) = display.or_else(|| config.display.clone()) else {
            return Ok(Self::Logind);
        };
        if let Some(user) = &user {
            let is_known = uzers::get_user_by_name(user).is_some();
            anyhow::ensure!(is_known, "there is no account {user:?}");
        }
        Ok(Self::Display { name, user })
    }

    /// Takes what recorders are told of sessions.
    pub(crate) fn notices(&self) -> SessionNotices {
        SessionNotices
    }
}

/// Takes what recorders are told of sessions: nothing, for logind tells the service.
#[derive(Clone, Debug)]
pub(crate) struct SessionNotices;

impl SessionNotices {
    /// A recorder was told something.
    #[expect(clippy::unused_self, reason = "other systems have something to do")]
    pub(crate) fn told_a_recorder(&self, _session: &LoginSessionId, code: u32) {
        debug!(code, "a recorder was told what logind tells");
    }
}

/// Tells of sessions until the service is gone.
pub(crate) async fn watch_sessions(source: SessionSource, events: mpsc::Sender<Event>) {
    match source {
        SessionSource::Display { name, user } => {
            let owner = user.as_deref().and_then(uzers::get_user_by_name);
            let owner = owner.map_or_else(uzers::get_current_uid, |user| user.uid());
            let mut sessions = UnattendedDisplay::new(&name, owner);
            let mut known = Known::new(LISTING);
            let _never_fails = known.follow(&mut sessions, &events).await;
        }
        SessionSource::Logind => watch_logind(events).await,
    }
}

async fn watch_logind(events: mpsc::Sender<Event>) {
    let mut known = Known::new(LISTING);
    let mut backoff = Backoff::new();
    while !events.is_closed() {
        match Logind::connect(None).await {
            Ok(mut logind) => {
                info!("following the sessions that logind tells of");
                backoff.reset();
                if let Err(error) = known.follow(&mut logind, &events).await {
                    warn!(%error, "logind is lost, trying again");
                }
            }
            Err(error) => warn!(
                %error,
                "logind does not answer: no session can be recorded; \
                 `eidetic-agent run --display :0` records a display without it"
            ),
        }
        sleep(backoff.next(u32::MAX)).await;
    }
}

/// The sessions that the service was told of.
struct Known {
    sessions: HashSet<LoginSessionId>,
    /// How long another source may take to tell of those that are there.
    listing: Duration,
}

impl Known {
    fn new(listing: Duration) -> Self {
        Self {
            sessions: HashSet::new(),
            listing,
        }
    }

    /// Tells what the source tells. Sessions that a source tells of no more, after another one was
    /// lost, have ended meanwhile.
    async fn follow<S: Sessions>(
        &mut self,
        source: &mut S,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), CaptureError> {
        let mut there = HashSet::new();
        let mut listing = !self.sessions.is_empty();
        loop {
            let change = if listing {
                match timeout(self.listing, source.next()).await {
                    Ok(change) => change?,
                    Err(_) => {
                        listing = false;
                        for id in self.sessions.difference(&there) {
                            let change = SessionChange::Ended { id: id.clone() };
                            let _service_is_leaving = events.send(Event::Sessions(change)).await;
                        }
                        self.sessions.clone_from(&there);
                        continue;
                    }
                }
            } else {
                source.next().await?
            };
            match &change {
                SessionChange::Began { session, .. } => {
                    there.insert(session.id.clone());
                    self.sessions.insert(session.id.clone());
                }
                SessionChange::Ended { id } => {
                    there.remove(id);
                    self.sessions.remove(id);
                }
                SessionChange::Happened { .. }
                | SessionChange::ConnectedFrom { .. }
                | SessionChange::ShuttingDown => {}
            }
            if events.send(Event::Sessions(change)).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// After its source was lost, a session that is not told of again within this time has ended.
const LISTING: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use eidetic_capture::fake;

    use super::*;

    #[tokio::test]
    async fn a_session_that_ended_while_logind_was_away_is_ended() {
        let (events, mut told) = mpsc::channel(16);
        let mut known = Known::new(Duration::from_millis(50));
        let (mut source, script) = fake::Sessions::new();
        for id in ["c1", "c2"] {
            script.happen(began(id));
        }
        script.fail(CaptureError::Gone {
            what: "logind".into(),
            reason: "it was ended".into(),
        });
        assert!(known.follow(&mut source, &events).await.is_err());
        assert_eq!(
            [next(&mut told).await, next(&mut told).await],
            [began("c1"), began("c2")]
        );

        let (mut source, script) = fake::Sessions::new();
        script.happen(began("c2"));
        script.happen(began("c3"));
        let follow = tokio::spawn(async move { known.follow(&mut source, &events).await });
        assert_eq!(
            [next(&mut told).await, next(&mut told).await],
            [began("c2"), began("c3")]
        );
        let ended = SessionChange::Ended {
            id: LoginSessionId("c1".into()),
        };
        assert_eq!(next(&mut told).await, ended);
        script.happen(began("c4"));
        assert_eq!(next(&mut told).await, began("c4"));
        follow.abort();
    }

    fn began(id: &str) -> SessionChange {
        SessionChange::Began {
            session: fake::login_session(id, "ann", ":1"),
            already_there: true,
        }
    }

    async fn next(told: &mut mpsc::Receiver<Event>) -> SessionChange {
        match told.recv().await {
            Some(Event::Sessions(change)) => change,
            other => panic!("{other:?}"),
        }
    }
}
