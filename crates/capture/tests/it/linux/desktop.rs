//! The windows, the screensaver and the input of a real X server.

use std::time::Duration;

use eidetic_capture::{
    ActiveWindow, CaptureError, Desktop as _, DesktopEvent, ProcessId, linux::X11Desktop,
};
use eidetic_model::RunAs;
use eidetic_testkit::{VirtualDisplay, eventually};

use super::x_client::XClient;

const WAIT: Duration = Duration::from_millis(100);

/// Long enough for anything that is going to happen.
const LONG: Duration = Duration::from_secs(20);

/// The tests are root.
fn own_user() -> u32 {
    0
}

fn run(display: &VirtualDisplay, program: &str, arguments: &[&str]) {
    let status = display.command(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// A display with a window manager that is ready.
fn managed() -> (VirtualDisplay, XClient) {
    let mut display = VirtualDisplay::start(800, 600).unwrap();
    display.start_window_manager().unwrap();
    let client = XClient::on(&display);
    (display, client)
}

/// Waits for a window of this title to come to the front.
fn activated(desktop: &mut X11Desktop, title: &str) -> ActiveWindow {
    eventually(&format!("{title:?} is in front"), || {
        match desktop.next(WAIT).unwrap() {
            Some(DesktopEvent::Activated(window)) if window.title.reveal() == title => Some(window),
            _ => None,
        }
    })
}

#[test]
fn window_comes_to_the_front_with_its_title_place_and_program() {
    let (display, client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    assert_eq!(desktop.next(WAIT).unwrap(), None);
    let window = client.open_window(100, 100, "Überweisung – 振込 🧾");
    let active = activated(&mut desktop, "Überweisung – 振込 🧾");
    assert_eq!(active.handle, u64::from(window));
    assert_eq!(active.process, Some(ProcessId(std::process::id())));
    assert_eq!(active.changes, 1);
    let application = active.application.unwrap();
    let own_path = std::env::current_exe().unwrap();
    assert_eq!(application.path, own_path.to_str().unwrap());
    let own_name = own_path.file_name().unwrap().to_str().unwrap();
    assert_eq!(application.description, own_name);
    let (x, y) = active.middle;
    assert!((0..800).contains(&x) && (0..600).contains(&y));
}

#[test]
fn program_without_the_newer_properties_is_told_by_the_older_ones() {
    let (mut display, _client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let xterm = display
        .spawn("xterm", ["-T", "caf\u{e9}", "-e", "cat"])
        .unwrap();
    let active = activated(&mut desktop, "café");
    assert_eq!(active.process, Some(ProcessId(xterm)));
    let application = active.application.unwrap();
    assert_eq!(application.path, "/usr/bin/xterm");
    assert_eq!(application.description, "XTerm");
}

#[test]
fn each_change_of_the_title_in_front_is_told_and_no_other() {
    let (display, client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let behind = client.open_window(10, 10, "behind");
    activated(&mut desktop, "behind");
    let front = client.open_window(300, 200, "front");
    activated(&mut desktop, "front");
    client.set_title(behind, "behind, changed");
    client.set_title(front, "front, changed");
    let told = desktop.next(LONG).unwrap();
    let Some(DesktopEvent::Activated(told)) = told else {
        panic!("{told:?}");
    };
    assert_eq!(told.title.reveal(), "front, changed");
    assert_eq!((told.handle, told.changes), (u64::from(front), 1));
    client.set_title(front, "front, changed");
    assert_eq!(desktop.next(WAIT).unwrap(), None, "the same title again");
    client.set_title(front, "");
    activated(&mut desktop, "");
}

#[test]
fn title_that_spins_is_counted_to_the_last_change() {
    const CHANGES: u32 = 20_000;
    let (display, client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let window = client.open_window(100, 100, "still");
    activated(&mut desktop, "still");
    let spinner = std::thread::spawn(move || {
        for change in 1..=CHANGES {
            client.set_title(window, &format!("change {change}"));
        }
        client.sync();
        client
    });
    let mut counted = 0;
    let mut events = 0;
    eventually("the last title is told", || {
        if let Some(DesktopEvent::Activated(window)) = desktop.next(WAIT).unwrap() {
            counted += window.changes;
            events += 1;
            (window.title.reveal() == format!("change {CHANGES}")).then_some(())
        } else {
            None
        }
    });
    spinner.join().unwrap();
    assert_eq!(counted, CHANGES);
    assert!(events < 1_000, "{events} events: that is no summary");
    assert_eq!(desktop.next(WAIT).unwrap(), None);
}

#[test]
fn windows_that_vanish_before_they_are_looked_at_do_no_harm() {
    let (display, client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let vanishing = std::thread::spawn(move || {
        for round in 0..300 {
            let window = client.open_window(50, 50, &format!("short {round}"));
            if round % 3 == 0 {
                client.set_title(window, "changed");
            }
            client.close(window);
        }
        client
    });
    while !vanishing.is_finished() {
        desktop.next(Duration::from_millis(1)).unwrap();
    }
    let client = vanishing.join().unwrap();
    client.open_window(50, 50, "the one that stays");
    activated(&mut desktop, "the one that stays");
}

#[test]
fn last_window_that_closes_leaves_nothing_in_front() {
    let (display, client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let window = client.open_window(50, 50, "the only one");
    activated(&mut desktop, "the only one");
    client.close(window);
    let told = desktop.next(LONG).unwrap();
    let Some(DesktopEvent::Activated(told)) = told else {
        panic!("{told:?}");
    };
    assert_eq!((told.handle, told.title.reveal()), (0, ""));
    assert_eq!(desktop.next(WAIT).unwrap(), None);
}

#[test]
fn focus_counts_where_there_is_no_window_manager() {
    let display = VirtualDisplay::start(800, 600).unwrap();
    let client = XClient::on(&display);
    let there = client.open_window(0, 0, "there before");
    client.set_old_title(there, b"there before");
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    client.focus(there);
    activated(&mut desktop, "there before");
    let later = client.open_window(300, 200, "later");
    client.set_old_title(later, b"later");
    client.focus(later);
    activated(&mut desktop, "later");
    client.set_title(later, "later, changed");
    activated(&mut desktop, "later, changed");
    client.focus(there);
    activated(&mut desktop, "there before");
}

#[test]
fn window_manager_that_comes_and_goes_is_followed() {
    let mut display = VirtualDisplay::start(800, 600).unwrap();
    let client = XClient::on(&display);
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let first = client.open_window(0, 0, "without");
    client.set_old_title(first, b"without");
    client.focus(first);
    activated(&mut desktop, "without");
    display.start_window_manager().unwrap();
    client.open_window(300, 200, "with");
    activated(&mut desktop, "with");
    run(&display, "openbox", &["--exit"]);
    let last = eventually("the window manager has gone", || {
        (!client.has_window_manager()).then(|| client.open_window(200, 300, "without again"))
    });
    client.set_old_title(last, b"without again");
    eventually("the focus counts again", || {
        client.focus(last);
        match desktop.next(WAIT).unwrap() {
            Some(DesktopEvent::Activated(window)) => {
                (window.title.reveal() == "without again").then_some(())
            }
            _ => None,
        }
    });
}

#[test]
fn screensaver_is_told_when_it_comes_and_goes() {
    let display = VirtualDisplay::start(320, 240).unwrap();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    run(&display, "xset", &["s", "activate"]);
    assert_eq!(
        desktop.next(LONG).unwrap(),
        Some(DesktopEvent::ScreensaverOn)
    );
    run(&display, "xset", &["s", "activate"]);
    assert_eq!(desktop.next(WAIT).unwrap(), None);

    let mut late = X11Desktop::open(display.name(), own_user()).unwrap();
    assert_eq!(late.next(LONG).unwrap(), Some(DesktopEvent::ScreensaverOn));

    run(&display, "xset", &["s", "reset"]);
    assert_eq!(
        desktop.next(LONG).unwrap(),
        Some(DesktopEvent::ScreensaverOff)
    );
    assert_eq!(desktop.next(WAIT).unwrap(), None);
}

#[test]
fn idle_time_grows_until_somebody_touches_something() {
    let display = VirtualDisplay::start(320, 240).unwrap();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    let long = Duration::from_millis(300);
    eventually("idle for a while", || {
        (desktop.idle().unwrap() >= long).then_some(())
    });
    eventually("a key ends it", || {
        run(&display, "xdotool", &["key", "a"]);
        (desktop.idle().unwrap() < long).then_some(())
    });
}

#[test]
fn server_that_dies_is_told_at_once() {
    let mut display = VirtualDisplay::start(320, 240).unwrap();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    assert_eq!(desktop.next(WAIT).unwrap(), None);
    display.kill_server();
    assert!(matches!(desktop.next(LONG), Err(CaptureError::Gone { .. })));
    assert!(matches!(desktop.idle(), Err(CaptureError::Gone { .. })));
}

#[test]
fn titles_do_not_reach_debug_output() {
    let (display, client) = managed();
    let mut desktop = X11Desktop::open(display.name(), own_user()).unwrap();
    client.open_window(100, 100, "payroll of everybody");
    let window = activated(&mut desktop, "payroll of everybody");
    assert!(!format!("{window:?}").contains("payroll"));
    assert_eq!(window.run_as, RunAs::ElevatedSelf);
}
