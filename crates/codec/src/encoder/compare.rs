//! Finds the tiles in which a frame differs from the picture before.

use alloc::vec;
use alloc::vec::Vec;

use super::{Damage, FrameRef};
use crate::geometry::{PictureSize, Rect, TILE_SIDE};
use crate::picture::{COLOUR_MASK, Picture};

/// Finds changed tiles; keeps its marks between frames so as not to allocate.
#[derive(Debug)]
pub(super) struct TileComparer {
    /// Tiles that may have changed and are not known yet to have.
    suspects: Vec<bool>,
    changed: Vec<bool>,
}

impl TileComparer {
    pub(super) fn new(size: PictureSize) -> Self {
        let tiles = size.tiles() as usize;
        Self {
            suspects: vec![false; tiles],
            changed: vec![false; tiles],
        }
    }

    /// Writes the changed tiles to `out` in raster order, looking only at damaged ones.
    pub(super) fn changed_tiles(
        &mut self,
        frame: FrameRef<'_>,
        last: &Picture,
        damage: Damage<'_>,
        out: &mut Vec<u32>,
    ) {
        out.clear();
        let size = last.size();
        let columns = size.columns() as usize;
        let rows = self.suspect(size, damage);
        for tile_row in rows {
            let tiles = tile_row as usize * columns..(tile_row as usize + 1) * columns;
            let suspects = &mut self.suspects[tiles.clone()];
            let changed = &mut self.changed[tiles.clone()];
            let Some(first) = suspects.iter().position(|&suspect| suspect) else {
                continue;
            };
            let last_column = suspects
                .iter()
                .rposition(|&suspect| suspect)
                .unwrap_or(first);
            let x = first as u32 * TILE_SIDE;
            let end = ((last_column as u32 + 1) * TILE_SIDE).min(size.width());
            let top = tile_row * TILE_SIDE;
            let mut left = suspects.iter().filter(|&&suspect| suspect).count();
            for y in top..(top + TILE_SIDE).min(size.height()) {
                if left == 0 {
                    break;
                }
                let new = frame.row(x, y, end - x).chunks(TILE_BYTES);
                let old = last.row(x, y, end - x).chunks(TILE_BYTES);
                for ((new, old), column) in new.zip(old).zip(first..) {
                    if suspects[column] && colours_differ(new, old) {
                        suspects[column] = false;
                        changed[column] = true;
                        left -= 1;
                    }
                }
            }
            suspects.fill(false);
            for (changed, index) in changed.iter_mut().zip(tiles.start as u32..) {
                if core::mem::take(changed) {
                    out.push(index);
                }
            }
        }
    }

    /// Marks the tiles that the damage touches and returns the rows of tiles that have some.
    fn suspect(&mut self, size: PictureSize, damage: Damage<'_>) -> core::ops::Range<u32> {
        let rects = match damage {
            Damage::Unknown => {
                self.suspects.fill(true);
                return 0..size.tile_rows();
            }
            Damage::Rects(rects) => rects,
        };
        let mut rows = size.tile_rows()..0;
        for rect in rects {
            let Some((across, down)) = tiles_touched(size, *rect) else {
                continue;
            };
            for row in down.clone() {
                let start = row * size.columns();
                self.suspects[(start + across.start) as usize..(start + across.end) as usize]
                    .fill(true);
            }
            rows.start = rows.start.min(down.start);
            rows.end = rows.end.max(down.end);
        }
        rows
    }
}

/// Whether two runs of pixels differ in more than their fourth bytes.
#[inline]
pub(super) fn colours_differ(new: &[u8], old: &[u8]) -> bool {
    if let (Ok(new), Ok(old)) = (new.try_into(), old.try_into()) {
        return tile_rows_differ(new, old);
    }
    pixels_differ(new.as_chunks().0, old.as_chunks().0)
}

/// The same for as many pixels as a tile is wide, which the compiler makes a few instructions of.
#[inline(always)]
fn tile_rows_differ(new: &[u8; TILE_BYTES], old: &[u8; TILE_BYTES]) -> bool {
    pixels_differ(new.as_chunks().0, old.as_chunks().0)
}

#[inline(always)]
fn pixels_differ(new: &[[u8; 4]], old: &[[u8; 4]]) -> bool {
    let difference = new.iter().zip(old).fold(0, |bits, (new, old)| {
        bits | (u32::from_le_bytes(*new) ^ u32::from_le_bytes(*old))
    });
    difference & COLOUR_MASK != 0
}

const TILE_BYTES: usize = TILE_SIDE as usize * 4;

/// The columns and rows of tiles under a rectangle, as far as it is inside of the picture.
fn tiles_touched(
    size: PictureSize,
    rect: Rect,
) -> Option<(core::ops::Range<u32>, core::ops::Range<u32>)> {
    let right = rect.x.saturating_add(rect.width).min(size.width());
    let bottom = rect.y.saturating_add(rect.height).min(size.height());
    if rect.x >= right || rect.y >= bottom {
        return None;
    }
    let across = rect.x / TILE_SIDE..right.div_ceil(TILE_SIDE);
    let down = rect.y / TILE_SIDE..bottom.div_ceil(TILE_SIDE);
    Some((across, down))
}

/// The plain definition of what [`TileComparer`] finds, pixel by pixel.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn changed_tiles_reference(frame: FrameRef<'_>, last: &Picture) -> Vec<u32> {
    let size = last.size();
    (0..size.tiles())
        .filter(|&index| {
            let rect = size.tile_rect(index);
            (rect.y..rect.y + rect.height).any(|y| {
                (rect.x..rect.x + rect.width)
                    .any(|x| frame.row(x, y, 1)[..3] != last.row(x, y, 1)[..3])
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::picture::{Layout, PixelOrder};

    proptest! {
        #[test]
        fn the_fast_search_finds_what_the_reference_finds(
            width in 1u32..70,
            height in 1u32..50,
            pokes in proptest::collection::vec((any::<u32>(), any::<u32>(), 0usize..4), 0..12),
        ) {
            let size = PictureSize::new(width, height).unwrap();
            let last = Picture::new(size, Layout::new(PixelOrder::Bgrx, 9));
            let mut data = last.bytes().to_vec();
            for (x, y, channel) in pokes {
                data[((y % height * width + x % width) * 4) as usize + channel] ^= 0x40;
            }
            let frame = FrameRef { data: &data, stride: size.row_bytes() };
            let mut comparer = TileComparer::new(size);
            let mut found = Vec::new();
            let whole = [Rect { x: 0, y: 0, width, height }];
            for damage in [Damage::Unknown, Damage::Rects(&whole)] {
                comparer.changed_tiles(frame, &last, damage, &mut found);
                prop_assert_eq!(&found, &changed_tiles_reference(frame, &last));
            }
        }
    }

    #[test]
    fn only_damaged_tiles_are_looked_at() {
        let size = PictureSize::new(64, 64).unwrap();
        let last = Picture::new(size, Layout::new(PixelOrder::Bgrx, 0));
        let data = vec![1; size.bytes()];
        let frame = FrameRef {
            data: &data,
            stride: size.row_bytes(),
        };
        let mut found = Vec::new();
        let damage = [
            Rect {
                x: 15,
                y: 16,
                width: 2,
                height: 1,
            },
            Rect {
                x: 4000,
                y: 0,
                width: u32::MAX,
                height: 9,
            },
        ];
        TileComparer::new(size).changed_tiles(frame, &last, Damage::Rects(&damage), &mut found);
        assert_eq!(found, [4, 5]);
    }
}
