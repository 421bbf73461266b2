//! When a plan's limits and rules end the screen's recording, and when it goes on.

use std::{sync::Arc, thread, time::Duration};

use eidetic_capture::{
    ActiveWindow, DesktopEvent, NoticeEnding, blackout::Judgement, fake::window,
};
use eidetic_model::{
    ApplicationRule, ApplicationSelection, GapReason, Notification, Policy, PolicyParts, Recording,
    Selected, ShownPart,
};
use eidetic_testkit::eventually;

use super::{Setup, policy, setup};
use crate::{
    channel::Report,
    recorder::{
        recorder::{Recorder, ScreenTurn, ScreenWish},
        threads::{Shared, ThreadEnd},
    },
};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn after_the_time_that_the_plan_gives_the_screen_is_not_recorded_and_that_is_told() {
    let mut setup = recording(|parts| parts.limits.stop_after = Some(MINUTE));
    setup.recorder.idle_observed(Duration::ZERO).unwrap();
    setup.clock.advance(MINUTE - Duration::from_secs(1));
    setup.paint(1);
    let generation = setup.generation();
    assert!(matches!(setup.capture(generation), ScreenTurn::Wait));
    setup.reports.take();
    assert!(
        setup.recorder.desktop_wait() <= Duration::from_secs(1),
        "it wakes in time"
    );
    setup.clock.advance(Duration::from_secs(1));
    setup.recorder.tick().unwrap();
    let reports = setup.reports.all();
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "gap"]);
    assert!(reports.iter().any(|report| matches!(
        report,
        Report::Gap {
            reason: GapReason::StoppedByPlan,
            ..
        }
    )));
    assert_eq!(setup.recorder.screen_wish(), ScreenWish::Closed);
    setup.recorder.idle_observed(Duration::ZERO).unwrap();
    assert!(!setup.recorder.desktop_wait().is_zero(), "it does not spin");

    front(&mut setup, "still on the record");
    assert_eq!(setup.reports.take(), ["activity"]);
}

#[test]
fn without_input_the_screen_is_not_recorded_until_somebody_comes_back() {
    let mut setup = recording(|parts| parts.limits.stop_when_idle_for = Some(MINUTE * 2));
    assert!(setup.recorder.asks_for_idle(false));
    setup.recorder.idle_observed(Duration::ZERO).unwrap();
    setup.reports.take();
    setup.clock.advance(MINUTE * 2);
    assert!(setup.recorder.asks_for_idle(false));
    setup.recorder.idle_observed(MINUTE * 2).unwrap();
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "input stopped"]);
    assert_eq!(setup.recorder.screen_wish(), ScreenWish::Closed);
    setup.clock.advance(Duration::from_secs(1));
    assert!(
        setup.recorder.asks_for_idle(false),
        "soon enough to miss little"
    );
    setup.recorder.idle_observed(Duration::ZERO).unwrap();
    assert_eq!(setup.reports.take(), ["input resumed"]);
    let generation = setup.reopen();
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["opened", "opened"]);
}

#[test]
fn while_the_disk_is_low_the_screen_is_not_recorded() {
    let mut setup = recording(|_| {});
    setup.recorder.disk_is_low(true).unwrap();
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "gap"]);
    setup.recorder.disk_is_low(true).unwrap();
    assert_eq!(setup.reports.take(), [""; 0], "that is told once");
    setup.recorder.disk_is_low(false).unwrap();
    let generation = setup.reopen();
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["opened", "opened"]);
}

#[test]
fn the_screen_is_recorded_only_in_front_of_listed_windows_and_records_always_are() {
    let listed = ApplicationSelection {
        which: Selected::Listed(vec![rule("* - Notepad")]),
        ..ApplicationSelection::default()
    };
    let mut setup = recording(|parts| parts.applications = listed);
    assert_eq!(
        setup.recorder.screen_wish(),
        ScreenWish::Closed,
        "nothing is in front"
    );
    front(&mut setup, "Untitled - Notepad");
    let generation = setup.reopen();
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["activity", "opened", "opened"]);

    front(&mut setup, "Mail");
    let reports = setup.reports.all();
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "activity"]);
    let moment = reports.iter().find_map(|report| match report {
        Report::Activity(record) => Some(record.moment),
        _ => None,
    });
    assert_eq!(moment, Some(None), "no moment of a recording shows it");
    setup.paint(2);
    assert_eq!(setup.capture(generation), ScreenTurn::Close);

    front(&mut setup, "Untitled - Notepad");
    let no_window = DesktopEvent::Activated(window(0, ""));
    setup.recorder.desktop_event(no_window).unwrap();
    assert_eq!(setup.recorder.screen_wish(), ScreenWish::Closed);
}

#[test]
fn where_nothing_is_told_to_be_in_front_the_screen_is_recorded_after_a_moment() {
    let except = ApplicationSelection {
        except: vec![rule("*bank*")],
        ..ApplicationSelection::default()
    };
    let mut setup = recording(|parts| parts.applications = except);
    setup.recorder.idle_observed(Duration::ZERO).unwrap();
    let moment = Duration::from_secs(3);
    assert!(setup.recorder.desktop_wait() <= moment, "it wakes in time");
    setup.clock.advance(moment);
    setup.recorder.tick().unwrap();
    assert!(matches!(setup.recorder.screen_wish(), ScreenWish::Open(_)));
    assert!(!setup.recorder.desktop_wait().is_zero(), "it does not spin");
}

