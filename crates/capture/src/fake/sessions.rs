//! Sessions that come and go as the test says.

use std::future::pending;

use eidetic_model::SessionOrigin;
use tokio::sync::mpsc;

use crate::{CaptureError, LoginSession, LoginSessionId, SessionChange};

/// Sessions that come and go as their script says.
#[derive(Debug)]
pub struct Sessions(mpsc::Receiver<Result<SessionChange, CaptureError>>);

/// What happens to [`Sessions`].
#[derive(Clone, Debug)]
pub struct SessionsScript(mpsc::Sender<Result<SessionChange, CaptureError>>);

/// A local session of this user on this display.
pub fn login_session(id: &str, user_name: &str, display: &str) -> LoginSession {
    LoginSession {
        id: LoginSessionId(id.to_owned()),
        user_name: user_name.to_owned(),
        user_id: 1_000,
        origin: SessionOrigin::Local,
        display: Some(display.to_owned()),
        leader: None,
    }
}

impl Sessions {
    /// No sessions, and a script that can change that.
    pub fn new() -> (Self, SessionsScript) {
        let (sender, receiver) = mpsc::channel(MOST_AHEAD);
        (Self(receiver), SessionsScript(sender))
    }
}

impl crate::Sessions for Sessions {
    async fn next(&mut self) -> Result<SessionChange, CaptureError> {
        match self.0.recv().await {
            Some(change) => change,
            None => pending().await,
        }
    }
}

impl SessionsScript {
    /// Makes something happen to the sessions.
    ///
    /// # Panics
    ///
    /// If the script is a thousand steps ahead of the one who plays it.
    pub fn happen(&self, change: SessionChange) {
        self.add(Ok(change));
    }

    /// Makes the source fail once.
    ///
    /// # Panics
    ///
    /// As [`Self::happen`].
    pub fn fail(&self, error: CaptureError) {
        self.add(Err(error));
    }

    fn add(&self, step: Result<SessionChange, CaptureError>) {
        self.0
            .try_send(step)
            .expect("the script is played while it is written");
    }
}

/// How far a script may be ahead.
const MOST_AHEAD: usize = 1_000;
