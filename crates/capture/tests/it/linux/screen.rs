//! The screen of a real X server.

use std::time::Duration;

use eidetic_capture::{Capture, CaptureError, Display, Screen as _, linux::X11Screen};
use eidetic_model::DisplayIndex;
use eidetic_testkit::{VirtualDisplay, eventually};
use x11rb::protocol::xproto::Rectangle;

use super::x_client::XClient;

const WAIT: Duration = Duration::from_millis(100);

/// Long enough for anything that is going to happen.
const LONG: Duration = Duration::from_secs(20);

/// What a viewer of the recording would see: only damage is taken over from each frame.
#[derive(Default)]
struct Viewer {
    layout: Vec<Display>,
    pictures: Vec<Vec<u8>>,
    frames: usize,
}

impl Viewer {
    /// Takes in one capture; whether it was a change.
    fn take(&mut self, capture: Capture<'_>) -> bool {
        match capture {
            Capture::Unchanged => return false,
            Capture::Layout(layout) => {
                self.pictures = layout
                    .iter()
                    .map(|display| vec![0x5a; (display.width * display.height * 4) as usize])
                    .collect();
                self.layout = layout;
            }
            Capture::Frame(frame) => {
                self.frames += 1;
                let position = self
                    .layout
                    .iter()
                    .position(|display| display.index == frame.display)
                    .expect("a frame of a display of the layout");
                let shown = &self.layout[position];
                assert_eq!((frame.width, frame.height), (shown.width, shown.height));
                assert!(!frame.damage.is_empty());
                for rect in frame.damage {
                    assert!(rect.width >= 1 && rect.x + rect.width <= frame.width);
                    assert!(rect.height >= 1 && rect.y + rect.height <= frame.height);
                    for row in rect.y..rect.y + rect.height {
                        let from = row as usize * frame.stride + rect.x as usize * 4;
                        let to = (row * frame.width + rect.x) as usize * 4;
                        let bytes = rect.width as usize * 4;
                        self.pictures[position][to..to + bytes]
                            .copy_from_slice(&frame.pixels[from..from + bytes]);
                    }
                }
                assert!(
                    same_colours(&self.pictures[position], frame.pixels),
                    "something outside of the damage changed"
                );
            }
        }
        true
    }

    /// Takes in changes until none is left for a while.
    fn settle(&mut self, screen: &mut X11Screen) {
        eventually("the screen is still", || {
            let changed = self.take(screen.next(WAIT).unwrap());
            (!changed).then_some(())
        });
    }

    fn pixel(&self, display: usize, x: u32, y: u32) -> &[u8] {
        let start = (y * self.layout[display].width + x) as usize * 4;
        &self.pictures[display][start..start + 3]
    }
}

/// Whether two pictures show the same; the fourth byte of a pixel means nothing.
fn same_colours(one: &[u8], another: &[u8]) -> bool {
    one.len() == another.len()
        && one
            .chunks_exact(4)
            .zip(another.chunks_exact(4))
            .all(|(one, another)| one[..3] == another[..3])
}

