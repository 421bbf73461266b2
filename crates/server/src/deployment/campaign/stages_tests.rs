//! The stages of a campaign.

use std::collections::HashMap;

use super::stages::*;
use eidetic_model::Timestamp;
use uuid::Uuid;

use crate::deployment::jobs::ComputerKind;

const NOTHING: [usize; 0] = [];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_micros(seconds * 1_000_000)
}

/// A campaign, and computers that do what a test says.
struct Played {
    campaign: Campaign,
    jobs: HashMap<Uuid, JobSeen>,
    connected: HashMap<Uuid, String>,
    next_job: u128,
    taken_back: usize,
    removed: Vec<usize>,
    now: i64,
}

impl Played {
    fn new(work: Work, count: usize) -> Self {
        let mut members: Vec<_> = (0..count)
            .map(|number| Member {
                agent: Uuid::from_u128(number as u128),
                name: format!("web-{number}"),
                host: format!("web-{number}"),
                system: ComputerKind::Linux,
                port: 22,
                account: "office".into(),
                stage: 0,
                progress: Progress::Waiting,
            })
            .collect();
        Campaign::in_stages(&mut members);
        let connected = members
            .iter()
            .map(|member| (member.agent, "0.1.0".to_owned()));
        Self {
            connected: connected.collect(),
            campaign: Campaign {
                id: Uuid::from_u128(9),
                work,
                asked_by: "anna".into(),
                created_us: 0,
                within_secs: 600,
                state: State::Running,
                members,
            },
            jobs: HashMap::new(),
            next_job: 1_000,
            taken_back: 0,
            removed: Vec::new(),
            now: 1,
        }
    }

    fn upgrade(count: usize) -> Self {
        let version = "0.2.0".to_owned();
        Self::new(Work::Upgrade { version }, count)
    }

    /// One step. The computers for which a job was asked.
    fn step(&mut self) -> Vec<usize> {
        let (jobs, connected) = (&self.jobs, &self.connected);
        let acts = self.campaign.step(at(self.now), |member, job| Seen {
            job: jobs[&job].clone(),
            connected: connected.get(&member.agent).cloned(),
        });
        self.act(acts)
    }

    fn act(&mut self, acts: Vec<Act>) -> Vec<usize> {
        let mut asked = Vec::new();
        for act in acts {
            match act {
                Act::Ask(place) => {
                    let job = Uuid::from_u128(self.next_job);
                    self.next_job += 1;
                    self.jobs.insert(job, JobSeen::Waiting);
                    self.campaign.asked(place, Ok(job));
                    asked.push(place);
                }
                Act::TakeBack(_) => self.taken_back += 1,
                Act::MarkRemoved(place) => self.removed.push(place),
            }
        }
        asked
    }

    fn set(&mut self, place: usize, job: JobSeen) {
        let Progress::Asked { job: id, .. } = self.campaign.members[place].progress else {
            panic!("{:?}", self.campaign.members[place]);
        };
        self.jobs.insert(id, job);
    }

    fn upgraded(&mut self, place: usize) {
        self.set(place, JobSeen::Done);
        let agent = self.campaign.members[place].agent;
        self.connected.insert(agent, "0.2.0".to_owned());
    }

    fn is_stopped_by(&self, words: &str) -> bool {
        matches!(&self.campaign.state, State::Stopped { why } if why.contains(words))
    }

    /// As after a restart of the server.
    fn restart(&mut self) {
        let text = serde_json::to_string(&self.campaign).unwrap();
        self.campaign = serde_json::from_str(&text).unwrap();
    }
}

#[test]
fn one_computer_is_first_then_some_then_all() {
    let stages = |count| {
        let played = Played::upgrade(count);
        let of = |stage| {
            let members = played.campaign.members.iter();
            members.filter(|member| member.stage == stage).count()
        };
        [of(0), of(1), of(2)]
    };
    assert_eq!(stages(1), [1, 0, 0]);
    assert_eq!(stages(3), [1, 2, 0]);
    assert_eq!(stages(6), [1, 3, 2]);
    assert_eq!(stages(200), [1, 20, 179]);
}

#[test]
fn a_stage_begins_when_all_before_are_installed_and_connected_with_the_new_version() {
    let mut played = Played::upgrade(6);
    assert_eq!(played.step(), [0]);
    played.set(0, JobSeen::Begun(None));
    assert_eq!(played.step(), NOTHING);
    // Installed, and still or again connected as it was.
    played.set(0, JobSeen::Done);
    assert_eq!(played.step(), NOTHING);
    played.connected.remove(&Uuid::from_u128(0));
    assert_eq!(played.step(), NOTHING);
    played.upgraded(0);
    assert_eq!(played.step(), [1, 2, 3]);
    played.upgraded(1);
    played.upgraded(2);
    assert_eq!(played.step(), NOTHING);
    played.restart();
    played.upgraded(3);
    assert_eq!(played.step(), [4, 5]);
    played.upgraded(4);
    played.upgraded(5);
    assert_eq!(played.step(), NOTHING);
    assert_eq!(played.campaign.state, State::Done);
    assert!(!played.campaign.is_open());
}

