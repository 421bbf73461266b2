//! What follows from what logind says: a state machine without I/O.

use std::collections::{BTreeMap, VecDeque};

use eidetic_model::{SessionEvent, SessionOrigin};

use crate::{LoginSession, LoginSessionId, SessionChange};

/// What logind knows of a graphical session of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionFacts {
    pub(super) session: LoginSession,
    /// Whether it has its seat; sessions without a seat have it always.
    pub(super) is_active: bool,
    /// Whether it says that it is locked.
    pub(super) is_locked: bool,
    /// Whether the user has logged off and only remains of the session are left.
    pub(super) is_closing: bool,
}

/// What logind said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// All sessions that there are now.
    Listed(Vec<SessionFacts>),
    /// There is this session.
    Found(SessionFacts),
    /// There is no such session any more.
    Removed(LoginSessionId),
    /// A session was asked to lock or unlock itself, or says that it did.
    Locked(LoginSessionId, bool),
    /// A session got or lost its seat.
    Active(LoginSessionId, bool),
    /// The user of a session logged off.
    Closing(LoginSessionId),
    /// The computer is about to shut down, or is not after all.
    PrepareForShutdown(bool),
}

/// Turns what logind says into changes. Saying a thing twice changes nothing; what was not heard
/// is made up for by the next list.
#[derive(Debug, Default)]
pub(super) struct Tracker {
    sessions: BTreeMap<LoginSessionId, Tracked>,
    has_listed: bool,
    is_shutting_down: bool,
    changes: VecDeque<SessionChange>,
}

impl Tracker {
    /// Takes in what logind said.
    pub(super) fn take(&mut self, input: Input) {
        match input {
            Input::Listed(facts) => self.take_list(facts),
            Input::Found(facts) => self.found(facts, false),
            Input::Removed(id) => self.removed(&id),
            Input::Locked(id, is_locked) => self.locked(&id, is_locked),
            Input::Active(id, is_active) => self.active(&id, is_active),
            Input::Closing(id) => self.closing(&id),
            Input::PrepareForShutdown(begins) => {
                if begins && !self.is_shutting_down {
                    self.changes.push_back(SessionChange::ShuttingDown);
                }
                self.is_shutting_down = begins;
            }
        }
    }

    /// The next change that followed.
    pub(super) fn next_change(&mut self) -> Option<SessionChange> {
        self.changes.pop_front()
    }

    fn take_list(&mut self, facts: Vec<SessionFacts>) {
        let missing: Vec<_> = self
            .sessions
            .keys()
            .filter(|id| !facts.iter().any(|facts| facts.session.id == **id))
            .cloned()
            .collect();
        for id in missing {
            self.removed(&id);
        }
        let is_first = !std::mem::replace(&mut self.has_listed, true);
        for facts in facts {
            self.found(facts, is_first);
        }
    }

    fn found(&mut self, facts: SessionFacts, already_there: bool) {
        let id = facts.session.id.clone();
        if let Some(known) = self.sessions.get(&id) {
            if known.is_the_session_of(&facts.session) {
                self.active(&id, facts.is_active);
                self.locked(&id, facts.is_locked);
                if facts.is_closing {
                    self.closing(&id);
                }
                return;
            }
            // logind was started anew and counts its sessions from the beginning.
            self.removed(&id);
        }
        let tracked = Tracked {
            leader: facts.session.leader,
            user_id: facts.session.user_id,
            is_remote: matches!(facts.session.origin, SessionOrigin::Remote { .. }),
            is_active: facts.is_active,
            was_active: facts.is_active || already_there,
            is_locked: facts.is_locked,
            has_ended: facts.is_closing,
        };
        if !facts.is_closing {
            let event = if tracked.is_remote {
                SessionEvent::RemoteConnection
            } else {
                SessionEvent::LocalSessionStart
            };
            self.changes.push_back(SessionChange::Began {
                session: facts.session,
                already_there,
            });
            if !already_there {
                self.happened(&id, event);
            }
        }
        self.sessions.insert(id, tracked);
    }

    fn removed(&mut self, id: &LoginSessionId) {
        self.closing(id);
        self.sessions.remove(id);
    }

