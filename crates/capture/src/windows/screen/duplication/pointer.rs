//! The one pointer of all monitors.

use super::{PointerPlace, ToldShape};
use crate::{Display, pixels::Shape};

/// The pointer as it was last told of.
#[derive(Default)]
pub(super) struct Pointer {
    /// The number of the view whose monitor shows it.
    shown_by: Option<usize>,
    /// The upper left corner of its image on the desktop.
    corner: (i32, i32),
    shape: Option<Shape>,
    version: Version,
}

/// One look and place of the pointer. Another one has another number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version(u64);

impl Pointer {
    /// A view's monitor told where it is.
    pub(super) fn placed(&mut self, view: usize, display: &Display, place: PointerPlace) {
        if place.is_shown {
            self.shown_by = Some(view);
            self.corner = (
                display.left.saturating_add(place.corner.0),
                display.top.saturating_add(place.corner.1),
            );
        } else if self.shown_by == Some(view) {
            self.shown_by = None;
        } else {
            // It has long been on another monitor.
            return;
        }
        self.version.0 += 1;
    }

    /// It was told what it looks like. An image that makes no sense is not shown.
    pub(super) fn looks_like(&mut self, shape: &ToldShape) {
        self.shape = shape.shape();
        self.version.0 += 1;
    }

    /// Its image and the corner of that, if some of it is to be seen on this display.
    pub(super) fn on(&self, display: &Display) -> Option<(&Shape, (i32, i32), Version)> {
        self.shown_by?;
        let shape = self.shape.as_ref()?;
        let (origin, size) = ((display.left, display.top), (display.width, display.height));
        shape.place_on(self.corner, origin, size)?;
        Some((shape, self.corner, self.version))
    }
}
