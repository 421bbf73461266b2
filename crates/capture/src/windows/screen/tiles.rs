//! What differs between a display's picture and a new one, tile by tile.

use crate::{Rect, pixels::Picture};

/// Takes over a whole picture of the same size, `stride` bytes from one row to the next. Gives the
/// tiles that are not what they were to `changed`, neighbours in a row as one.
pub(crate) fn take_over(
    picture: &mut Picture,
    pixels: &[u8],
    stride: usize,
    mut changed: impl FnMut(Rect),
) {
    let (width, height) = picture.size();
    for top in (0..height).step_by(TILE as usize) {
        let tile_height = TILE.min(height - top);
        // Most rows of tiles are as before: they are compared whole.
        let is_as_before = (top..top + tile_height)
            .all(|y| picture.row_mut(0, y, width) == row(pixels, stride, y, width));
        if is_as_before {
            continue;
        }
        let mut run: Option<Rect> = None;
        for left in (0..width).step_by(TILE as usize) {
            let tile = Rect {
                x: left,
                y: top,
                width: TILE.min(width - left),
                height: tile_height,
            };
            if take_over_tile(picture, tile, pixels, stride) {
                let run = run.get_or_insert(Rect { width: 0, ..tile });
                run.width += tile.width;
            } else if let Some(run) = run.take() {
                changed(run);
            }
        }
        if let Some(run) = run {
            changed(run);
        }
    }
}

/// Takes over a tile. Whether it is not what it was.
fn take_over_tile(picture: &mut Picture, tile: Rect, pixels: &[u8], stride: usize) -> bool {
    let (width, _) = picture.size();
    let mut is_changed = false;
    for y in tile.y..tile.y + tile.height {
        let start = tile.x as usize * 4;
        let end = start + tile.width as usize * 4;
        let new = &row(pixels, stride, y, width)[start..end];
        let old = picture.row_mut(tile.x, y, tile.width);
        if old != new {
            old.copy_from_slice(new);
            is_changed = true;
        }
    }
    is_changed
}

fn row(pixels: &[u8], stride: usize, y: u32, width: u32) -> &[u8] {
    let start = y as usize * stride;
    &pixels[start..start + width as usize * 4]
}

/// Width and height of what is compared, in pixels: four by four of the codec's tiles.
const TILE: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_that_differ_are_told_and_neighbours_as_one() {
        let (width, height) = (200, 130);
        let stride = 1_000;
        let mut picture = Picture::new(width, height);
        let mut pixels = vec![0; stride * height as usize];
        let mut put = |pixels: &[u8]| {
            let mut changed = Vec::new();
            take_over(&mut picture, pixels, stride, |rect| changed.push(rect));
            let first = picture.pixels()[..4].to_vec();
            (changed, first)
        };
        assert_eq!(put(&pixels).0, []);
        pixels[900] = 9;
        assert_eq!(put(&pixels).0, [], "what lies between the rows is no pixel");
        pixels[0] = 1;
        pixels[70 * 4 + 1] = 1;
        pixels[129 * stride + 199 * 4 + 2] = 1;
        let rect = |x, y, width, height| Rect {
            x,
            y,
            width,
            height,
        };
        let changed = vec![rect(0, 0, 128, 64), rect(192, 128, 8, 2)];
        assert_eq!(put(&pixels), (changed, vec![1, 0, 0, 0]));
        assert_eq!(put(&pixels).0, []);
    }
}
