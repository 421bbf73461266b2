//! What the service promises, one test each.

use std::time::Duration;

use eidetic_capture::{LoginSessionId, SessionChange, fake::login_session};
use eidetic_model::{Captured, Clock as _, Entry, Policy, SessionEvent, SessionOrigin, Timestamp};
use eidetic_spool::SegmentState;
use eidetic_wire::convert::to_proto;
use prost::Message as _;

use super::computer::{Asked, Computer, happened, policy, words};
use crate::{
    channel::{Order, Pace, Report},
    policy_file,
    recorder::Ending,
    service::{alive::Alive, event::Event},
};

#[test]
fn a_session_is_told_from_its_beginning_to_its_end() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.handle(happened(SessionEvent::LocalSessionStart));
    computer.handle(happened(SessionEvent::Lock));
    computer.handle(happened(SessionEvent::Unlock));
    computer.handle(Event::Sessions(SessionChange::Ended {
        id: LoginSessionId("c1".into()),
    }));
    assert!(computer.asked().contains(&Asked::Order(run, Order::Stop)));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    assert_eq!(
        computer.told(),
        [
            "opened HOST\\ann",
            "Session start: Monitoring start",
            "Session start: Local session start",
            "Session end: Lock",
            "Session start: Unlock",
            "Session end: Sign-out",
            "closed",
        ]
    );
}

#[test]
fn what_happens_is_told_from_where_the_user_is_connected_by_then() {
    let mut computer = Computer::new();
    let id = LoginSessionId("c1".into());
    let mut session = login_session("c1", "CORP\\ann", "Session 1");
    session.id = id.clone();
    computer.handle(Event::Sessions(SessionChange::Began {
        session,
        already_there: false,
    }));
    let run = computer.last_run();
    assert_eq!(computer.told()[0], "opened CORP\\ann");

    let origin = SessionOrigin::Remote {
        workstation: "LAPTOP-7".into(),
    };
    computer.handle(Event::Sessions(SessionChange::ConnectedFrom { id, origin }));
    computer.handle(happened(SessionEvent::RemoteConnection));
    // The recorder began while the user was at the computer itself, and knows nothing else.
    let Entry::Activity(mut record) = computer.entries().remove(0) else {
        panic!("no record");
    };
    assert_eq!(record.workstation.take().as_deref(), Some("LAPTOP-7"));
    computer.handle(Event::Report(run, Report::Activity(Box::new(record))));
    let Entry::Activity(reported) = computer.entries().remove(0) else {
        panic!("no record");
    };
    assert_eq!(reported.workstation.as_deref(), Some("LAPTOP-7"));
}

#[test]
fn a_computer_that_shuts_down_and_a_service_that_is_stopped_are_shutdowns() {
    for event in [Event::Sessions(SessionChange::ShuttingDown), Event::Stop] {
        let mut computer = Computer::new();
        let run = computer.begin("c1");
        computer.told();
        computer.handle(event);
        computer.handle(Event::RecorderEnded(run, Ending::Asked));
        assert_eq!(computer.told(), ["Session end: Shutdown", "closed"]);
        computer.handle(Event::Stop);
        assert!(computer.core.as_ref().unwrap().is_finished());
        assert_eq!(computer.told(), [""; 0]);
    }
}

#[test]
fn a_slowed_recorder_is_seen_in_the_status_and_counted_until_it_ends() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.handle(Event::Report(run, Report::Ready));
    let counts = |computer: &Computer| computer.core.as_ref().unwrap().session_counts();
    assert_eq!(
        (counts(&computer).recorded, counts(&computer).slowed),
        (1, 0)
    );
    let interval = Duration::from_millis(750);
    computer.handle(Event::Report(run, Report::Pace(Pace::Slowed { interval })));
    assert_eq!(counts(&computer).slowed, 1);
    assert_eq!(computer.status()["sessions"][0]["slowed_to_millis"], 750);

    computer.handle(Event::RecorderEnded(run, Ending::Failed));
    assert_eq!(counts(&computer).slowed, 0);
    computer.handle(Event::RestartDue(LoginSessionId("c1".into())));
    assert_eq!(counts(&computer).slowed, 0, "a new one begins at full pace");
    let status = computer.status();
    assert!(status["sessions"][0]["slowed_to_millis"].is_null());
}

