//! A system that plays a script, and what has to follow.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use eidetic_model::DisplayIndex;

use super::{
    DuplicatedScreen, Move, Output, PointerPlace, Refused, Stop, System, ToldShape, Update,
    turn::Turn,
};
use crate::{
    CaptureError, Rect,
    pixels::Picture,
    windows::screen::{
        Found,
        layout::{Numbers, Place},
    },
};

/// A computer whose monitors are scripted. Its time passes when it is waited for.
#[derive(Clone, Default)]
struct Computer(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    now: Duration,
    is_hidden: bool,
    monitors_fail: bool,
    monitors: BTreeMap<String, Monitor>,
    /// What opening answers, if it is refused.
    refuses: Option<u32>,
    times_opened: usize,
}

struct Monitor {
    place: [i32; 4],
    surface: Surface,
    rotation: u32,
    news: VecDeque<Result<Update, Refused>>,
    reading_fails: bool,
}

/// The picture that is duplicated.
#[derive(Clone)]
struct Surface {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

struct Duplicate {
    computer: Computer,
    monitor: String,
}

impl Computer {
    fn with(name: &str, place: [i32; 4], rotation: u32) -> Self {
        let computer = Self::default();
        computer.connect(name, place, rotation);
        computer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn connect(&self, name: &str, place: [i32; 4], rotation: u32) {
        let size = |from: i32, to: i32| u32::try_from(to - from).unwrap();
        let desktop = (size(place[0], place[2]), size(place[1], place[3]));
        let (width, height) = Turn::from_code(rotation).size(desktop);
        let monitor = Monitor {
            place,
            surface: Surface {
                width,
                height,
                pixels: vec![0; width as usize * height as usize * 4],
            },
            rotation,
            news: VecDeque::new(),
            reading_fails: false,
        };
        self.state().monitors.insert(name.to_owned(), monitor);
    }

    fn screen(&self) -> DuplicatedScreen<Self> {
        DuplicatedScreen::new(self.clone(), Numbers::default())
    }

    /// Draws on a monitor, and has that told.
    fn draw(&self, name: &str, edges: [i32; 4], colour: u8) {
        let mut state = self.state();
        let monitor = state.monitors.get_mut(name).unwrap();
        monitor.surface.fill(edges, colour);
        let update = monitor.update();
        monitor.news.push_back(Ok(Update {
            is_drawn: true,
            dirty: vec![edges],
            ..update
        }));
    }

    fn tell(&self, name: &str, update: impl FnOnce(Update) -> Update) {
        let mut state = self.state();
        let monitor = state.monitors.get_mut(name).unwrap();
        let update = update(monitor.update());
        monitor.news.push_back(Ok(update));
    }

    fn refuse(&self, name: &str, code: u32) {
        let mut state = self.state();
        let monitor = state.monitors.get_mut(name).unwrap();
        monitor.news.push_back(Err(refused(code)));
    }

    /// What a person sees on a monitor.
    fn seen(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        let monitor = &state.monitors[name];
        let turn = Turn::from_code(monitor.rotation);
        let surface = (monitor.surface.width, monitor.surface.height);
        let (width, height) = turn.size(surface);
        let mut picture = Picture::new(width, height);
        let whole = Rect {
            x: 0,
            y: 0,
            width: surface.0,
            height: surface.1,
        };
        let stride = surface.0 as usize * 4;
        turn.copy(
            &mut picture,
            whole,
            surface,
            &monitor.surface.pixels,
            stride,
        );
        picture.pixels().to_vec()
    }
}

impl Monitor {
    fn update(&self) -> Update {
        Update {
            surface: (self.surface.width, self.surface.height),
            rotation: self.rotation,
            ..Update::default()
        }
    }
}

impl Surface {
    fn pixel(&mut self, x: i32, y: i32) -> &mut [u8] {
        let start = (y * self.width.cast_signed() + x) as usize * 4;
        &mut self.pixels[start..start + 4]
    }

    fn fill(&mut self, [left, top, right, bottom]: [i32; 4], colour: u8) {
        for (x, y) in (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))) {
            let shade = colour.wrapping_add((x * 31 + y * 17) as u8);
            self.pixel(x, y)[..3].fill(shade);
        }
    }

