//! The screen of this session, copied by GDI and compared with what it was.

use std::time::Duration;

use eidetic_model::DisplayIndex;
use eidetic_winapi::{
    cursor::{Cursor, CursorHandle, cursor, cursor_image},
    desktop::{input_desktop, last_input},
    display::monitors,
    screen::Grabber,
};

use super::{Found, USERS_DESKTOP, layout::Numbers, pace::Pace, pause, pointer, tiles::take_over};
use crate::{
    CaptureError, Display, Frame, Rect,
    deadline::Deadline,
    pixels::{Covered, Picture, Shape, damage},
    windows::failed,
};

/// The screen of this session, copied by GDI.
pub(crate) struct CopiedScreen {
    numbers: Numbers,
    pace: Pace,
    views: Vec<View>,
    pointer: Pointer,
    /// The views that are still to be looked at before the next pause.
    to_look_at: usize,
    next_look: Deadline,
}

impl CopiedScreen {
    /// The screen of this session. The displays have these numbers.
    pub(crate) fn new(numbers: Numbers) -> Self {
        Self {
            numbers,
            pace: Pace::new(),
            views: Vec::new(),
            pointer: Pointer::default(),
            to_look_at: 0,
            next_look: Deadline::after(Duration::ZERO),
        }
    }

    /// Waits up to `wait` for a change.
    pub(crate) fn next(&mut self, wait: Duration) -> Result<Found, CaptureError> {
        let deadline = Deadline::after(wait);
        loop {
            if self.to_look_at == 0 {
                if !self.wait(deadline) {
                    return Ok(Found::Unchanged);
                }
                if let Some(displays) = self.new_layout()? {
                    return Ok(Found::Layout(displays));
                }
                self.pointer.ask();
                self.to_look_at = self.views.len();
                self.pace.looked(false);
                self.next_look = Deadline::after(self.pace.pause());
            }
            if let Some(view) = self.next_changed_view()? {
                self.pace.looked(true);
                self.next_look = Deadline::after(self.pace.pause());
                return Ok(Found::Frame(view));
            }
        }
    }

