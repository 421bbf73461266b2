//! The promises of a recorder.

mod plan;
mod policy;

use std::{
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use eidetic_capture::{
    Capture, CaptureError, DesktopEvent, Rect, Screen as _,
    fake::{Desktop, Screen, ScreenScript, display, window},
};
use eidetic_codec::{Decoder, DecoderLimits, PacketKind, PixelOrder, SegmentReader};
use eidetic_model::{
    Clock, DisplayIndex, GapReason, Policy, PolicyParts, Recording, SessionDescription, SessionId,
    SessionOrigin, Timestamp,
};
use eidetic_runtime::SystemClock;
use eidetic_testkit::{CountedIds, SimulatedClock, eventually};
use uuid::Uuid;

use super::{
    Reports,
    recorder::{Parts, Recorder, ScreenTurn, ScreenWish},
    threads::{Shared, ThreadEnd},
};
use crate::channel::{Assignment, FramingError, Pace, Report};

/// Keeps reports for the test to look at.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Report>>>);

impl Reports for Kept {
    fn report(&mut self, report: Report) -> Result<(), FramingError> {
        self.0.lock().unwrap().push(report);
        Ok(())
    }
}

impl Kept {
    /// The names of the reports since the last call, pieces of segments left out.
    fn take(&self) -> Vec<&'static str> {
        let reports = std::mem::take(&mut *self.0.lock().unwrap());
        reports.iter().filter_map(name).collect()
    }

    fn all(&self) -> Vec<Report> {
        self.0.lock().unwrap().clone()
    }
}

fn name(report: &Report) -> Option<&'static str> {
    Some(match report {
        Report::Ready => "ready",
        Report::Activity(_) => "activity",
        Report::SegmentOpened(_) => "opened",
        Report::SegmentBytes { .. } => return None,
        Report::SegmentSealed(_) => "sealed",
        Report::InputStopped { .. } => "input stopped",
        Report::InputResumed { .. } => "input resumed",
        Report::Gap { .. } => "gap",
        Report::Pace(Pace::Full) => "full pace",
        Report::Pace(Pace::Slowed { .. }) => "slowed",
        Report::SessionNoticed { .. } => "session noticed",
        Report::Notice { .. } => "notice",
    })
}

struct Setup {
    clock: SimulatedClock,
    reports: Kept,
    recorder: Recorder,
    screen: Screen,
    script: ScreenScript,
}

fn assignment(policy: Policy) -> Assignment {
    Assignment {
        session: SessionDescription {
            id: SessionId::from_uuid(Uuid::from_u128(1)),
            who: "HOST\\ann".into(),
            where_: "host".into(),
            origin: SessionOrigin::Local,
            display_name: ":1".into(),
            start: Timestamp::from_unix_micros(1_000_000_000_000),
        },
        user_id: 1000,
        policy,
        screen_paused: false,
        disk_is_low: false,
        told: None,
    }
}

fn policy(recording: Recording) -> Policy {
    Policy::new(PolicyParts {
        recording,
        max_frames_per_second: 30,
        idle_after: Duration::from_secs(60),
        ..PolicyParts::default()
    })
    .unwrap()
}

fn recorder_with(clock: Arc<dyn Clock>, reports: Kept) -> Recorder {
    let policy = policy(Recording::Screen);
    recorder_that_costs(policy, clock, reports, Box::new(|| Duration::ZERO))
}

fn recorder_that_costs(
    policy: Policy,
    clock: Arc<dyn Clock>,
    reports: Kept,
    cpu_time: Box<dyn Fn() -> Duration + Send>,
) -> Recorder {
    let parts = Parts {
        clock,
        ids: Arc::new(CountedIds::default()),
        cpu_time,
        reports: Box::new(reports),
    };
    Recorder::new(assignment(policy), parts)
}

fn setup() -> Setup {
    let clock = SimulatedClock::at(Timestamp::from_unix_micros(1_000_000_000_000));
    let reports = Kept::default();
    let recorder = recorder_with(Arc::new(clock.clone()), reports.clone());
    let (screen, script) = two_displays();
    Setup {
        clock,
        reports,
        recorder,
        screen,
        script,
    }
}

fn two_displays() -> (Screen, ScreenScript) {
    Screen::new(vec![
        display(0, "LEFT", 0, 64, 48),
        display(1, "RIGHT", 64, 32, 32),
    ])
}

impl Setup {
    fn generation(&self) -> u64 {
        match self.recorder.screen_wish() {
            ScreenWish::Open(generation) => generation,
            wish => panic!("{wish:?}"),
        }
    }

    /// Captures what there is, under the generation.
    fn capture(&mut self, generation: u64) -> ScreenTurn {
        loop {
            let capture = self.screen.next(Duration::ZERO).unwrap();
            let last = matches!(capture, Capture::Unchanged);
            let turn = self.recorder.captured(generation, capture).unwrap();
            if last || turn == ScreenTurn::Close {
                return turn;
            }
        }
    }

