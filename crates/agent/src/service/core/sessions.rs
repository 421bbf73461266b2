//! How sessions begin and end, and what happens to them in between.

use std::time::Duration;

use eidetic_capture::{LoginSession, LoginSessionId, SessionChange};
use eidetic_model::{Entry, SessionDescription, SessionEvent, SessionId};
use tracing::{info, warn};

use super::{
    super::{
        session::{RecordedSession, RecorderState, event_record},
        wanted::{Wanted, is_wanted},
    },
    Core,
};
use crate::channel::Order;

impl Core {
    pub(super) fn session_changed(&mut self, change: SessionChange) -> anyhow::Result<()> {
        match change {
            SessionChange::Began { session, .. } if self.stopping => {
                info!(
                    session = session.id.0,
                    "session begins too late to be recorded"
                );
                Ok(())
            }
            SessionChange::Began { session, .. } => self.begin_session(session),
            SessionChange::Happened { id, event } => {
                let Some(session) = self.sessions.get(&id) else {
                    return Ok(());
                };
                let record = event_record(&session.description, event, self.parts.clock.wall());
                self.keep(Entry::Activity(record))
            }
            SessionChange::ConnectedFrom { id, origin } => {
                if let Some(login) = self.left_out.get_mut(&id) {
                    login.origin = origin;
                } else if let Some(session) = self.sessions.get_mut(&id) {
                    session.login.origin = origin.clone();
                    session.description.origin = origin;
                    self.note_alive();
                }
                Ok(())
            }
            SessionChange::Ended { id } => {
                self.left_out.remove(&id);
                self.end_session(&id, SessionEvent::SignOut)
            }
            SessionChange::ShuttingDown => self.end_all_sessions(SessionEvent::Shutdown),
        }
    }

    /// Records a session, if the policy asks for it.
    fn begin_session(&mut self, login: LoginSession) -> anyhow::Result<()> {
        if self.sessions.contains_key(&login.id) {
            return Ok(());
        }
        match self.is_wanted(&login) {
            Wanted::Yes => {
                self.left_out.remove(&login.id);
                self.open_session(login)
            }
            Wanted::No(reason) => {
                info!(login = login.id.0, reason, "session is not recorded");
                self.left_out.insert(login.id.clone(), login);
                Ok(())
            }
            Wanted::Unknown => {
                let reason = "the groups of its user cannot be told";
                warn!(login = login.id.0, reason, "session is not recorded yet");
                self.left_out.insert(login.id.clone(), login);
                self.decide_later();
                Ok(())
            }
        }
    }

    fn is_wanted(&self, login: &LoginSession) -> Wanted {
        if self.stopped_since.is_some() {
            return Wanted::No("an administrator stopped recording");
        }
        let groups = || (self.parts.groups)(login);
        is_wanted(&self.policy, &self.who(login), groups)
    }

    /// Begins to record what the policy asks for now, and ends what it does not ask for any more.
    pub(super) fn begin_and_end_by_policy(&mut self) -> anyhow::Result<()> {
        if self.stopping {
            return Ok(());
        }
        self.decide_at = None;
        let sessions = self.sessions.iter();
        let judged: Vec<_> = sessions
            .map(|(id, session)| (id.clone(), self.is_wanted(&session.login)))
            .collect();
        for (id, wanted) in judged {
            match wanted {
                Wanted::Yes => continue,
                Wanted::No(_) => {}
                // What is recorded goes on until it is known.
                Wanted::Unknown => {
                    self.decide_later();
                    continue;
                }
            }
            info!(
                login = id.0,
                "the plan does not ask for this session any more"
            );
            self.end_session(&id, SessionEvent::MonitoringEnd)?;
        }
        let left_out: Vec<_> = self.left_out.drain().map(|(_, login)| login).collect();
        for login in left_out {
            self.begin_session(login)?;
        }
        Ok(())
    }

    fn decide_later(&mut self) {
        self.decide_at = Some(self.parts.clock.monotonic() + ASK_GROUPS_EVERY);
    }

