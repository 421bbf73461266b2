//! Enrolment says what went wrong.

use std::collections::BTreeSet;

use eidetic_model::Entry;
use eidetic_testkit::{VirtualDisplay, eventually};
use eidetic_wire::EnrolmentTicket;

use crate::{agent::Agent, gateway::Gateway};

fn refused(agent: &Agent, address: &str, token: &str) -> String {
    let output = agent.enrol(address, token);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn each_way_to_fail_has_its_own_words() {
    let mut gateway = Gateway::start();
    let address = gateway.address();
    let agent = Agent::new();

    let error = refused(&agent, &address, "something else");
    assert!(error.contains("not an enrolment token"), "{error}");

    let other = Gateway::start();
    let error = refused(&agent, &address, &other.token());
    assert!(error.contains("another server"), "{error}");

    let output = agent.enrol(&address, &gateway.token());
    assert!(output.status.success(), "{output:?}");
    let error = refused(&agent, &address, &gateway.token());
    assert!(error.contains("enrolled with"), "{error}");
    assert!(error.contains("--replace"), "{error}");

    let error = refused(&Agent::new(), &address, &gateway.token());
    assert!(error.contains("the token was used before"), "{error}");

    gateway.stop();
    let error = refused(&Agent::new(), &address, &gateway.token());
    assert!(error.contains("failed to reach the server"), "{error}");
}

#[test]
fn an_agent_that_enrols_again_shows_its_server_who_it_was_and_no_other() {
    let gateway = Gateway::start();
    let agent = Agent::enrolled(&gateway.address(), &gateway.token());
    assert_eq!(gateway.stored().enrolled_again, 0);
    let _token_was_used = agent.enrol_again(&gateway.address(), &gateway.token());
    assert_eq!(gateway.stored().enrolled_again, 1);

    let other = Gateway::start();
    let output = agent.enrol_again(&other.address(), &other.token());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(other.stored().enrolled_again, 0);
}

#[test]
fn a_token_of_a_forged_server_is_never_told() {
    // The hash of the authority is right, the server has another one.
    let gateway = Gateway::start();
    let forged = EnrolmentTicket::new(b"another authority", [9; 32]).to_text();
    let error = refused(&Agent::new(), &gateway.address(), &forged);
    assert!(error.contains("another server"), "{error}");
}

#[test]
fn a_server_that_refuses_says_why_in_the_status() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let words = "the agent's certificate expired: enrol the agent again";
    gateway.refuse(words);
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run(display.name());
    eventually("the status says why", || {
        agent.status().contains(words).then_some(())
    });
    assert!(agent.log().contains(words));
    assert!(agent.stop().success());
    assert!(agent.status().contains("not running; was stopped"));
}

#[test]
fn a_certificate_is_renewed_in_time_and_once() {
    let gateway = Gateway::start();
    gateway.give_short_lived_certificates();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    for _ in 0..2 {
        agent.run(display.name());
        eventually("the agent is connected", || {
            agent
                .status()
                .contains("server     connected")
                .then_some(())
        });
        assert!(agent.stop().success());
    }
    assert_eq!(gateway.stored().renewals, 1);
}

#[test]
fn a_token_need_not_stand_on_the_command_line() {
    let gateway = Gateway::start();
    let agent = Agent::new();
    let output = agent.enrol_by_input(&gateway.address(), &gateway.token());
    assert!(output.status.success(), "{output:?}");

    let gateway = Gateway::start();
    let agent = Agent::new();
    let output = agent.enrol_by_environment(&gateway.address(), None);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("a token is needed"), "{error}");
    let token = gateway.token();
    let output = agent.enrol_by_environment(&gateway.address(), Some(&token));
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn an_installers_token_is_redeemed_by_the_service_and_forgotten() {
    let gateway = Gateway::start();
    let mut agent = Agent::new();
    let told = agent.set_up(&gateway.address(), &gateway.token());
    assert!(told.contains("once it reaches it"), "{told}");
    assert!(agent.has_token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run(display.name());
    eventually("the agent is connected", || {
        let status = agent.status();
        status.contains("server     connected").then_some(())
    });
    assert!(!agent.has_token());
    let told = agent.set_up(&gateway.address(), "");
    assert!(told.contains("already"), "{told}");
    assert!(agent.stop().success());
}

#[test]
fn a_token_that_is_refused_is_forgotten_and_an_enrolled_agent_goes_on() {
    let gateway = Gateway::start();
    let used = gateway.token();
    let mut agent = Agent::enrolled(&gateway.address(), &used);
    agent.set_up(&gateway.address(), &used);
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run(display.name());
    eventually("the agent is connected", || {
        let status = agent.status();
        status.contains("server     connected").then_some(())
    });
    assert!(!agent.has_token());
    assert!(agent.log().contains("the token was used before"));
    assert!(agent.stop().success());
}

#[test]
fn a_recorder_does_not_inherit_the_token() {
    let gateway = Gateway::start();
    let mut agent = Agent::new();
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run_and_enrol(display.name(), &gateway.address(), &gateway.token());
    eventually("the session is told of", || {
        gateway
            .stored()
            .has_record("Monitoring start")
            .then_some(())
    });
    let recorder = agent.recorder(None).as_raw_nonzero();
    // Between fork and exec it is the service still.
    eventually("the recorder is without the token", || {
        let environment = std::fs::read(format!("/proc/{recorder}/environ")).ok()?;
        let environment = String::from_utf8_lossy(&environment).into_owned();
        (environment.contains("DISPLAY=") && !environment.contains("EIDETIC_TOKEN")).then_some(())
    });
    assert!(agent.stop().success());
}

#[test]
fn a_copy_enrols_by_itself_as_a_computer_of_its_own_and_sends_what_it_has() {
    let mut gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run(display.name());
    let opened = |gateway: &Gateway| -> Vec<_> {
        let entries = gateway.stored().entries();
        let opened = entries.iter().filter_map(|entry| match entry {
            Entry::SessionOpened(session) => Some(session.id),
            _ => None,
        });
        opened.collect()
    };
    eventually("the session is told of", || {
        (opened(&gateway).len() == 1).then_some(())
    });
    gateway.stop();
    gateway.give_new_identity();
    gateway.start_again();
    eventually("it enrols anew", || {
        (gateway.stored().enrolled == 2).then_some(())
    });
    // Who it was is the first one: it must not show that.
    assert_eq!(gateway.stored().enrolled_again, 0);
    // The session goes on under an id of its own, in a spool of its own.
    eventually("the session begins anew", || {
        let mut sessions = opened(&gateway);
        sessions.dedup();
        (sessions.len() == 2).then_some(())
    });
    let spools: BTreeSet<_> = gateway.stored().entries.keys().map(|(id, _)| *id).collect();
    assert_eq!(spools.len(), 2);
    assert!(!agent.has_token());
    assert!(agent.stop().success());
    assert!(
        agent
            .log()
            .contains("this computer has an identity of its own")
    );
}

#[test]
fn a_copy_does_not_follow_another_servers_token() {
    let gateway = Gateway::start();
    let other = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    gateway.give_token_to_copy(&other.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    agent.run(display.name());
    eventually("it goes on as who it is", || {
        let status = agent.status();
        status.contains("server     connected").then_some(())
    });
    assert!(agent.log().contains("is another server's"));
    assert_eq!(gateway.stored().enrolled, 1);
    assert!(agent.stop().success());
}
