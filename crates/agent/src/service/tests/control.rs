//! What the server may ask for by a call.

use eidetic_model::SessionEvent;
use eidetic_wire::proto::ControlCall;
use tokio::sync::oneshot;

use super::computer::{Asked, Computer, happened};
use crate::{
    channel::Order,
    recorder::Ending,
    service::{event::Event, status::Status},
};

fn call(computer: &mut Computer, call: ControlCall) -> Status {
    let (answer, mut answered) = oneshot::channel();
    computer.handle(Event::Control { call, answer });
    answered.try_recv().unwrap()
}

#[test]
fn after_stop_nothing_is_recorded_until_restart_and_the_record_says_so() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    computer.told();
    computer.asked();
    let told = call(&mut computer, ControlCall::Stop);
    assert!(told.stopped_since.is_some());
    assert!(computer.asked().contains(&Asked::Order(run, Order::Stop)));
    computer.handle(Event::RecorderEnded(run, Ending::Asked));
    assert_eq!(computer.told(), ["Session end: Monitoring end", "closed"]);
    computer.handle(happened(SessionEvent::Lock));
    computer.handle(Event::Tick);
    assert_eq!(computer.told(), [""; 0]);
    assert!(computer.status()["stopped_since"].is_string());
    let again = call(&mut computer, ControlCall::Stop);
    assert_eq!(again.stopped_since, told.stopped_since);

    let told = call(&mut computer, ControlCall::Restart);
    assert_eq!((told.stopped_since, told.sessions.len()), (None, 1));
    let expected = ["opened HOST\\ann", "Session start: Monitoring start"];
    assert_eq!(computer.told(), expected);
}

#[test]
fn the_next_start_of_the_service_records_again() {
    let mut computer = Computer::new();
    call(&mut computer, ControlCall::Stop);
    computer.kill_and_start();
    let told = call(&mut computer, ControlCall::Status);
    assert_eq!(told.stopped_since, None);
    computer.begin("c1");
    assert_eq!(call(&mut computer, ControlCall::Status).sessions.len(), 1);
}

#[test]
fn restart_ends_what_is_recorded_and_begins_it_anew_with_another_recorder() {
    let mut computer = Computer::new();
    let run = computer.begin("c1");
    let before = computer.session_of(run);
    computer.told();
    call(&mut computer, ControlCall::Restart);
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
    let run = computer.last_run();
    assert_ne!(computer.session_of(run), before);
}