    fn move_pixels(&mut self, moved: Move) {
        let before = self.clone();
        let [left, top, right, bottom] = moved.to;
        for (x, y) in (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y))) {
            let (from_x, from_y) = (moved.from.0 + x - left, moved.from.1 + y - top);
            let pixel = before.clone().pixel(from_x, from_y).to_vec();
            self.pixel(x, y).copy_from_slice(&pixel);
        }
    }
}

impl System for Computer {
    type Output = Duplicate;

    fn monitors(&mut self) -> Result<Vec<Place>, CaptureError> {
        let state = self.state();
        if state.monitors_fail {
            return Err(CaptureError::Failed {
                attempt: "ask for the monitors",
                reason: "the script says so".to_owned(),
            });
        }
        let places = state.monitors.iter();
        Ok(places
            .map(|(name, monitor)| (name.clone(), monitor.place))
            .collect())
    }

    fn shows_the_users_desktop(&mut self) -> bool {
        !self.state().is_hidden
    }

    fn duplicate(&mut self, monitor: &str) -> Result<Duplicate, Refused> {
        let mut state = self.state();
        if let Some(code) = state.refuses {
            return Err(refused(code));
        }
        state.times_opened += 1;
        let screen = state.monitors.get_mut(monitor).unwrap();
        screen.news.clear();
        // The first frame has everything, as Windows gives it.
        let whole = Update {
            is_drawn: true,
            ..screen.update()
        };
        screen.news.push_back(Ok(whole));
        Ok(Duplicate {
            computer: self.clone(),
            monitor: monitor.to_owned(),
        })
    }

    fn now(&self) -> Duration {
        self.state().now
    }

    fn pause(&mut self, time: Duration) {
        self.state().now += time.max(Duration::from_millis(1));
    }
}

impl Output for Duplicate {
    fn next(&mut self, wait: Duration) -> Result<Option<Update>, Refused> {
        let mut state = self.computer.state();
        let monitor = state.monitors.get_mut(&self.monitor).unwrap();
        let news = monitor.news.pop_front().transpose();
        if matches!(news, Ok(None)) {
            state.now += wait;
        }
        news
    }

    fn read(&mut self, areas: &[Rect], take: &mut dyn FnMut(&[u8], usize)) -> Result<(), Refused> {
        let mut state = self.computer.state();
        let monitor = state.monitors.get_mut(&self.monitor).unwrap();
        if std::mem::take(&mut monitor.reading_fails) {
            return Err(refused(ACCESS_LOST));
        }
        // What was not asked for is not there, and rows are longer than their pixels.
        let row = monitor.surface.width as usize * 4;
        let stride = row + 12;
        let mut pixels = vec![0xee; stride * monitor.surface.height as usize];
        for area in areas {
            let (x, length) = (area.x as usize * 4, area.width as usize * 4);
            for y in area.y as usize..(area.y + area.height) as usize {
                let from = y * row + x;
                pixels[y * stride + x..][..length]
                    .copy_from_slice(&monitor.surface.pixels[from..from + length]);
            }
        }
        drop(state);
        take(&pixels, stride);
        Ok(())
    }
}

fn refused(code: u32) -> Refused {
    Refused {
        code,
        reason: format!("code {code:x}"),
    }
}

/// The next frame: its display, its pixels and its damage.
fn next_frame(
    screen: &mut DuplicatedScreen<Computer>,
) -> Option<(DisplayIndex, Vec<u8>, Vec<Rect>)> {
    match screen.next(Duration::ZERO).unwrap() {
        Found::Frame(index) => {
            let frame = screen.frame(index);
            Some((frame.display, frame.pixels.to_vec(), frame.damage.to_vec()))
        }
        Found::Unchanged => None,
        Found::Layout(displays) => panic!("another layout: {displays:?}"),
    }
}

fn layout(screen: &mut DuplicatedScreen<Computer>) -> usize {
    match screen.next(Duration::ZERO).unwrap() {
        Found::Layout(displays) => displays.len(),
        other => panic!("{other:?}"),
    }
}

/// Everything that is not within the damage has to be as before.
fn assert_only_damage_changed(before: &[u8], after: &[u8], width: u32, damage: &[Rect]) {
    for (number, (old, new)) in before
        .chunks_exact(4)
        .zip(after.chunks_exact(4))
        .enumerate()
    {
        let (x, y) = (number as u32 % width, number as u32 / width);
        let is_told = damage.iter().any(|rect| {
            (rect.x..rect.x + rect.width).contains(&x)
                && (rect.y..rect.y + rect.height).contains(&y)
        });
        assert!(is_told || old == new, "{x}, {y} is not told: {damage:?}");
    }
}