    fn closing(&mut self, id: &LoginSessionId) {
        if let Some(session) = self.sessions.get_mut(id)
            && !std::mem::replace(&mut session.has_ended, true)
        {
            self.changes
                .push_back(SessionChange::Ended { id: id.clone() });
        }
    }

    fn locked(&mut self, id: &LoginSessionId, is_locked: bool) {
        if let Some(session) = self.living(id)
            && std::mem::replace(&mut session.is_locked, is_locked) != is_locked
        {
            let event = if is_locked {
                SessionEvent::Lock
            } else {
                SessionEvent::Unlock
            };
            self.happened(id, event);
        }
    }

    fn active(&mut self, id: &LoginSessionId, is_active: bool) {
        let Some(session) = self.living(id) else {
            return;
        };
        let was_active = std::mem::replace(&mut session.is_active, is_active);
        // A new session is found a moment before it gets its seat for the first time: that is its
        // start and not a return.
        let is_first_time = is_active && !std::mem::replace(&mut session.was_active, true);
        if was_active == is_active || is_first_time {
            return;
        }
        let event = match (session.is_remote, is_active) {
            (false, true) => SessionEvent::ConsoleConnection,
            (false, false) => SessionEvent::ConsoleDisconnection,
            (true, true) => SessionEvent::RemoteConnection,
            (true, false) => SessionEvent::RemoteDisconnection,
        };
        self.happened(id, event);
    }

