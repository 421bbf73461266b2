//! Pictures as video encoders take them: brightness for each pixel, colour for each four.

use anyhow::anyhow;
use dcv_color_primitives::{ColorSpace, ImageFormat, PixelFormat, convert_image};

use super::canvas::{BYTES, Canvas};

/// A picture in BT.709 with limited range, which is what players expect of a video.
#[derive(Debug)]
pub struct I420 {
    /// Width in pixels, even.
    pub width: usize,
    /// Height in pixels, even.
    pub height: usize,
    /// Brightness.
    pub y: Vec<u8>,
    /// Blue.
    pub u: Vec<u8>,
    /// Red.
    pub v: Vec<u8>,
}

impl I420 {
    /// A picture of the size of this canvas.
    pub fn of_size(canvas: &Canvas) -> Self {
        let (width, height) = (canvas.width(), canvas.height());
        Self {
            width,
            height,
            y: vec![0; width * height],
            u: vec![0; width * height / 4],
            v: vec![0; width * height / 4],
        }
    }

    /// Takes over what is on a canvas of the same size.
    pub fn take(&mut self, canvas: &Canvas) -> anyhow::Result<()> {
        let screen = ImageFormat {
            pixel_format: PixelFormat::Bgra,
            color_space: ColorSpace::Rgb,
            num_planes: 1,
        };
        let video = ImageFormat {
            pixel_format: PixelFormat::I420,
            color_space: ColorSpace::Bt709,
            num_planes: 3,
        };
        convert_image(
            u32::try_from(self.width)?,
            u32::try_from(self.height)?,
            &screen,
            Some(&[self.width * BYTES]),
            &[canvas.pixels()],
            &video,
            Some(&[self.width, self.width / 2, self.width / 2]),
            &mut [&mut self.y[..], &mut self.u[..], &mut self.v[..]],
        )
        .map_err(|error| anyhow!("failed to convert the colours of a picture: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The brightness and colours of a picture of one colour.
    fn converted(red: u8, green: u8, blue: u8) -> [u8; 3] {
        let mut canvas = Canvas::for_sizes([(18, 16)]);
        canvas.draw(18, 16, &[blue, green, red, 0].repeat(18 * 16));
        let mut picture = I420::of_size(&canvas);
        picture.take(&canvas).unwrap();
        assert!(picture.y.iter().all(|&y| y == picture.y[0]));
        assert!(picture.u.iter().all(|&u| u == picture.u[0]));
        [picture.y[0], picture.u[0], picture.v[0]]
    }

    #[test]
    fn colours_are_those_of_bt709_in_limited_range() {
        // By the formulas of ITU-R BT.709, rounded; one is what integer arithmetic may be off.
        for (rgb, expected) in [
            ((255, 255, 255), [235, 128, 128]),
            ((0, 0, 0), [16, 128, 128]),
            ((255, 0, 0), [63, 102, 240]),
            ((0, 255, 0), [173, 42, 26]),
            ((0, 0, 255), [32, 240, 118]),
            ((128, 128, 128), [126, 128, 128]),
        ] {
            let found = converted(rgb.0, rgb.1, rgb.2);
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    found.abs_diff(expected) <= 1,
                    "{rgb:?}: {found} not {expected}"
                );
            }
        }
    }
}