const ACCESS_LOST: u32 = 0x887a_0026;

const ACCESS_DENIED: u32 = 0x8007_0005;

const NOT_IMPLEMENTED: u32 = 0x8000_4001;

const A: &str = "A";

const B: &str = "B";

#[test]
fn what_is_moved_and_drawn_is_seen_whichever_way_the_monitor_stands() {
    for rotation in 1..=4 {
        let computer = Computer::with(A, [0, 0, 40, 30], rotation);
        computer.draw(A, [0, 0, 5, 5], 9);
        let mut screen = computer.screen();
        assert_eq!(layout(&mut screen), 1);
        let (_, mut before, damage) = next_frame(&mut screen).unwrap();
        assert_eq!(before, computer.seen(A));
        assert_eq!(
            (damage.len(), damage[0].width, damage[0].height),
            (1, 40, 30)
        );
        let mut seed = 7_u32;
        let mut random = |below: i32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16).cast_signed() % below
        };
        for round in 0..60 {
            let (moves, dirty) = {
                let mut state = computer.state();
                let surface = &mut state.monitors.get_mut(A).unwrap().surface;
                let (width, height) = (surface.width.cast_signed(), surface.height.cast_signed());
                let mut place = |width: i32, height: i32| {
                    let (w, h) = (1 + random(width - 1), 1 + random(height - 1));
                    let at = [random(width - w + 1), random(height - h + 1)];
                    let from = (random(width - w + 1), random(height - h + 1));
                    (from, [at[0], at[1], at[0] + w, at[1] + h])
                };
                let moves: Vec<Move> = (0..round % 3)
                    .map(|_| place(width, height))
                    .map(|(from, to)| Move { from, to })
                    .collect();
                moves.iter().for_each(|moved| surface.move_pixels(*moved));
                let count = if round % 3 == 0 { 2 } else { round % 2 };
                let dirty: Vec<_> = (0..count).map(|_| place(width, height).1).collect();
                for edges in &dirty {
                    surface.fill(*edges, (round * 5) as u8);
                }
                (moves, dirty)
            };
            computer.tell(A, |update| Update {
                is_drawn: true,
                moves,
                dirty,
                ..update
            });
            let (_, after, damage) = next_frame(&mut screen).unwrap();
            assert_eq!(
                after,
                computer.seen(A),
                "rotation {rotation}, round {round}"
            );
            assert_only_damage_changed(&before, &after, 40, &damage);
            before = after;
        }
        assert!(next_frame(&mut screen).is_none());
    }
}

#[test]
fn rectangles_that_make_no_sense_have_everything_read() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    let mut screen = computer.screen();
    layout(&mut screen);
    next_frame(&mut screen).unwrap();
    let outside = Move {
        from: (15, 0),
        to: [0, 0, 10, 10],
    };
    type Told = (Vec<Move>, Vec<[i32; 4]>);
    let senseless: [Told; 5] = [
        (vec![], vec![]),
        (vec![outside], vec![]),
        (vec![], vec![[0, 0, 21, 10]]),
        (vec![], vec![[-1, 0, 5, 5]]),
        (vec![], vec![[5, 5, 5, 9]]),
    ];
    for (round, (moves, dirty)) in senseless.into_iter().enumerate() {
        let mut state = computer.state();
        let surface = &mut state.monitors.get_mut(A).unwrap().surface;
        surface.fill([0, 0, 20, 10], round as u8 * 40 + 1);
        drop(state);
        computer.tell(A, |update| Update {
            is_drawn: true,
            moves,
            dirty,
            ..update
        });
        let (_, pixels, _) = next_frame(&mut screen).unwrap();
        assert_eq!(pixels, computer.seen(A), "round {round}");
    }
}