#[test]
fn a_failure_stops_it_and_takes_back_what_was_not_begun() {
    let mut played = Played::upgrade(6);
    played.step();
    played.upgraded(0);
    assert_eq!(played.step(), [1, 2, 3]);
    played.set(1, JobSeen::Failed("the disk is full".into()));
    played.set(2, JobSeen::Begun(None));
    assert_eq!(played.step(), NOTHING);
    assert!(played.is_stopped_by("web-1: the disk is full"));
    assert_eq!(played.taken_back, 1, "that of the third");
    // What was begun comes to its end, and nothing new begins.
    played.upgraded(2);
    assert_eq!(played.step(), NOTHING);
    assert_eq!(played.campaign.members[2].progress, Progress::Good);
    assert_eq!(played.campaign.members[3].progress, Progress::Waiting);

    played.restart();
    assert!(played.campaign.go_on(false));
    assert_eq!(played.step(), [1, 3], "that which failed is tried again");
    played.set(1, JobSeen::Failed("the disk is full".into()));
    played.upgraded(3);
    played.step();
    assert!(played.campaign.go_on(true));
    assert_eq!(
        played.step(),
        [4, 5],
        "it goes on without that which failed"
    );
    assert!(!played.campaign.go_on(true), "it runs");
}

#[test]
fn one_that_does_not_come_back_in_time_stops_it_and_waiting_in_the_queue_does_not_count() {
    let mut played = Played::upgrade(2);
    played.step();
    played.now = 5_000;
    played.step();
    assert_eq!(played.campaign.state, State::Running);
    played.set(0, JobSeen::Done);
    played.connected.clear();
    played.step();
    played.now += 600;
    played.step();
    assert_eq!(played.campaign.state, State::Running);
    played.now += 1;
    played.step();
    assert!(played.is_stopped_by("has not connected again within 600 s"));

    let mut played = Played::upgrade(2);
    played.step();
    played.set(0, JobSeen::Done);
    played.step();
    played.now = 602;
    played.step();
    assert!(played.is_stopped_by("with version 0.1.0, not with 0.2.0"));
}

#[test]
fn a_job_that_was_forgotten_in_a_crash_is_asked_for_again() {
    let mut played = Played::upgrade(2);
    played.step();
    played.set(0, JobSeen::Gone);
    assert_eq!(played.step(), [0]);
}

#[test]
fn one_that_is_tried_again_for_too_long_is_taken_back_and_says_why() {
    let mut played = Played::upgrade(2);
    played.step();
    played.set(0, JobSeen::Begun(Some("nothing answers".into())));
    played.step();
    played.now += 601;
    played.step();
    assert!(played.is_stopped_by("nothing answers; it was not done within 600 s"));
    assert_eq!(played.taken_back, 1);
}

#[test]
fn what_cannot_be_asked_for_stops_it() {
    let mut played = Played::upgrade(2);
    let acts = played.campaign.step(at(1), |_, _| unreachable!());
    assert_eq!(acts, [Act::Ask(0)]);
    played
        .campaign
        .asked(0, Err("it is being worked on".into()));
    played.step();
    assert!(played.is_stopped_by("it is being worked on"));
}

#[test]
fn one_that_is_cancelled_asks_for_nothing_more() {
    let mut played = Played::upgrade(6);
    played.step();
    let acts = played.campaign.cancel().unwrap();
    played.act(acts);
    assert_eq!(played.taken_back, 1);
    assert_eq!(played.step(), NOTHING);
    assert_eq!(played.campaign.state, State::Cancelled);
    assert!(played.campaign.cancel().is_none());
    assert!(!played.campaign.go_on(false));
}

#[test]
fn removed_is_who_is_not_connected_any_more() {
    let mut played = Played::new(Work::Remove, 2);
    assert_eq!(played.step(), [0]);
    played.set(0, JobSeen::Done);
    assert_eq!(played.step(), NOTHING);
    assert_eq!(played.removed, NOTHING);
    played.connected.remove(&Uuid::from_u128(0));
    assert_eq!(played.step(), [1]);
    assert_eq!(played.removed, [0]);
}

#[test]
fn versions_are_compared_by_number_and_without_the_packages_revision() {
    assert!(is_older("0.9.9", "0.10.0"));
    assert!(!is_older("0.1.0", "0.1.0-2"));
    assert!(!is_older("0.2.0", "0.1.9"));
}
