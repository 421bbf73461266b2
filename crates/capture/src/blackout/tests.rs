//! No pixel of a window that may not be seen is let out.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use eidetic_model::{DisplayIndex, Timestamp};
use eidetic_testkit::SimulatedClock;
use proptest::{collection::vec, prelude::*};

use super::{Area, Arrangement, OnlyWindows, PlacedWindow, Region, STEADY_FOR, WindowMap};
use crate::{
    Capture, CaptureError, Rect, Screen as _,
    fake::{Screen, ScreenScript, display},
};

const WIDTH: u32 = 24;
const HEIGHT: u32 = 16;

/// A window with its own colour: the number of the list of all colours; below 8 it may be seen.
#[derive(Clone, Debug)]
struct Painted {
    area: Area,
    colour: u8,
}

impl Painted {
    fn may_be_seen(&self) -> bool {
        self.colour < 8
    }

    fn placed(&self) -> PlacedWindow {
        PlacedWindow {
            covers: self.area,
            shows: if self.may_be_seen() {
                vec![self.area]
            } else {
                vec![]
            },
        }
    }

    fn has(&self, x: i32, y: i32) -> bool {
        let Area {
            left,
            top,
            right,
            bottom,
        } = self.area;
        (left..right).contains(&x) && (top..bottom).contains(&y)
    }
}

fn any_window() -> impl Strategy<Value = Painted> {
    (-6..22_i32, -6..14_i32, 1..20_u32, 1..14_u32, 1..16_u8).prop_map(
        |(left, top, width, height, colour)| Painted {
            area: Area::new(left, top, width, height),
            colour,
        },
    )
}

fn any_desktop() -> impl Strategy<Value = Vec<Painted>> {
    vec(any_window(), 0..6)
}

/// The colour of a pixel: of the uppermost window there, or of the ground.
fn colour_at(windows: &[Painted], x: i32, y: i32) -> u8 {
    let uppermost = windows.iter().find(|window| window.has(x, y));
    uppermost.map_or(GROUND, |window| window.colour)
}

fn may_be_seen(colour: u8) -> bool {
    colour < 8
}

const GROUND: u8 = 99;

/// Windows that are where the test says.
#[derive(Clone, Default)]
struct Map(Arc<Mutex<VecDeque<Arrangement>>>);

impl Map {
    fn arrange(&self, windows: &[Painted]) {
        let arrangement = windows.iter().map(Painted::placed).collect();
        self.0.lock().unwrap().push_back(arrangement);
    }
}

impl WindowMap for Map {
    fn catch_up(&mut self) -> Result<Vec<Arrangement>, CaptureError> {
        Ok(self.0.lock().unwrap().drain(..).collect())
    }
}

struct Setup {
    screen: OnlyWindows,
    script: ScreenScript,
    map: Map,
    clock: Arc<SimulatedClock>,
    /// What a player would show.
    played: Vec<u8>,
}

impl Setup {
    fn new() -> Self {
        let (screen, script) = Screen::new(vec![display(0, "A", 0, WIDTH, HEIGHT)]);
        let (map, clock) = (
            Map::default(),
            Arc::new(SimulatedClock::at(Timestamp::from_unix_micros(0))),
        );
        clock.advance(Duration::from_secs(10));
        let screen = OnlyWindows::new(Box::new(screen), Box::new(map.clone()), clock.clone());
        Self {
            screen,
            script,
            map,
            clock,
            played: vec![1; (WIDTH * HEIGHT) as usize],
        }
    }

