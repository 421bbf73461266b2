//! What follows from what Windows says of its sessions: a state machine without I/O.

use std::collections::{BTreeMap, VecDeque};

use eidetic_model::{SessionEvent, SessionOrigin};

use super::{
    facts::{Connection, SessionFacts},
    notice::Notice,
};
use crate::{LoginSessionId, SessionChange};

/// What Windows said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// These are all sessions that somebody is logged on to.
    Listed(Vec<SessionFacts>),
    /// Something happened to a session.
    Noticed {
        /// What.
        notice: Notice,
        /// The session's number.
        number: u32,
        /// What is known of the session since; `None` if nobody is logged on to it.
        facts: Option<SessionFacts>,
    },
}

/// Turns what Windows says into changes. Saying a thing twice changes nothing; what was not heard
/// is made up for by the next list, and where one notice cannot be without another, by that.
#[derive(Debug, Default)]
pub struct Tracker {
    sessions: BTreeMap<u32, Tracked>,
    has_listed: bool,
    changes: VecDeque<SessionChange>,
}

impl Tracker {
    /// Takes in what Windows said.
    pub fn take(&mut self, input: Input) {
        match input {
            Input::Listed(facts) => self.take_list(facts),
            // The services' own session: nobody is logged on to it.
            Input::Noticed { number: 0, .. } => {}
            Input::Noticed {
                notice,
                number,
                facts,
            } => self.noticed(notice, number, facts),
        }
    }

    /// The next change that followed.
    pub fn next_change(&mut self) -> Option<SessionChange> {
        self.changes.pop_front()
    }

    fn take_list(&mut self, listed: Vec<SessionFacts>) {
        let listed: Vec<_> = listed.into_iter().filter(|it| it.number != 0).collect();
        let gone: Vec<_> = self
            .sessions
            .keys()
            .copied()
            .filter(|number| !listed.iter().any(|facts| facts.number == *number))
            .collect();
        for number in gone {
            self.removed(number);
        }
        let is_first = !std::mem::replace(&mut self.has_listed, true);
        for facts in listed {
            self.found(facts, is_first);
        }
    }

    fn noticed(&mut self, notice: Notice, number: u32, facts: Option<SessionFacts>) {
        match notice {
            Notice::Logoff => self.ended(number),
            Notice::Terminate => self.removed(number),
            // A session has its number to itself: whatever had it before is gone.
            Notice::Create => {
                let is_known = self.sessions.get(&number).is_some_and(|known| {
                    facts
                        .as_ref()
                        .is_some_and(|facts| facts.is_the_logon_of(&known.facts))
                });
                if !is_known {
                    self.removed(number);
                }
            }
            Notice::Logon => {
                if let Some(facts) = facts {
                    self.found(facts, false);
                }
            }
            Notice::ConsoleConnect => self.connected(number, facts, &Connection::Console),
            Notice::RemoteConnect => {
                let workstation = match facts.as_ref().map(|facts| &facts.connection) {
                    Some(Connection::Remote { workstation }) => workstation.clone(),
                    _ => String::new(),
                };
                self.connected(number, facts, &Connection::Remote { workstation });
            }
            Notice::ConsoleDisconnect => {
                if self.connection(number) == Some(&Connection::Console) {
                    self.moved(number, &Connection::Nowhere);
                }
            }
            Notice::RemoteDisconnect => {
                if matches!(self.connection(number), Some(Connection::Remote { .. })) {
                    self.moved(number, &Connection::Nowhere);
                }
            }
            Notice::Lock => self.locked(number, true),
            Notice::Unlock => self.locked(number, false),
            Notice::RemoteControl => {}
        }
    }

    /// A session was taken up. That nobody knew of it is made up for.
    fn connected(&mut self, number: u32, facts: Option<SessionFacts>, connection: &Connection) {
        if let Some(mut facts) = facts {
            facts.connection = connection.clone();
            // Whether it is locked is said by a notice of its own, in its place.
            facts.is_locked = None;
            self.found(facts, false);
        } else {
            self.moved(number, connection);
        }
    }

