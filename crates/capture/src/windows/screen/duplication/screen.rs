//! The screen of all monitors that are duplicated.

use std::time::Duration;

use eidetic_model::DisplayIndex;
use tracing::debug;

use super::{Output as _, Refused, System, Update, answer::Meaning, pointer::Pointer, view::View};
use crate::{
    CaptureError, Display, Frame,
    windows::screen::{Found, layout::Numbers},
};

/// The displays of a session, each of them duplicated.
pub(crate) struct DuplicatedScreen<S: System> {
    system: S,
    numbers: Numbers,
    views: Vec<View<S::Output>>,
    pointer: Pointer,
    /// The view that is asked first.
    turn: usize,
    look_up_at: Duration,
    open_not_before: Duration,
}

/// The screen is not to be had in this way.
#[derive(Debug)]
pub(crate) enum Stop {
    /// This session does not offer duplication. What it says instead.
    NotOffered(String),
    /// It is not to be had at all.
    Failed(CaptureError),
}

impl<S: System> DuplicatedScreen<S> {
    /// A screen that was not looked at yet. The displays have these numbers.
    pub(crate) fn new(system: S, numbers: Numbers) -> Self {
        Self {
            look_up_at: system.now(),
            open_not_before: system.now(),
            system,
            numbers,
            views: Vec::new(),
            pointer: Pointer::default(),
            turn: 0,
        }
    }

    /// Waits up to `wait` for a change.
    pub(crate) fn next(&mut self, wait: Duration) -> Result<Found, Stop> {
        let deadline = self.system.now().saturating_add(wait);
        let mut has_asked = false;
        loop {
            if self.system.now() >= self.look_up_at
                && let Some(displays) = self.look_up()?
            {
                return Ok(Found::Layout(displays));
            }
            let pointer = &self.pointer;
            let news = self.views.iter().position(|view| view.has_news(pointer));
            if let Some(index) = news {
                self.views[index].finish(pointer);
                return Ok(Found::Frame(index));
            }
            let now = self.system.now();
            if has_asked && now >= deadline {
                return Ok(Found::Unchanged);
            }
            has_asked = true;
            self.ask(deadline.min(self.look_up_at).saturating_sub(now));
        }
    }

    /// The frame that was found.
    pub(crate) fn frame(&self, index: usize) -> Frame<'_> {
        self.views[index].frame()
    }

    /// The last frame of a display.
    pub(crate) fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>> {
        let view = self
            .views
            .iter()
            .find(|view| view.display.index == display && view.was_given())?;
        Some(Frame {
            damage: &[],
            ..view.frame()
        })
    }

    /// The numbers of the displays, for another screen of the session.
    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers.clone()
    }

    /// Looks at what is not told: the layout, if it is another one, and whether the user's desktop
    /// is hidden. Opens what is not open.
    fn look_up(&mut self) -> Result<Option<Vec<Display>>, Stop> {
        let now = self.system.now();
        self.look_up_at = now + LOOK_UP_EVERY;
        let monitors = self.system.monitors().map_err(Stop::Failed)?;
        let displays = self.numbers.displays(monitors);
        let is_new = !displays
            .iter()
            .eq(self.views.iter().map(|view| &view.display));
        if is_new {
            // What was duplicated has to end before it can begin again.
            self.views.clear();
            self.views = displays.iter().cloned().map(View::new).collect();
            self.pointer = Pointer::default();
            self.turn = 0;
        }
        if self.system.shows_the_users_desktop() {
            self.open_missing(now)?;
        } else {
            self.views.iter_mut().for_each(View::hide);
        }
        Ok(is_new.then_some(displays))
    }

    fn open_missing(&mut self, now: Duration) -> Result<(), Stop> {
        let mut refused: Option<Refused> = None;
        for view in &mut self.views {
            if view.output.is_some() {
                continue;
            }
            self.open_not_before = now + OPEN_EVERY;
            match self.system.duplicate(&view.display.name) {
                Ok(output) => view.opened(output, now),
                Err(error) if error.meaning() == Meaning::NotOffered => {
                    return Err(Stop::NotOffered(error.reason));
                }
                Err(error) => {
                    debug!(reason = error.reason, "a monitor is not to be had now");
                    view.lost(now);
                    refused = Some(error);
                }
            }
        }
        let is_missing = |view: &View<S::Output>| {
            view.missing_since
                .is_some_and(|since| now.saturating_sub(since) >= GIVE_UP_AFTER)
        };
        if self.views.iter().any(is_missing) {
            let reason = refused.map_or_else(|| "it gives no picture".to_owned(), |it| it.reason);
            return Err(Stop::NotOffered(reason));
        }
        if refused.is_some() {
            self.look_up_at = self.open_not_before;
        }
        Ok(())
    }

    /// Asks the monitors one after the other whether anything has changed, until one says so. The
    /// picture of only that one is touched: those of the others stay as they were given.
    fn ask(&mut self, wait: Duration) {
        let count = self.views.len();
        let order: Vec<usize> = (0..count)
            .map(|step| (self.turn + step) % count)
            .filter(|index| self.views[*index].output.is_some())
            .collect();
        let Some((last, others)) = order.split_last() else {
            self.system.pause(wait.min(OPEN_EVERY));
            return;
        };
        self.turn = (self.turn + 1) % count;
        // One alone can be waited for; several cannot be at once.
        let wait = if others.is_empty() {
            wait
        } else {
            wait.min(LOOK_AT_OTHERS_EVERY)
        };
        let waits = others.iter().map(|index| (*index, Duration::ZERO));
        for (index, wait) in waits.chain([(*last, wait)]) {
            let Some(output) = &mut self.views[index].output else {
                continue;
            };
            match output.next(wait) {
                Ok(None) => {}
                Ok(Some(update)) => {
                    self.turn = (index + 1) % count;
                    return self.take(index, &update);
                }
                Err(refused) => return self.lost(index, &refused),
            }
        }
    }

    fn take(&mut self, index: usize, update: &Update) {
        let view = &mut self.views[index];
        if let Some(shape) = &update.shape {
            self.pointer.looks_like(shape);
        }
        if let Some(place) = update.pointer {
            self.pointer.placed(index, &view.display, place);
        }
        if let Err(refused) = view.take(update) {
            self.lost(index, &refused);
        }
    }

    fn lost(&mut self, index: usize, refused: &Refused) {
        debug!(reason = refused.reason, "a monitor has to be opened again");
        let now = self.system.now();
        self.views[index].lost(now);
        self.look_up_at = self.look_up_at.min(now.max(self.open_not_before));
    }
}

/// How often it is looked at the layout, and whether the user's desktop is hidden.
const LOOK_UP_EVERY: Duration = Duration::from_secs(1);

/// The least time between two tries to open a monitor.
const OPEN_EVERY: Duration = Duration::from_millis(250);

/// After so long without a picture of the user's desktop there is another way to get one.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3);

/// How late a change on one monitor is seen at most while another one is waited for.
const LOOK_AT_OTHERS_EVERY: Duration = Duration::from_millis(50);
