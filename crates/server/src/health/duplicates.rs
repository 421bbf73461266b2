//! Tells an agent that connects again from another computer with the same identity.
//!
//! Every run of an agent has an id of its own. While one run is heard of, another one with the same
//! identity is not taken in: their entries have the same numbers, and must not mix. If the first is
//! still heard of after the second said Hello, then there are two computers: a service that was
//! started again ends before its successor begins.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use eidetic_model::AgentId;

/// Who is connected with which identity. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Duplicates(Arc<Mutex<HashMap<AgentId, Runs>>>);

/// A run of an agent, as it shows itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id; nothing from an agent that does not say.
    pub id: Option<[u8; 16]>,
    /// The computer's name.
    pub computer: String,
    /// From which address it connects.
    pub address: String,
}

/// Two computers with one identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The one that is taken in.
    pub first: Run,
    /// The one that is not.
    pub second: Run,
}

/// Whether a run is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is.
    Welcome,
    /// It is not: another run is, and may be alive.
    Second,
}

#[derive(Debug)]
struct Runs {
    first: Run,
    /// When it was heard of last; nothing once its connection has ended.
    heard: Option<Duration>,
    /// Its connections: a new one may come before the old one is seen to have ended.
    connections: u32,
    second: Option<Second>,
}

#[derive(Debug)]
struct Second {
    run: Run,
    /// When it said Hello first, and last.
    since: Duration,
    last: Duration,
    is_proven: bool,
    /// Whether the first one had sent all that it had, after the second came.
    is_first_drained: bool,
    /// Whether an administrator wants it to be a computer of its own.
    is_to_be_new: bool,
}

impl Duplicates {
    /// A run says Hello.
    pub fn hello(&self, agent: AgentId, run: &Run, now: Duration) -> Judgement {
        let mut agents = self.lock();
        let Some(runs) = agents.get_mut(&agent) else {
            agents.insert(agent, Runs::of(run, now));
            return Judgement::Welcome;
        };
        let is_other = run.id.is_some() && runs.first.id.is_some() && run.id != runs.first.id;
        let may_live = runs
            .heard
            .is_some_and(|heard| now.saturating_sub(heard) <= MAY_LIVE);
        if !is_other || !(may_live || runs.keeps_out(run, now)) {
            // Whoever was kept out by the one before is forgotten only if that was never proven.
            let second = runs.second.take().filter(|second| second.is_proven);
            let before = if is_other { 0 } else { runs.connections };
            *runs = Runs::of(run, now);
            runs.connections += before;
            runs.second = second.filter(|second| second.run.id != run.id);
            return Judgement::Welcome;
        }
        match &mut runs.second {
            Some(second) if second.run.id == run.id => second.last = now,
            second => {
                let is_proven = second.as_ref().is_some_and(|second| second.is_proven);
                *second = Some(Second {
                    run: run.clone(),
                    since: now,
                    last: now,
                    is_proven,
                    is_first_drained: false,
                    is_to_be_new: false,
                });
            }
        }
        Judgement::Second
    }

    /// A run that was taken in is heard of, and whether it has sent all that it has. Says that there
    /// are two computers, the first time that this is certain.
    pub fn heard(
        &self,
        agent: AgentId,
        id: Option<[u8; 16]>,
        is_drained: bool,
        now: Duration,
    ) -> Option<Duplicate> {
        let mut agents = self.lock();
        let runs = agents.get_mut(&agent)?;
        if runs.first.id != id {
            return None;
        }
        runs.heard = Some(now);
        let second = runs.second.as_mut()?;
        second.is_first_drained |= is_drained;
        if second.is_proven || now.saturating_sub(second.since) < CERTAIN_AFTER {
            return None;
        }
        second.is_proven = true;
        Some(Duplicate {
            first: runs.first.clone(),
            second: second.run.clone(),
        })
    }