    fn living(&mut self, id: &LoginSessionId) -> Option<&mut Tracked> {
        self.sessions
            .get_mut(id)
            .filter(|session| !session.has_ended)
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
    leader: Option<u32>,
    user_id: u32,
    is_remote: bool,
    is_active: bool,
    was_active: bool,
    is_locked: bool,
    has_ended: bool,
}

impl Tracked {
    fn is_the_session_of(&self, session: &LoginSession) -> bool {
        self.leader == session.leader && self.user_id == session.user_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(id: &str) -> SessionFacts {
        SessionFacts {
            session: LoginSession {
                id: LoginSessionId(id.to_owned()),
                user_name: "alice".to_owned(),
                user_id: 1001,
                origin: SessionOrigin::Local,
                display: Some(":0".to_owned()),
                leader: Some(4242),
            },
            is_active: true,
            is_locked: false,
            is_closing: false,
        }
    }

    fn remote(id: &str) -> SessionFacts {
        let mut facts = facts(id);
        facts.session.origin = SessionOrigin::Remote {
            workstation: "10.0.0.7".to_owned(),
        };
        facts
    }

    fn id(id: &str) -> LoginSessionId {
        LoginSessionId(id.to_owned())
    }

    /// What follows from these, each change in a word or two.
    fn told(inputs: impl IntoIterator<Item = Input>) -> Vec<String> {
        let mut tracker = Tracker::default();
        for input in inputs {
            tracker.take(input);
        }
        std::iter::from_fn(|| tracker.next_change())
            .map(|change| match change {
                SessionChange::Began {
                    session,
                    already_there: true,
                } => format!("{} is there", session.id.0),
                SessionChange::Began { session, .. } => format!("{} began", session.id.0),
                SessionChange::Happened { id, event } => format!("{}: {}", id.0, event.what()),
                SessionChange::Ended { id } => format!("{} ended", id.0),
                SessionChange::ConnectedFrom { id, .. } => format!("{} from elsewhere", id.0),
                SessionChange::ShuttingDown => "shutting down".to_owned(),
            })
            .collect()
    }

    #[test]
    fn new_sessions_say_how_they_started_and_those_that_were_there_do_not() {
        assert_eq!(
            told([
                Input::Listed(vec![facts("c1"), remote("c2")]),
                Input::Found(facts("c3")),
                Input::Found(remote("c4")),
            ]),
            [
                "c1 is there",
                "c2 is there",
                "c3 began",
                "c3: Local session start",
                "c4 began",
                "c4: Remote connection",
            ]
        );
    }

    #[test]
    fn lock_is_told_once_however_often_it_is_said() {
        let lock = || Input::Locked(id("c1"), true);
        let unlock = || Input::Locked(id("c1"), false);
        assert_eq!(
            told([
                Input::Listed(vec![facts("c1")]),
                unlock(),
                lock(),
                lock(),
                unlock(),
                unlock(),
                lock(),
            ]),
            ["c1 is there", "c1: Lock", "c1: Unlock", "c1: Lock"]
        );
    }

    #[test]
    fn session_that_is_locked_when_found_can_be_unlocked() {
        let mut locked = facts("c1");
        locked.is_locked = true;
        assert_eq!(
            told([Input::Listed(vec![locked]), Input::Locked(id("c1"), false)]),
            ["c1 is there", "c1: Unlock"]
        );
    }

    #[test]
    fn seat_switches_are_console_or_remote_by_the_origin() {
        assert_eq!(
            told([
                Input::Listed(vec![facts("c1"), remote("c2")]),
                Input::Active(id("c1"), false),
                Input::Active(id("c1"), false),
                Input::Active(id("c1"), true),
                Input::Active(id("c2"), false),
                Input::Active(id("c2"), true),
            ]),
            [
                "c1 is there",
                "c2 is there",
                "c1: Console disconnection",
                "c1: Console connection",
                "c2: Remote disconnection",
                "c2: Remote connection",
            ]
        );
    }

    #[test]
    fn first_time_on_the_seat_is_no_return_to_it() {
        let mut inactive = facts("c1");
        inactive.is_active = false;
        assert_eq!(
            told([
                Input::Listed(vec![]),
                Input::Found(inactive.clone()),
                Input::Active(id("c1"), true),
                Input::Active(id("c1"), false),
            ]),
            [
                "c1 began",
                "c1: Local session start",
                "c1: Console disconnection"
            ]
        );
        assert_eq!(
            told([Input::Listed(vec![inactive]), Input::Active(id("c1"), true)]),
            ["c1 is there", "c1: Console connection"]
        );
    }

    #[test]
    fn session_ends_once_and_is_silent_after() {
        assert_eq!(
            told([
                Input::Listed(vec![facts("c1")]),
                Input::Closing(id("c1")),
                Input::Closing(id("c1")),
                Input::Active(id("c1"), false),
                Input::Locked(id("c1"), true),
                Input::Found(facts("c1")),
                Input::Removed(id("c1")),
                Input::Removed(id("c1")),
            ]),
            ["c1 is there", "c1 ended"]
        );
    }

    #[test]
    fn unknown_sessions_and_repeated_ones_change_nothing() {
        assert_eq!(
            told([
                Input::Removed(id("c9")),
                Input::Locked(id("c9"), true),
                Input::Active(id("c9"), false),
                Input::Closing(id("c9")),
                Input::Listed(vec![facts("c1")]),
                Input::Found(facts("c1")),
                Input::Found(facts("c1")),
            ]),
            ["c1 is there"]
        );
    }

    #[test]
    fn list_makes_up_for_what_was_not_heard() {
        let mut changed = facts("c2");
        changed.is_active = false;
        changed.is_locked = true;
        let mut closing = facts("c4");
        closing.is_closing = true;
        assert_eq!(
            told([
                Input::Listed(vec![facts("c1"), facts("c2"), facts("c4")]),
                Input::Listed(vec![changed, facts("c3"), closing]),
            ]),
            [
                "c1 is there",
                "c2 is there",
                "c4 is there",
                "c1 ended",
                "c2: Console disconnection",
                "c2: Lock",
                "c3 began",
                "c3: Local session start",
                "c4 ended",
            ]
        );
    }

    #[test]
    fn same_name_with_another_leader_is_another_session() {
        let mut another = facts("c1");
        another.session.leader = Some(77);
        assert_eq!(
            told([
                Input::Listed(vec![facts("c1")]),
                Input::Listed(vec![another])
            ]),
            [
                "c1 is there",
                "c1 ended",
                "c1 began",
                "c1: Local session start"
            ]
        );
    }

    #[test]
    fn remains_of_a_session_are_no_session() {
        let mut closing = facts("c1");
        closing.is_closing = true;
        assert_eq!(
            told([Input::Listed(vec![closing]), Input::Removed(id("c1"))]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn shutdown_is_told_once_and_again_after_it_was_called_off() {
        assert_eq!(
            told([
                Input::PrepareForShutdown(true),
                Input::PrepareForShutdown(true),
                Input::PrepareForShutdown(false),
                Input::PrepareForShutdown(true),
            ]),
            ["shutting down", "shutting down"]
        );
    }
}
