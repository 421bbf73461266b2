//! The pointer's image, drawn into pictures and taken off again.

use super::{Picture, damage};
use crate::Rect;

/// The pointer's image.
pub(crate) struct Shape {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// What of it is where the pointer points.
    pub(crate) hot_spot: (i32, i32),
    /// Rows from the top.
    pub(crate) pixels: Vec<Ink>,
}

/// What the pointer does to a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Lays a colour over it: alpha, red, green, blue from the highest byte down, multiplied by
    /// alpha already.
    Over(u32),
    /// Turns over the bits of it that are set in this colour (red, green, blue from the third byte
    /// down): into its opposite with white, as thin pointers of Windows do to be seen on any
    /// ground.
    #[cfg_attr(
        not(any(windows, test)),
        expect(dead_code, reason = "no pointer of X11 does it")
    )]
    Inverted(u32),
}

impl Shape {
    /// The part of a display at `origin` that the image covers when it points at `position`.
    pub(crate) fn place_on(
        &self,
        position: (i32, i32),
        origin: (i32, i32),
        size: (u32, u32),
    ) -> Option<Rect> {
        let (left, top) = self.corner(position);
        damage::clip((left, top, self.width, self.height), origin, size)
    }

    /// Draws the image into a display's picture and gives what it covered.
    pub(crate) fn draw(
        &self,
        position: (i32, i32),
        origin: (i32, i32),
        picture: &mut Picture,
    ) -> Option<Covered> {
        let place = self.place_on(position, origin, picture.size())?;
        let (left, top) = self.corner(position);
        let mut covered = Vec::with_capacity(place.width as usize * place.height as usize * 4);
        for y in place.y..place.y + place.height {
            let row = picture.row_mut(place.x, y, place.width);
            covered.extend_from_slice(row);
            let skipped_rows = i64::from(y) + i64::from(origin.1) - i64::from(top);
            let skipped = i64::from(place.x) + i64::from(origin.0) - i64::from(left);
            let start = skipped_rows * i64::from(self.width) + skipped;
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let inks = self.pixels.get(start..).unwrap_or_default();
            for (pixel, ink) in row.chunks_exact_mut(4).zip(inks) {
                match *ink {
                    Ink::Over(colour) => blend(pixel, colour),
                    Ink::Inverted(colour) => {
                        let [blue, green, red, _] = colour.to_le_bytes();
                        let turned = pixel.iter_mut().zip([blue, green, red]);
                        turned.for_each(|(it, bits)| *it ^= bits);
                    }
                }
            }
        }
        Some(Covered {
            place,
            pixels: covered,
        })
    }

    /// Where the upper left corner of the image is.
    fn corner(&self, position: (i32, i32)) -> (i32, i32) {
        (
            position.0.saturating_sub(self.hot_spot.0),
            position.1.saturating_sub(self.hot_spot.1),
        )
    }
}

/// The pixels under the pointer.
pub(crate) struct Covered {
    place: Rect,
    pixels: Vec<u8>,
}

impl Covered {
    /// Puts the pixels back, and tells where they are.
    pub(crate) fn uncover(self, picture: &mut Picture) -> Rect {
        let row_bytes = self.place.width as usize * 4;
        let rows = self.place.y..self.place.y + self.place.height;
        for (y, pixels) in rows.zip(self.pixels.chunks_exact(row_bytes)) {
            picture
                .row_mut(self.place.x, y, self.place.width)
                .copy_from_slice(pixels);
        }
        self.place
    }
}

/// Lays a colour that is multiplied by its alpha over a pixel.
fn blend(pixel: &mut [u8], colour: u32) {
    let [blue, green, red, alpha] = colour.to_le_bytes();
    let rest = u32::from(255 - alpha);
    for (channel, over) in pixel.iter_mut().zip([blue, green, red]) {
        let under = (u32::from(*channel) * rest + 127) / 255;
        *channel = u8::try_from(under + u32::from(over)).unwrap_or(u8::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        let over = [
            0xff00_0001,
            0xff00_0002,
            0xff00_0003,
            0xff00_0004,
            0x0000_0000,
            0x8040_2010,
        ];
        Shape {
            width: 3,
            height: 2,
            hot_spot: (1, 1),
            pixels: over.into_iter().map(Ink::Over).collect(),
        }
    }

    #[test]
    fn picture_is_as_before_when_the_pointer_is_taken_off() {
        for position in [(5, 5), (0, 0), (9, 7), (10, 8)] {
            let mut picture = Picture::new(10, 8);
            picture.row_mut(0, 5, 10).fill(200);
            let before = picture.pixels().to_vec();
            let covered = shape().draw(position, (0, 0), &mut picture).unwrap();
            assert_ne!(picture.pixels(), before, "at {position:?}");
            covered.uncover(&mut picture);
            assert_eq!(picture.pixels(), before, "at {position:?}");
        }
        let mut picture = Picture::new(10, 8);
        assert!(shape().draw((50, 5), (0, 0), &mut picture).is_none());
    }

    #[test]
    fn pointer_on_the_border_of_two_displays_is_drawn_on_both() {
        let (mut left, mut right) = (Picture::new(10, 8), Picture::new(10, 8));
        assert!(shape().draw((10, 3), (0, 0), &mut left).is_some());
        assert!(shape().draw((10, 3), (10, 0), &mut right).is_some());
        assert_eq!(left.row_mut(9, 2, 1), [1, 0, 0, 0]);
        assert_eq!(right.row_mut(0, 2, 2), [2, 0, 0, 0, 3, 0, 0, 0]);
    }

    #[test]
    fn half_transparent_pixels_mix_with_what_is_under_them() {
        let mut pixel = [100, 100, 100, 0];
        blend(&mut pixel, 0x8040_2010);
        assert_eq!(pixel, [50 + 0x10, 50 + 0x20, 50 + 0x40, 0]);
    }

    #[test]
    fn inverting_pixels_are_seen_on_any_ground() {
        let mut picture = Picture::new(1, 1);
        let bar = Shape {
            width: 1,
            height: 1,
            hot_spot: (0, 0),
            pixels: vec![Ink::Inverted(0x00ff_ffff)],
        };
        assert!(bar.draw((0, 0), (0, 0), &mut picture).is_some());
        assert_eq!(picture.pixels(), [255, 255, 255, 0]);
        assert!(bar.draw((0, 0), (0, 0), &mut picture).is_some());
        assert_eq!(picture.pixels(), [0, 0, 0, 0]);
    }
}
