//! The picture of the video: recorded pictures of any size in the middle of one of a fixed size.

use super::notice;

/// Pixels of blue, green, red and an unused byte, rows without padding.
#[derive(Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    /// The size of the picture drawn last; what is around it is dark already.
    drawn: (usize, usize),
}

impl Canvas {
    /// A dark canvas on which pictures of these sizes fit. Its sides are even, because videos have
    /// one colour for each two pixels, and not smaller than encoders can take.
    pub fn for_sizes(sizes: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let side = |longest: u32| (longest as usize).next_multiple_of(2).max(SMALLEST_SIDE);
        let (width, height) = sizes.into_iter().fold((0, 0), |(width, height), size| {
            (size.0.max(width), size.1.max(height))
        });
        let (width, height) = (side(width), side(height));
        Self {
            width,
            height,
            pixels: DARK.repeat(width * height),
            drawn: (0, 0),
        }
    }

    /// Its width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Its pixels.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Draws a picture, which must not be larger than the canvas, into the middle.
    pub fn draw(&mut self, width: u32, height: u32, pixels: &[u8]) {
        let (width, height) = (width as usize, height as usize);
        if self.drawn != (width, height) {
            self.darken();
            self.drawn = (width, height);
        }
        // Even, so that a picture's colours do not mix with its neighbourhood's.
        let left = (self.width - width) / 2 / 2 * 2;
        let top = (self.height - height) / 2 / 2 * 2;
        for (row, from) in pixels.chunks_exact(width * BYTES).enumerate() {
            let start = ((top + row) * self.width + left) * BYTES;
            self.pixels[start..start + from.len()].copy_from_slice(from);
        }
    }

    /// Writes lines of text on a dark canvas.
    pub fn write(&mut self, lines: &[String]) {
        self.darken();
        self.drawn = (0, 0);
        notice::write(&mut self.pixels, self.width, self.height, lines);
    }

    fn darken(&mut self) {
        for pixel in self.pixels.chunks_exact_mut(BYTES) {
            pixel.copy_from_slice(&DARK);
        }
    }
}

/// Bytes of a pixel.
pub const BYTES: usize = 4;

const DARK: [u8; BYTES] = [0, 0, 0, 0];
const SMALLEST_SIDE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canvas_takes_the_largest_sides_and_is_even() {
        let canvas = Canvas::for_sizes([(101, 40), (60, 77)]);
        assert_eq!((canvas.width(), canvas.height()), (102, 78));
        let smallest = Canvas::for_sizes([(1, 1)]);
        assert_eq!((smallest.width(), smallest.height()), (16, 16));
    }

    #[test]
    fn smaller_pictures_lie_in_the_middle_of_the_dark() {
        let mut canvas = Canvas::for_sizes([(20, 20)]);
        canvas.draw(20, 20, &[9; 20 * 20 * BYTES]);
        canvas.draw(12, 16, &[7; 12 * 16 * BYTES]);
        for (at, pixel) in canvas.pixels().chunks_exact(BYTES).enumerate() {
            let (x, y) = (at % 20, at / 20);
            let is_inside = (4..16).contains(&x) && (2..18).contains(&y);
            assert_eq!(pixel[0], if is_inside { 7 } else { 0 }, "at {x}, {y}");
        }
    }

    #[test]
    fn a_notice_leaves_nothing_of_the_picture_and_can_be_seen() {
        let mut canvas = Canvas::for_sizes([(320, 200)]);
        canvas.draw(320, 200, &[200; 320 * 200 * BYTES]);
        canvas.write(&["Not recorded from 14:05:10 to 14:05:40".to_owned()]);
        let bright = canvas.pixels().iter().filter(|&&byte| byte > 100).count();
        let dark = canvas.pixels().iter().filter(|&&byte| byte < 50).count();
        assert!(bright > 500, "{bright}");
        assert!(dark > canvas.pixels().len() * 8 / 10, "{dark}");
        assert_eq!(bright + dark, canvas.pixels().len(), "letters or dark");
    }
}
