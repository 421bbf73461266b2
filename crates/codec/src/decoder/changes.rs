//! Which parts of the picture changed since someone last asked.

use alloc::vec;
use alloc::vec::Vec;

use crate::geometry::{PictureSize, Rect, TILE_SIDE};

/// A set of tiles that gives itself out as rectangles.
#[derive(Debug)]
pub(super) struct ChangedTiles {
    size: PictureSize,
    changed: Vec<bool>,
}

impl ChangedTiles {
    pub(super) fn new(size: PictureSize) -> Self {
        Self {
            size,
            changed: vec![false; size.tiles() as usize],
        }
    }

    pub(super) fn mark(&mut self, first: u32, count: u32) {
        self.changed[first as usize..(first + count) as usize].fill(true);
    }

    /// Marks the tiles that a rectangle, which is inside of the picture, touches.
    pub(super) fn mark_rect(&mut self, rect: Rect) {
        let first = rect.x / TILE_SIDE;
        let count = (rect.x + rect.width).div_ceil(TILE_SIDE) - first;
        for row in rect.y / TILE_SIDE..(rect.y + rect.height).div_ceil(TILE_SIDE) {
            self.mark(row * self.size.columns() + first, count);
        }
    }

    pub(super) fn mark_all(&mut self) {
        self.changed.fill(true);
    }

    /// Rectangles that cover the marked tiles exactly, and forgets them.
    pub(super) fn take(&mut self) -> Vec<Rect> {
        let mut done: Vec<Rect> = Vec::new();
        let mut open: Vec<Rect> = Vec::new();
        let columns = self.size.columns() as usize;
        for (row, tiles) in (0..).zip(self.changed.chunks_exact(columns)) {
            let runs = self.runs(row, tiles);
            // A run with the same columns as one that ends just above makes it higher.
            let mut next: Vec<Rect> = Vec::with_capacity(runs.len());
            for run in runs {
                let above = open
                    .iter()
                    .position(|rect| rect.x == run.x && rect.width == run.width);
                match above.map(|index| open.swap_remove(index)) {
                    Some(rect) => next.push(Rect {
                        height: rect.height + run.height,
                        ..rect
                    }),
                    None => next.push(run),
                }
            }
            done.append(&mut open);
            open = next;
        }
        done.append(&mut open);
        self.changed.fill(false);
        done
    }

    fn runs(&self, row: u32, tiles: &[bool]) -> Vec<Rect> {
        let y = row * TILE_SIDE;
        let height = TILE_SIDE.min(self.size.height() - y);
        let mut runs = Vec::new();
        let mut column = 0;
        for group in tiles.chunk_by(|a, b| a == b) {
            let x = column * TILE_SIDE;
            column += group.len() as u32;
            if group[0] {
                let width = (column * TILE_SIDE).min(self.size.width()) - x;
                runs.push(Rect {
                    x,
                    y,
                    width,
                    height,
                });
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_cover_the_marked_tiles_once_and_nothing_else() {
        let size = PictureSize::new(100, 70).unwrap();
        let mut tiles = ChangedTiles::new(size);
        let marked = [0, 1, 6, 7, 8, 9, 13, 20, 27, 34];
        for index in marked {
            tiles.mark(index, 1);
        }
        let mut covered = vec![0; 100 * 70];
        for rect in tiles.take() {
            for y in rect.y..rect.y + rect.height {
                for x in rect.x..rect.x + rect.width {
                    covered[(y * 100 + x) as usize] += 1;
                }
            }
        }
        for index in 0..size.tiles() {
            let rect = size.tile_rect(index);
            let expected = i32::from(marked.contains(&index));
            for y in rect.y..rect.y + rect.height {
                for x in rect.x..rect.x + rect.width {
                    assert_eq!(covered[(y * 100 + x) as usize], expected);
                }
            }
        }
        assert_eq!(tiles.take(), []);
    }

    #[test]
    fn a_whole_picture_is_one_rectangle() {
        let mut tiles = ChangedTiles::new(PictureSize::new(33, 17).unwrap());
        tiles.mark_all();
        let rect = Rect {
            x: 0,
            y: 0,
            width: 33,
            height: 17,
        };
        assert_eq!(tiles.take(), [rect]);
    }
}