    /// A connection of a run that was welcome ended. After the last of them, another run may take
    /// its place.
    pub fn left(&self, agent: AgentId, id: Option<[u8; 16]>) {
        let mut agents = self.lock();
        if let Some(runs) = agents.get_mut(&agent)
            && runs.first.id == id
            && runs.connections > 0
        {
            runs.connections -= 1;
            match runs.second {
                // A newer connection of the same run goes on.
                _ if runs.connections > 0 => {}
                None => _ = agents.remove(&agent),
                Some(_) => runs.heard = None,
            }
        }
    }

    /// An administrator wants the second one to be a computer of its own. Whether there is one that
    /// is certain.
    pub fn make_new(&self, agent: AgentId) -> bool {
        let mut agents = self.lock();
        let runs = agents.get_mut(&agent);
        let second = runs.and_then(|runs| runs.second.as_mut());
        let second = second.filter(|second| second.is_proven && second.run.id.is_some());
        second.map(|second| second.is_to_be_new = true).is_some()
    }

    /// Whether this run is to be a computer of its own now: what the first one had when the copy was
    /// made is here, and the first one's.
    pub fn is_to_be_new(&self, agent: AgentId, id: Option<[u8; 16]>) -> bool {
        let agents = self.lock();
        let second = agents.get(&agent).and_then(|runs| runs.second.as_ref());
        second.is_some_and(|second| {
            let is_it = id.is_some() && second.run.id == id;
            is_it && second.is_proven && second.is_first_drained && second.is_to_be_new
        })
    }

    /// An administrator says that it is resolved. Whether there was something.
    pub fn resolve(&self, agent: AgentId) -> bool {
        let mut agents = self.lock();
        agents
            .get_mut(&agent)
            .is_some_and(|runs| runs.second.take().is_some())
    }

    /// All that are certain, and of which the second was there lately.
    pub fn all(&self, now: Duration) -> HashMap<AgentId, Duplicate> {
        let agents = self.lock();
        let duplicate = |(agent, runs): (&AgentId, &Runs)| {
            let second = runs.second.as_ref()?;
            let is_recent = now.saturating_sub(second.last) <= REMEMBERED;
            (second.is_proven && is_recent).then(|| {
                let duplicate = Duplicate {
                    first: runs.first.clone(),
                    second: second.run.clone(),
                };
                (*agent, duplicate)
            })
        };
        agents.iter().filter_map(duplicate).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, Runs>> {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl Runs {
    fn of(run: &Run, now: Duration) -> Self {
        Self {
            first: run.clone(),
            heard: Some(now),
            connections: 1,
            second: None,
        }
    }

    /// Whether a run stays out though the first one is away: what they record must not mix.
    fn keeps_out(&self, run: &Run, now: Duration) -> bool {
        self.second.as_ref().is_some_and(|second| {
            second.is_proven
                && second.run.id == run.id
                && now.saturating_sub(second.last) <= REMEMBERED
        })
    }
}

impl std::fmt::Display for Duplicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} at {} and {} at {} connect with one identity: the first goes on, the second waits",
            self.first.computer, self.first.address, self.second.computer, self.second.address
        )
    }
}

