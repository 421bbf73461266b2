//! What the tracker makes of every notice, in every order, said twice or not at all.

use super::*;

fn facts(number: u32) -> SessionFacts {
    SessionFacts {
        number,
        account: "CORP\\ann".to_owned(),
        account_number: 1104,
        logged_on_at: 0x50 + u64::from(number),
        connection: Connection::Console,
        is_locked: Some(false),
    }
}

fn remote(number: u32) -> SessionFacts {
    SessionFacts {
        connection: from("LAPTOP"),
        ..facts(number)
    }
}

fn from(workstation: &str) -> Connection {
    Connection::Remote {
        workstation: workstation.to_owned(),
    }
}

fn noticed(notice: Notice, facts: SessionFacts) -> Input {
    Input::Noticed {
        notice,
        number: facts.number,
        facts: Some(facts),
    }
}

/// A notice about a session of which nothing is known, as before the logon.
fn bare(notice: Notice, number: u32) -> Input {
    Input::Noticed {
        notice,
        number,
        facts: None,
    }
}

/// Each change in a word or two.
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
            SessionChange::ConnectedFrom { id, origin } => {
                format!("{} from {}", id.0, origin.workstation().unwrap_or("here"))
            }
            SessionChange::Ended { id } => format!("{} ended", id.0),
            SessionChange::ShuttingDown => "shutting down".to_owned(),
        })
        .collect()
}

#[test]
fn logon_at_the_computer_is_a_local_session_start() {
    assert_eq!(
        told([
            Input::Listed(vec![]),
            bare(Notice::Create, 1),
            bare(Notice::ConsoleConnect, 1),
            noticed(Notice::Logon, facts(1)),
            bare(Notice::Unlock, 1),
        ]),
        ["1-51 began", "1-51: Local session start"]
    );
}

#[test]
fn logon_from_another_computer_is_a_remote_connection_with_its_name() {
    let mut tracker = Tracker::default();
    tracker.take(Input::Listed(vec![]));
    tracker.take(bare(Notice::RemoteConnect, 3));
    tracker.take(noticed(Notice::Logon, remote(3)));
    let Some(SessionChange::Began { session, .. }) = tracker.next_change() else {
        panic!("it did not begin");
    };
    assert_eq!(session.origin.workstation(), Some("LAPTOP"));
    assert_eq!(session.user_name, "CORP\\ann");
    assert_eq!(
        tracker.next_change(),
        Some(SessionChange::Happened {
            id: session.id,
            event: SessionEvent::RemoteConnection
        })
    );
    assert_eq!(tracker.next_change(), None);
}

#[test]
fn sessions_that_were_there_do_not_start_again() {
    let mut disconnected = facts(2);
    disconnected.connection = Connection::Nowhere;
    assert_eq!(
        told([
            Input::Listed(vec![facts(1), disconnected]),
            noticed(Notice::ConsoleConnect, facts(1)),
            noticed(Notice::ConsoleConnect, facts(2)),
        ]),
        ["1-51 is there", "2-52 is there", "2-52: Console connection"]
    );
}

#[test]
fn remote_disconnection_and_return_from_elsewhere() {
    let mut elsewhere = remote(3);
    elsewhere.connection = from("TABLET");
    assert_eq!(
        told([
            Input::Listed(vec![remote(3)]),
            noticed(Notice::RemoteDisconnect, remote(3)),
            noticed(Notice::RemoteConnect, elsewhere.clone()),
            noticed(Notice::RemoteDisconnect, elsewhere.clone()),
            noticed(Notice::RemoteConnect, elsewhere),
        ]),
        [
            "3-53 is there",
            "3-53: Remote disconnection",
            "3-53 from TABLET",
            "3-53: Remote connection",
            "3-53: Remote disconnection",
            "3-53: Remote connection",
        ]
    );
}

