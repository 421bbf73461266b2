//! One monitor: its duplication and the picture that is made of it.

use std::time::Duration;

use super::{
    Output, Refused, Update,
    pointer::{Pointer, Version},
    turn::Turn,
};
use crate::{
    Display, Frame, Rect,
    pixels::{Covered, Picture, damage},
};

/// A display with its picture.
pub(super) struct View<O> {
    pub(super) display: Display,
    /// `None` while the system gives none.
    pub(super) output: Option<O>,
    /// Since when there should be a picture and is none.
    pub(super) missing_since: Option<Duration>,
    shows: Shows,
    picture: Picture,
    /// Where the picture is not what the last frame showed.
    damage: Vec<Rect>,
    /// The damage of the last frame.
    told: Vec<Rect>,
    is_fresh: bool,
    wants_whole: bool,
    covered: Option<Covered>,
    /// The pointer that is drawn into the picture.
    drawn: Option<Version>,
}

/// What the picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    /// Nothing that was ever to be seen.
    Nothing,
    /// Black: the user's desktop is hidden.
    Black,
    /// The desktop.
    Desktop,
}

impl<O: Output> View<O> {
    /// A display that was never seen.
    pub(super) fn new(display: Display) -> Self {
        Self {
            picture: Picture::new(display.width, display.height),
            display,
            output: None,
            missing_since: None,
            shows: Shows::Nothing,
            damage: Vec::new(),
            told: Vec::new(),
            is_fresh: true,
            wants_whole: true,
            covered: None,
            drawn: None,
        }
    }

    /// The duplication begins, at this time.
    pub(super) fn opened(&mut self, output: O, now: Duration) {
        self.output = Some(output);
        self.wants_whole = true;
        self.missing_since.get_or_insert(now);
    }

    /// The duplication is of no use any more.
    pub(super) fn lost(&mut self, now: Duration) {
        self.output = None;
        self.missing_since.get_or_insert(now);
    }

    /// The user's desktop is hidden: the picture is black until there is another duplication.
    pub(super) fn hide(&mut self) {
        self.output = None;
        self.missing_since = None;
        if self.shows == Shows::Black {
            return;
        }
        self.lift_pointer();
        self.shows = Shows::Black;
        for y in 0..self.display.height {
            self.picture.row_mut(0, y, self.display.width).fill(0);
        }
        self.damage = vec![self.picture.whole()];
    }

    /// Takes over what was drawn and moved.
    pub(super) fn take(&mut self, update: &Update) -> Result<(), Refused> {
        if !update.is_drawn {
            return Ok(());
        }
        let turn = Turn::from_code(update.rotation);
        if turn.size(update.surface) != self.picture.size() {
            return Err(Refused {
                code: 0,
                reason: "the monitor has another size".to_owned(),
            });
        }
        let told = changes_of(update).filter(|_| !self.wants_whole);
        let changes = told.unwrap_or_else(|| Changes::whole(update.surface));
        let Some(mut output) = self.output.take() else {
            return Ok(());
        };
        // INVARIANT: the picture changes as a whole or not at all, whatever Windows refuses.
        let done = if changes.drawn.is_empty() {
            self.apply(turn, update.surface, &changes, &[], 0);
            Ok(())
        } else {
            output.read(&changes.drawn, &mut |pixels, stride| {
                self.apply(turn, update.surface, &changes, pixels, stride);
            })
        };
        self.output = Some(output);
        done?;
        self.wants_whole = false;
        self.shows = Shows::Desktop;
        self.missing_since = None;
        Ok(())
    }

    /// Whether there is another picture than the last frame's.
    pub(super) fn has_news(&self, pointer: &Pointer) -> bool {
        self.shows != Shows::Nothing
            && (self.is_fresh
                || !self.damage.is_empty()
                || self.pointer_version(pointer) != self.drawn)
    }

    /// Makes the picture the next frame.
    pub(super) fn finish(&mut self, pointer: &Pointer) {
        let version = self.pointer_version(pointer);
        if version != self.drawn {
            self.lift_pointer();
            if let Some((shape, corner, _)) = pointer.on(&self.display)
                && version.is_some()
            {
                let origin = (self.display.left, self.display.top);
                self.covered = shape.draw(corner, origin, &mut self.picture);
                let place = shape.place_on(corner, origin, self.picture.size());
                place
                    .into_iter()
                    .for_each(|it| damage::add(&mut self.damage, it));
            }
            self.drawn = version;
        }
        self.told = std::mem::take(&mut self.damage);
        damage::merge(&mut self.told);
        if std::mem::take(&mut self.is_fresh) {
            self.told = vec![self.picture.whole()];
        }
    }

