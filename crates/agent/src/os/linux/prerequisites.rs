//! Looking at sessions and their displays, for the prerequisites.

use std::{
    collections::HashMap,
    ffi::OsString,
    process::Stdio,
    time::{Duration, Instant},
};

use eidetic_capture::{LoginSession, SessionChange, Sessions as _, linux::Logind};
use eidetic_checks::Sessions;
use tokio::{process::Command, task::spawn_blocking, time::timeout};

use super::{
    SessionSource,
    recorder::{display_environment, own_program},
};

/// The service, as systemd calls it.
pub(crate) const SERVICE_NAME: &str = "eidetic-agent";

/// Looks which sessions there are, and whether their displays can be opened.
#[derive(Debug)]
pub(crate) struct SessionProbe {
    /// The display that is recorded without logind, if that is so.
    display: Option<String>,
    /// What became of the displays that were tried, and when: each try is a process.
    tried: HashMap<Environment, (Instant, Result<(), String>)>,
}

/// What names a display to a process.
type Environment = Vec<(&'static str, OsString)>;

impl SessionProbe {
    /// Looks where the service does.
    pub(crate) fn of(source: &SessionSource) -> Self {
        Self {
            display: match source {
                SessionSource::Logind => None,
                SessionSource::Display { name, .. } => Some(name.clone()),
            },
            tried: HashMap::new(),
        }
    }

    /// Looks.
    pub(crate) async fn look(&mut self) -> Sessions {
        if let Some(display) = self.display.clone() {
            let environment = vec![("DISPLAY", OsString::from(&display))];
            let opened = self.open(environment.clone()).await;
            self.tried.retain(|tried, _| *tried == environment);
            return Sessions::Told(vec![(display, opened)]);
        }
        let sessions = match timeout(LIMIT, Logind::connect(None)).await {
            Ok(Ok(logind)) => listed(logind).await,
            Ok(Err(error)) => return Sessions::NotTold(error.to_string()),
            Err(_) => return Sessions::NotTold("logind does not answer".to_owned()),
        };
        let mut displays = Vec::new();
        let mut environments = Vec::new();
        for session in sessions {
            let name = format!("session {} of {}", session.id.0, session.user_name);
            let environment = spawn_blocking(move || display_environment(&session)).await;
            let environment = environment.unwrap_or_default();
            let opened = match environment.is_empty() {
                true => Err("it has no X display: is it on Wayland?".to_owned()),
                false => self.open(environment.clone()).await,
            };
            environments.push(environment);
            displays.push((name, opened));
        }
        self.tried.retain(|tried, _| environments.contains(tried));
        Sessions::Told(displays)
    }

    async fn open(&mut self, environment: Vec<(&'static str, OsString)>) -> Result<(), String> {
        #[expect(
            clippy::disallowed_methods,
            reason = "only how old an answer is depends on it"
        )]
        let now = Instant::now();
        if let Some((at, opened)) = self.tried.get(&environment)
            && now.duration_since(*at) < TRY_EVERY
        {
            return opened.clone();
        }
        let opened = try_to_open(&environment).await;
        self.tried.insert(environment, (now, opened.clone()));
        opened
    }
}

/// The sessions that logind tells of at once.
async fn listed(mut logind: Logind) -> Vec<LoginSession> {
    let mut sessions = Vec::new();
    while let Ok(Ok(change)) = timeout(LISTING, logind.next()).await {
        if let SessionChange::Began { session, .. } = change {
            sessions.push(session);
        }
    }
    sessions
}

/// Has this program try, as it is for a recorder: what opens a display reads its environment.
async fn try_to_open(environment: &[(&'static str, OsString)]) -> Result<(), String> {
    let program = own_program().map_err(|error| error.to_string())?;
    let trying = Command::new(program)
        .arg("try-display")
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    match timeout(LIMIT, trying).await {
        Ok(Ok(output)) if output.status.success() => Ok(()),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.trim().lines().last().unwrap_or_default().to_owned())
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

const LIMIT: Duration = Duration::from_secs(5);

/// Logind tells of the sessions that are there one after the other.
const LISTING: Duration = Duration::from_millis(500);

/// How often a display is tried.
const TRY_EVERY: Duration = Duration::from_secs(300);
