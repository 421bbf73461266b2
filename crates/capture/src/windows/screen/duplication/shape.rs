//! The pointer's image as the duplication tells of it.

use crate::pixels::{Ink, Shape};

/// A pointer's image as it was told.
///
/// See <https://learn.microsoft.com/windows/win32/api/dxgi1_2/ne-dxgi1_2-dxgi_outdupl_pointer_shape_type>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToldShape {
    /// `DXGI_OUTDUPL_POINTER_SHAPE_TYPE`.
    pub(crate) kind: u32,
    /// Width in pixels.
    pub(crate) width: u32,
    /// Height in pixels; of both masks together for a black and white one.
    pub(crate) height: u32,
    /// Bytes from one row to the next.
    pub(crate) pitch: u32,
    /// The rows.
    pub(crate) bytes: Vec<u8>,
}

impl ToldShape {
    /// The image; `None` if it has fewer bytes than it says, or is of an unknown kind.
    pub(super) fn shape(&self) -> Option<Shape> {
        let (height, pixels) = match self.kind {
            MONOCHROME => (self.height / 2, self.monochrome()?),
            COLOUR => (self.height, self.pixels(laid_over)?),
            MASKED_COLOUR => (self.height, self.pixels(masked)?),
            _ => return None,
        };
        Some(Shape {
            width: self.width,
            height,
            // The duplication says where the image is, not where it points.
            hot_spot: (0, 0),
            pixels,
        })
    }

    /// Two masks of a bit a pixel, one above the other: what is kept of the ground, and what is
    /// turned over in it.
    fn monochrome(&self) -> Option<Vec<Ink>> {
        let (masks, height) = (
            self.rows((self.width as usize).div_ceil(8))?,
            self.height / 2,
        );
        let (kept, turned) = masks.split_at_checked(height as usize)?;
        let bit = |row: &[u8], x: u32| row[x as usize / 8] & (0x80 >> (x % 8)) != 0;
        let inks = kept.iter().zip(turned).flat_map(|(kept, turned)| {
            (0..self.width).map(move |x| match (bit(kept, x), bit(turned, x)) {
                (false, false) => Ink::Over(0xff00_0000),
                (false, true) => Ink::Over(0xffff_ffff),
                (true, false) => Ink::Over(0),
                (true, true) => Ink::Inverted(0x00ff_ffff),
            })
        });
        Some(inks.collect())
    }

    /// Four bytes a pixel: blue, green, red, alpha or mask.
    fn pixels(&self, ink: impl Fn([u8; 4]) -> Ink) -> Option<Vec<Ink>> {
        let rows = self.rows(self.width as usize * 4)?;
        let pixels = rows.into_iter().flat_map(|row| row.chunks_exact(4));
        Some(
            pixels
                .map(|pixel| ink([pixel[0], pixel[1], pixel[2], pixel[3]]))
                .collect(),
        )
    }

    /// All rows, each of so many bytes.
    fn rows(&self, length: usize) -> Option<Vec<&[u8]>> {
        let pitch = self.pitch as usize;
        if self.width == 0 || self.width > LARGEST || self.height == 0 || self.height > 2 * LARGEST
        {
            return None;
        }
        (0..self.height as usize)
            .map(|row| self.bytes.get(row * pitch..)?.get(..length))
            .collect()
    }
}

fn laid_over([blue, green, red, alpha]: [u8; 4]) -> Ink {
    let part = |colour: u8| {
        let multiplied = (u16::from(colour) * u16::from(alpha) + 127) / 255;
        u8::try_from(multiplied).unwrap_or(u8::MAX)
    };
    Ink::Over(u32::from_le_bytes([
        part(blue),
        part(green),
        part(red),
        alpha,
    ]))
}

/// The mask says whether the colour is put there or turns the ground over.
fn masked([blue, green, red, mask]: [u8; 4]) -> Ink {
    if mask == 0 {
        Ink::Over(u32::from_le_bytes([blue, green, red, u8::MAX]))
    } else {
        Ink::Inverted(u32::from_le_bytes([blue, green, red, 0]))
    }
}

const MONOCHROME: u32 = 1;

const COLOUR: u32 = 2;

const MASKED_COLOUR: u32 = 4;

/// Pointers larger than this are not believed.
const LARGEST: u32 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    fn inks(kind: u32, (width, height): (u32, u32), pitch: u32, bytes: &[u8]) -> Option<Vec<Ink>> {
        let told = ToldShape {
            kind,
            width,
            height,
            pitch,
            bytes: bytes.to_vec(),
        };
        told.shape().map(|shape| {
            assert_eq!((shape.width, shape.hot_spot), (width, (0, 0)));
            assert_eq!(shape.pixels.len(), (shape.width * shape.height) as usize);
            shape.pixels
        })
    }

    #[test]
    fn black_and_white_one_has_two_masks_with_the_highest_bit_first() {
        // Nine pixels and two rows, so that a row takes two bytes; the pitch is four.
        let kept = [0b0011_0000, 0b1000_0000, 7, 7, 0xff, 0xff, 7, 7];
        let turned = [0b0101_0000, 0b1000_0000, 7, 7, 0, 0, 7, 7];
        let found = inks(MONOCHROME, (9, 4), 4, &[kept, turned].concat()).unwrap();
        assert_eq!(
            found[..4],
            [
                Ink::Over(0xff00_0000),
                Ink::Over(0xffff_ffff),
                Ink::Over(0),
                Ink::Inverted(0x00ff_ffff)
            ]
        );
        assert_eq!(found[8], Ink::Inverted(0x00ff_ffff));
        assert!(found[9..].iter().all(|ink| *ink == Ink::Over(0)));
    }

    #[test]
    fn coloured_one_is_laid_over_by_its_alpha() {
        let bytes = [200, 100, 50, 128, 9, 9, 9, 0, 1, 2, 3, 255, 0, 0, 0, 0];
        let found = inks(COLOUR, (1, 3), 4, &bytes).unwrap();
        assert_eq!(
            found,
            [Ink::Over(0x8019_3264), Ink::Over(0), Ink::Over(0xff03_0201)]
        );
    }

    #[test]
    fn masked_one_replaces_or_turns_over() {
        let bytes = [1, 2, 3, 0, 1, 2, 3, 255, 0, 0, 0, 255];
        let found = inks(MASKED_COLOUR, (3, 1), 12, &bytes).unwrap();
        assert_eq!(
            found,
            [
                Ink::Over(0xff03_0201),
                Ink::Inverted(0x0003_0201),
                Ink::Inverted(0)
            ]
        );
    }

    #[test]
    fn one_that_makes_no_sense_is_none() {
        assert_eq!(inks(COLOUR, (2, 2), 8, &[0; 15]), None, "too short");
        assert_eq!(inks(MONOCHROME, (8, 4), 1, &[0; 3]), None, "too short");
        assert_eq!(inks(COLOUR, (0, 2), 8, &[0; 16]), None, "no width");
        assert_eq!(inks(COLOUR, (u32::MAX, 2), 8, &[0; 16]), None, "absurd");
        assert_eq!(inks(3, (1, 1), 4, &[0; 4]), None, "unknown");
    }
}
