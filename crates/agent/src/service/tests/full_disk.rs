//! What the service promises when its disk is full.

use eidetic_capture::{LoginSessionId, SessionChange};

use super::computer::Computer;
use crate::service::{alive::Alive, event::Event};

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
    computer.handle(Event::RecorderEnded(run, crate::recorder::Ending::Asked));
    std::fs::remove_dir(&obstacle).unwrap();
    computer.handle(Event::Tick);
    assert_eq!(computer.noted().sessions, []);
}

impl Computer {
    fn noted(&self) -> Alive {
        Alive::read(&self.folder.path().join("alive.toml")).unwrap()
    }
}
