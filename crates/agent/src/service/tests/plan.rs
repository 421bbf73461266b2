//! What a plan leaves out is not recorded, and what it asks for is.

use std::sync::atomic::Ordering;

use eidetic_capture::{LoginSessionId, SessionChange, fake::login_session};
use eidetic_model::{
    Policy, PolicyParts, Recording, ScreenLimits, Selected, SessionEvent, UserRule, UserSelection,
};

use super::computer::{Asked, Computer, happened};
use crate::{channel::Order, recorder::Ending, service::event::Event};

#[test]
fn with_monitoring_off_nothing_of_a_session_is_recorded() {
    let mut computer = Computer::new();
    computer.handle(policy(1, off()));
    computer.handle(began("c1", "ann"));
    computer.handle(happened(SessionEvent::Lock));
    computer.handle(Event::Tick);
    computer.handle(ended("c1"));
    assert_eq!(computer.told(), [""; 0]);
    assert_eq!(computer.asked(), []);
    assert_eq!(computer.status()["policy_revision"], 1);
}

#[test]
fn a_plan_that_ends_monitoring_ends_the_session_and_one_that_begins_it_begins_another() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.asked();
    computer.handle(policy(1, off()));
    assert!(computer.asked().contains(&Asked::Order(run, Order::Stop)));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    assert_eq!(computer.told(), ["Session end: Monitoring end", "closed"]);
    computer.handle(happened(SessionEvent::Lock));
    assert_eq!(computer.told(), [""; 0]);
    assert_eq!(computer.core.as_ref().unwrap().session_counts().recorded, 0);

    let before = computer.session_of(run);
    computer.handle(policy(2, PolicyParts::default()));
    let expected = ["opened HOST\\ann", "Session start: Monitoring start"];
    assert_eq!(computer.told(), expected);
    let run = computer.last_run();
    assert_ne!(computer.session_of(run), before);
}

#[test]
fn a_plan_that_asks_again_before_the_recorder_has_ended_begins_another_session() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.handle(policy(1, off()));
    computer.handle(policy(2, PolicyParts::default()));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    assert_eq!(
        computer.told(),
        [
            "Session end: Monitoring end",
            "closed",
            "opened HOST\\ann",
            "Session start: Monitoring start",
        ]
    );
}

#[test]
fn a_user_who_leaves_while_monitoring_ends_has_signed_out_and_does_not_come_back() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.handle(policy(1, off()));
    computer.handle(ended("c1"));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    assert_eq!(computer.told(), ["Session end: Sign-out", "closed"]);
    computer.handle(policy(2, PolicyParts::default()));
    assert_eq!(computer.told(), [""; 0]);
}

#[test]
fn only_the_users_that_the_plan_asks_for_are_recorded() {
    let mut computer = Computer::new();
    let users = UserSelection {
        who: Selected::Listed(vec![
            UserRule::User("ann*".into()),
            UserRule::Group("group of eve".into()),
        ]),
        except: vec![UserRule::User("HOST\\anton".into())],
    };
    let listed = PolicyParts {
        users,
        ..PolicyParts::default()
    };
    computer.handle(policy(1, listed));
    for (id, user) in [
        ("c1", "anna"),
        ("c2", "bob"),
        ("c3", "eve"),
        ("c4", "anton"),
    ] {
        computer.handle(began(id, user));
    }
    let told = computer.told();
    let opened: Vec<_> = told
        .iter()
        .filter(|words| words.starts_with("opened"))
        .collect();
    assert_eq!(opened, ["opened HOST\\anna", "opened HOST\\eve"]);
}

#[test]
fn while_groups_cannot_be_told_nothing_ends_and_what_waits_begins_once_they_can() {
    let mut computer = Computer::new();
    let listed = PolicyParts {
        users: UserSelection {
            who: Selected::Listed(vec![UserRule::Group("group of *".into())]),
            except: vec![],
        },
        ..PolicyParts::default()
    };
    computer.handle(policy(1, listed.clone()));
    computer.begin("c1");
    computer.told();
    computer.groups_are_told.store(false, Ordering::Relaxed);
    computer.handle(policy(2, listed));
    computer.handle(began("c2", "eve"));
    assert_eq!(computer.told(), [""; 0]);
    computer.groups_are_told.store(true, Ordering::Relaxed);
    computer.handle(Event::Tick);
    assert_eq!(computer.told(), [""; 0], "it is not asked for all the time");
    computer.after(30);
    computer.handle(Event::Tick);
    let expected = ["opened HOST\\eve", "Session start: Monitoring start"];
    assert_eq!(computer.told(), expected);
}

#[test]
fn recorders_are_told_once_when_the_disk_has_less_room_than_the_plan_leaves_free() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.asked();
    let more_than_any_disk = PolicyParts {
        limits: ScreenLimits {
            stop_below_free_bytes: Policy::MAX_FREE_BYTES,
            ..ScreenLimits::default()
        },
        ..PolicyParts::default()
    };
    computer.handle(policy(1, more_than_any_disk));
    let told = |computer: &Computer| {
        let asked = computer.asked().into_iter();
        let orders = asked.filter(|asked| matches!(asked, Asked::Order(_, Order::DiskIsLow(_))));
        orders.collect::<Vec<_>>()
    };
    assert_eq!(told(&computer), [Asked::Order(run, Order::DiskIsLow(true))]);
    computer.handle(Event::Tick);
    assert_eq!(told(&computer), []);
    computer.handle(began("c2", "bob"));
    let asked = computer.asked();
    let [Asked::Start(_, assignment)] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert!(assignment.disk_is_low);
    computer.handle(policy(2, PolicyParts::default()));
    assert_eq!(told(&computer).len(), 2, "both recorders go on");
}

fn policy(revision: u64, parts: PolicyParts) -> Event {
    let policy = Policy::new(parts).unwrap();
    Event::Policy { revision, policy }
}

fn off() -> PolicyParts {
    PolicyParts {
        recording: Recording::Off,
        ..PolicyParts::default()
    }
}

fn began(id: &str, user: &str) -> Event {
    Event::Sessions(SessionChange::Began {
        session: login_session(id, user, ":1"),
        already_there: false,
    })
}

fn ended(id: &str) -> Event {
    Event::Sessions(SessionChange::Ended {
        id: LoginSessionId(id.into()),
    })
}