    fn paint(&mut self, shade: u8) {
        let rect = Rect {
            x: 1,
            y: 2,
            width: 20,
            height: 9,
        };
        self.script.paint(DisplayIndex(0), rect, [shade, 7, 9]);
    }

    /// Opens the screen anew, as the thread does when it was closed.
    fn reopen(&mut self) -> u64 {
        (self.screen, self.script) = two_displays();
        self.generation()
    }
}

/// The last picture of the first segment of display 0 among the reports, its number of packets,
/// and whether it has an end.
fn decoded(reports: &[Report]) -> (Vec<u8>, u64, bool) {
    let id = reports
        .iter()
        .find_map(|report| match report {
            Report::SegmentOpened(description) if description.display.0 == 0 => {
                Some(description.id)
            }
            _ => None,
        })
        .unwrap();
    let mut segment = Vec::new();
    for report in reports {
        if let Report::SegmentBytes {
            segment: of, bytes, ..
        } = report
            && *of == id
        {
            segment.extend_from_slice(bytes);
        }
    }
    decode(&segment)
}

fn decode(segment: &[u8]) -> (Vec<u8>, u64, bool) {
    let mut reader = SegmentReader::new();
    reader.push(segment);
    let header = reader.header().unwrap().unwrap();
    let mut decoder = Decoder::new(&header, DecoderLimits::default(), PixelOrder::Bgrx).unwrap();
    let mut packets = 0;
    while let Some(packet) = reader.next_packet().unwrap() {
        if packet.kind != PacketKind::End {
            decoder.decode(&packet).unwrap();
            packets += 1;
        }
    }
    (decoder.pixels().to_vec(), packets, reader.has_ended())
}

#[test]
fn what_was_on_the_screen_is_what_the_segment_shows() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    assert_eq!(setup.reports.all().iter().filter_map(name).count(), 2);
    for shade in 1..4 {
        setup.clock.advance(Duration::from_secs(1));
        setup.paint(shade);
        setup.capture(generation);
    }
    setup.recorder.finish().unwrap();
    let reports = setup.reports.all();
    assert_eq!(
        setup.reports.take(),
        ["opened", "opened", "sealed", "sealed"]
    );
    let (picture, packets, ended) = decoded(&reports);
    assert_eq!((packets, ended), (4, true));
    let pixel = &picture[(2 * 64 + 1) * 4..][..3];
    assert_eq!(pixel, [3, 7, 9]);
}

#[test]
fn an_unchanged_screen_sends_nothing() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    let before = setup.reports.all().len();
    for _ in 0..100 {
        setup.clock.advance(Duration::from_secs(5));
        assert_eq!(setup.capture(generation), ScreenTurn::Wait);
    }
    assert_eq!(setup.reports.all().len(), before);
}

#[test]
fn an_old_segment_ends_with_the_next_frame() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    setup.clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(setup.reports.take(), [""; 0]);
    setup.paint(1);
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["sealed", "opened"]);
}

#[test]
fn another_layout_begins_new_segments() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    setup
        .script
        .change_layout(vec![display(0, "LEFT", 0, 80, 60)]);
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "opened"]);
}

#[test]
fn a_moved_clock_is_a_gap_and_new_segments_begin_with_whole_pictures() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    let earlier = Timestamp::from_unix_micros(5_000_000);
    setup.clock.jump_to(earlier);
    assert_eq!(setup.capture(generation), ScreenTurn::Close);
    let reports = setup.reports.all();
    assert_eq!(setup.reports.take(), ["sealed", "sealed", "gap"]);
    assert!(reports.iter().any(|report| matches!(report,
        Report::Gap { reason: GapReason::ClockJumped, until, .. } if *until == earlier)));
    let generation = setup.reopen();
    setup.capture(generation);
    let reports = setup.reports.all();
    assert_eq!(setup.reports.take(), ["opened", "opened"]);
    assert!(matches!(&reports[0], Report::SegmentOpened(opened) if opened.start == earlier));
    assert_eq!(decoded(&reports).1, 1);
}

#[test]
fn while_the_spool_is_full_there_are_records_but_no_segments() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    setup.recorder.pause_screen();
    setup.paint(1);
    assert_eq!(setup.capture(generation), ScreenTurn::Close);
    setup
        .recorder
        .desktop_event(DesktopEvent::ScreensaverOn)
        .unwrap();
    assert_eq!(setup.reports.take(), ["activity"], "nothing is sealed");
    setup.recorder.resume_screen();
    let generation = setup.reopen();
    setup.capture(generation);
    assert_eq!(setup.reports.take(), ["opened", "opened"]);
}

#[test]
fn a_record_points_to_the_display_that_shows_the_window() {
    let mut setup = setup();
    let generation = setup.generation();
    setup.capture(generation);
    setup.reports.take();
    for (middle, display) in [((10, 10), 0), ((70, 5), 1), ((900, 10), 1)] {
        let mut window = window(1, "title");
        window.middle = middle;
        setup
            .recorder
            .desktop_event(DesktopEvent::Activated(window))
            .unwrap();
        setup.clock.advance(Duration::from_secs(1));
        let Some(Report::Activity(record)) = setup.reports.all().pop() else {
            panic!("no record");
        };
        assert_eq!(record.moment.unwrap().display, DisplayIndex(display));
        assert_eq!(record.moment.unwrap().time, record.when);
    }
}

