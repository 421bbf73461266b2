//! Linux.

use std::{collections::HashSet, ffi::OsString, fs, path::PathBuf, time::Duration};

use anyhow::Context as _;
use eidetic_capture::{
    CaptureError, Desktop, LoginSession, LoginSessionId, Screen, SessionChange, Sessions,
    linux::{Logind, SessionDisplay, UnattendedDisplay, X11Desktop, X11Screen},
};
use eidetic_wire::Backoff;
use rustix::{process::setpriority_process, time::ClockId};
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};
use tracing::{info, warn};

use crate::service::Event;

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

/// The account of this name, if `run --user` can take it.
pub(crate) fn account_exists(name: &str) -> bool {
    uzers::get_user_by_name(name).is_some()
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
                SessionChange::Happened { .. } | SessionChange::ShuttingDown => {}
            }
            if events.send(Event::Sessions(change)).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// What a recorder needs in its environment to open the display of this session.
pub(crate) fn display_environment(session: &LoginSession) -> Vec<(&'static str, OsString)> {
    // Without a leader nothing is known of the session but its display.
    if session.leader.is_none() {
        let display = session.display.clone().unwrap_or_default();
        return vec![("DISPLAY", display.into())];
    }
    let Some(mut display) = SessionDisplay::find(session) else {
        return Vec::new();
    };
    display.key_file = readable(display.key_file);
    display.environment().collect()
}

/// The recorded user says where the key is: opening a pipe of theirs would never end.
fn readable(key: Option<PathBuf>) -> Option<PathBuf> {
    key.filter(|file| file.is_file())
}

/// The screen of a display.
pub(crate) fn open_screen(display: &str) -> Result<Box<dyn Screen>, CaptureError> {
    Ok(Box::new(X11Screen::open(display)?))
}

/// The desktop of a display, whose session belongs to this account.
pub(crate) fn open_desktop(display: &str, user_id: u32) -> Result<Box<dyn Desktop>, CaptureError> {
    Ok(Box::new(X11Desktop::open(display, user_id)?))
}

/// Gives up what a recorder does not need: gaining rights, and going before the user's programs.
pub(crate) fn restrict_recorder() -> anyhow::Result<()> {
    rustix::thread::set_no_new_privs(true).context("failed to set no_new_privs")?;
    setpriority_process(None, NICENESS).context("failed to lower the priority")?;
    Ok(())
}

/// This program, to be started again as a recorder. Even while its file is being replaced by
/// another version this is the one that runs: the two must understand each other.
pub(crate) fn own_program() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}

/// The processor time that this process has used.
pub(crate) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// This computer's name.
pub(crate) fn computer_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "localhost".to_owned(),
        name => name.to_owned(),
    }
}

/// This computer's operating system, as a person would name it.
pub(crate) fn operating_system() -> String {
    ini::Ini::load_from_file("/etc/os-release")
        .ok()
        .and_then(|release| {
            let name = release.general_section().get("PRETTY_NAME")?;
            Some(name.to_owned())
        })
        .unwrap_or_else(|| "Linux".to_owned())
}

/// After its source was lost, a session that is not told of again within this time has ended.
const LISTING: Duration = Duration::from_secs(2);

/// How far a recorder stands back behind the user's programs.
const NICENESS: i32 = 7;

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

    #[test]
    fn a_key_that_is_a_pipe_is_not_given_to_the_recorder() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, b"key").unwrap();
        assert_eq!(readable(Some(key.clone())), Some(key));
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RUSR).unwrap();
        assert_eq!(readable(Some(pipe)), None);
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