    fn paint(&self, windows: &[Painted]) {
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let colour = colour_at(windows, x.cast_signed(), y.cast_signed());
                let pixel = Rect {
                    x,
                    y,
                    width: 1,
                    height: 1,
                };
                self.script.paint(DisplayIndex(0), pixel, [colour; 3]);
            }
        }
    }

    /// Plays all frames that are there: only what is said to be damaged is looked at.
    fn play(&mut self) {
        loop {
            match self.screen.next(Duration::ZERO).unwrap() {
                Capture::Unchanged => return,
                Capture::Layout(_) => {}
                Capture::Frame(frame) => {
                    for rect in frame.damage {
                        for y in rect.y..rect.y + rect.height {
                            for x in rect.x..rect.x + rect.width {
                                let at = y as usize * frame.stride + x as usize * 4;
                                self.played[(y * WIDTH + x) as usize] = frame.pixels[at];
                            }
                        }
                    }
                }
            }
        }
    }

    /// What a player shows is what may be seen, or black.
    fn check_that_nothing_else_is_seen(&self) {
        for (index, colour) in self.played.iter().enumerate() {
            assert!(may_be_seen(*colour), "pixel {index} has colour {colour}");
        }
    }

    /// What a player shows is all that may be seen.
    fn check_that_all_is_seen(&self, windows: &[Painted]) {
        for (index, played) in (0..).zip(&self.played) {
            let (x, y) = (index % WIDTH, index / WIDTH);
            let colour = colour_at(windows, x.cast_signed(), y.cast_signed());
            let wanted = if may_be_seen(colour) { colour } else { 0 };
            assert_eq!(*played, wanted, "pixel {x}, {y}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_seen_is_what_a_look_at_each_pixel_says(windows in any_desktop()) {
        let region = Region::seen(&windows.iter().map(Painted::placed).collect());
        for y in -8..24 {
            for x in -8..44 {
                let pieces = region.areas().iter().filter(|area| {
                    (area.left..area.right).contains(&x) && (area.top..area.bottom).contains(&y)
                });
                let wanted = usize::from(may_be_seen(colour_at(&windows, x, y)));
                prop_assert_eq!(pieces.count(), wanted, "at {}, {}", x, y);
            }
        }
    }

    #[test]
    fn no_pixel_of_another_window_is_let_out_while_windows_come_and_go(
        steps in vec((vec(any_desktop(), 1..4), 0..240_u64, 0..400_u64, any::<bool>()), 1..6),
    ) {
        let mut setup = Setup::new();
        for (arrangements, lag, rest, looks_between) in steps {
            for windows in &arrangements {
                setup.map.arrange(windows);
                if looks_between {
                    setup.play();
                }
            }
            // What draws the screen is behind.
            setup.clock.advance(Duration::from_millis(lag / 2));
            setup.play();
            setup.check_that_nothing_else_is_seen();
            setup.clock.advance(Duration::from_millis(lag / 2));
            let windows = arrangements.last().unwrap();
            setup.paint(windows);
            setup.play();
            setup.check_that_nothing_else_is_seen();
            setup.clock.advance(Duration::from_millis(rest));
            setup.play();
            setup.check_that_nothing_else_is_seen();
            if rest > 260 {
                setup.check_that_all_is_seen(windows);
            }
        }
    }
}

#[test]
fn all_is_black_until_it_is_known_where_the_windows_are() {
    let mut setup = Setup::new();
    let window = Painted {
        area: Area::new(2, 2, 8, 8),
        colour: 3,
    };
    setup.paint(std::slice::from_ref(&window));
    setup.play();
    setup.clock.advance(STEADY_FOR * 3);
    setup.play();
    assert_eq!(setup.played, [0; (WIDTH * HEIGHT) as usize]);
    setup.map.arrange(std::slice::from_ref(&window));
    setup.play();
    assert_eq!(setup.played, [0; (WIDTH * HEIGHT) as usize]);
    setup.clock.advance(STEADY_FOR);
    setup.play();
    setup.check_that_all_is_seen(&[window]);
}

#[test]
fn a_window_that_moves_to_and_fro_between_two_looks_is_not_missed() {
    let mut setup = Setup::new();
    let listed = Painted {
        area: Area::new(0, 0, 20, 12),
        colour: 3,
    };
    let other = |left| Painted {
        area: Area::new(left, 2, 4, 4),
        colour: 12,
    };
    let away = [other(20), listed.clone()];
    setup.map.arrange(&away);
    setup.paint(&away);
    setup.play();
    setup.clock.advance(STEADY_FOR * 2);
    setup.play();
    setup.check_that_all_is_seen(&away);
    // It was over the listed one when the screen was fetched, and is away again.
    let over = [other(6), listed.clone()];
    setup.map.arrange(&over);
    setup.paint(&over);
    setup.map.arrange(&away);
    setup.play();
    setup.check_that_nothing_else_is_seen();
    setup.paint(&away);
    setup.clock.advance(STEADY_FOR * 2);
    setup.play();
    setup.check_that_all_is_seen(&away);
}