#[test]
fn the_end_of_a_storm_of_titles_is_recorded_even_when_the_session_ends() {
    let mut setup = setup();
    for index in 0..50 {
        let window = window(1, &format!("{index}"));
        setup
            .recorder
            .desktop_event(DesktopEvent::Activated(window))
            .unwrap();
    }
    setup.recorder.finish().unwrap();
    let titles: Vec<_> = setup
        .reports
        .all()
        .into_iter()
        .filter_map(|report| match report {
            Report::Activity(record) => Some((record.what.into_revealed(), record.coalesced)),
            _ => None,
        })
        .collect();
    let last = titles.last().unwrap();
    assert_eq!(last.0, "49");
    let counted: u32 = titles.iter().map(|(_, coalesced)| 1 + coalesced).sum();
    assert_eq!(counted, 50);
}

#[test]
fn what_a_recorder_is_told_of_its_session_is_passed_on_and_not_recorded_by_it() {
    let mut setup = setup();
    let told = DesktopEvent::SessionNoticed { code: 7 };
    setup.recorder.desktop_event(told).unwrap();
    assert_eq!(setup.reports.all(), [Report::SessionNoticed { code: 7 }]);
}

#[test]
fn screensaver_events_have_the_model_products_words() {
    let mut setup = setup();
    for event in [DesktopEvent::ScreensaverOn, DesktopEvent::ScreensaverOff] {
        setup.recorder.desktop_event(event).unwrap();
    }
    let seen: Vec<_> = setup
        .reports
        .all()
        .into_iter()
        .filter_map(|report| match report {
            Report::Activity(record) => Some((
                record.action.as_str(),
                record.object_type.as_str(),
                record.what.into_revealed(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("Session end", "User session", "Screensaver on".to_owned()),
            (
                "Session start",
                "User session",
                "Screensaver off".to_owned()
            ),
        ]
    );
}

#[test]
fn the_threads_take_every_change_and_the_last_state_of_a_burst() {
    let reports = Kept::default();
    let recorder = recorder_with(Arc::new(SystemClock), reports.clone());
    let shared = Arc::new(Shared::new(recorder));
    let (screen, script) = two_displays();
    let opened = Mutex::new(Some(screen));
    let sharer = Arc::clone(&shared);
    let thread = thread::spawn(move || {
        sharer.run_screen(|_| {
            let screen = opened.lock().unwrap().take();
            screen
                .map(|screen| Box::new(screen) as Box<dyn eidetic_capture::Screen>)
                .ok_or_else(gone)
        })
    });
    eventually("both displays are recorded", || {
        let opened = reports.all();
        (opened.iter().filter_map(name).count() == 2).then_some(())
    });
    let rect = Rect {
        x: 0,
        y: 0,
        width: 8,
        height: 8,
    };
    for shade in 0..=255 {
        script.paint(DisplayIndex(0), rect, [shade, 1, 2]);
    }
    eventually("the last state is recorded", || {
        let (picture, _, _) = decoded(&reports.all());
        (picture[..3] == [255, 1, 2]).then_some(())
    });
    let (_, packets, _) = decoded(&reports.all());
    assert!(packets < 20, "the burst was {packets} frames");

    script.fail(gone());
    assert!(matches!(thread.join().unwrap(), ThreadEnd::Capture(_)));
    shared.tell(Recorder::finish).unwrap();
    assert!(matches!(
        shared.run_screen(|_| Err(gone())),
        ThreadEnd::Finished
    ));
}

#[test]
fn the_desktop_thread_tells_of_titles_and_of_absence() {
    let reports = Kept::default();
    let recorder = recorder_with(Arc::new(SystemClock), reports.clone());
    let shared = Arc::new(Shared::new(recorder));
    let (mut desktop, script) = Desktop::new();
    script.set_idle(Duration::from_secs(90));
    script.activate(window(1, "first"));
    let sharer = Arc::clone(&shared);
    let thread = thread::spawn(move || sharer.run_desktop(&mut desktop));
    let seen = |wanted: &'static str| {
        eventually(wanted, || {
            let reports = reports.all();
            reports
                .iter()
                .any(|report| name(report) == Some(wanted))
                .then_some(())
        });
    };
    seen("activity");
    seen("input stopped");
    script.set_idle(Duration::ZERO);
    script.activate(window(1, "second"));
    seen("input resumed");
    script.fail(gone());
    assert!(matches!(thread.join().unwrap(), ThreadEnd::Capture(_)));
}

fn gone() -> CaptureError {
    CaptureError::Gone {
        what: "X display :1".into(),
        reason: "closed".into(),
    }
}
