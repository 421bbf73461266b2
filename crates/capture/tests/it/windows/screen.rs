//! Pixels.

use std::time::Duration;

use eidetic_capture::{Capture, Display, Frame, Rect, Screen, windows::SessionScreen};

use super::fixture::{Place, Window, desktop_for_oneself, eventually};

const PLACE: Place = Place {
    left: 300,
    top: 200,
    width: 256,
    height: 128,
};

#[test]
fn layout_comes_first_and_then_a_whole_frame_of_each_display() {
    let _desktop = desktop_for_oneself();
    let mut screen = SessionScreen::open().unwrap();
    let Capture::Layout(displays) = screen.next(WAIT).unwrap() else {
        panic!("no layout");
    };
    assert!(!displays.is_empty());
    for _ in &displays {
        let Capture::Frame(frame) = screen.next(WAIT).unwrap() else {
            panic!("no frame");
        };
        let display = &displays[usize::from(frame.display.0)];
        assert_eq!((frame.width, frame.height), (display.width, display.height));
        assert_eq!(frame.damage, [whole(display)]);
        assert_eq!(frame.pixels.len(), frame.stride * frame.height as usize);
    }
}

#[test]
fn window_is_seen_in_its_colour_and_only_where_it_is() {
    let _desktop = desktop_for_oneself();
    let mut screen = SessionScreen::open().unwrap();
    settle(&mut screen);
    let _window = Window::show(0x0055_aa00, PLACE, "green");
    let mut damaged = Vec::new();
    eventually("the window is seen", || {
        let Capture::Frame(frame) = screen.next(WAIT).unwrap() else {
            return None;
        };
        damaged.extend_from_slice(frame.damage);
        is_filled(&frame, PLACE, [0x00, 0xaa, 0x55]).then_some(())
    });
    let far_away = |rect: &Rect| rect.y > PLACE.top + PLACE.height + 64;
    assert!(!damaged.iter().any(far_away), "{damaged:?}");
}

#[test]
fn screen_without_changes_is_unchanged() {
    let _desktop = desktop_for_oneself();
    let mut screen = SessionScreen::open().unwrap();
    settle(&mut screen);
    let again = screen.next(Duration::from_millis(300)).unwrap();
    assert!(matches!(again, Capture::Unchanged), "{again:?}");
}

/// Takes frames until nothing changes.
fn settle(screen: &mut SessionScreen) {
    eventually("the screen rests", || {
        let still = Duration::from_millis(400);
        matches!(screen.next(still).unwrap(), Capture::Unchanged).then_some(())
    });
}

fn is_filled(frame: &Frame<'_>, place: Place, colour: [u8; 3]) -> bool {
    let rows = place.top..place.top + place.height;
    rows.into_iter().all(|row| {
        let start = row as usize * frame.stride + place.left as usize * 4;
        let pixels = &frame.pixels[start..start + place.width as usize * 4];
        pixels.chunks_exact(4).all(|pixel| pixel[..3] == colour)
    })
}

fn whole(display: &Display) -> Rect {
    Rect {
        x: 0,
        y: 0,
        width: display.width,
        height: display.height,
    }
}

const WAIT: Duration = Duration::from_secs(1);
