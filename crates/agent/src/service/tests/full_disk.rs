//! What the service promises when its disk is full.

use eidetic_capture::{LoginSessionId, SessionChange};
use eidetic_model::{
    Action, ActivityRecord, Captured, Clock as _, Entry, ObjectType, SessionEvent, Timestamp,
};

use super::computer::{Computer, happened};
use crate::{
    channel::Report,
    recorder::Ending,
    service::{
        alive::Alive,
        event::{Event, RecorderRun},
    },
};

#[test]
fn a_note_that_cannot_be_written_is_retried_and_recording_goes_on() {
    let mut computer = Computer::new();
    let obstacle = computer.folder.path().join("alive.new");
    std::fs::create_dir(&obstacle).unwrap();
    computer.begin("c1");
    computer.handle(Event::Tick);
    assert_eq!(computer.noted().sessions.len(), 0);
    computer.kill_and_start();
    computer.begin("c2");
    assert!(computer.told().contains(&"opened HOST\\ann".to_owned()));

    std::fs::remove_dir(&obstacle).unwrap();
    computer.handle(Event::Tick);
    assert_eq!(computer.noted().sessions.len(), 1);

    // Nor does the end of the last session stay untold.
    std::fs::create_dir(&obstacle).unwrap();
    let run = computer.last_run();
    computer.handle(Event::Sessions(SessionChange::Ended {
        id: LoginSessionId("c2".into()),
    }));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    std::fs::remove_dir(&obstacle).unwrap();
    computer.handle(Event::Tick);
    assert_eq!(computer.noted().sessions, []);
}

#[test]
fn titles_that_were_lost_are_told_as_a_gap_though_the_screen_was_still() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.fill_disk();
    computer.after(10);
    let from = computer.clock.wall();
    for _ in 0..3 {
        computer.title(run, "lost");
        computer.after(1);
    }
    computer.handle(Event::Tick);
    assert_eq!(computer.told(), [""; 0]);
    computer.clear_disk();
    computer.title(run, "kept");
    assert_eq!(
        computer.gaps(),
        [gap("Spool full", from, computer.clock.wall(), 3)]
    );
}

#[test]
fn a_session_that_ends_while_the_disk_is_full_is_told_to_its_end() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.fill_disk();
    computer.title(run, "lost");
    computer.handle(happened(SessionEvent::Lock));
    computer.handle(Event::Sessions(SessionChange::Ended {
        id: LoginSessionId("c1".into()),
    }));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    // Nor does it matter that the service is killed before there is room.
    computer.kill_and_start();
    computer.begin("c2");
    assert_eq!(computer.told(), [""; 0]);
    computer.clear_disk();
    assert_eq!(
        computer.told(),
        [
            "Session end: Lock",
            "Recording gap: Spool full",
            "Session end: Sign-out",
            "closed",
            "opened HOST\\ann",
            "Session start: Monitoring start",
        ]
    );
    assert_eq!(computer.noted().owed, []);
}

#[test]
fn the_end_that_a_killed_service_left_waits_for_room() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.after(5);
    computer.handle(Event::RecorderEnded(run, Ending::Failed));
    computer.handle(Event::Tick);
    computer.told();
    computer.fill_disk();
    let died = computer.clock.wall();
    for _ in 0..3 {
        computer.after(100);
        computer.kill_and_start();
        assert_eq!(computer.told(), [""; 0]);
    }
    computer.clear_disk();
    let entries = computer.entries();
    let [
        Entry::Activity(gap),
        Entry::Activity(end),
        Entry::SessionClosed(_),
    ] = &entries[..]
    else {
        panic!("{entries:?}");
    };
    assert_eq!((gap.what.reveal(), gap.when), ("Recorder restarted", died));
    assert_eq!((end.what.reveal(), end.when), ("Shutdown", died));
    computer.kill_and_start();
    assert_eq!(computer.told(), [""; 0]);
}

#[test]
fn a_gap_that_a_kill_cuts_short_is_told_with_what_was_lost() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.fill_disk();
    let from = computer.clock.wall();
    computer.title(run, "lost");
    computer.after(5);
    computer.handle(Event::Tick);
    let until = computer.clock.wall();
    computer.kill_and_start();
    computer.clear_disk();
    assert_eq!(computer.gaps(), [gap("Spool full", from, until, 1)]);
}

fn gap(what: &str, from: Timestamp, until: Timestamp, lost: u64) -> Vec<String> {
    vec![
        what.to_owned(),
        format!("From: {from}"),
        format!("Until: {until}"),
        format!("Records lost: {lost}"),
    ]
}

impl Computer {
    fn title(&mut self, run: RecorderRun, title: &str) {
        let record = ActivityRecord {
            session: self.session_of(run),
            when: self.clock.wall(),
            who: "HOST\\ann".into(),
            action: Action::Activated,
            object_type: ObjectType::Window,
            what: Captured::from(title),
            where_: "HOST".into(),
            workstation: None,
            details: Vec::new(),
            application: None,
            coalesced: 0,
            moment: None,
        };
        self.handle(Event::Report(run, Report::Activity(Box::new(record))));
    }

    /// The gaps since the last look, each as its reason and details.
    fn gaps(&mut self) -> Vec<Vec<String>> {
        let entries = self.entries();
        let gaps = entries.into_iter().filter_map(|entry| match entry {
            Entry::Activity(record) if record.action == Action::RecordingGap => {
                let texts = std::iter::once(&record.what).chain(&record.details);
                Some(texts.map(|text| text.reveal().to_owned()).collect())
            }
            _ => None,
        });
        gaps.collect()
    }

    fn noted(&self) -> Alive {
        Alive::read(&self.folder.path().join("alive.toml")).unwrap()
    }
}