#[test]
fn taking_over_the_console_session_remotely_and_back() {
    let away_and_back = [
        "1-51 is there",
        "1-51: Console disconnection",
        "1-51 from LAPTOP",
        "1-51: Remote connection",
        "1-51: Remote disconnection",
        "1-51 from here",
        "1-51: Console connection",
    ];
    let there = Input::Listed(vec![facts(1)]);
    let leaves = noticed(Notice::ConsoleDisconnect, remote(1));
    let comes = noticed(Notice::RemoteConnect, remote(1));
    let leaves_there = noticed(Notice::RemoteDisconnect, facts(1));
    let comes_back = noticed(Notice::ConsoleConnect, facts(1));
    let all = [there, leaves, comes, leaves_there, comes_back];
    assert_eq!(told(all.clone()), away_and_back);

    let [there, leaves, comes, leaves_there, comes_back] = all;
    let swapped = [
        there.clone(),
        comes.clone(),
        leaves,
        comes_back.clone(),
        leaves_there,
    ];
    assert_eq!(
        told(swapped),
        away_and_back,
        "each pair the other way round"
    );
    assert_eq!(
        told([there, comes, comes_back]),
        away_and_back,
        "what was not heard is made up for"
    );
}

#[test]
fn switching_users_is_a_disconnection_and_a_start() {
    let mut other = facts(2);
    other.account = "CORP\\bob".into();
    let mut gone = other.clone();
    gone.connection = Connection::Nowhere;
    assert_eq!(
        told([
            Input::Listed(vec![facts(1)]),
            noticed(Notice::Lock, facts(1)),
            noticed(Notice::ConsoleDisconnect, facts(1)),
            bare(Notice::ConsoleConnect, 2),
            noticed(Notice::Logon, other.clone()),
            noticed(Notice::ConsoleDisconnect, gone),
            noticed(Notice::ConsoleConnect, facts(1)),
            noticed(Notice::Unlock, facts(1)),
            noticed(Notice::Logoff, other),
            bare(Notice::Terminate, 2),
        ]),
        [
            "1-51 is there",
            "1-51: Lock",
            "1-51: Console disconnection",
            "2-52 began",
            "2-52: Local session start",
            "2-52: Console disconnection",
            "1-51: Console connection",
            "1-51: Unlock",
            "2-52 ended",
        ]
    );
}

#[test]
fn lock_is_told_once_however_often_it_is_said() {
    assert_eq!(
        told([
            Input::Listed(vec![facts(1)]),
            bare(Notice::Unlock, 1),
            bare(Notice::Lock, 1),
            bare(Notice::Lock, 1),
            bare(Notice::Unlock, 1),
            bare(Notice::Unlock, 1),
            bare(Notice::Lock, 1),
        ]),
        ["1-51 is there", "1-51: Lock", "1-51: Unlock", "1-51: Lock"]
    );
}

#[test]
fn session_that_is_locked_when_found_can_be_unlocked() {
    let mut locked = facts(1);
    locked.is_locked = Some(true);
    assert_eq!(
        told([Input::Listed(vec![locked]), bare(Notice::Unlock, 1)]),
        ["1-51 is there", "1-51: Unlock"]
    );
}

#[test]
fn session_ends_once_and_is_silent_after() {
    assert_eq!(
        told([
            Input::Listed(vec![facts(1)]),
            noticed(Notice::Logoff, facts(1)),
            noticed(Notice::Logoff, facts(1)),
            noticed(Notice::ConsoleDisconnect, facts(1)),
            bare(Notice::Lock, 1),
            Input::Listed(vec![facts(1)]),
            bare(Notice::Terminate, 1),
            bare(Notice::Terminate, 1),
            Input::Listed(vec![]),
        ]),
        ["1-51 is there", "1-51 ended"]
    );
}

#[test]
fn number_that_is_used_again_is_another_session() {
    let mut later = facts(1);
    later.logged_on_at = 0x99;
    let again = [
        "1-51 is there",
        "1-51 ended",
        "1-99 began",
        "1-99: Local session start",
    ];
    let there = Input::Listed(vec![facts(1)]);
    let logon = noticed(Notice::Logon, later.clone());
    assert_eq!(told([there.clone(), logon.clone()]), again);
    assert_eq!(told([there.clone(), bare(Notice::Create, 1), logon]), again);
    assert_eq!(told([there, Input::Listed(vec![later])]), again);
}

