//! What a display looked like when it was last delivered.

use crate::Rect;

/// The pixels of one display.
pub(crate) struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// A black picture.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let bytes = width as usize * height as usize * 4;
        Self {
            width,
            height,
            pixels: vec![0; bytes],
        }
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The whole of it, as a rectangle.
    pub(crate) fn whole(&self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// Bytes from one row to the next.
    pub(crate) fn stride(&self) -> usize {
        self.width as usize * 4
    }

    /// All pixels.
    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// A piece of a row.
    pub(crate) fn row_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u8] {
        let start = y as usize * self.stride() + x as usize * 4;
        &mut self.pixels[start..start + width as usize * 4]
    }
}
