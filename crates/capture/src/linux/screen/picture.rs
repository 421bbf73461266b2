//! What a display looked like when it was last delivered.

use crate::Rect;

/// The pixels of one display.
pub(super) struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    /// A black picture.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let bytes = width as usize * height as usize * 4;
        Self {
            width,
            height,
            pixels: vec![0; bytes],
        }
    }

    /// Width and height.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The whole of it, as a rectangle.
    pub(super) fn whole(&self) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width: self.width,
            height: self.height,
        }
    }

    /// Bytes from one row to the next.
    pub(super) fn stride(&self) -> usize {
        self.width as usize * 4
    }

    /// All pixels.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// A piece of a row.
    pub(super) fn row_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u8] {
        let start = y as usize * self.stride() + x as usize * 4;
        &mut self.pixels[start..start + width as usize * 4]
    }

    /// Puts whole rows of `rect` in their place, from the rectangle's row `first` on. Extends
    /// `changed` by the rows that are not what they were.
    pub(super) fn put_rows(
        &mut self,
        rect: Rect,
        first: u32,
        rows: &[u8],
        changed: &mut Option<(u32, u32)>,
    ) {
        let row_bytes = rect.width as usize * 4;
        for (row, new) in (rect.y + first..rect.y + rect.height).zip(rows.chunks_exact(row_bytes)) {
            let old = self.row_mut(rect.x, row, rect.width);
            if old != new {
                old.copy_from_slice(new);
                let (from, to) = changed.unwrap_or((row, row));
                *changed = Some((from.min(row), to.max(row)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_that_differ_count_as_changed() {
        let mut picture = Picture::new(4, 4);
        let rect = Rect {
            x: 1,
            y: 1,
            width: 2,
            height: 3,
        };
        let mut rows = [0; 24];
        rows[8] = 7;
        let mut changed = None;
        picture.put_rows(rect, 0, &rows, &mut changed);
        assert_eq!(changed, Some((2, 2)));
        assert_eq!(picture.pixels()[2 * 16 + 4], 7);

        changed = None;
        picture.put_rows(rect, 0, &rows, &mut changed);
        assert_eq!(changed, None);
    }
}
