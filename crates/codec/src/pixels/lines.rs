//! The rows of a block with what surrounds them.

use alloc::vec;
use alloc::vec::Vec;

use super::Reach;
use crate::geometry::{PictureSize, Rect};
use crate::picture::Picture;

/// Three rows of colours, two pixels of surroundings on the left and one on the right.
///
/// What lies outside of the picture repeats its edge; above the first row that is the pixel to
/// the left, and black at the very first.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(super) two_above: Vec<u32>,
    pub(super) above: Vec<u32>,
    pub(super) current: Vec<u32>,
    /// What the current row showed before.
    pub(super) old: Vec<u32>,
    /// Which pixels of the row above and of this one stayed as they were; one more on each side.
    pub(super) kept_above: Vec<bool>,
    pub(super) kept: Vec<bool>,
}

impl Lines {
    /// Where the first pixel of a block is in its lines.
    pub(super) const LEFT: usize = 2;
    const PADDING: usize = Self::LEFT + 1;

    pub(crate) const fn memory_bytes(size: PictureSize) -> usize {
        (size.width() as usize + Self::PADDING) * (4 * 4 + 2)
    }

    pub(crate) fn new(size: PictureSize) -> Self {
        let length = size.width() as usize + Self::PADDING;
        Self {
            two_above: vec![0; length],
            above: vec![0; length],
            current: vec![0; length],
            old: vec![0; length],
            kept_above: vec![true; length],
            kept: vec![true; length],
        }
    }

    /// Goes to the first row of a block.
    pub(crate) fn begin(&mut self, picture: &Picture, block: Rect) {
        for (line, distance) in [(&mut self.two_above, 2), (&mut self.above, 1)] {
            match block.y.checked_sub(distance) {
                Some(y) => load(picture, block, y, line),
                None if block.y > 0 => load(picture, block, 0, line),
                // The first row of the picture: the pixel to the left stands for all above.
                None => {
                    let left = match block.x.checked_sub(1) {
                        Some(x) => picture.colour(x, block.y),
                        None => 0,
                    };
                    line[..block.width as usize + Self::PADDING].fill(left);
                }
            }
        }
        self.kept_above[..block.width as usize + Self::PADDING].fill(true);
    }

    /// Goes to a row of the block, whose left neighbours and old colours it reads.
    pub(crate) fn begin_row(&mut self, picture: &Picture, block: Rect, y: u32, reach: Reach) {
        let width = block.width as usize;
        for (index, distance) in [(1, 1), (0, 2)] {
            self.current[index] = match block.x.checked_sub(distance) {
                Some(x) => picture.colour(x, y),
                // Left of the picture stands what is above.
                None => self.above[Self::LEFT],
            };
        }
        if reach == Reach::Over {
            let old = &mut self.old[Self::LEFT..Self::LEFT + width];
            picture.read_row(block.x, y, old);
            self.kept[Self::LEFT - 1] = true;
            self.kept[Self::LEFT + width] = true;
        }
    }

    /// Ends a row: writes it into the picture and makes it the row above.
    pub(crate) fn end_row(&mut self, picture: &mut Picture, block: Rect, y: u32) {
        let width = block.width as usize;
        picture.write_row(block.x, y, &self.current[Self::LEFT..Self::LEFT + width]);
        let right = Self::LEFT + width;
        self.current[right] = match block.x + block.width {
            x if x < picture.size().width() => picture.colour(x, y),
            _ => self.current[right - 1],
        };
        core::mem::swap(&mut self.two_above, &mut self.above);
        core::mem::swap(&mut self.above, &mut self.current);
        core::mem::swap(&mut self.kept_above, &mut self.kept);
    }
}

/// Reads a row of the block's surroundings.
fn load(picture: &Picture, block: Rect, y: u32, line: &mut [u32]) {
    let width = block.width as usize;
    picture.read_row(block.x, y, &mut line[Lines::LEFT..Lines::LEFT + width]);
    for (index, distance) in [(1, 1), (0, 2)] {
        line[index] = match block.x.checked_sub(distance) {
            Some(x) => picture.colour(x, y),
            None => line[index + 1],
        };
    }
    let right = Lines::LEFT + width;
    line[right] = match block.x + block.width {
        x if x < picture.size().width() => picture.colour(x, y),
        _ => line[right - 1],
    };
}
