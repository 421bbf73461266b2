//! The screen of an X display, behind the seam.

use std::time::Duration;

use eidetic_model::DisplayIndex;
use x11rb::{
    errors::ReplyError,
    protocol::{
        Event,
        damage::{self as x_damage, ConnectionExt as _},
        xfixes::{self, ConnectionExt as _},
        xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, Rectangle},
    },
};

use super::{grab::Grabber, layout::Monitors, pointer::Pointer, rows::put_rows};
use crate::{
    Capture, CaptureError, Display, Frame, Rect, Screen,
    deadline::Deadline,
    linux::connection::XConnection,
    pixels::{Covered, Picture, damage},
};

/// The screen of an X display.
pub struct X11Screen {
    x: XConnection,
    grabber: Grabber,
    monitors: Monitors,
    pointer: Pointer,
    damage: x_damage::Damage,
    region: xfixes::Region,
    something_was_drawn: bool,
    layout_is_stale: bool,
    views: Vec<View>,
    /// The view that was delivered last, so that all have their turn.
    delivered: usize,
}

impl X11Screen {
    /// Opens the screen of `display`, such as `:0`, with the key in the file that the environment
    /// variable `XAUTHORITY` names.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Gone`] if there is no such display or it refuses; see [`CaptureError`] for
    /// the others.
    pub fn open(display: &str) -> Result<Self, CaptureError> {
        let x = XConnection::open(display)?;
        for (name, feature) in [
            (x_damage::X11_EXTENSION_NAME, "the DAMAGE extension"),
            (xfixes::X11_EXTENSION_NAME, "the XFIXES extension"),
        ] {
            if !x.has(name)? {
                return Err(x.lacks(feature));
            }
        }
        let (damage, region) = (x.new_id()?, x.new_id()?);
        let grabber = Grabber::new(&x)?;
        x.explain("watch the screen", subscribe(&x, damage, region))?;
        Ok(Self {
            grabber,
            monitors: Monitors::watch(&x)?,
            pointer: Pointer::watch(&x)?,
            x,
            damage,
            region,
            something_was_drawn: false,
            layout_is_stale: true,
            views: Vec::new(),
            delivered: 0,
        })
    }

