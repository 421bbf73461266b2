//! Where the windows of this session are, and which of them may be seen.
//!
//! Windows does not tell each step of a window that moves: the windows are looked at before and
//! after the screen is fetched, and an arrangement counts once it has lasted.

use std::collections::HashSet;

use eidetic_winapi::{
    desktop::use_users_desktop,
    window::{Bounds, Window},
};

use super::{failed, process::ProcessInspector};
use crate::{
    CaptureError,
    blackout::{Area, Arrangement, Judge, Judgement, PlacedWindow, WindowMap},
};

/// Where the windows of this session are.
pub struct DesktopWindows {
    processes: ProcessInspector,
    judge: Judge,
    given: Option<Arrangement>,
}

struct Found {
    window: Window,
    covers: Area,
    judgement: Judgement,
    process: Option<u32>,
}

impl DesktopWindows {
    /// Follows them.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`].
    pub fn open(judge: Judge) -> Result<Self, CaptureError> {
        Ok(Self {
            processes: ProcessInspector::new()?,
            judge,
            given: None,
        })
    }

    fn look(&mut self) -> Result<Arrangement, CaptureError> {
        use_users_desktop();
        let windows = Window::all().map_err(failed("look at the windows"))?;
        let mut found = Vec::new();
        for window in windows {
            if !window.can_be_seen() {
                continue;
            }
            // One that is gone meanwhile is not there at the next look, and nothing is steady.
            let Some(covers) = window.bounds().map(area) else {
                continue;
            };
            let process = window.process();
            let program = self.processes.inspect(process);
            let description = program.application.map(|it| it.description);
            let judgement = (self.judge)(&window.title(), &description.unwrap_or_default());
            found.push(Found {
                window,
                covers,
                judgement,
                process,
            });
        }
        let listed: HashSet<u32> = found
            .iter()
            .filter(|it| it.judgement == Judgement::Listed)
            .filter_map(|it| it.process)
            .collect();
        let placed = found.into_iter().map(|it| {
            let is_of_a_listed_program = it.window.is_auxiliary()
                && it.process.is_some_and(|process| listed.contains(&process));
            let may_be_seen = match it.judgement {
                Judgement::Listed => true,
                Judgement::Unlisted => is_of_a_listed_program,
                Judgement::Excepted => false,
            };
            let frame = it.window.opaque_frame().filter(|_| may_be_seen);
            PlacedWindow {
                covers: it.covers,
                shows: frame.map(area).map_or_else(Vec::new, without_corners),
            }
        });
        Ok(placed.collect())
    }
}

impl WindowMap for DesktopWindows {
    fn catch_up(&mut self) -> Result<Vec<Arrangement>, CaptureError> {
        let now = self.look()?;
        if self.given.as_ref() == Some(&now) {
            return Ok(Vec::new());
        }
        self.given = Some(now.clone());
        Ok(vec![now])
    }
}

fn area(bounds: Bounds) -> Area {
    Area {
        left: bounds.left,
        top: bounds.top,
        right: bounds.right,
        bottom: bounds.bottom,
    }
}

/// Corners may be round, and let through what is behind.
fn without_corners(area: Area) -> Vec<Area> {
    let inner = Area {
        left: area.left.saturating_add(CORNER),
        right: area.right.saturating_sub(CORNER),
        ..area
    };
    let (top, bottom) = (
        area.top.saturating_add(CORNER),
        area.bottom.saturating_sub(CORNER),
    );
    let left = Area {
        top,
        bottom,
        right: inner.left,
        ..area
    };
    let right = Area {
        top,
        bottom,
        left: inner.right,
        ..area
    };
    let parts = [inner, left, right].into_iter();
    parts.filter(|part| !part.is_empty()).collect()
}

/// The radius of a corner on Windows 11, in pixels, at twice the usual size.
const CORNER: i32 = 16;