#[test]
fn while_the_desktop_is_hidden_the_screen_is_black_and_then_it_is_whole_again() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.draw(A, [0, 0, 20, 10], 50);
    let mut screen = computer.screen();
    layout(&mut screen);
    next_frame(&mut screen).unwrap();
    // As when a password is asked for: the duplication is lost, and is not to be had.
    computer.state().is_hidden = true;
    computer.state().refuses = Some(ACCESS_DENIED);
    computer.refuse(A, ACCESS_LOST);
    let Found::Frame(0) = screen.next(Duration::from_secs(1)).unwrap() else {
        panic!("no frame");
    };
    assert!(screen.frame(0).pixels.iter().all(|byte| *byte == 0));
    // However long that lasts, it is no reason to give up.
    let hour = screen.next(Duration::from_secs(3_600)).unwrap();
    assert!(matches!(hour, Found::Unchanged), "{hour:?}");
    computer.state().is_hidden = false;
    computer.state().refuses = None;
    computer.draw(A, [3, 3, 9, 9], 90);
    let Found::Frame(0) = screen.next(Duration::from_secs(5)).unwrap() else {
        panic!("no frame");
    };
    assert_eq!(screen.frame(0).pixels, computer.seen(A));
    assert_eq!(screen.frame(0).damage[0].width, 20);
}

#[test]
fn a_duplication_that_is_lost_is_opened_again_and_not_as_fast_as_it_can() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    let mut screen = computer.screen();
    layout(&mut screen);
    for _ in 0..20 {
        next_frame(&mut screen);
        computer.refuse(A, ACCESS_LOST);
        let _found = screen.next(Duration::from_millis(50)).unwrap();
    }
    let opened = computer.state().times_opened;
    let now = computer.now();
    assert!(opened >= 2);
    assert!(
        opened as u128 <= 2 + now.as_millis() / 250,
        "{opened} in {now:?}"
    );
}

#[test]
fn another_mode_is_another_layout_with_whole_frames() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    let mut screen = computer.screen();
    layout(&mut screen);
    next_frame(&mut screen).unwrap();
    computer.connect(A, [0, 0, 10, 20], 2);
    computer.connect(B, [-30, -5, 0, 5], 1);
    computer.refuse(A, ACCESS_LOST);
    let Found::Layout(displays) = screen.next(Duration::from_secs(2)).unwrap() else {
        panic!("no layout");
    };
    let places: Vec<_> = displays
        .iter()
        .map(|it| (it.index.0, it.left, it.top, it.width, it.height))
        .collect();
    assert_eq!(places, [(0, 0, 0, 10, 20), (1, -30, -5, 30, 10)]);
    let (first, second) = (next_frame(&mut screen), next_frame(&mut screen));
    for (frame, name) in [(first, A), (second, B)] {
        let (_, pixels, _) = frame.unwrap();
        assert_eq!(pixels, computer.seen(name));
    }
}

#[test]
fn what_is_not_offered_is_said_at_once_and_what_is_never_had_after_a_while() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.state().refuses = Some(NOT_IMPLEMENTED);
    let stop = computer.screen().next(Duration::ZERO).unwrap_err();
    let Stop::NotOffered(reason) = stop else {
        panic!("{stop:?}");
    };
    assert_eq!(reason, "code 80004001");
    computer.state().refuses = Some(ACCESS_DENIED);
    let mut screen = computer.screen();
    layout(&mut screen);
    let short = screen.next(Duration::from_secs(2)).unwrap();
    assert!(matches!(short, Found::Unchanged), "{short:?}");
    let stop = screen.next(Duration::from_secs(2)).unwrap_err();
    assert!(matches!(stop, Stop::NotOffered(_)), "{stop:?}");
}

#[test]
fn monitors_that_cannot_be_asked_for_are_a_failure_that_is_worth_another_try() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.state().monitors_fail = true;
    let mut screen = computer.screen();
    let stop = screen.next(Duration::ZERO).unwrap_err();
    assert!(
        matches!(stop, Stop::Failed(CaptureError::Failed { .. })),
        "{stop:?}"
    );
    computer.state().monitors_fail = false;
    let found = screen.next(Duration::from_secs(2)).unwrap();
    assert!(matches!(found, Found::Layout(_)), "{found:?}");
}

#[test]
fn displays_keep_their_numbers_on_another_screen_of_the_session() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.connect(B, [20, 0, 40, 10], 1);
    let mut screen = computer.screen();
    layout(&mut screen);
    let numbers = screen.numbers();
    drop(screen);
    computer.state().monitors.remove(A);
    let mut screen = DuplicatedScreen::new(computer.clone(), numbers);
    layout(&mut screen);
    assert_eq!(next_frame(&mut screen).unwrap().0, DisplayIndex(1));
}

