//! What goes wrong is a recorded gap, and nothing that was acknowledged is lost.

use eidetic_model::{Entry, SpoolId};
use eidetic_testkit::{VirtualDisplay, eventually};
use rustix::process::{Signal, kill_process};

use crate::{agent::Agent, gateway::Gateway, recording::terminal};

#[test]
fn what_was_recorded_without_the_server_arrives_once_it_is_back() {
    let mut gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    gateway.stop();
    agent.run(display.name());
    terminal(&mut display, "Before");
    eventually("the status says that the server is away", || {
        agent
            .status()
            .contains("failed to reach the server")
            .then_some(())
    });
    gateway.start_again();
    eventually("what waited arrives", || {
        gateway.stored().has_record("Before").then_some(())
    });
    gateway.stop();
    terminal(&mut display, "Between");
    gateway.start_again();
    eventually("what waited arrives again", || {
        gateway.stored().has_record("Between").then_some(())
    });
    assert!(agent.stop().success());
    gateway.stored().check_without_holes();
}

#[test]
fn a_killed_agent_tells_the_end_of_the_session_when_it_starts_again() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    terminal(&mut display, "First life");
    eventually("the first life is stored", || {
        gateway.stored().has_record("First life").then_some(())
    });
    agent.kill();
    let before = gateway.stored().entries();

    agent.run(display.name());
    terminal(&mut display, "Second life");
    eventually("the second life is stored", || {
        gateway.stored().has_record("Second life").then_some(())
    });
    eventually("the segments of both lives arrive", || {
        (!gateway.stored().sealed.is_empty()).then_some(())
    });
    assert!(agent.stop().success());
    let stored = gateway.stored();
    stored.check_without_holes();
    let entries = stored.entries();
    assert_eq!(
        entries[..before.len()],
        before,
        "what was acknowledged changed"
    );
    let count = |wanted: fn(&Entry) -> bool| entries.iter().filter(|entry| wanted(entry)).count();
    assert_eq!(count(|entry| matches!(entry, Entry::SessionOpened(_))), 2);
    assert_eq!(count(|entry| matches!(entry, Entry::SessionClosed(_))), 2);
    let shutdowns = stored
        .records()
        .iter()
        .filter(|(_, what)| what == "Shutdown")
        .count();
    assert_eq!(shutdowns, 2, "one late, one in time");
    let spools: std::collections::BTreeSet<SpoolId> =
        stored.entries.keys().map(|(spool, _)| *spool).collect();
    assert_eq!(spools.len(), 1, "the spool is the same one");
}

#[test]
fn a_killed_recorder_is_started_again_and_the_gap_is_recorded() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    let recorder = agent.recorder(None);
    terminal(&mut display, "Before the gap");
    eventually("the recorder records", || {
        let stored = gateway.stored();
        (stored.has_record("Before the gap") && !stored.segments.is_empty()).then_some(())
    });
    kill_process(recorder, Signal::KILL).unwrap();
    agent.recorder(Some(recorder));
    eventually("the gap is told", || {
        gateway
            .stored()
            .has_record("Recorder restarted")
            .then_some(())
    });
    terminal(&mut display, "After the gap");
    eventually("recording goes on", || {
        gateway.stored().has_record("After the gap").then_some(())
    });
    assert!(agent.stop().success());
    let stored = gateway.stored();
    let sessions = stored
        .entries()
        .iter()
        .filter(|entry| matches!(entry, Entry::SessionOpened(_)))
        .count();
    assert_eq!(sessions, 1, "the session goes on");
    assert_eq!(stored.sealed.len(), stored.segments.len());
}

#[test]
fn a_display_that_goes_away_stops_nothing_else() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    agent.run(display.name());
    eventually("the display is recorded", || {
        (!gateway.stored().segments.is_empty()).then_some(())
    });
    display.kill_server();
    eventually("its segment ends", || {
        let stored = gateway.stored();
        (stored.sealed.len() == stored.segments.len()).then_some(())
    });
    eventually("the status says so", || {
        agent.status().contains("restarting").then_some(())
    });
    assert!(agent.is_running());
    assert!(agent.stop().success());
    let records = gateway.stored().records();
    let whats: Vec<_> = records.iter().map(|(_, what)| what.as_str()).collect();
    assert_eq!(
        whats[whats.len() - 2..],
        ["Display unavailable", "Shutdown"]
    );
}

#[test]
fn an_agent_that_was_never_enrolled_records_and_waits() {
    let mut agent = Agent::new();
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    agent.recorder(None);
    terminal(&mut display, "Kept");
    eventually("the status says what to do", || {
        agent.status().contains("not enrolled").then_some(())
    });
    let gateway = Gateway::start();
    let output = agent.enrol(&gateway.address(), &gateway.token());
    assert!(output.status.success(), "{output:?}");
    eventually("what was kept arrives without a restart", || {
        gateway.stored().has_record("Kept").then_some(())
    });
    assert!(agent.stop().success());
}

#[test]
fn a_server_that_was_restored_from_a_backup_is_told_again_what_it_lost() {
    let mut gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    display.start_window_manager().unwrap();
    agent.run(display.name());
    terminal(&mut display, "Since the backup");
    eventually("a title is stored and a segment grows", || {
        let stored = gateway.stored();
        (stored.has_record("Since the backup") && !stored.segments.is_empty()).then_some(())
    });
    gateway.restore(std::collections::BTreeMap::new());
    eventually("the segment that grows arrives anew", || {
        (!gateway.stored().segments.is_empty()).then_some(())
    });
    terminal(&mut display, "Afterwards");
    eventually("records go on", || {
        gateway.stored().has_record("Afterwards").then_some(())
    });
    assert!(agent.stop().success());
    let stored = gateway.stored();
    stored.check_without_holes();
    let entries = stored.entries();
    let opened = entries
        .iter()
        .filter(|entry| matches!(entry, Entry::SessionOpened(_)))
        .count();
    assert_eq!(opened, 1, "the session is announced anew");
    for entry in &entries {
        if let Entry::SegmentOpened(segment) = entry {
            assert!(stored.sealed.contains_key(&segment.id), "{segment:?}");
        }
    }
    let lost = entries
        .iter()
        .any(|entry| matches!(entry, Entry::SegmentLost { .. }));
    assert!(!lost, "nothing that waited is lost");
}

#[test]
fn a_server_that_takes_calls_and_does_not_answer_is_tried_again() {
    let gateway = Gateway::start();
    let mut agent = Agent::enrolled(&gateway.address(), &gateway.token());
    let display = VirtualDisplay::start(320, 240).unwrap();
    gateway.be_silent(true);
    agent.run(display.name());
    eventually("the status says that there is no answer", || {
        agent
            .status()
            .contains("the server does not answer")
            .then_some(())
    });
    gateway.be_silent(false);
    eventually("what waited arrives", || {
        gateway
            .stored()
            .has_record("Monitoring start")
            .then_some(())
    });
    assert!(agent.stop().success());
}