    /// The frame that was found.
    pub(crate) fn frame(&self, view: usize) -> Frame<'_> {
        self.views[view].frame()
    }

    /// The last frame of a display.
    pub(crate) fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>> {
        let view = self
            .views
            .iter()
            .find(|view| view.display.index == display && !view.is_fresh)?;
        Some(Frame {
            damage: &[],
            ..view.frame()
        })
    }

    /// The numbers of the displays, for another screen of the session.
    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers.clone()
    }

    /// The layout, if it is not what it was.
    fn new_layout(&mut self) -> Result<Option<Vec<Display>>, CaptureError> {
        let monitors = monitors().map_err(failed("ask for the monitors"))?;
        let places = monitors
            .into_iter()
            .map(|it| (it.name, [it.left, it.top, it.right, it.bottom]));
        let displays = self.numbers.displays(places);
        let known = self.views.iter().map(|view| &view.display);
        if known.eq(displays.iter()) {
            return Ok(None);
        }
        self.views = displays
            .iter()
            .cloned()
            .map(View::new)
            .collect::<Result<_, _>>()?;
        self.to_look_at = 0;
        self.next_look = Deadline::after(Duration::ZERO);
        Ok(Some(displays))
    }

    /// Waits for the next look at the screen. Whether it is time, before the deadline.
    fn wait(&mut self, deadline: Deadline) -> bool {
        loop {
            if self.next_look.is_over() {
                return true;
            }
            if deadline.is_over() {
                return false;
            }
            let left = deadline.or_earlier(self.next_look).left();
            pause(left.unwrap_or(INPUT_EVERY).min(INPUT_EVERY));
            if self.pace.input(last_input()) {
                self.next_look = self
                    .next_look
                    .or_earlier(Deadline::after(self.pace.pause()));
            }
        }
    }

    /// The number of the next view whose picture has changed, brought up to date.
    fn next_changed_view(&mut self) -> Result<Option<usize>, CaptureError> {
        let desktop_is_hidden = input_desktop().as_deref() != Some(USERS_DESKTOP);
        while self.to_look_at > 0 {
            self.to_look_at -= 1;
            let index = self.to_look_at;
            let view = &mut self.views[index];
            if view.refresh(desktop_is_hidden, &self.pointer)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

/// The pointer as it was when last asked for.
#[derive(Default)]
struct Pointer {
    position: (i32, i32),
    image: Option<(CursorHandle, Option<Shape>)>,
}

impl Pointer {
    /// Asks for it. While the system does not tell, none is shown.
    fn ask(&mut self) {
        let Ok(Cursor {
            position,
            image: Some(handle),
        }) = cursor()
        else {
            self.image = None;
            return;
        };
        self.position = position;
        if self
            .image
            .as_ref()
            .is_none_or(|(known, _)| *known != handle)
        {
            let shape = cursor_image(handle).ok().and_then(|image| {
                let size = (image.width, image.height);
                pointer::shape(size, image.hot_spot, image.colours.as_deref(), &image.mask)
            });
            self.image = Some((handle, shape));
        }
    }

    fn shape(&self) -> Option<&Shape> {
        self.image.as_ref()?.1.as_ref()
    }

    fn is_at(&self) -> Option<((i32, i32), CursorHandle)> {
        Some((self.position, self.image.as_ref()?.0))
    }
}

/// One display with its picture.
struct View {
    display: Display,
    grabber: Grabber,
    picture: Picture,
    damage: Vec<Rect>,
    is_fresh: bool,
    covered: Option<Covered>,
    /// The pointer that is drawn into the picture.
    drawn: Option<((i32, i32), CursorHandle)>,
}

impl View {
    /// A display that was never seen.
    fn new(display: Display) -> Result<Self, CaptureError> {
        let grabber = Grabber::new(display.width, display.height)
            .map_err(failed("make room for the picture of a monitor"))?;
        Ok(Self {
            picture: Picture::new(display.width, display.height),
            display,
            grabber,
            damage: Vec::new(),
            is_fresh: true,
            covered: None,
            drawn: None,
        })
    }

    /// Looks at the display. Whether it shows another picture now. While the system hides the
    /// user's desktop, as behind the lock screen, the picture is black.
    fn refresh(&mut self, is_hidden: bool, pointer: &Pointer) -> Result<bool, CaptureError> {
        let origin = (self.display.left, self.display.top);
        let shown = if is_hidden { None } else { pointer.is_at() };
        let uncovered = self
            .covered
            .take()
            .map(|covered| covered.uncover(&mut self.picture));
        self.damage.clear();
        let taken = self.take_pixels(is_hidden);
        let drawn = shown.and_then(|(position, _)| {
            let shape = pointer.shape()?;
            let place = shape.place_on(position, origin, self.picture.size());
            self.covered = shape.draw(position, origin, &mut self.picture);
            place
        });
        if self.drawn != shown {
            for rect in uncovered.into_iter().chain(drawn) {
                damage::add(&mut self.damage, rect);
            }
            self.drawn = shown;
        }
        taken?;
        if std::mem::take(&mut self.is_fresh) {
            self.damage = vec![self.picture.whole()];
        }
        damage::merge(&mut self.damage);
        Ok(!self.damage.is_empty())
    }

    fn take_pixels(&mut self, is_hidden: bool) -> Result<(), CaptureError> {
        let (damage, picture) = (&mut self.damage, &mut self.picture);
        let note = |rect| damage::add(damage, rect);
        if is_hidden {
            let stride = picture.stride();
            let black = vec![0; stride * self.display.height as usize];
            take_over(picture, &black, stride, note);
            return Ok(());
        }
        let Display {
            left,
            top,
            width,
            height,
            ..
        } = self.display;
        let (pixels, stride) = self
            .grabber
            .grab(left, top, width, height)
            .map_err(failed("copy the screen"))?;
        take_over(picture, pixels, stride, note);
        Ok(())
    }

    fn frame(&self) -> Frame<'_> {
        Frame {
            display: self.display.index,
            width: self.display.width,
            height: self.display.height,
            stride: self.picture.stride(),
            pixels: self.picture.pixels(),
            damage: &self.damage,
        }
    }
}

/// How often it is looked whether somebody does something.
const INPUT_EVERY: Duration = Duration::from_millis(100);
