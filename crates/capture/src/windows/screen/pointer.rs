//! Pointers as Windows has them.

use crate::pixels::{Ink, Shape};

/// A pointer as the system has it: width, height, hot spot, colours (blue, green, red, alpha), and
/// the mask, both four bytes a pixel. A pointer without colours has a mask of twice its height: the
/// upper half says where what is below stays, the lower half where white is put or the ground is
/// turned over. `None` if there are fewer bytes than that.
pub(crate) fn shape(
    (width, height): (u32, u32),
    hot_spot: (u32, u32),
    colours: Option<&[u8]>,
    mask: &[u8],
) -> Option<Shape> {
    let pixels = width as usize * height as usize;
    let (mask, rest) = mask.split_at_checked(pixels * 4)?;
    let keeps = |pixel: &[u8]| pixel[..3] != [0; 3];
    let mask = mask.chunks_exact(4).map(keeps);
    let inks: Vec<Ink> = match colours {
        Some(colours) => {
            let colours = colours.get(..pixels * 4)?;
            // Old pointers have no alpha anywhere: their mask counts.
            let has_alpha = colours.chunks_exact(4).any(|pixel| pixel[3] != 0);
            let over = |(pixel, is_kept): (&[u8], bool)| match (has_alpha, is_kept) {
                (true, _) => Ink::Over(premultiplied(pixel)),
                (false, false) => Ink::Over(opaque(pixel)),
                (false, true) => Ink::Inverted(opaque(pixel) & 0x00ff_ffff),
            };
            colours.chunks_exact(4).zip(mask).map(over).collect()
        }
        None => {
            let lower = rest.get(..pixels * 4)?.chunks_exact(4).map(keeps);
            let ink = |both: (bool, bool)| match both {
                (false, false) => Ink::Over(0xff00_0000),
                (false, true) => Ink::Over(0xffff_ffff),
                (true, false) => Ink::Over(0),
                (true, true) => Ink::Inverted(0x00ff_ffff),
            };
            mask.zip(lower).map(ink).collect()
        }
    };
    let hot_spot = (
        i32::try_from(hot_spot.0).ok()?,
        i32::try_from(hot_spot.1).ok()?,
    );
    Some(Shape {
        width,
        height,
        hot_spot,
        pixels: inks,
    })
}

fn opaque(pixel: &[u8]) -> u32 {
    u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 255])
}

fn premultiplied(pixel: &[u8]) -> u32 {
    let alpha = u16::from(pixel[3]);
    let part = |colour: u8| u8::try_from((u16::from(colour) * alpha + 127) / 255).unwrap_or(255);
    u32::from_le_bytes([part(pixel[0]), part(pixel[1]), part(pixel[2]), pixel[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: [u8; 4] = [255, 255, 255, 0];
    const BLACK: [u8; 4] = [0; 4];

    fn inks(size: (u32, u32), colours: Option<&[u8]>, mask: &[u8]) -> Vec<Ink> {
        shape(size, (0, 0), colours, mask).unwrap().pixels
    }

    #[test]
    fn black_and_white_pointer_inverts_where_both_halves_say_so() {
        let mask = [BLACK, BLACK, WHITE, WHITE, BLACK, WHITE, BLACK, WHITE].concat();
        assert_eq!(
            inks((4, 1), None, &mask),
            [
                Ink::Over(0xff00_0000),
                Ink::Over(0xffff_ffff),
                Ink::Over(0),
                Ink::Inverted(0x00ff_ffff)
            ]
        );
    }

    #[test]
    fn coloured_pointer_has_its_alpha_or_its_mask() {
        let colours = [[200, 100, 50, 128], [9, 9, 9, 0]].concat();
        let mask = [BLACK, BLACK].concat();
        assert_eq!(
            inks((2, 1), Some(&colours), &mask),
            [Ink::Over(0x8019_3264), Ink::Over(0)]
        );
        let colours = [[200, 100, 50, 0], [0, 0, 0, 0], [255, 255, 255, 0]].concat();
        let mask = [BLACK, WHITE, WHITE].concat();
        assert_eq!(
            inks((3, 1), Some(&colours), &mask),
            [
                Ink::Over(0xff32_64c8),
                Ink::Inverted(0),
                Ink::Inverted(0x00ff_ffff)
            ]
        );
    }

    #[test]
    fn pointer_with_too_few_bytes_is_none() {
        assert!(shape((2, 2), (0, 0), None, &[0; 16]).is_none());
        assert!(shape((2, 2), (0, 0), Some(&[0; 15]), &[0; 16]).is_none());
        assert!(shape((2, 2), (0, 0), Some(&[0; 16]), &[0; 15]).is_none());
    }
}