    /// Takes in all that the server has told.
    fn take_events(&mut self) -> Result<(), CaptureError> {
        while let Some(event) = self.x.poll_event()? {
            match event {
                Event::DamageNotify(_) => self.something_was_drawn = true,
                Event::XfixesCursorNotify(_) => self.pointer.changed_shape(),
                Event::XinputRawMotion(_) | Event::XinputMotion(_) => {
                    let told = self.pointer.moved(&self.x);
                    self.x.explain("watch the pointer", told)?;
                }
                Event::RandrNotify(_)
                | Event::RandrScreenChangeNotify(_)
                | Event::ConfigureNotify(_) => self.layout_is_stale = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// The layout, if it is not what it was.
    fn new_layout(&mut self) -> Result<Option<Vec<Display>>, ReplyError> {
        if !std::mem::take(&mut self.layout_is_stale) {
            return Ok(None);
        }
        let displays = self.monitors.ask(&self.x).inspect_err(|_| {
            self.layout_is_stale = true;
        })?;
        let is_known = !self.views.is_empty()
            && self
                .views
                .iter()
                .map(|view| &view.display)
                .eq(displays.iter());
        if is_known {
            return Ok(None);
        }
        self.views = displays.iter().cloned().map(View::new).collect();
        Ok(Some(displays))
    }

    /// Asks the server what was drawn, and notes it for each display.
    fn note_damage(&mut self) -> Result<(), ReplyError> {
        if !self.something_was_drawn {
            return Ok(());
        }
        let raw = self.x.raw();
        // What is drawn after this request makes the server tell anew: nothing falls between.
        raw.damage_subtract(self.damage, x11rb::NONE, self.region)?
            .ignore_error();
        let region = raw.xfixes_fetch_region(self.region)?.reply()?;
        self.something_was_drawn = false;
        for rectangle in region.rectangles {
            let Rectangle {
                x,
                y,
                width,
                height,
            } = rectangle;
            let area = (x.into(), y.into(), width.into(), height.into());
            for view in &mut self.views {
                let size = view.picture.size();
                if let Some(rect) = damage::clip(area, view.origin(), size) {
                    damage::add(&mut view.pending, rect);
                }
            }
        }
        Ok(())
    }

    /// The number of a view whose picture has changed, brought up to date.
    fn next_changed_view(&mut self) -> Result<Option<usize>, ReplyError> {
        for step in 1..=self.views.len() {
            let index = (self.delivered + step) % self.views.len();
            let view = &mut self.views[index];
            if view.is_stale(&self.pointer)
                && view.refresh(&self.x, &mut self.grabber, &self.pointer)?
            {
                self.delivered = index;
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Whether the monitors are not those that the views are of.
    fn layout_changed_meanwhile(&mut self) -> Result<bool, CaptureError> {
        let displays = self.monitors.ask(&self.x);
        let displays = self.x.explain("ask for the monitors", displays)?;
        let known = self.views.iter().map(|view| &view.display);
        Ok(!known.eq(displays.iter()))
    }

    /// What changed, if anything did; the frame is left in its view.
    fn find(&mut self) -> Result<Found, CaptureError> {
        self.take_events()?;
        let layout = self.new_layout();
        if let Some(displays) = self.x.explain("ask for the monitors", layout)? {
            return Ok(Found::Layout(displays));
        }
        // With whatever is drawn the pointer is asked for too: not all that moves it is told.
        let must_ask = self.something_was_drawn || self.pointer.is_stale();
        let noted = self.note_damage();
        self.x.explain("ask what was drawn", noted)?;
        if must_ask {
            let asked = self.pointer.ask(&self.x);
            self.x.explain("ask for the pointer", asked)?;
        }
        match self.next_changed_view() {
            Ok(Some(view)) => Ok(Found::Frame(view)),
            Ok(None) => Ok(Found::Nothing),
            Err(error) => {
                // The monitors may have changed between two requests.
                self.layout_is_stale = true;
                self.x.explain("fetch the screen", Err(error))
            }
        }
    }
}

impl Screen for X11Screen {
    fn next(&mut self, wait: Duration) -> Result<Capture<'_>, CaptureError> {
        let deadline = Deadline::after(wait);
        loop {
            match self.find() {
                Ok(Found::Layout(displays)) => return Ok(Capture::Layout(displays)),
                Ok(Found::Frame(view)) => return Ok(Capture::Frame(self.views[view].frame())),
                Ok(Found::Nothing) => {}
                Err(CaptureError::Failed { .. }) if self.layout_changed_meanwhile()? => {
                    continue;
                }
                Err(error) => return Err(error),
            }
            if !self.x.wait(deadline)? {
                return Ok(Capture::Unchanged);
            }
        }
    }

    fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>> {
        let view = self
            .views
            .iter()
            .find(|view| view.display.index == display)?;
        (!view.damage_is_untold).then(|| Frame {
            damage: &[],
            ..view.frame()
        })
    }
}

/// What [`X11Screen::find`] found.
enum Found {
    Nothing,
    Layout(Vec<Display>),
    Frame(usize),
}

/// One display with its picture.
struct View {
    display: Display,
    picture: Picture,
    /// Where the server drew since the picture was fetched.
    pending: Vec<Rect>,
    /// Where the picture differs from the one that was delivered before.
    damage: Vec<Rect>,
    /// Whether `damage` has not reached the caller: the first time, and after a failure.
    damage_is_untold: bool,
    covered: Option<Covered>,
    pointer_version: u64,
}

impl View {
    /// A display that was never fetched.
    fn new(display: Display) -> Self {
        let picture = Picture::new(display.width, display.height);
        Self {
            pending: vec![picture.whole()],
            damage: vec![picture.whole()],
            damage_is_untold: true,
            display,
            picture,
            covered: None,
            pointer_version: u64::MAX,
        }
    }

    fn origin(&self) -> (i32, i32) {
        (self.display.left, self.display.top)
    }

    /// Whether something was drawn, or the pointer must be drawn or taken off.
    fn is_stale(&self, pointer: &Pointer) -> bool {
        !self.pending.is_empty() || self.pointer_is_stale(pointer)
    }

    fn pointer_is_stale(&self, pointer: &Pointer) -> bool {
        self.pointer_version != pointer.version()
            && (self.covered.is_some()
                || pointer
                    .place_on(self.origin(), self.picture.size())
                    .is_some())
    }

    /// Fetches what is pending and draws the pointer. Whether the picture is another now.
    fn refresh(
        &mut self,
        x: &XConnection,
        grabber: &mut Grabber,
        pointer: &Pointer,
    ) -> Result<bool, ReplyError> {
        let pointer_is_stale = self.pointer_is_stale(pointer);
        if !std::mem::replace(&mut self.damage_is_untold, true) {
            self.damage.clear();
        }
        let uncovered = self
            .covered
            .take()
            .map(|covered| covered.uncover(&mut self.picture));
        let fetched = self.fetch_pending(x, grabber);
        self.covered = pointer.draw(self.origin(), &mut self.picture);
        if pointer_is_stale {
            let drawn = pointer.place_on(self.origin(), self.picture.size());
            for rect in uncovered.into_iter().chain(drawn) {
                damage::add(&mut self.damage, rect);
            }
        }
        self.pointer_version = pointer.version();
        fetched?;
        self.damage_is_untold = false;
        damage::merge(&mut self.damage);
        Ok(!self.damage.is_empty())
    }

    /// Fetches what is pending, and notes the rows that differ as damage.
    fn fetch_pending(&mut self, x: &XConnection, grabber: &mut Grabber) -> Result<(), ReplyError> {
        damage::merge(&mut self.pending);
        while let Some(&rect) = self.pending.last() {
            let mut changed = None;
            let picture = &mut self.picture;
            let origin = (self.display.left, self.display.top);
            let fetched = grabber.grab(x, origin, rect, |row, pixels| {
                put_rows(picture, rect, row, pixels, &mut changed);
            });
            if let Some((first, last)) = changed {
                let changed = Rect {
                    y: first,
                    height: last - first + 1,
                    ..rect
                };
                damage::add(&mut self.damage, changed);
            }
            fetched?;
            self.pending.pop();
        }
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

/// Asks the server to tell of what is drawn.
fn subscribe(
    x: &XConnection,
    damage: x_damage::Damage,
    region: xfixes::Region,
) -> Result<(), ReplyError> {
    let raw = x.raw();
    let fixes = raw.xfixes_query_version(5, 0)?;
    let damages = raw.damage_query_version(1, 1)?;
    fixes.reply()?;
    damages.reply()?;
    raw.xfixes_create_region(region, &[])?.check()?;
    raw.damage_create(damage, x.root(), x_damage::ReportLevel::NON_EMPTY)?
        .check()?;
    // Where there is no RandR, the root window tells that the screen has another size.
    let attributes = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
    raw.change_window_attributes(x.root(), &attributes)?.check()
}
