//! Parts of the desktop as rectangles.

use super::Arrangement;
use crate::{Rect, pixels::damage};

/// A rectangle of the desktop. Empty if `right` is not right of `left`, or `bottom` not below `top`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    /// The first column.
    pub left: i32,
    /// The first row.
    pub top: i32,
    /// The first column that is not in it.
    pub right: i32,
    /// The first row that is not in it.
    pub bottom: i32,
}

/// Any part of the desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// INVARIANT: none is empty, no two have a pixel in common.
    areas: Vec<Area>,
}

impl Area {
    /// A rectangle by its corner and its size.
    pub fn new(left: i32, top: i32, width: u32, height: u32) -> Self {
        Self {
            left,
            top,
            right: left.saturating_add_unsigned(width),
            bottom: top.saturating_add_unsigned(height),
        }
    }

    /// Whether it has no pixel.
    pub const fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// What both have.
    pub fn common(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    /// Moved by so much.
    pub fn moved(self, (x, y): (i32, i32)) -> Self {
        Self {
            left: self.left.saturating_add(x),
            top: self.top.saturating_add(y),
            right: self.right.saturating_add(x),
            bottom: self.bottom.saturating_add(y),
        }
    }

    /// What of it is on a display at `origin`, in that display's own coordinates.
    pub(super) fn on_display(&self, origin: (i32, i32), size: (u32, u32)) -> Option<Rect> {
        let width = u32::try_from(i64::from(self.right) - i64::from(self.left)).ok()?;
        let height = u32::try_from(i64::from(self.bottom) - i64::from(self.top)).ok()?;
        damage::clip((self.left, self.top, width, height), origin, size)
    }

    /// What is left of it without another one.
    fn without(self, hole: Self) -> impl Iterator<Item = Self> {
        let hole = self.common(hole);
        let parts = if hole.is_empty() {
            [self, Self::default(), Self::default(), Self::default()]
        } else {
            let band = Self {
                top: hole.top,
                bottom: hole.bottom,
                ..self
            };
            [
                Self {
                    bottom: hole.top,
                    ..self
                },
                Self {
                    top: hole.bottom,
                    ..self
                },
                Self {
                    right: hole.left,
                    ..band
                },
                Self {
                    left: hole.right,
                    ..band
                },
            ]
        };
        parts.into_iter().filter(|part| !part.is_empty())
    }
}

impl Region {
    /// What is seen of the windows that may be seen. Nothing if there are more windows, or more
    /// pieces of them, than are looked at.
    pub fn seen(windows: &Arrangement) -> Self {
        if windows.len() > MOST_WINDOWS {
            return Self::default();
        }
        let mut seen = Self::default();
        for (index, window) in windows.iter().enumerate() {
            if window.shows.is_empty() {
                continue;
            }
            let mut shown = Self::default();
            for area in &window.shows {
                shown.add(area.common(window.covers));
            }
            for above in &windows[..index] {
                shown.remove(above.covers);
            }
            seen.areas.append(&mut shown.areas);
            if seen.areas.len() > MOST_PIECES {
                return Self::default();
            }
        }
        seen
    }

    /// Its pieces.
    pub fn areas(&self) -> &[Area] {
        &self.areas
    }

    /// What both have.
    pub fn common(&self, other: &Self) -> Self {
        let pairs = self
            .areas
            .iter()
            .flat_map(|one| other.areas.iter().map(|another| one.common(*another)));
        Self {
            areas: pairs.filter(|area| !area.is_empty()).collect(),
        }
    }

    /// What only one of them has.
    pub(super) fn difference(&self, other: &Self) -> Vec<Area> {
        let (mut one, mut another) = (self.clone(), other.clone());
        other.areas.iter().for_each(|area| one.remove(*area));
        self.areas.iter().for_each(|area| another.remove(*area));
        one.areas.append(&mut another.areas);
        one.areas
    }

    /// What of it is within a rectangle.
    pub(super) fn within(&self, area: Area) -> Self {
        let parts = self.areas.iter().map(|part| part.common(area));
        Self {
            areas: parts.filter(|part| !part.is_empty()).collect(),
        }
    }

    fn add(&mut self, area: Area) {
        if !area.is_empty() {
            self.remove(area);
            self.areas.push(area);
        }
    }

    fn remove(&mut self, hole: Area) {
        if hole.is_empty() {
            return;
        }
        let areas = std::mem::take(&mut self.areas);
        self.areas = areas
            .into_iter()
            .flat_map(|area| area.without(hole))
            .collect();
    }
}

/// A desktop with more windows than this is not looked at.
const MOST_WINDOWS: usize = 1_024;

const MOST_PIECES: usize = 4_096;
