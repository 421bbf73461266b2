//! Asks Windows for its sessions, and hears what the service and the recorders are told of them.

use std::{
    collections::BTreeSet,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use eidetic_winapi::session::{
    SessionInfo, console_session, session_info, session_numbers, user_token,
};
use tokio::sync::mpsc;
use tracing::warn;

use super::{
    facts::{Connection, SessionFacts, workstation},
    notice::Notice,
    session_number,
    tracker::{Input, Tracker},
    twins::{Hearer, Twins, is_believable},
};
use crate::{
    CaptureError, LoginSessionId, SessionChange, Sessions,
    deadline::{Deadline, Since},
};

/// The sessions of this computer.
#[derive(Debug)]
pub struct WtsSessions {
    changes: mpsc::Receiver<SessionChange>,
}

/// Takes what Windows tells the service and the recorders. Cheap to clone; never waits.
#[derive(Clone, Debug)]
pub struct SessionNotices(SyncSender<Told>);

#[derive(Clone, Copy, Debug)]
struct Told {
    by: Hearer,
    code: u32,
    number: u32,
}

impl WtsSessions {
    /// Begins to watch. What the service is told of sessions is to be given to the notices; what
    /// is not told is found by asking from time to time.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Failed`] if no thread can be started.
    pub fn watch() -> Result<(Self, SessionNotices), CaptureError> {
        // Full only if Windows does not answer for long: what is lost then the next list has.
        let (notices, inbox) = sync_channel(NOTICES_UNDER_WAY);
        let (changes, outbox) = mpsc::channel(CHANGES_UNDER_WAY);
        thread::Builder::new()
            .name("sessions".to_owned())
            .spawn(move || follow(&inbox, &changes))
            .map_err(|error| CaptureError::Failed {
                attempt: "watch the sessions",
                reason: error.to_string(),
            })?;
        Ok((Self { changes: outbox }, SessionNotices(notices)))
    }
}

impl Sessions for WtsSessions {
    async fn next(&mut self) -> Result<SessionChange, CaptureError> {
        self.changes.recv().await.ok_or_else(|| CaptureError::Gone {
            what: "the watch over the sessions".to_owned(),
            reason: "its thread has ended".to_owned(),
        })
    }
}

impl SessionNotices {
    /// Windows told the service that something happened to a session: the code and the session's
    /// number of the control `SESSIONCHANGE`.
    pub fn told_the_service(&self, code: u32, number: u32) {
        self.take(Told {
            by: Hearer::Service,
            code,
            number,
        });
    }

    /// Windows told the recorder of this session that something happened to it: the code of the
    /// message `WM_WTSSESSION_CHANGE`.
    pub fn told_a_recorder(&self, session: &LoginSessionId, code: u32) {
        if let Some(number) = session_number(session) {
            self.take(Told {
                by: Hearer::Recorder,
                code,
                number,
            });
        }
    }

    fn take(&self, told: Told) {
        if self.0.try_send(told).is_err() {
            warn!("a notice about a session is lost: asking will make up for it");
        }
    }
}

/// Tells all changes until nobody wants to know.
fn follow(inbox: &Receiver<Told>, changes: &mpsc::Sender<SessionChange>) {
    let mut tracker = Tracker::default();
    let (mut twins, begun) = (Twins::default(), Since::now());
    let mut lists = Lists::default();
    // Whatever is noticed meanwhile: a notice that was lost is made up for in time.
    let mut list_at = Deadline::after(Duration::ZERO);
    loop {
        if list_at.is_over() {
            if let Some(listed) = lists.ask() {
                tracker.take(listed);
            }
            list_at = Deadline::after(LIST_EVERY);
        }
        while let Some(change) = tracker.next_change() {
            if changes.blocking_send(change).is_err() {
                return;
            }
        }
        match inbox.recv_timeout(list_at.left().unwrap_or(LIST_EVERY)) {
            Ok(Told { by, code, number }) => {
                let Some(notice) = Notice::from_code(code) else {
                    continue;
                };
                let facts = ask(number).facts();
                let counts = by == Hearer::Service || is_believable(notice, facts.as_ref());
                if counts && twins.is_new(begun.lasted(), by, notice, number) {
                    tracker.take(Input::Noticed {
                        notice,
                        number,
                        facts,
                    });
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody can tell of anything any more; asking still finds what happens.
            Err(RecvTimeoutError::Disconnected) => {
                if changes.is_closed() {
                    return;
                }
                thread::park_timeout(LIST_EVERY);
            }
        }
    }
}

/// Lists of all sessions. A session of which nothing is told for a moment has not ended.
#[derive(Debug, Default)]
struct Lists {
    incomplete_in_a_row: u32,
}

impl Lists {
    /// All sessions that somebody is logged on to; `None` if that is not known now.
    fn ask(&mut self) -> Option<Input> {
        let listed = session_numbers()
            .inspect_err(|error| warn!(%error, "the sessions cannot be listed"))
            .ok()?;
        let numbers: BTreeSet<u32> = listed.into_iter().chain(console_session()).collect();
        let answers: Vec<_> = numbers.into_iter().map(ask).collect();
        if !answers.contains(&Answer::Untold) {
            self.incomplete_in_a_row = 0;
        } else if self.incomplete_in_a_row < INCOMPLETE_LISTS {
            self.incomplete_in_a_row += 1;
            return None;
        }
        let facts = answers.into_iter().filter_map(Answer::facts);
        Some(Input::Listed(facts.collect()))
    }
}

/// What Windows answers when it is asked for a session.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// Somebody is logged on to it.
    User(SessionFacts),
    /// Nobody is.
    Nobody,
    /// It does not tell.
    Untold,
}

impl Answer {
    fn facts(self) -> Option<SessionFacts> {
        match self {
            Self::User(facts) => Some(facts),
            Self::Nobody | Self::Untold => None,
        }
    }
}

fn ask(number: u32) -> Answer {
    if number == SERVICES {
        return Answer::Nobody;
    }
    let Some(info) = session_info(number) else {
        return Answer::Untold;
    };
    if info.user.is_empty() {
        return Answer::Nobody;
    }
    // For the service alone: others may not ask for the token.
    let account = user_token(number).and_then(|token| token.account());
    Answer::User(SessionFacts {
        number,
        account: if info.domain.is_empty() {
            info.user.clone()
        } else {
            format!("{}\\{}", info.domain, info.user)
        },
        account_number: account.map_or(0, |account| account.number()),
        logged_on_at: info.logged_on_at,
        connection: connection(&info),
        is_locked: info.is_locked,
    })
}

fn connection(info: &SessionInfo) -> Connection {
    let address = info.client_address.map(|address| address.to_string());
    match info.is_connected {
        Some(false) => Connection::Nowhere,
        _ if info.is_remote => Connection::Remote {
            workstation: workstation(&info.client_name, &address.unwrap_or_default()),
        },
        _ => Connection::Console,
    }
}

/// The services' own session.
const SERVICES: u32 = 0;

/// How often all sessions are asked for, in case a notice was lost.
const LIST_EVERY: Duration = Duration::from_secs(5);

/// How many lists in a row may lack something before they are believed.
const INCOMPLETE_LISTS: u32 = 3;

const NOTICES_UNDER_WAY: usize = 256;

const CHANGES_UNDER_WAY: usize = 32;