#[test]
fn a_recorder_that_dies_is_started_again_and_the_gap_is_told() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    let segment = computer.open_segment(run, 5);
    computer.write_segment(run, segment, 100);
    computer.told();
    computer.asked();
    computer.after(10);
    let died = computer.clock.wall();
    computer.handle(Event::RecorderEnded(run, Ending::Failed));
    assert_eq!(computer.asked(), [Asked::RestartAfter(1)]);
    let sealed = computer.spool.lock().segments().next().unwrap();
    assert!(
        matches!(sealed.state, SegmentState::Sealed(end) if end.end == died && end.bytes == 100)
    );

    computer.after(1);
    computer.handle(Event::RestartDue(LoginSessionId("c1".into())));
    let second = computer.last_run();
    assert_ne!(second, run);
    computer.after(1);
    computer.handle(Event::Report(second, Report::Ready));
    let entries = computer.entries();
    let [Entry::Activity(gap)] = &entries[..] else {
        panic!("{entries:?}");
    };
    assert_eq!(gap.what.reveal(), "Recorder restarted");
    let details: Vec<_> = gap.details.iter().map(Captured::reveal).collect();
    let until = computer.clock.wall();
    assert_eq!(
        details,
        [format!("From: {died}"), format!("Until: {until}")]
    );

    // It dies at once again and again: the waits grow.
    computer.asked();
    let mut run = second;
    let mut waits = Vec::new();
    for _ in 0..7 {
        computer.handle(Event::RecorderEnded(run, Ending::Failed));
        waits.extend(
            computer
                .asked()
                .into_iter()
                .filter_map(|asked| match asked {
                    Asked::RestartAfter(secs) => Some(secs),
                    _ => None,
                }),
        );
        computer.handle(Event::RestartDue(LoginSessionId("c1".into())));
        run = computer.last_run();
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn a_display_that_goes_away_is_another_gap_than_a_recorder_that_dies() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.handle(Event::RecorderEnded(run, Ending::DisplayGone));
    computer.handle(Event::Sessions(SessionChange::Ended {
        id: LoginSessionId("c1".into()),
    }));
    assert_eq!(
        computer.told(),
        [
            "Recording gap: Display unavailable",
            "Session end: Sign-out",
            "closed"
        ]
    );
}

#[test]
fn a_recorder_that_never_opens_the_display_is_a_gap_and_is_started_again() {
    let mut computer = Computer::new();
    computer.handle(Event::Sessions(SessionChange::Began {
        session: login_session("c1", "ann", ":1"),
        already_there: false,
    }));
    let (run, since) = (computer.last_run(), computer.clock.wall());
    computer.told();
    computer.asked();
    computer.after(14);
    computer.handle(Event::Tick);
    assert_eq!(computer.asked(), []);
    computer.after(1);
    computer.handle(Event::Tick);
    computer.handle(Event::Tick);
    assert_eq!(computer.asked(), [Asked::Order(run, Order::Stop)]);
    computer.handle(Event::RecorderEnded(run, Ending::Failed));
    assert_eq!(computer.asked(), [Asked::RestartAfter(1)]);
    computer.handle(Event::RestartDue(LoginSessionId("c1".into())));
    let second = computer.last_run();
    computer.handle(Event::Report(second, Report::Ready));
    let entries = computer.entries();
    let [Entry::Activity(gap)] = &entries[..] else {
        panic!("{entries:?}");
    };
    assert_eq!(
        (gap.what.reveal(), gap.when),
        ("Display unavailable", since)
    );
    computer.after(60);
    computer.asked();
    computer.handle(Event::Tick);
    assert_eq!(computer.asked(), []);
}