#[test]
fn list_makes_up_for_what_was_not_heard() {
    let mut changed = facts(2);
    changed.connection = Connection::Nowhere;
    changed.is_locked = Some(true);
    assert_eq!(
        told([
            Input::Listed(vec![facts(1), facts(2)]),
            Input::Listed(vec![changed, remote(3)]),
        ]),
        [
            "1-51 is there",
            "2-52 is there",
            "1-51 ended",
            "2-52: Console disconnection",
            "2-52: Lock",
            "3-53 began",
            "3-53: Remote connection",
        ]
    );
}

#[test]
fn client_that_tells_its_name_late_has_not_come_again() {
    let mut nameless = remote(3);
    nameless.connection = from("");
    assert_eq!(
        told([
            Input::Listed(vec![]),
            noticed(Notice::Logon, nameless.clone()),
            Input::Listed(vec![remote(3)]),
            noticed(Notice::RemoteConnect, nameless),
        ]),
        ["3-53 began", "3-53: Remote connection", "3-53 from LAPTOP"]
    );
}

#[test]
fn session_of_the_services_is_no_session() {
    assert_eq!(
        told([
            Input::Listed(vec![facts(0)]),
            noticed(Notice::Logon, facts(0)),
            noticed(Notice::ConsoleConnect, facts(0)),
        ]),
        Vec::<String>::new()
    );
}

/// What one hears of a session, put together again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Heard {
    lives: bool,
    connected: Option<&'static str>,
    locked: bool,
}

impl Heard {
    /// Takes in the changes, and minds that each makes sense after those before.
    fn hear(&mut self, change: &SessionChange) {
        match change {
            SessionChange::Began { .. } => {
                assert!(!self.lives, "began within another");
                self.lives = true;
            }
            SessionChange::Ended { .. } => {
                assert!(self.lives, "ended without having begun");
                *self = Self::default();
            }
            SessionChange::Happened { event, .. } => {
                assert!(self.lives, "{event:?} of no session");
                match event {
                    SessionEvent::LocalSessionStart | SessionEvent::ConsoleConnection => {
                        assert_eq!(self.connected, None);
                        self.connected = Some("console");
                    }
                    SessionEvent::RemoteConnection => {
                        assert_eq!(self.connected, None);
                        self.connected = Some("remote");
                    }
                    SessionEvent::ConsoleDisconnection => {
                        assert_eq!(self.connected, Some("console"));
                        self.connected = None;
                    }
                    SessionEvent::RemoteDisconnection => {
                        assert_eq!(self.connected, Some("remote"));
                        self.connected = None;
                    }
                    SessionEvent::Lock => assert!(!std::mem::replace(&mut self.locked, true)),
                    SessionEvent::Unlock => assert!(std::mem::replace(&mut self.locked, false)),
                    other => panic!("{other:?} is not the tracker's to tell"),
                }
            }
            SessionChange::ConnectedFrom { .. } => assert!(self.lives),
            SessionChange::ShuttingDown => panic!("nobody said so"),
        }
    }
}

/// One session of a computer, which changes as notices say.
#[derive(Clone, Debug, Default)]
struct Truth {
    facts: Option<SessionFacts>,
    logons: u64,
}

impl Truth {
    /// Does what leads to this notice; false if that cannot happen now.
    fn does(&mut self, notice: Notice) -> bool {
        let seen = |facts: &SessionFacts| facts.connection.clone();
        let connection = self.facts.as_ref().map(seen);
        match (notice, &mut self.facts) {
            (Notice::Logon, facts @ None) => {
                self.logons += 1;
                *facts = Some(SessionFacts {
                    logged_on_at: self.logons,
                    ..super::tests::facts(1)
                });
            }
            (Notice::Logoff | Notice::Terminate, facts @ Some(_)) => *facts = None,
            (Notice::Lock, Some(facts)) if facts.is_locked == Some(false) => {
                facts.is_locked = Some(true);
            }
            (Notice::Unlock, Some(facts)) if facts.is_locked == Some(true) => {
                facts.is_locked = Some(false);
            }
            (Notice::ConsoleConnect, Some(facts)) if connection == Some(Connection::Nowhere) => {
                facts.connection = Connection::Console;
            }
            (Notice::RemoteConnect, Some(facts)) if connection == Some(Connection::Nowhere) => {
                facts.connection = from("LAPTOP");
            }
            (Notice::ConsoleDisconnect, Some(facts)) if connection == Some(Connection::Console) => {
                facts.connection = Connection::Nowhere;
            }
            (Notice::RemoteDisconnect, Some(facts)) if connection == Some(from("LAPTOP")) => {
                facts.connection = Connection::Nowhere;
            }
            (Notice::RemoteControl, _) | (Notice::Create, None) => {}
            _ => return false,
        }
        true
    }

