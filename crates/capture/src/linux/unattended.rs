//! The session of a display that is given, where there is no logind.

use std::future::pending;

use eidetic_model::SessionOrigin;

use super::process::Accounts;
use crate::{CaptureError, LoginSession, LoginSessionId, SessionChange, Sessions};

/// The one session of a display that is given: in a container, on a virtual display. It is there
/// from the beginning, and nothing is known of its end.
#[derive(Debug)]
pub struct UnattendedDisplay(Option<LoginSession>);

impl UnattendedDisplay {
    /// The session of `display`, such as `:99`, that belongs to the account `owner`.
    pub fn new(display: &str, owner: u32) -> Self {
        Self(Some(LoginSession {
            id: LoginSessionId(format!("display {display}")),
            user_name: Accounts::default().name(owner),
            user_id: owner,
            origin: SessionOrigin::Local,
            display: Some(display.to_owned()),
            leader: None,
        }))
    }
}

impl Sessions for UnattendedDisplay {
    async fn next(&mut self) -> Result<SessionChange, CaptureError> {
        match self.0.take() {
            Some(session) => Ok(SessionChange::Began {
                session,
                already_there: true,
            }),
            None => pending().await,
        }
    }
}