    /// The last frame, with where it differs from the one before.
    pub(super) fn frame(&self) -> Frame<'_> {
        Frame {
            display: self.display.index,
            width: self.display.width,
            height: self.display.height,
            stride: self.picture.stride(),
            pixels: self.picture.pixels(),
            damage: &self.told,
        }
    }

    /// Whether any frame was given.
    pub(super) fn was_given(&self) -> bool {
        !self.is_fresh
    }

    /// Moves what was moved, then copies what was drawn from the surface.
    fn apply(
        &mut self,
        turn: Turn,
        surface: (u32, u32),
        changes: &Changes,
        pixels: &[u8],
        stride: usize,
    ) {
        self.lift_pointer();
        for (from, to) in &changes.moved {
            let to = turn.rect(*to, surface);
            move_pixels(&mut self.picture, turn.rect(*from, surface), to);
            damage::add(&mut self.damage, to);
        }
        for area in &changes.drawn {
            turn.copy(&mut self.picture, *area, surface, pixels, stride);
            damage::add(&mut self.damage, turn.rect(*area, surface));
        }
    }

    fn pointer_version(&self, pointer: &Pointer) -> Option<Version> {
        let (_, _, version) = pointer.on(&self.display)?;
        (self.shows == Shows::Desktop).then_some(version)
    }

    /// Takes the pointer off the picture.
    fn lift_pointer(&mut self) {
        if let Some(covered) = self.covered.take() {
            let place = covered.uncover(&mut self.picture);
            damage::add(&mut self.damage, place);
        }
        self.drawn = None;
    }
}

/// What happened on a surface, within its bounds.
struct Changes {
    /// From where to where.
    moved: Vec<(Rect, Rect)>,
    drawn: Vec<Rect>,
}

impl Changes {
    /// All of it was drawn.
    fn whole((width, height): (u32, u32)) -> Self {
        Self {
            moved: Vec::new(),
            drawn: vec![Rect {
                x: 0,
                y: 0,
                width,
                height,
            }],
        }
    }
}

/// What an update tells; `None` if that makes no sense: then all of it has to be read.
fn changes_of(update: &Update) -> Option<Changes> {
    if update.moves.is_empty() && update.dirty.is_empty() {
        return None;
    }
    let moved = update.moves.iter().map(|moved| {
        let to = within(moved.to, update.surface)?;
        let (left, top) = moved.from;
        let right = left.checked_add(i32::try_from(to.width).ok()?)?;
        let bottom = top.checked_add(i32::try_from(to.height).ok()?)?;
        Some((within([left, top, right, bottom], update.surface)?, to))
    });
    let drawn = update.dirty.iter();
    let drawn = drawn.map(|edges| within(*edges, update.surface));
    Some(Changes {
        moved: moved.collect::<Option<_>>()?,
        drawn: drawn.collect::<Option<_>>()?,
    })
}

/// A rectangle by its edges; `None` if it is empty or not wholly on the surface.
fn within([left, top, right, bottom]: [i32; 4], surface: (u32, u32)) -> Option<Rect> {
    let (x, y) = (u32::try_from(left).ok()?, u32::try_from(top).ok()?);
    let (right, bottom) = (u32::try_from(right).ok()?, u32::try_from(bottom).ok()?);
    let is_within = x < right && right <= surface.0 && y < bottom && bottom <= surface.1;
    is_within.then(|| Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    })
}

/// Copies pixels of a picture to elsewhere in it; the two places may overlap.
fn move_pixels(picture: &mut Picture, from: Rect, to: Rect) {
    let mut move_row = |row: u32| {
        let pixels = picture.row_mut(from.x, from.y + row, from.width).to_vec();
        let into = picture.row_mut(to.x, to.y + row, to.width);
        into.copy_from_slice(&pixels);
    };
    if to.y > from.y {
        (0..to.height).rev().for_each(&mut move_row);
    } else {
        (0..to.height).for_each(&mut move_row);
    }
}
