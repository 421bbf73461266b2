//! A campaign: the same work on many computers, one first, then some, then all.
//!
//! Decides by what it is told; knows no clock, no queue and no store. INVARIANT: nothing of a stage
//! is asked for before every computer of the stages before is good, or was left out by somebody.

use std::time::Duration;

use eidetic_model::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::deployment::jobs::ComputerKind;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id.
    pub id: Uuid,
    /// What is done.
    pub work: Work,
    /// Who asked for it.
    pub asked_by: String,
    /// When, in microseconds since the Unix epoch.
    pub created_us: i64,
    /// Within how many seconds each computer has to be good, from when it is begun.
    pub within_secs: u64,
    /// How far it is.
    pub state: State,
    /// The computers, in the order in which they are taken.
    pub members: Vec<Member>,
}

/// What a campaign does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Agents are upgraded.
    Upgrade {
        /// To this version at least.
        version: String,
    },
    /// Agents are removed; what they have not sent stays there.
    Remove,
    /// Agents are removed with everything that they have not sent.
    Purge,
}

/// How far a campaign is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// It goes on by itself.
    Running,
    /// Something failed: it goes on when somebody says so.
    Stopped {
        /// What failed.
        why: String,
    },
    /// All is done.
    Done,
    /// Somebody did not want it any more.
    Cancelled,
}

/// One computer of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its agent.
    pub agent: Uuid,
    /// Its name.
    pub name: String,
    /// What it is.
    pub system: ComputerKind,
    /// Where to sign in.
    pub host: String,
    /// The port there.
    pub port: u16,
    /// With which account.
    pub account: String,
    /// 0, 1 or 2: one, some, all.
    pub stage: u8,
    /// How far it is.
    pub progress: Progress,
}

/// How far a computer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "progress", rename_all = "snake_case")]
pub enum Progress {
    /// Its turn has not come.
    Waiting,
    /// A job was asked for.
    Asked {
        /// The job.
        job: Uuid,
        /// When it was begun, if it was.
        begun_us: Option<i64>,
    },
    /// It is as it should be.
    Good,
    /// It is not.
    Failed {
        /// Why.
        why: String,
    },
    /// It failed, and somebody said to go on without it.
    LeftOut,
}

/// What is seen of a computer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How its job is.
    pub job: JobSeen,
    /// The version with which its agent is connected now, if it is.
    pub connected: Option<String>,
}

/// How a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobSeen {
    /// It waits for its turn in the queue.
    Waiting,
    /// It was begun; what went wrong in the attempt before, if it is tried again.
    Begun(Option<String>),
    /// It is done.
    Done,
    /// It will not be done.
    Failed(String),
    /// It is not known: the server ended before it was kept.
    Gone,
}

/// What a campaign wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Ask for a job for this member, and give [`Campaign::asked`].
    Ask(usize),
    /// Take this job back. What is half done is brought to its end.
    TakeBack(Uuid),
    /// This member's agent is gone for good.
    MarkRemoved(usize),
}

impl Campaign {
    /// Puts computers into stages: one; a tenth of all, but some; the rest.
    pub fn in_stages(members: &mut [Member]) {
        let some = members.len().div_ceil(10).max(SOME);
        for (place, member) in members.iter_mut().enumerate() {
            member.stage = match place {
                0 => 0,
                _ if place <= some => 1,
                _ => 2,
            };
        }
    }

    /// Looks at the computers, and says what to do next.
    pub fn step(&mut self, now: Timestamp, look: impl Fn(&Member, Uuid) -> Seen) -> Vec<Act> {
        let mut acts = Vec::new();
        for place in 0..self.members.len() {
            let member = &self.members[place];
            let Progress::Asked { job, begun_us } = member.progress else {
                continue;
            };
            let seen = look(member, job);
            let progress = self.judge(now, job, begun_us, &seen);
            if progress == Progress::Good && !matches!(self.work, Work::Upgrade { .. }) {
                acts.push(Act::MarkRemoved(place));
            }
            if matches!(progress, Progress::Failed { .. }) && matches!(seen.job, JobSeen::Begun(_))
            {
                acts.push(Act::TakeBack(job));
            }
            self.members[place].progress = progress;
        }
        if self.state != State::Running {
            return acts;
        }
        let failed = self
            .members
            .iter()
            .find_map(|member| match &member.progress {
                Progress::Failed { why } => Some(format!("{}: {why}", member.name)),
                _ => None,
            });
        if let Some(why) = failed {
            self.state = State::Stopped { why };
            acts.extend(self.take_back());
            return acts;
        }
        match self.stage() {
            None => self.state = State::Done,
            Some(stage) => {
                let members = self.members.iter().enumerate();
                let due = members.filter(|(_, member)| {
                    member.stage == stage && member.progress == Progress::Waiting
                });
                acts.extend(due.map(|(place, _)| Act::Ask(place)));
            }
        }
        acts
    }