#[test]
fn a_clock_that_is_moved_never_makes_a_session_or_an_absence_end_before_it_began() {
    for moved_by in [-86_400_i64, 86_400] {
        let mut computer = Computer::new();
        let run = computer.begin("c1");
        let start = computer.clock.wall();
        computer.after(10);
        let from = computer.clock.wall();
        computer.handle(Event::Report(run, Report::InputStopped { from }));
        let micros = start.as_unix_micros() + moved_by * 1_000_000;
        computer.clock.jump_to(Timestamp::from_unix_micros(micros));
        computer.handle(happened(SessionEvent::Lock));
        computer.handle(Event::Tick);
        let alive = Alive::read(&computer.folder.path().join("alive.toml")).unwrap();
        assert_eq!(alive.at, computer.clock.wall());
        computer.handle(Event::RecorderEnded(run, Ending::Failed));
        let killed = alive.late_entries();
        computer.handle(Event::Sessions(SessionChange::Ended {
            id: LoginSessionId("c1".into()),
        }));
        let entries = computer.entries();
        let mut ends = 0;
        for entry in entries.iter().chain(&killed) {
            match entry {
                Entry::Idle(idle) => assert!(idle.until >= idle.from, "{idle:?}"),
                Entry::SessionClosed(ending) => {
                    assert!(ending.end >= start, "{ending:?}");
                    ends += 1;
                }
                _ => {}
            }
        }
        assert_eq!(ends, 2, "one in time, one as after a kill");
        let told: Vec<_> = entries.iter().map(words).collect();
        assert_eq!(
            told[2..],
            [
                "Session end: Lock",
                "Recording gap: Recorder restarted",
                "idle",
                "Session end: Sign-out",
                "closed"
            ]
        );
    }
}

#[test]
fn a_killed_service_tells_the_end_at_its_next_start_once() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    let absent_since = computer.clock.wall();
    let absent = Report::InputStopped { from: absent_since };
    computer.handle(Event::Report(run, absent));
    computer.after(30);
    computer.handle(Event::Tick);
    let last_alive = computer.clock.wall();
    computer.told();

    computer.after(3_600);
    computer.kill_and_start();
    let entries = computer.entries();
    let told: Vec<_> = entries.iter().map(words).collect();
    assert_eq!(told, ["idle", "Session end: Shutdown", "closed"]);
    assert!(matches!(&entries[0], Entry::Idle(idle)
        if idle.from == absent_since && idle.until == last_alive));
    assert!(matches!(&entries[1], Entry::Activity(record) if record.when == last_alive));
    assert!(matches!(&entries[2], Entry::SessionClosed(end) if end.end == last_alive));

    computer.kill_and_start();
    assert_eq!(computer.told(), [""; 0]);
}

#[test]
fn a_service_that_is_killed_while_it_tells_the_end_tells_the_rest() {
    let mut computer = Computer::new();
    computer.begin("c1");
    computer.after(5);
    computer.handle(Event::Tick);
    computer.told();
    // As a kill after the first of the late entries leaves it.
    let alive = computer.folder.path().join("alive.toml");
    let newest = computer.spool.lock().newest_entry().0;
    let text = std::fs::read_to_string(&alive).unwrap();
    let before = Alive::read(&alive).unwrap();
    let first = to_proto::entry(&before.late_entries()[0]);
    let text = format!("closing_after = {newest}\n{text}");
    computer.core = None;
    std::fs::write(&alive, text).unwrap();
    computer
        .spool
        .lock()
        .push_entry(&first.encode_to_vec())
        .unwrap();
    computer.start();
    assert_eq!(computer.told(), ["Session end: Shutdown", "closed"]);
}

