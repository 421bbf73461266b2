//! The picture of one display with only what may be seen.

use super::region::{Area, Region};
use crate::{
    Display, Frame, Rect,
    pixels::{Picture, damage},
};

/// One display's picture: black, but for what was let out.
pub(super) struct View {
    pub(super) display: Display,
    picture: Picture,
    /// What is let out now. Everything outside is black.
    let_out: Region,
    /// Where the picture differs from the one that was given before.
    damage: Vec<Rect>,
    pub(super) is_given: bool,
}

impl View {
    /// A display of which nothing is let out.
    pub(super) fn new(display: Display) -> Self {
        Self {
            picture: Picture::new(display.width, display.height),
            display,
            let_out: Region::default(),
            damage: Vec::new(),
            is_given: false,
        }
    }

    /// What of a region is on this display.
    pub(super) fn part_of(&self, region: &Region) -> Region {
        let Display {
            left,
            top,
            width,
            height,
            ..
        } = self.display;
        region.within(Area::new(left, top, width, height))
    }

    /// Whether just this is let out.
    pub(super) fn lets_out(&self, part: &Region) -> bool {
        self.let_out.difference(part).is_empty()
    }

    /// Lets out this part of what the display shows, which differs from what it showed before in
    /// `drawn`. Whether the picture is another one now.
    pub(super) fn show(&mut self, shown: &Frame<'_>, drawn: &[Rect], part: Region) -> bool {
        let origin = (self.display.left, self.display.top);
        let size = self.picture.size();
        self.damage.clear();
        let changed = self.let_out.difference(&part);
        let changed: Vec<Rect> = changed
            .iter()
            .filter_map(|it| it.on_display(origin, size))
            .collect();
        let seen: Vec<Rect> = part
            .areas()
            .iter()
            .filter_map(|it| it.on_display(origin, size))
            .collect();
        for rect in &changed {
            self.blacken(*rect);
            damage::add(&mut self.damage, *rect);
        }
        for drawn in changed.iter().chain(drawn) {
            for seen in &seen {
                if let Some(rect) = common(*drawn, *seen) {
                    self.copy(shown, rect);
                    damage::add(&mut self.damage, rect);
                }
            }
        }
        self.let_out = part;
        if !std::mem::replace(&mut self.is_given, true) {
            self.damage = vec![self.picture.whole()];
        }
        damage::merge(&mut self.damage);
        !self.damage.is_empty()
    }

    /// The picture, and where it differs from the one before.
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            display: self.display.index,
            width: self.display.width,
            height: self.display.height,
            stride: self.picture.stride(),
            pixels: self.picture.pixels(),
            damage: &self.damage,
        }
    }

    fn blacken(&mut self, rect: Rect) {
        for y in rect.y..rect.y + rect.height {
            self.picture.row_mut(rect.x, y, rect.width).fill(0);
        }
    }

    fn copy(&mut self, shown: &Frame<'_>, rect: Rect) {
        let bytes = rect.width as usize * 4;
        for y in rect.y..rect.y + rect.height {
            let start = y as usize * shown.stride + rect.x as usize * 4;
            // A frame that is smaller than its display shows nothing there.
            if let Some(pixels) = shown.pixels.get(start..start + bytes) {
                self.picture
                    .row_mut(rect.x, y, rect.width)
                    .copy_from_slice(pixels);
            }
        }
    }
}

/// What two rectangles have in common.
fn common(one: Rect, other: Rect) -> Option<Rect> {
    let (x, y) = (one.x.max(other.x), one.y.max(other.y));
    let right = (one.x + one.width).min(other.x + other.width);
    let bottom = (one.y + one.height).min(other.y + other.height);
    (x < right && y < bottom).then(|| Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    })
}