    /// The stage that is under way: the first that has a computer that is neither good nor left out.
    pub fn stage(&self) -> Option<u8> {
        let open = self
            .members
            .iter()
            .filter(|member| !matches!(member.progress, Progress::Good | Progress::LeftOut));
        open.map(|member| member.stage).min()
    }

    /// The answer to [`Act::Ask`]: the job, or why there is none.
    pub fn asked(&mut self, place: usize, job: Result<Uuid, String>) {
        self.members[place].progress = match job {
            Ok(job) => Progress::Asked {
                job,
                begun_us: None,
            },
            Err(why) => Progress::Failed { why },
        };
    }

    /// Goes on after a stop: what failed is tried again, or left out. Whether it was stopped.
    pub fn go_on(&mut self, leave_out_failed: bool) -> bool {
        let State::Stopped { .. } = self.state else {
            return false;
        };
        for member in &mut self.members {
            if let Progress::Failed { .. } = member.progress {
                member.progress = match leave_out_failed {
                    true => Progress::LeftOut,
                    false => Progress::Waiting,
                };
            }
        }
        self.state = State::Running;
        true
    }

    /// Ends it: what was begun is brought to its end. `None` if it is over already.
    pub fn cancel(&mut self) -> Option<Vec<Act>> {
        if matches!(self.state, State::Done | State::Cancelled) {
            return None;
        }
        self.state = State::Cancelled;
        Some(self.take_back())
    }

    /// Whether something of it can still happen.
    pub fn is_open(&self) -> bool {
        let mut members = self.members.iter();
        matches!(self.state, State::Running | State::Stopped { .. })
            || members.any(|member| matches!(member.progress, Progress::Asked { .. }))
    }

    fn judge(&self, now: Timestamp, job: Uuid, begun_us: Option<i64>, seen: &Seen) -> Progress {
        let begun_us = match seen.job {
            JobSeen::Gone => return Progress::Waiting,
            JobSeen::Waiting => begun_us,
            JobSeen::Begun(_) | JobSeen::Done | JobSeen::Failed(_) => {
                Some(begun_us.unwrap_or_else(|| now.as_unix_micros()))
            }
        };
        if let JobSeen::Failed(why) = &seen.job {
            return Progress::Failed { why: why.clone() };
        }
        if seen.job == JobSeen::Done && self.is_good(seen) {
            return Progress::Good;
        }
        let begun = begun_us.map(Timestamp::from_unix_micros);
        let limit = Duration::from_secs(self.within_secs);
        if begun.is_some_and(|begun| now.saturating_since(begun) > limit) {
            let why = format!("{} within {} s", self.missing(seen), self.within_secs);
            return Progress::Failed { why };
        }
        Progress::Asked { job, begun_us }
    }

    fn is_good(&self, seen: &Seen) -> bool {
        match (&self.work, &seen.connected) {
            (Work::Upgrade { version }, Some(connected)) => !is_older(connected, version),
            (Work::Upgrade { .. }, None) => false,
            (Work::Remove | Work::Purge, connected) => connected.is_none(),
        }
    }

    fn missing(&self, seen: &Seen) -> String {
        match (&seen.job, &self.work, &seen.connected) {
            (JobSeen::Done, Work::Upgrade { version }, Some(connected)) => {
                format!("it is connected with version {connected}, not with {version},")
            }
            (JobSeen::Done, Work::Upgrade { .. }, None) => {
                "it was installed and has not connected again".to_owned()
            }
            (JobSeen::Done, ..) => "it was removed and is still connected".to_owned(),
            (JobSeen::Begun(Some(trouble)), ..) => format!("{trouble}; it was not done"),
            _ => "it was not done".to_owned(),
        }
    }

    /// Jobs that were asked for and not begun are not wanted any more.
    fn take_back(&mut self) -> Vec<Act> {
        let mut acts = Vec::new();
        for member in &mut self.members {
            if let Progress::Asked {
                job,
                begun_us: None,
            } = member.progress
            {
                acts.push(Act::TakeBack(job));
                member.progress = Progress::Waiting;
            }
        }
        acts
    }
}

/// Whether a version is older than another: by its numbers, as packages are.
pub fn is_older(version: &str, than: &str) -> bool {
    let numbers = |version: &str| -> Vec<u64> {
        let parts = version.split(|c: char| !c.is_ascii_digit());
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    // The revision of a package is none of the agent's version.
    let than = than.split('-').next().unwrap_or(than);
    numbers(version) < numbers(than)
}

/// At least so many come after the first one.
const SOME: usize = 3;