    fn found(&mut self, facts: SessionFacts, already_there: bool) {
        if facts.number == 0 {
            return;
        }
        if let Some(known) = self.sessions.get_mut(&facts.number) {
            if facts.is_the_logon_of(&known.facts) {
                self.moved(facts.number, &facts.connection);
                if let Some(is_locked) = facts.is_locked {
                    self.locked(facts.number, is_locked);
                }
                return;
            }
            self.removed(facts.number);
        }
        let session = facts.login_session();
        let number = facts.number;
        let (connection, is_locked) = (facts.connection.clone(), facts.is_locked);
        // What a new session is like has happened since it began; that is told.
        let (told_connection, told_locked) = if already_there {
            (connection.clone(), is_locked)
        } else {
            (Connection::Nowhere, None)
        };
        let tracked = Tracked {
            id: session.id.clone(),
            told_origin: session.origin.clone(),
            facts: SessionFacts {
                connection: told_connection,
                is_locked: told_locked,
                ..facts
            },
            has_started: already_there,
            has_ended: false,
        };
        self.changes.push_back(SessionChange::Began {
            session,
            already_there,
        });
        self.sessions.insert(number, tracked);
        self.moved(number, &connection);
        if let Some(is_locked) = is_locked {
            self.locked(number, is_locked);
        }
    }

    /// A session is to be seen elsewhere now.
    fn moved(&mut self, number: u32, to: &Connection) {
        let Some(session) = living(&mut self.sessions, number) else {
            return;
        };
        let from = std::mem::replace(&mut session.facts.connection, to.clone());
        let id = session.id.clone();
        if from == *to {
            return;
        }
        let is_first =
            *to != Connection::Nowhere && !std::mem::replace(&mut session.has_started, true);
        let has_left = match (&from, to) {
            (Connection::Console, _) => Some(SessionEvent::ConsoleDisconnection),
            // The same client may just have told its name late.
            (Connection::Remote { workstation }, Connection::Remote { workstation: new })
                if workstation.is_empty() || new.is_empty() =>
            {
                if new.is_empty() {
                    session.facts.connection = from;
                }
                self.tell_origin(number);
                return;
            }
            (Connection::Remote { .. }, _) => Some(SessionEvent::RemoteDisconnection),
            (Connection::Nowhere, _) => None,
        };
        if let Some(event) = has_left {
            self.happened(&id, event);
        }
        let has_come = match to {
            Connection::Console if is_first => SessionEvent::LocalSessionStart,
            Connection::Console => SessionEvent::ConsoleConnection,
            Connection::Remote { .. } => SessionEvent::RemoteConnection,
            Connection::Nowhere => return,
        };
        self.tell_origin(number);
        self.happened(&id, has_come);
    }

    /// Tells from where the user is connected, if that was not told yet.
    fn tell_origin(&mut self, number: u32) {
        let Some(session) = living(&mut self.sessions, number) else {
            return;
        };
        let origin = session.facts.connection.origin();
        if session.told_origin != origin {
            session.told_origin = origin.clone();
            let id = session.id.clone();
            self.changes
                .push_back(SessionChange::ConnectedFrom { id, origin });
        }
    }

    fn locked(&mut self, number: u32, is_locked: bool) {
        let Some(session) = living(&mut self.sessions, number) else {
            return;
        };
        let was_locked = session.facts.is_locked.replace(is_locked);
        let id = session.id.clone();
        if was_locked.unwrap_or(false) == is_locked {
            return;
        }
        self.happened(
            &id,
            if is_locked {
                SessionEvent::Lock
            } else {
                SessionEvent::Unlock
            },
        );
    }

    fn ended(&mut self, number: u32) {
        if let Some(session) = living(&mut self.sessions, number) {
            session.has_ended = true;
            let id = session.id.clone();
            self.changes.push_back(SessionChange::Ended { id });
        }
    }

    fn removed(&mut self, number: u32) {
        self.ended(number);
        self.sessions.remove(&number);
    }

    fn connection(&self, number: u32) -> Option<&Connection> {
        let session = self.sessions.get(&number)?;
        Some(&session.facts.connection)
    }

    fn happened(&mut self, id: &LoginSessionId, event: SessionEvent) {
        self.changes.push_back(SessionChange::Happened {
            id: id.clone(),
            event,
        });
    }
}

/// A session that was found and is not removed.
#[derive(Debug)]
struct Tracked {
    id: LoginSessionId,
    facts: SessionFacts,
    /// From where the user is connected, as it was last told.
    told_origin: SessionOrigin,
    /// Whether it was to be seen anywhere since it began: the first time is its start.
    has_started: bool,
    /// Whether the user has logged off and only remains of the session are left.
    has_ended: bool,
}

fn living(sessions: &mut BTreeMap<u32, Tracked>, number: u32) -> Option<&mut Tracked> {
    sessions
        .get_mut(&number)
        .filter(|session| !session.has_ended)
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