#[test]
fn what_cannot_be_read_leaves_the_picture_as_it_was() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.draw(A, [0, 0, 20, 10], 50);
    let mut screen = computer.screen();
    layout(&mut screen);
    let (display, before, _) = next_frame(&mut screen).unwrap();
    computer.state().monitors.get_mut(A).unwrap().reading_fails = true;
    computer.tell(A, |update| Update {
        is_drawn: true,
        moves: vec![Move {
            from: (0, 0),
            to: [10, 0, 20, 10],
        }],
        dirty: vec![[0, 0, 2, 2]],
        ..update
    });
    assert!(next_frame(&mut screen).is_none());
    assert_eq!(screen.shown(display).unwrap().pixels, before);
}

#[test]
fn a_display_shows_its_last_frame_until_its_next_one_is_given() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.connect(B, [20, 0, 40, 10], 1);
    let mut screen = computer.screen();
    assert!(screen.shown(DisplayIndex(0)).is_none());
    layout(&mut screen);
    let first = next_frame(&mut screen).unwrap();
    let second = next_frame(&mut screen).unwrap();
    assert_ne!(first.0, second.0);
    computer.draw(A, [0, 0, 5, 5], 10);
    computer.draw(B, [0, 0, 5, 5], 20);
    let mut known = BTreeMap::from([(first.0, first.1), (second.0, second.1)]);
    for _ in 0..2 {
        let (display, pixels, _) = next_frame(&mut screen).unwrap();
        known.insert(display, pixels);
        for (display, pixels) in &known {
            assert_eq!(screen.shown(*display).unwrap().pixels, pixels);
        }
    }
    assert!(next_frame(&mut screen).is_none());
}

#[test]
fn the_pointer_is_drawn_wherever_it_is_seen_and_taken_off_where_it_was() {
    let computer = Computer::with(A, [0, 0, 20, 10], 1);
    computer.connect(B, [20, 0, 40, 10], 1);
    let mut screen = computer.screen();
    layout(&mut screen);
    let (one, two) = (
        next_frame(&mut screen).unwrap(),
        next_frame(&mut screen).unwrap(),
    );
    assert!(one.1.iter().chain(&two.1).all(|byte| *byte == 0));
    let shape = ToldShape {
        kind: 2,
        width: 4,
        height: 2,
        pitch: 16,
        bytes: [255; 32].to_vec(),
    };
    let lit = |pixels: &[u8]| {
        let pixels = pixels.chunks_exact(4);
        pixels.filter(|pixel| pixel[0] == 255).count()
    };
    let place = |is_shown, corner| Some(PointerPlace { is_shown, corner });
    // On the border: half of it on each.
    computer.tell(A, |update| Update {
        pointer: place(true, (18, 4)),
        shape: Some(shape),
        ..update
    });
    let (one, two) = (
        next_frame(&mut screen).unwrap(),
        next_frame(&mut screen).unwrap(),
    );
    assert_eq!((lit(&one.1), lit(&two.1)), (4, 4));
    assert!(next_frame(&mut screen).is_none());
    // What is drawn under it does not touch it.
    computer.draw(A, [0, 0, 20, 10], 3);
    let drawn = next_frame(&mut screen).unwrap();
    assert!(lit(&drawn.1) >= 4);
    // It goes over to the other one; the first says late that it has left.
    computer.tell(B, |update| Update {
        pointer: place(true, (5, 5)),
        ..update
    });
    computer.tell(A, |update| Update {
        pointer: place(false, (0, 0)),
        ..update
    });
    let mut last = BTreeMap::new();
    while let Some((display, pixels, _)) = next_frame(&mut screen) {
        last.insert(display, pixels);
    }
    assert_eq!(last[&DisplayIndex(0)], computer.seen(A));
    assert_eq!(lit(&last[&DisplayIndex(1)]), 8);
    // It is hidden, as while somebody types.
    computer.tell(B, |update| Update {
        pointer: place(false, (5, 5)),
        ..update
    });
    let (_, pixels, damage) = next_frame(&mut screen).unwrap();
    assert_eq!(pixels, computer.seen(B));
    assert_eq!((damage[0].x, damage[0].y), (5, 5));
}
