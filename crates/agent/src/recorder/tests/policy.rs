//! What follows from a policy, and from another one.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use eidetic_capture::{
    DesktopEvent, Rect, Screen as _,
    fake::{Screen, display, window},
};
use eidetic_model::{Clock as _, DisplayIndex, Policy, PolicyParts, Quality, Recording, Timestamp};
use eidetic_testkit::SimulatedClock;

use super::{Kept, decoded, policy, recorder_that_costs, setup};
use crate::{
    channel::Report,
    recorder::recorder::{Recorder, ScreenTurn, ScreenWish},
};

#[test]
fn a_policy_without_the_screen_ends_its_recording_at_once() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    let off = policy(Recording::MetadataOnly);
    setup.recorder.set_policy(off).unwrap();
    assert_eq!(setup.reports.take(), ["sealed", "sealed"]);
    assert_eq!(setup.recorder.screen_wish(), ScreenWish::Closed);
    setup.paint(1);
    assert_eq!(setup.capture(generation), ScreenTurn::Close);
    setup
        .recorder
        .desktop_event(DesktopEvent::Activated(window(1, "t")))
        .unwrap();
    let reports = setup.reports.all();
    assert!(matches!(&reports[..], [Report::Activity(record)] if record.moment.is_none()));

    let on = policy(Recording::Screen);
    setup.recorder.set_policy(on).unwrap();
    setup.reports.take();
    let generation = setup.reopen();
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["opened", "opened"]);
}

#[test]
fn another_quality_begins_new_segments_where_the_old_ones_end() {
    for change in [
        PolicyParts {
            quality: Quality::Low,
            ..policy(Recording::Screen).parts()
        },
        PolicyParts {
            grayscale: true,
            ..policy(Recording::Screen).parts()
        },
    ] {
        let mut setup = setup();
        let generation = setup.generation();
        setup.capture(generation);
        setup.reports.take();
        let changed = Policy::new(change).unwrap();
        setup.recorder.set_policy(changed.clone()).unwrap();
        setup.clock.advance(Duration::from_secs(2));
        setup.paint(1);
        assert_eq!(setup.capture(generation), ScreenTurn::Close);
        assert_eq!(setup.reports.take(), [""; 0], "the old ones go on");

        let generation = setup.reopen();
        setup.capture(generation);
        let reports = setup.reports.all();
        assert_eq!(
            setup.reports.take(),
            ["sealed", "sealed", "opened", "opened"]
        );
        let last_bytes_until = reports.iter().find_map(|report| match report {
            Report::SegmentBytes { until, .. } => Some(*until),
            _ => None,
        });
        let opened = reports.iter().find_map(|report| match report {
            Report::SegmentOpened(opened) => Some(opened.start),
            _ => None,
        });
        assert_eq!(last_bytes_until, opened, "nothing is missing between them");
        assert_eq!(decoded(&reports).1, 1, "with whole pictures");

        setup.recorder.set_policy(changed).unwrap();
        assert_eq!(
            setup.generation(),
            generation,
            "the same again is no change"
        );
    }
}

#[test]
fn what_does_not_concern_the_encoder_leaves_segments_open() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    let changed = PolicyParts {
        max_cpu_percent: 50,
        max_frames_per_second: 1,
        ..policy(Recording::Screen).parts()
    };
    setup
        .recorder
        .set_policy(Policy::new(changed).unwrap())
        .unwrap();
    setup.paint(1);
    assert_eq!(setup.capture(generation), ScreenTurn::Wait);
    assert_eq!(setup.reports.take(), [""; 0]);
}

#[test]
fn a_recorder_over_its_ceiling_slows_down_and_says_so_and_a_higher_ceiling_ends_it() {
    let clock = SimulatedClock::at(Timestamp::from_unix_micros(1_000_000_000_000));
    let reports = Kept::default();
    let cpu = Arc::new(Mutex::new(Duration::ZERO));
    let used = Arc::clone(&cpu);
    let cpu_time = Box::new(move || *used.lock().unwrap());
    let with = |max_cpu_percent| {
        Policy::new(PolicyParts {
            max_cpu_percent,
            max_frames_per_second: 4,
            ..PolicyParts::default()
        })
        .unwrap()
    };
    let mut recorder =
        recorder_that_costs(with(5), Arc::new(clock.clone()), reports.clone(), cpu_time);
    let (mut screen, script) = Screen::new(vec![display(0, "ONE", 0, 64, 48)]);
    // Each frame takes 50 ms: at four frames a second a fifth of a core.
    let mut frames_for = |recorder: &mut Recorder, secs: u64| {
        let until = clock.monotonic() + Duration::from_secs(secs);
        let mut frames = 0;
        while clock.monotonic() < until {
            frames += 1;
            let rect = Rect {
                x: 1,
                y: 2,
                width: 20,
                height: 9,
            };
            script.paint(DisplayIndex(0), rect, [frames as u8, 7, 9]);
            loop {
                *cpu.lock().unwrap() += Duration::from_millis(50);
                let capture = screen.next(Duration::ZERO).unwrap();
                if let ScreenTurn::Go { pause, .. } = recorder.captured(0, capture).unwrap() {
                    clock.advance(pause);
                    break;
                }
            }
        }
        frames
    };
    assert!(frames_for(&mut recorder, 60) < 100);
    // Once for the seconds in which it began, once as it stays.
    assert_eq!(reports.take(), ["opened", "slowed", "slowed"]);
    recorder.set_policy(with(100)).unwrap();
    assert!(frames_for(&mut recorder, 60) >= 220);
    assert_eq!(reports.take(), ["full pace"]);
}