    fn notice(&self, notice: Notice) -> Input {
        Input::Noticed {
            notice,
            number: 1,
            facts: self.facts.clone(),
        }
    }

    fn list(&self) -> Input {
        Input::Listed(self.facts.iter().cloned().collect())
    }

    fn as_heard(&self) -> Heard {
        self.facts
            .as_ref()
            .map_or_else(Heard::default, |facts| Heard {
                lives: true,
                connected: match facts.connection {
                    Connection::Console => Some("console"),
                    Connection::Remote { .. } => Some("remote"),
                    Connection::Nowhere => None,
                },
                locked: facts.is_locked == Some(true),
            })
    }
}

/// All histories of so many notices that can happen.
fn histories(length: usize) -> Vec<Vec<(Notice, Truth)>> {
    let mut all = vec![(Vec::new(), Truth::default())];
    for _ in 0..length {
        all = all
            .into_iter()
            .flat_map(|(history, truth)| {
                Notice::ALL.into_iter().filter_map(move |notice| {
                    let mut truth = truth.clone();
                    truth.does(notice).then(|| {
                        let mut history: Vec<_> = history.clone();
                        history.push((notice, truth.clone()));
                        (history, truth)
                    })
                })
            })
            .collect();
    }
    all.into_iter().map(|(history, _)| history).collect()
}

fn changes_of(inputs: impl IntoIterator<Item = Input>) -> Vec<SessionChange> {
    let mut tracker = Tracker::default();
    tracker.take(Input::Listed(vec![]));
    for input in inputs {
        tracker.take(input);
    }
    std::iter::from_fn(|| tracker.next_change()).collect()
}

fn heard(changes: &[SessionChange]) -> Heard {
    let mut heard = Heard::default();
    for change in changes {
        heard.hear(change);
    }
    heard
}

#[test]
fn whatever_happens_the_changes_add_up_to_it() {
    let all = histories(6);
    assert!(all.len() > 1_000, "{} histories", all.len());
    for history in all {
        let inputs = history.iter().map(|(notice, truth)| truth.notice(*notice));
        let changes = changes_of(inputs);
        let truth = &history[5].1;
        assert_eq!(heard(&changes), truth.as_heard(), "{history:?}");
    }
}

#[test]
fn notices_that_come_twice_change_nothing() {
    for history in histories(5) {
        let once = history.iter().map(|(notice, truth)| truth.notice(*notice));
        let twice = once.clone().flat_map(|input| [input.clone(), input]);
        assert_eq!(changes_of(once), changes_of(twice), "{history:?}");
    }
}

#[test]
fn whatever_is_lost_the_next_list_puts_right() {
    for history in histories(5) {
        for kept in 0..1_u32 << history.len() {
            let inputs = history
                .iter()
                .enumerate()
                .filter(|(place, _)| kept >> place & 1 == 1)
                .map(|(_, (notice, truth))| truth.notice(*notice));
            let truth = &history[4].1;
            let changes = changes_of(inputs.chain([truth.list()]));
            assert_eq!(heard(&changes), truth.as_heard(), "{kept:b} of {history:?}");
        }
    }
}

#[test]
fn notices_in_any_order_never_contradict_each_other() {
    let facts = [None, Some(facts(1)), Some(remote(1))];
    let inputs: Vec<_> = Notice::ALL
        .into_iter()
        .flat_map(|notice| {
            facts.iter().map(move |facts| Input::Noticed {
                notice,
                number: 1,
                facts: facts.clone(),
            })
        })
        .collect();
    for first in &inputs {
        for second in &inputs {
            for third in &inputs {
                let three = [first.clone(), second.clone(), third.clone()];
                let _minded_each = heard(&changes_of(three));
            }
        }
    }
}