#[test]
fn what_stopped_the_recording_while_nobody_was_there_is_told_once_he_is_back() {
    let mut setup = recording(|parts| {
        parts.limits.stop_after = Some(MINUTE * 3);
        parts.limits.stop_when_idle_for = Some(MINUTE * 2);
    });
    setup.recorder.idle_observed(Duration::ZERO).unwrap();
    setup.clock.advance(MINUTE * 2);
    setup.recorder.idle_observed(MINUTE * 2).unwrap();
    setup.reports.take();
    setup.clock.advance(MINUTE * 2);
    setup.recorder.tick().unwrap();
    assert_eq!(setup.reports.take(), ["gap"]);
    assert_eq!(setup.recorder.screen_wish(), ScreenWish::Closed);
}

#[test]
fn excepted_windows_end_the_recording_as_long_as_they_are_in_front() {
    let except = ApplicationSelection {
        except: vec![rule("*bank*")],
        ..ApplicationSelection::default()
    };
    let mut setup = recording(|parts| parts.applications = except);
    assert_eq!(
        setup.recorder.screen_wish(),
        ScreenWish::Closed,
        "it is not known yet whether the bank is in front"
    );
    front(&mut setup, "Mail");
    let generation = setup.reopen();
    setup.capture(generation);
    setup.reports.take();
    front(&mut setup, "My Bank");
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "activity"]);
    setup.paint(3);
    assert_eq!(setup.capture(generation), ScreenTurn::Close);
    front(&mut setup, "Mail");
    assert!(matches!(setup.recorder.screen_wish(), ScreenWish::Open(next) if next > generation));
}

/// A recorder that follows a policy, and whose first frames are recorded if it asks for them.
#[test]
fn a_message_is_shown_once_on_a_thread_of_its_own_and_what_became_of_it_is_reported() {
    let message = Notification::new("You are recorded.", Duration::from_secs(60)).unwrap();
    let setup = recording(|parts| parts.notification = Some(message));
    let (reports, recorder) = (setup.reports, setup.recorder);
    let shared = Arc::new(Shared::new(recorder));
    let sharer = Arc::clone(&shared);
    let thread = thread::spawn(move || {
        sharer.run_notices(|notice, watcher| {
            assert_eq!(notice.text, "You are recorded.");
            watcher.shown();
            assert!(watcher.is_wanted());
            Ok(NoticeEnding::Acknowledged)
        })
    });
    let record = eventually("it is reported", || {
        reports.all().into_iter().find_map(|report| match report {
            Report::Activity(record) => Some(record),
            _ => None,
        })
    });
    assert_eq!(record.what.reveal(), "Monitoring message acknowledged");
    assert_eq!(record.action.as_str(), "User notified");
    shared.tell(Recorder::finish).unwrap();
    assert!(matches!(thread.join().unwrap(), ThreadEnd::Finished));
    let told = reports.take();
    assert_eq!(told.iter().filter(|name| **name == "notice").count(), 2);
    assert_eq!(told.iter().filter(|name| **name == "activity").count(), 1);
}

#[test]
fn another_choice_of_what_is_shown_opens_the_screen_anew() {
    let listed = ApplicationSelection {
        which: Selected::Listed(vec![rule("* - Notepad")]),
        ..ApplicationSelection::default()
    };
    let mut setup = recording(|parts| parts.applications = listed.clone());
    front(&mut setup, "Untitled - Notepad");
    let whole = setup.recorder.screen_wish();
    assert!(setup.recorder.judge().is_none());
    let mut parts = policy(Recording::Screen).parts();
    parts.applications = ApplicationSelection {
        shown: ShownPart::ListedWindows,
        ..listed
    };
    let policy = Policy::new(parts).unwrap();
    setup.recorder.set_policy(policy).unwrap();
    assert_ne!(setup.recorder.screen_wish(), whole);
    let judge = setup.recorder.judge().unwrap();
    assert_eq!(judge("Untitled - Notepad", ""), Judgement::Listed);
    assert_eq!(judge("Mail", ""), Judgement::Unlisted);
}

fn recording(change: impl FnOnce(&mut PolicyParts)) -> Setup {
    let mut setup = setup();
    let mut parts = policy(Recording::Screen).parts();
    change(&mut parts);
    let policy = Policy::new(parts).unwrap();
    setup.recorder.set_policy(policy).unwrap();
    if let ScreenWish::Open(generation) = setup.recorder.screen_wish() {
        setup.capture(generation);
    }
    setup.reports.take();
    setup
}

fn front(setup: &mut Setup, title: &str) {
    let window = ActiveWindow {
        handle: u64::try_from(title.len()).unwrap(),
        ..window(1, title)
    };
    let event = DesktopEvent::Activated(window);
    setup.recorder.desktop_event(event).unwrap();
    // So that the next title is not one too many in this second.
    setup.clock.advance(Duration::from_secs(2));
}

fn rule(title: &str) -> ApplicationRule {
    ApplicationRule {
        title: title.into(),
        description: String::new(),
    }
}
