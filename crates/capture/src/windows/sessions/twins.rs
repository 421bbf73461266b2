//! What Windows tells the service and a recorder alike, taken in once.

use std::{collections::VecDeque, time::Duration};

use super::{
    facts::{Connection, SessionFacts},
    notice::Notice,
};

/// Whom Windows told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearer {
    /// The service: the control `SESSIONCHANGE`.
    Service,
    /// The session's recorder: the message `WM_WTSSESSION_CHANGE`. It runs with the rights of the
    /// session's user, and other programs of that user can send it such messages.
    Recorder,
}

/// Remembers what one was told that the other one may still be told. Takes each thing in once,
/// whoever hears of it first; that one of them misses it loses nothing.
#[derive(Debug, Default)]
pub(super) struct Twins(VecDeque<Heard>);

#[derive(Debug)]
struct Heard {
    by: Hearer,
    notice: Notice,
    number: u32,
    at: Duration,
}

impl Twins {
    /// Whether this is heard for the first time, at `now`, on a clock that never goes back.
    pub(super) fn is_new(
        &mut self,
        now: Duration,
        by: Hearer,
        notice: Notice,
        number: u32,
    ) -> bool {
        self.0
            .retain(|heard| now.saturating_sub(heard.at) < TWIN_WITHIN);
        let twin = self
            .0
            .iter()
            .position(|heard| heard.by != by && heard.notice == notice && heard.number == number);
        if let Some(twin) = twin {
            self.0.remove(twin);
            return false;
        }
        if self.0.len() >= MOST_HEARD {
            self.0.pop_front();
        }
        self.0.push_back(Heard {
            by,
            notice,
            number,
            at: now,
        });
        true
    }
}

/// Whether a recorder's word counts: for what happens to a session that goes on, unless what Windows
/// itself knows of the session says otherwise.
pub(super) fn is_believable(notice: Notice, facts: Option<&SessionFacts>) -> bool {
    let Some(facts) = facts else {
        return false;
    };
    let (on_console, is_remote) = match facts.connection {
        Connection::Console => (true, false),
        Connection::Remote { .. } => (false, true),
        Connection::Nowhere => (false, false),
    };
    match notice {
        Notice::Lock => facts.is_locked != Some(false),
        Notice::Unlock => facts.is_locked != Some(true),
        Notice::ConsoleConnect => on_console,
        Notice::ConsoleDisconnect => !on_console,
        Notice::RemoteConnect => is_remote,
        Notice::RemoteDisconnect => !is_remote,
        // A recorder is there after the logon and gone before the logoff.
        Notice::Logon
        | Notice::Logoff
        | Notice::RemoteControl
        | Notice::Create
        | Notice::Terminate => false,
    }
}

/// How much later than the one the other may be told. A recorder stands back behind all other
/// programs, and its reports behind its pixels.
const TWIN_WITHIN: Duration = Duration::from_secs(60);

const MOST_HEARD: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    use Hearer::{Recorder, Service};

    /// What is taken in of what is heard in this order, a second apart each.
    fn taken(heard: &[(Hearer, Notice)]) -> Vec<Notice> {
        let mut twins = Twins::default();
        let mut now = Duration::from_secs(100);
        let heard = heard.iter().filter(|(by, notice)| {
            now += Duration::from_secs(1);
            twins.is_new(now, *by, *notice, 2)
        });
        heard.map(|(_, notice)| *notice).collect()
    }

    const LOCK: Notice = Notice::Lock;

    const UNLOCK: Notice = Notice::Unlock;

    #[test]
    fn each_thing_is_taken_in_once_in_every_order_of_the_two() {
        let happened = [LOCK, UNLOCK, LOCK, UNLOCK];
        // Each way in which four of the one and four of the other can come, as bits.
        for order in 0..1_u32 << 8 {
            if order.count_ones() != 4 {
                continue;
            }
            let mut next = [0, 0];
            let heard: Vec<_> = (0..8)
                .map(|place| {
                    let by = usize::from(order >> place & 1 == 1);
                    next[by] += 1;
                    ([Service, Recorder][by], happened[next[by] - 1])
                })
                .collect();
            assert_eq!(taken(&heard), happened, "{heard:?}");
        }
    }

    #[test]
    fn what_one_of_them_misses_is_taken_in_from_the_other() {
        assert_eq!(taken(&[(Service, LOCK), (Service, UNLOCK)]), [LOCK, UNLOCK]);
        assert_eq!(
            taken(&[(Recorder, LOCK), (Recorder, UNLOCK)]),
            [LOCK, UNLOCK]
        );
        // The service misses the first lock and is the first to hear of the second.
        let heard = [
            (Recorder, LOCK),
            (Service, UNLOCK),
            (Recorder, UNLOCK),
            (Service, LOCK),
            (Recorder, LOCK),
        ];
        assert_eq!(taken(&heard), [LOCK, UNLOCK, LOCK]);
    }

    #[test]
    fn what_one_says_twice_is_not_taken_for_the_others_word() {
        let heard = [(Service, LOCK), (Service, LOCK), (Recorder, LOCK)];
        assert_eq!(taken(&heard), [LOCK, LOCK]);
    }

    #[test]
    fn other_sessions_and_much_later_things_are_not_the_same() {
        let mut twins = Twins::default();
        let at = Duration::from_secs;
        assert!(twins.is_new(at(1), Service, LOCK, 1));
        assert!(twins.is_new(at(1), Recorder, LOCK, 2));
        assert!(twins.is_new(at(62), Recorder, LOCK, 1));
        for number in 0..1_000 {
            assert!(twins.is_new(at(63), Service, UNLOCK, number));
        }
        assert!(twins.0.len() <= MOST_HEARD);
    }

    fn facts(connection: Connection, is_locked: Option<bool>) -> SessionFacts {
        SessionFacts {
            number: 2,
            account: "CORP\\ann".into(),
            account_number: 1104,
            logged_on_at: 7,
            connection,
            is_locked,
        }
    }

    #[test]
    fn a_recorder_is_not_believed_against_windows_itself() {
        let believed = |connection, is_locked| {
            let facts = facts(connection, is_locked);
            let believed = Notice::ALL
                .into_iter()
                .filter(|notice| is_believable(*notice, Some(&facts)));
            believed.collect::<Vec<_>>()
        };
        let workstation = "LAPTOP-7".to_owned();
        assert_eq!(
            believed(Connection::Console, Some(true)),
            [
                Notice::ConsoleConnect,
                Notice::RemoteDisconnect,
                Notice::Lock
            ]
        );
        assert_eq!(
            believed(Connection::Remote { workstation }, Some(false)),
            [
                Notice::ConsoleDisconnect,
                Notice::RemoteConnect,
                Notice::Unlock
            ]
        );
        assert_eq!(
            believed(Connection::Nowhere, None),
            [
                Notice::ConsoleDisconnect,
                Notice::RemoteDisconnect,
                Notice::Lock,
                Notice::Unlock
            ]
        );
        assert!(!is_believable(Notice::Lock, None), "nobody is logged on");
    }
}