    /// The session's user: `DOMAIN\user` or `COMPUTER\user`.
    fn who(&self, login: &LoginSession) -> String {
        if login.user_name.contains('\\') {
            login.user_name.clone()
        } else {
            format!("{}\\{}", self.parts.computer, login.user_name)
        }
    }

    fn open_session(&mut self, login: LoginSession) -> anyhow::Result<()> {
        let start = self.parts.clock.wall();
        let id = login.id.clone();
        let description = SessionDescription {
            id: SessionId::from_uuid(self.parts.ids.new_id(start)),
            who: self.who(&login),
            where_: self.parts.computer.clone(),
            origin: login.origin.clone(),
            display_name: login.display.clone().unwrap_or_default(),
            start,
        };
        info!(session = %description.id, login = id.0, display = description.display_name,
            "recording a session");
        self.journal
            .keep(Entry::SessionOpened(description.clone()))?;
        let record = event_record(&description, SessionEvent::MonitoringStart, start);
        self.journal.keep(Entry::Activity(record))?;
        // The next start must not tell of the end of a session whose beginning was lost.
        self.journal.sync()?;
        let has_display = login.display.is_some();
        self.sessions
            .insert(id.clone(), RecordedSession::new(login, description));
        self.note_alive();
        if has_display {
            self.start_recorder(&id);
        } else {
            warn!(
                login = id.0,
                "session has no display: only its events are recorded"
            );
        }
        self.write_status();
        Ok(())
    }

    /// Tells again of the sessions that are being recorded.
    pub(super) fn announce_sessions_anew(&mut self) -> anyhow::Result<()> {
        let sessions = self.sessions.values();
        let opened: Vec<_> = sessions
            .map(|session| Entry::SessionOpened(session.description.clone()))
            .collect();
        for entry in opened {
            self.keep(entry)?;
        }
        Ok(())
    }

    pub(super) fn end_all_sessions(&mut self, event: SessionEvent) -> anyhow::Result<()> {
        let ids: Vec<_> = self.sessions.keys().cloned().collect();
        for id in ids {
            self.end_session(&id, event)?;
        }
        Ok(())
    }

    /// Ends a session: its recorder first writes what it has.
    pub(super) fn end_session(
        &mut self,
        id: &LoginSessionId,
        event: SessionEvent,
    ) -> anyhow::Result<()> {
        let Some(session) = self.sessions.get_mut(id) else {
            return Ok(());
        };
        match session.recorder {
            RecorderState::Running { run, .. } => {
                session.recorder = RecorderState::Stopping { run, event };
                self.parts.recorders.order(run, Order::Stop);
                Ok(())
            }
            RecorderState::Stopping {
                event: ref mut how, ..
            } => {
                // A session that the plan leaves out may come back, one that has ended does not.
                if *how == SessionEvent::MonitoringEnd {
                    *how = event;
                }
                Ok(())
            }
            RecorderState::NoDisplay | RecorderState::Waiting => self.close_session(id, event),
        }
    }

    pub(super) fn close_session(
        &mut self,
        id: &LoginSessionId,
        event: SessionEvent,
    ) -> anyhow::Result<()> {
        let Some(session) = self.sessions.remove(id) else {
            return Ok(());
        };
        let description = &session.description;
        // The clock may have been moved back.
        let end = self.parts.clock.wall().max(description.start);
        for entry in self.unfinished(&session).closing_entries(end, event) {
            self.journal.keep(entry)?;
        }
        self.journal.take_loss_of(description.id);
        info!(session = %description.id, how = event.what(), "session is recorded to its end");
        self.journal.sync()?;
        self.note_alive();
        self.write_status();
        if event == SessionEvent::MonitoringEnd {
            // It goes on: the plan may ask for it again, or did so meanwhile.
            self.begin_session(session.login)?;
        }
        Ok(())
    }
}

/// How often to ask again for groups that could not be told.
const ASK_GROUPS_EVERY: Duration = Duration::from_secs(30);
