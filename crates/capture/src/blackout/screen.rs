//! The screen that lets only some windows out.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use eidetic_model::{Clock, DisplayIndex};

use super::{STEADY_FOR, WindowMap, region::Region, view::View};
use crate::{Capture, CaptureError, Display, Frame, Rect, Screen};

/// A screen of which only the windows are to be seen that a map shows.
pub struct OnlyWindows {
    screen: Box<dyn Screen>,
    windows: Box<dyn WindowMap>,
    clock: Arc<dyn Clock>,
    /// What was seen of the windows, oldest first, and since when it is known. The last is so now.
    known: VecDeque<(Duration, Region)>,
    views: Vec<View>,
}

enum Got {
    Nothing,
    Layout(Vec<Display>),
    Frame(DisplayIndex, Vec<Rect>),
}

impl OnlyWindows {
    /// Lets out of `screen` what `windows` shows.
    pub fn new(
        screen: Box<dyn Screen>,
        windows: Box<dyn WindowMap>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            screen,
            windows,
            clock,
            known: VecDeque::new(),
            views: Vec::new(),
        }
    }

    /// Takes in where the windows are by now.
    fn look(&mut self) -> Result<(), CaptureError> {
        let arrangements = self.windows.catch_up()?;
        let now = self.clock.monotonic();
        for windows in &arrangements {
            self.known.push_back((now, Region::seen(windows)));
        }
        // What was followed by another one long ago matters no more.
        while let Some((next, _)) = self.known.get(1)
            && next.saturating_add(FORGOTTEN_AFTER) < now
        {
            self.known.pop_front();
        }
        Ok(())
    }

    /// What was seen of the windows all the time since then; nothing if that is not known.
    fn steady_since(&self, since: Duration) -> Region {
        let first = self.known.iter().rposition(|(from, _)| *from <= since);
        let Some(first) = first else {
            return Region::default();
        };
        let mut regions = self.known.range(first..).map(|(_, region)| region);
        let Some(steady) = regions.next() else {
            return Region::default();
        };
        regions.fold(steady.clone(), |steady, region| steady.common(region))
    }

    /// How long until more may be let out, while not all is that is seen now.
    fn steadies_in(&self) -> Option<Duration> {
        let (since, region) = self.known.back()?;
        let waits = |view: &View| view.is_given && !view.lets_out(&view.part_of(region));
        let at = since.saturating_add(STEADY_FOR);
        let wait = at.saturating_sub(self.clock.monotonic());
        self.views
            .iter()
            .any(waits)
            .then(|| wait.max(SHORTEST_WAIT))
    }

    /// The number of a view that has a new picture.
    fn follow(&mut self, got: &Got, since: Duration) -> Option<usize> {
        let steady = self.steady_since(since);
        self.views.iter_mut().position(|view| {
            let drawn = match got {
                Got::Frame(display, damage) if *display == view.display.index => &damage[..],
                Got::Nothing if view.is_given => &[],
                _ => return false,
            };
            let part = view.part_of(&steady);
            if drawn.is_empty() && view.lets_out(&part) {
                return false;
            }
            let shown = self.screen.shown(view.display.index);
            shown.is_some_and(|shown| view.show(&shown, drawn, part))
        })
    }
}

impl Screen for OnlyWindows {
    fn next(&mut self, wait: Duration) -> Result<Capture<'_>, CaptureError> {
        let until = self.clock.monotonic().saturating_add(wait);
        loop {
            self.look()?;
            let began = self.clock.monotonic();
            let left = until.saturating_sub(began);
            let wait = self.steadies_in().map_or(left, |steady| steady.min(left));
            let got = match self.screen.next(wait)? {
                Capture::Unchanged => Got::Nothing,
                Capture::Layout(displays) => Got::Layout(displays),
                Capture::Frame(frame) => Got::Frame(frame.display, frame.damage.to_vec()),
            };
            // Only now it is known where the windows were while it was fetched.
            self.look()?;
            if let Got::Layout(displays) = got {
                self.views = displays.iter().cloned().map(View::new).collect();
                return Ok(Capture::Layout(displays));
            }
            // What was so before the clock began is not known.
            let since = began.saturating_sub(STEADY_FOR);
            let changed = self.follow(&got, since);
            if let Some(view) = changed {
                return Ok(Capture::Frame(self.views[view].frame()));
            }
            if self.clock.monotonic() >= until {
                return Ok(Capture::Unchanged);
            }
        }
    }

    fn shown(&self, display: DisplayIndex) -> Option<Frame<'_>> {
        let view = self.views.iter().find(|it| it.display.index == display)?;
        view.is_given.then(|| Frame {
            damage: &[],
            ..view.frame()
        })
    }
}

/// So much longer than it can matter.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(1);

const SHORTEST_WAIT: Duration = Duration::from_millis(5);
