//! Raw tiles: a median predictor over the finished neighbours, and green taken off the others.

use alloc::vec::Vec;

use crate::geometry::Rect;
use crate::picture::Picture;

/// Appends the residuals of a tile, as planes of green, red less green, blue less green.
pub(crate) fn encode(picture: &Picture, rect: Rect, out: &mut Vec<u8>) {
    let layout = picture.layout();
    let count = (rect.width * rect.height) as usize;
    let start = out.len();
    out.resize(start + 3 * count, 0);
    let (green_plane, others) = out[start..].split_at_mut(count);
    let (red_plane, blue_plane) = others.split_at_mut(count);
    let mut index = 0;
    for y in rect.y..rect.y + rect.height {
        for x in rect.x..rect.x + rect.width {
            let pixel = picture.pixel(x, y);
            let around = Neighbours::of(picture, x, y);
            let green = channel(pixel, 8).wrapping_sub(around.predict(8));
            let red =
                channel(pixel, layout.red_shift).wrapping_sub(around.predict(layout.red_shift));
            let blue =
                channel(pixel, layout.blue_shift).wrapping_sub(around.predict(layout.blue_shift));
            green_plane[index] = green;
            red_plane[index] = red.wrapping_sub(green);
            blue_plane[index] = blue.wrapping_sub(green);
            index += 1;
        }
    }
}

/// Restores a tile from its planes; `None` if there are too few bytes.
pub(crate) fn decode(picture: &mut Picture, rect: Rect, planes: &[u8]) -> Option<()> {
    let layout = picture.layout();
    let count = (rect.width * rect.height) as usize;
    let (green_plane, others) = planes.split_at_checked(count)?;
    let (red_plane, blue_plane) = others.split_at_checked(count)?;
    let blue_plane = blue_plane.get(..count)?;
    let mut index = 0;
    for y in rect.y..rect.y + rect.height {
        for x in rect.x..rect.x + rect.width {
            let around = Neighbours::of(picture, x, y);
            let green = green_plane[index];
            let red = red_plane[index]
                .wrapping_add(green)
                .wrapping_add(around.predict(layout.red_shift));
            let blue = blue_plane[index]
                .wrapping_add(green)
                .wrapping_add(around.predict(layout.blue_shift));
            let green = green.wrapping_add(around.predict(8));
            let pixel = layout.fill
                | (u32::from(red) << layout.red_shift)
                | (u32::from(green) << 8)
                | (u32::from(blue) << layout.blue_shift);
            picture.set_pixel(x, y, pixel);
            index += 1;
        }
    }
    Some(())
}

/// The pixels to the left, above, and above left, which are final before this one is coded.
struct Neighbours {
    left: u32,
    above: u32,
    corner: u32,
}

impl Neighbours {
    /// At an edge the missing pixels take the value of the one that is there, else black.
    #[inline(always)]
    fn of(picture: &Picture, x: u32, y: u32) -> Self {
        let (left, above, corner) = match (x, y) {
            (0, 0) => (0, 0, 0),
            (_, 0) => {
                let left = picture.pixel(x - 1, 0);
                (left, left, left)
            }
            (0, _) => {
                let above = picture.pixel(0, y - 1);
                (above, above, above)
            }
            _ => (
                picture.pixel(x - 1, y),
                picture.pixel(x, y - 1),
                picture.pixel(x - 1, y - 1),
            ),
        };
        Self {
            left,
            above,
            corner,
        }
    }

    #[inline(always)]
    fn predict(&self, shift: u32) -> u8 {
        let left = channel(self.left, shift);
        let above = channel(self.above, shift);
        let corner = channel(self.corner, shift);
        let low = left.min(above);
        let high = left.max(above);
        if corner >= high {
            low
        } else if corner <= low {
            high
        } else {
            // Between both, so this cannot leave the range of a byte.
            left.wrapping_add(above).wrapping_sub(corner)
        }
    }
}

#[inline(always)]
fn channel(pixel: u32, shift: u32) -> u8 {
    (pixel >> shift) as u8
}