/// Agents say something every 5 seconds.
const MAY_LIVE: Duration = Duration::from_secs(15);
/// What a run sent before it ended has arrived by then.
const CERTAIN_AFTER: Duration = Duration::from_secs(2);
/// An agent that is not taken in tries again at least once a minute.
const REMEMBERED: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: AgentId = AgentId::from_uuid(uuid::Uuid::from_u128(1));

    fn run(id: u8) -> Run {
        Run {
            id: Some([id; 16]),
            computer: format!("HOST{id}"),
            address: "192.0.2.1".into(),
        }
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn two_that_live_at_once_are_found_and_do_not_mix() {
        let duplicates = Duplicates::default();
        let hello = |id, at| duplicates.hello(AGENT, &run(id), secs(at));
        let heard = |id, at| duplicates.heard(AGENT, Some([id; 16]), true, secs(at));
        assert_eq!(hello(1, 0), Judgement::Welcome);
        assert_eq!(heard(1, 5), None);
        assert_eq!(hello(2, 8), Judgement::Second);
        assert_eq!(heard(1, 9), None, "it may have been under way");
        let found = heard(1, 10).unwrap();
        assert_eq!((found.first, found.second), (run(1), run(2)));
        assert_eq!(heard(1, 15), None, "it is told once");
        assert_eq!(duplicates.all(secs(15)).len(), 1);
        // The second does not slip in while the first is away, and the first comes back.
        duplicates.left(AGENT, Some([1; 16]));
        assert_eq!(hello(2, 16), Judgement::Second);
        assert_eq!(hello(1, 20), Judgement::Welcome);
        assert_eq!(duplicates.all(secs(20)).len(), 1);
        duplicates.left(AGENT, Some([1; 16]));
        assert!(duplicates.resolve(AGENT));
        assert!(!duplicates.resolve(AGENT));
        assert!(duplicates.all(secs(20)).is_empty());
        assert_eq!(hello(2, 21), Judgement::Welcome);
    }

    #[test]
    fn the_second_becomes_new_when_it_is_wanted_and_the_first_has_sent_all() {
        let duplicates = Duplicates::default();
        let hello = |id, at| duplicates.hello(AGENT, &run(id), secs(at));
        let is_to_be_new = |id| duplicates.is_to_be_new(AGENT, Some([id; 16]));
        hello(1, 0);
        hello(2, 1);
        assert!(!duplicates.make_new(AGENT), "it is not certain");
        duplicates.heard(AGENT, Some([1; 16]), false, secs(5));
        assert!(duplicates.make_new(AGENT));
        assert!(!is_to_be_new(2), "the first has not sent all");
        duplicates.heard(AGENT, Some([1; 16]), true, secs(6));
        duplicates.heard(AGENT, Some([1; 16]), false, secs(7));
        assert!(is_to_be_new(2));
        assert!(!is_to_be_new(1) && !duplicates.is_to_be_new(AGENT, None));
        // A third one is another run: nobody wanted anything of it.
        hello(3, 8);
        assert!(!is_to_be_new(3) && !is_to_be_new(2));
    }

    #[test]
    fn a_service_that_was_started_again_is_no_duplicate() {
        let duplicates = Duplicates::default();
        let hello = |id, at| duplicates.hello(AGENT, &run(id), secs(at));
        assert_eq!(hello(1, 0), Judgement::Welcome);
        duplicates.left(AGENT, Some([1; 16]));
        assert_eq!(hello(2, 1), Judgement::Welcome);
        // After a loss of power the connection before may seem alive for a while.
        assert_eq!(hello(3, 10), Judgement::Second);
        assert_eq!(hello(3, 17), Judgement::Welcome);
        assert_eq!(duplicates.heard(AGENT, Some([2; 16]), true, secs(20)), None);
        assert_eq!(duplicates.heard(AGENT, Some([3; 16]), true, secs(30)), None);
        assert!(duplicates.all(secs(30)).is_empty());
    }

    #[test]
    fn the_same_run_may_change_its_network_and_older_agents_are_taken_in() {
        let duplicates = Duplicates::default();
        assert_eq!(
            duplicates.hello(AGENT, &run(1), secs(0)),
            Judgement::Welcome
        );
        let moved = Run {
            address: "198.51.100.1".into(),
            ..run(1)
        };
        assert_eq!(duplicates.hello(AGENT, &moved, secs(1)), Judgement::Welcome);
        // Its first connection ends after the second one began: it still is the one that is there.
        duplicates.left(AGENT, run(1).id);
        assert_eq!(duplicates.hello(AGENT, &run(2), secs(1)), Judgement::Second);
        let older = Run { id: None, ..run(1) };
        assert_eq!(duplicates.hello(AGENT, &older, secs(2)), Judgement::Welcome);
    }
}