#[test]
fn while_the_spool_is_full_only_the_screen_is_missing_and_the_gap_is_told() {
    let mut computer = Computer::new();
    let policy = policy(Policy::MIN_SPOOL_BYTES);
    computer.handle(Event::Policy {
        revision: 1,
        policy,
    });
    let run = computer.begin("c1");
    let segment = computer.open_segment(run, 5);
    computer.told();
    computer.asked();
    let mut pieces = 0;
    while computer.asked() != [Asked::Order(run, Order::PauseScreen)] {
        computer.write_segment(run, segment, 256 << 10);
        pieces += 1;
        assert!(pieces < 100, "the spool never gets full");
    }
    let full_since = computer.clock.wall();
    // What was under way from the recorder is not taken, and nothing is told twice.
    computer.write_segment(run, segment, 1_000);
    let late = computer.open_segment(run, 6);
    computer.write_segment(run, late, 1_000);
    assert_eq!(computer.asked(), []);
    computer.handle(happened(SessionEvent::Lock));
    assert_eq!(computer.told(), ["Session end: Lock"]);
    computer.after(60);
    computer.handle(Event::Tick);
    assert_eq!(computer.asked(), [], "still full");

    let kept = computer.spool.lock().segments().next().unwrap();
    assert!(matches!(kept.state, SegmentState::Sealed(_)), "{kept:?}");
    computer.spool.lock().forget_segment(segment).unwrap();
    computer.handle(Event::Tick);
    assert_eq!(computer.asked(), [Asked::Order(run, Order::ResumeScreen)]);
    let entries = computer.entries();
    let [Entry::Activity(gap)] = &entries[..] else {
        panic!("{entries:?}");
    };
    assert_eq!(gap.what.reveal(), "Spool full");
    assert_eq!(gap.when, full_since);
    let next = computer.open_segment(run, 7);
    computer.write_segment(run, next, 1_000);
    assert_eq!(computer.told(), ["segment"]);
}

#[test]
fn absence_ends_with_input_or_with_the_session() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    let stopped = |computer: &Computer| Report::InputStopped {
        from: computer.clock.wall(),
    };
    let report = stopped(&computer);
    computer.handle(Event::Report(run, report));
    computer.after(100);
    let until = computer.clock.wall();
    computer.handle(Event::Report(run, Report::InputResumed { until }));
    computer.handle(Event::Report(run, Report::InputResumed { until }));
    let report = stopped(&computer);
    computer.handle(Event::Report(run, report));
    computer.after(50);
    computer.handle(Event::Stop);
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    assert_eq!(
        computer.told(),
        ["idle", "idle", "Session end: Shutdown", "closed"]
    );
}

#[test]
fn a_segment_of_which_nothing_came_is_told_as_lost() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.open_segment(run, 5);
    computer.told();
    computer.handle(Event::RecorderEnded(run, Ending::Failed));
    assert_eq!(computer.told(), ["lost: Recorder restarted"]);
    assert_eq!(computer.spool.lock().segments().len(), 0);
}

#[test]
fn a_policy_reaches_the_recorders_and_the_next_start() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.asked();
    let policy = policy(32 << 20);
    computer.handle(Event::Policy {
        revision: 8,
        policy: policy.clone(),
    });
    assert_eq!(
        computer.asked(),
        [Asked::Order(run, Order::Policy(policy.clone()))]
    );
    let kept = policy_file::read(&computer.folder.path().join("policy.toml")).unwrap();
    assert_eq!(kept, Some((8, policy)));
}

#[test]
fn a_session_without_a_display_has_its_events_recorded() {
    let mut computer = Computer::new();
    let mut session = login_session("c1", "ann", ":1");
    session.display = None;
    computer.handle(Event::Sessions(SessionChange::Began {
        session,
        already_there: true,
    }));
    assert_eq!(computer.asked(), []);
    computer.handle(happened(SessionEvent::Lock));
    computer.handle(Event::Stop);
    assert_eq!(
        computer.told()[2..],
        ["Session end: Lock", "Session end: Shutdown", "closed"]
    );
}

#[test]
fn a_damaged_note_of_what_was_recorded_does_not_stop_recording() {
    let mut computer = Computer::new();
    computer.begin("c1");
    computer.core = None;
    std::fs::write(computer.folder.path().join("alive.toml"), "sessions = 7").unwrap();
    computer.told();
    computer.start();
    assert_eq!(computer.told(), [""; 0]);
    computer.begin("c2");
    assert_eq!(computer.told()[0], "opened HOST\\ann");
}
