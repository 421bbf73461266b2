//! Windows, titles and programs.

use std::time::Duration;

use eidetic_capture::{ActiveWindow, Desktop, DesktopEvent, ProcessId, windows::WindowsDesktop};
use eidetic_model::{Captured, RunAs};

use super::fixture::{Place, Window, desktop_for_oneself, eventually, tell_of_the_session};

const PLACE: Place = Place {
    left: 40,
    top: 60,
    width: 200,
    height: 100,
};

#[test]
fn window_in_front_is_told_with_its_title_its_program_and_its_place() {
    let _desktop = desktop_for_oneself();
    let mut desktop = WindowsDesktop::open().unwrap();
    let window = Window::show(0x0012_3456, PLACE, "Quarterly figures – Ünïcode 文書");
    let told = wait_for(&mut desktop, "Quarterly figures – Ünïcode 文書");
    let application = told.application.unwrap();
    assert_eq!(application.description, "Fixture of the tests");
    assert!(application.path.ends_with("fixture.exe"), "{application:?}");
    assert_eq!(told.process, Some(ProcessId(window.process())));
    assert_eq!(told.run_as, RunAs::SessionUser);
    assert_eq!(told.middle, (140, 110));
}

#[test]
fn each_title_of_a_window_is_told_and_fast_ones_are_counted() {
    let _desktop = desktop_for_oneself();
    let mut desktop = WindowsDesktop::open().unwrap();
    let mut window = Window::show(0x0012_3456, PLACE, "one");
    wait_for(&mut desktop, "one");
    window.rename("two");
    let two = wait_for(&mut desktop, "two");
    assert_eq!(two.changes, 1);
    for number in 0..50 {
        window.rename(&format!("title {number}"));
    }
    window.rename("last");
    let mut changes = 0;
    eventually("the last title is told", || {
        let told = next(&mut desktop)?;
        changes += told.changes;
        (told.title == Captured::from("last")).then_some(())
    });
    // What was said late of those before is told with the next.
    assert_eq!(desktop.next(Duration::from_secs(1)).unwrap(), None);
    window.rename("end");
    changes += wait_for(&mut desktop, "end").changes;
    // The last one may be seen before it is said to have changed, while others are still counted.
    assert!((51..=52).contains(&changes), "{changes} of 52 are counted");
}

#[test]
fn window_that_goes_away_leaves_nothing_or_another_one_in_front() {
    let _desktop = desktop_for_oneself();
    let mut desktop = WindowsDesktop::open().unwrap();
    let window = Window::show(0x0012_3456, PLACE, "short-lived");
    wait_for(&mut desktop, "short-lived");
    drop(window);
    eventually("something else is told", || {
        let told = next(&mut desktop)?;
        (told.title != Captured::from("short-lived")).then_some(())
    });
}

#[test]
fn what_happens_to_the_session_is_heard() {
    const LOCK: u32 = 7;
    let _desktop = desktop_for_oneself();
    let mut desktop = WindowsDesktop::open().unwrap();
    // It is heard on a thread of its own, which may not have begun to.
    eventually("it is heard", || {
        if !tell_of_the_session(LOCK) {
            return None;
        }
        let told = desktop.next(Duration::from_secs(2)).unwrap()?;
        (told == DesktopEvent::SessionNoticed { code: LOCK }).then_some(())
    });
}

#[test]
fn time_without_input_grows() {
    let _desktop = desktop_for_oneself();
    let mut desktop = WindowsDesktop::open().unwrap();
    let before = desktop.idle().unwrap();
    eventually("time passes", || {
        (desktop.idle().unwrap() > before).then_some(())
    });
}

fn next(desktop: &mut WindowsDesktop) -> Option<ActiveWindow> {
    match desktop.next(Duration::from_secs(2)).unwrap()? {
        DesktopEvent::Activated(window) => Some(window),
        _ => None,
    }
}

fn wait_for(desktop: &mut WindowsDesktop, title: &str) -> ActiveWindow {
    eventually(title, || {
        next(desktop).filter(|told| told.title == Captured::from(title))
    })
}