fn run(display: &VirtualDisplay, program: &str, arguments: &[&str]) {
    let status = display.command(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// A screen whose pointer is out of the way: the server's own pictures do not have it.
fn start() -> (VirtualDisplay, XClient, X11Screen, Viewer) {
    let display = VirtualDisplay::start(640, 480).unwrap();
    run(&display, "xdotool", &["mousemove", "640", "480"]);
    let client = XClient::on(&display);
    let screen = X11Screen::open(display.name()).unwrap();
    (display, client, screen, Viewer::default())
}

/// Where the pointer is drawn, as a tile that comparisons leave out.
fn without_the_corner(mut picture: Vec<u8>) -> Vec<u8> {
    for row in 440..480 {
        picture[(row * 640 + 600) * 4..(row + 1) * 640 * 4].fill(0);
    }
    picture
}

#[test]
fn layout_comes_first_then_a_whole_frame_then_nothing() {
    let (_display, client, mut screen, mut viewer) = start();
    let Capture::Layout(layout) = screen.next(WAIT).unwrap() else {
        panic!("no layout at the beginning");
    };
    assert_eq!(layout.len(), 1);
    assert_eq!(
        (layout[0].index, layout[0].width, layout[0].height),
        (DisplayIndex(0), 640, 480)
    );
    viewer.take(Capture::Layout(layout));
    assert!(viewer.take(screen.next(WAIT).unwrap()));
    assert!(same_colours(
        &without_the_corner(viewer.pictures[0].clone()),
        &without_the_corner(client.screenshot())
    ));
    for _ in 0..5 {
        assert!(matches!(screen.next(WAIT), Ok(Capture::Unchanged)));
    }
}

#[test]
fn burst_ends_with_the_final_state_and_stillness() {
    let (_display, client, mut screen, mut viewer) = start();
    let window = client.open_window(100, 100, "burst");
    viewer.settle(&mut screen);
    for round in 0..20 {
        for step in 0..200_i16 {
            let rectangle = Rectangle {
                x: step * 7 % 290,
                y: step * 11 % 190,
                width: 9,
                height: 5,
            };
            let colour = u32::try_from(step).unwrap() * 1_000 + round * 77;
            client.fill(window, rectangle, colour);
        }
        viewer.take(screen.next(Duration::ZERO).unwrap());
    }
    client.sync();
    viewer.settle(&mut screen);
    assert!(same_colours(
        &without_the_corner(viewer.pictures[0].clone()),
        &without_the_corner(client.screenshot())
    ));
    let frames = viewer.frames;
    viewer.settle(&mut screen);
    assert_eq!(viewer.frames, frames, "frames without a change");
}

#[test]
fn drawing_what_is_there_already_is_no_change() {
    let (_display, client, mut screen, mut viewer) = start();
    let window = client.open_window(100, 100, "same again");
    let rectangle = Rectangle {
        x: 0,
        y: 0,
        width: 300,
        height: 200,
    };
    client.fill(window, rectangle, 0x00ff_8000);
    client.sync();
    viewer.settle(&mut screen);
    assert_eq!(viewer.pixel(0, 110, 110), [0x00, 0x80, 0xff]);
    let frames = viewer.frames;
    client.fill(window, rectangle, 0x00ff_8000);
    client.sync();
    viewer.settle(&mut screen);
    assert_eq!(viewer.frames, frames);
}

#[test]
fn only_the_rows_that_changed_are_damage() {
    let (_display, client, mut screen, mut viewer) = start();
    let window = client.open_window(100, 100, "a line");
    viewer.settle(&mut screen);
    let line = Rectangle {
        x: 10,
        y: 50,
        width: 30,
        height: 2,
    };
    client.fill(window, line, 0x00ff_ffff);
    client.sync();
    let damage = eventually("the line is seen", || match screen.next(WAIT).unwrap() {
        Capture::Frame(frame) => Some(frame.damage.to_vec()),
        _ => None,
    });
    let area: u32 = damage.iter().map(|rect| rect.width * rect.height).sum();
    assert_eq!(area, 60, "{damage:?}");
}

#[test]
fn pointer_is_in_the_picture_and_moves_with_it() {
    let (display, client, mut screen, mut viewer) = start();
    // Without a desktop, an X server has a pointer that cannot be seen.
    run(&display, "xsetroot", &["-cursor_name", "left_ptr"]);
    viewer.settle(&mut screen);
    let empty = without_the_corner(client.screenshot());
    run(&display, "xdotool", &["mousemove", "300", "200"]);
    viewer.settle(&mut screen);
    let there = viewer.pictures[0].clone();
    let differs = |picture: &[u8], x: usize, y: usize| {
        (y - 16..y + 16).any(|row| {
            let range = (row * 640 + x - 16) * 4..(row * 640 + x + 16) * 4;
            !same_colours(&picture[range.clone()], &empty[range])
        })
    };
    assert!(differs(&there, 300, 200), "no pointer where it is");

    run(&display, "xdotool", &["mousemove", "100", "100"]);
    viewer.settle(&mut screen);
    assert!(differs(&viewer.pictures[0], 100, 100));
    assert!(!differs(&viewer.pictures[0], 300, 200), "a second pointer");

    let frames = viewer.frames;
    run(&display, "xdotool", &["mousemove", "100", "100"]);
    viewer.settle(&mut screen);
    assert_eq!(viewer.frames, frames, "a pointer that went nowhere");
}

#[test]
fn pointer_of_a_desktop_is_seen_moving() {
    let mut display = VirtualDisplay::start(640, 480).unwrap();
    display.start_window_manager().unwrap();
    let mut screen = X11Screen::open(display.name()).unwrap();
    let mut viewer = Viewer::default();
    viewer.settle(&mut screen);
    for _ in 0..3 {
        let frames = viewer.frames;
        run(&display, "xdotool", &["mousemove_relative", "40", "20"]);
        viewer.settle(&mut screen);
        assert!(viewer.frames > frames, "a pointer that moved unseen");
    }
}

#[test]
fn pointer_has_the_shape_that_the_window_under_it_gives_it() {
    let (display, client, mut screen, mut viewer) = start();
    let window = client.open_window(100, 100, "a window with a pointer");
    client.give_pointer(window);
    viewer.settle(&mut screen);
    run(&display, "xdotool", &["mousemove", "200", "180"]);
    viewer.settle(&mut screen);
    // The cross of the cursor font is black where its lines meet.
    let colours: Vec<_> = (190..211)
        .map(|x| viewer.pixel(0, x, 180).to_vec())
        .collect();
    assert!(colours.contains(&vec![0, 0, 0]), "{colours:?}");
    run(&display, "xdotool", &["mousemove_relative", "100", "50"]);
    viewer.settle(&mut screen);
    assert_eq!(viewer.pixel(0, 200, 180), [0x60, 0x40, 0x20]);
}

#[test]
fn monitors_keep_their_numbers_while_others_come_and_go() {
    let (display, client, mut screen, mut viewer) = start();
    viewer.settle(&mut screen);
    let set = |name: &str, geometry: &str, output: &str| {
        run(
            &display,
            "xrandr",
            &["--setmonitor", name, geometry, output],
        );
    };
    set("Left", "320/80x480/120+0+0", "screen");
    set("Right", "320/80x480/120+320+0", "none");
    eventually("both monitors are seen", || {
        viewer.take(screen.next(WAIT).unwrap());
        (viewer.layout.len() == 2).then_some(())
    });
    viewer.settle(&mut screen);
    let place = |viewer: &Viewer, name: &str| {
        let display = viewer.layout.iter().find(|display| display.name == name);
        display.map(|display| (display.index, display.left, display.width))
    };
    let left = place(&viewer, "Left").unwrap();
    let right = place(&viewer, "Right").unwrap();
    assert_eq!((left.1, left.2, right.1, right.2), (0, 320, 320, 320));
    assert_ne!(left.0, right.0);

    let window = client.open_window(200, 100, "on both");
    client.sync();
    viewer.settle(&mut screen);
    let position = |viewer: &Viewer, name: &str| {
        let mut displays = viewer.layout.iter();
        displays.position(|display| display.name == name).unwrap()
    };
    let colour = [0x60, 0x40, 0x20];
    assert_eq!(viewer.pixel(position(&viewer, "Left"), 210, 110), colour);
    assert_eq!(viewer.pixel(position(&viewer, "Right"), 10, 110), colour);

    run(&display, "xrandr", &["--delmonitor", "Left"]);
    eventually("one monitor is gone", || {
        viewer.take(screen.next(WAIT).unwrap());
        place(&viewer, "Left").is_none().then_some(())
    });
    viewer.settle(&mut screen);
    assert_eq!(place(&viewer, "Right"), Some(right));
    client.close(window);
    set("Left", "320/80x480/120+0+0", "screen");
    eventually("it is back", || {
        viewer.take(screen.next(WAIT).unwrap());
        (place(&viewer, "Left") == Some(left)).then_some(())
    });
    viewer.settle(&mut screen);
}

#[test]
fn server_that_dies_is_told_at_once() {
    let (mut display, _client, mut screen, mut viewer) = start();
    viewer.settle(&mut screen);
    display.kill_server();
    assert!(matches!(screen.next(LONG), Err(CaptureError::Gone { .. })));
    assert!(matches!(screen.next(LONG), Err(CaptureError::Gone { .. })));
}

#[test]
fn display_that_is_not_there_is_gone_and_one_of_few_colours_unsupported() {
    assert!(matches!(
        X11Screen::open(":64999"),
        Err(CaptureError::Gone { .. })
    ));
    let display = VirtualDisplay::start_with_depth(640, 480, 16).unwrap();
    assert!(matches!(
        X11Screen::open(display.name()),
        Err(CaptureError::Unsupported { .. })
    ));
}

#[test]
fn screen_over_the_network_is_the_same_without_shared_memory() {
    let display = VirtualDisplay::start_without(640, 480, "MIT-SHM").unwrap();
    run(&display, "xdotool", &["mousemove", "640", "480"]);
    let client = XClient::on(&display);
    let mut screen = X11Screen::open(display.name()).unwrap();
    let mut viewer = Viewer::default();
    let window = client.open_window(50, 60, "by the socket");
    viewer.settle(&mut screen);
    client.close(window);
    viewer.settle(&mut screen);
    assert!(same_colours(
        &without_the_corner(viewer.pictures[0].clone()),
        &without_the_corner(client.screenshot())
    ));
}
