//! Rows that the server gave, put into a display's picture.

use crate::{Rect, pixels::Picture};

/// Puts whole rows of `rect` in their place, from the rectangle's row `first` on. Extends
/// `changed` by the rows that are not what they were.
pub(super) fn put_rows(
    picture: &mut Picture,
    rect: Rect,
    first: u32,
    rows: &[u8],
    changed: &mut Option<(u32, u32)>,
) {
    let row_bytes = rect.width as usize * 4;
    for (row, new) in (rect.y + first..rect.y + rect.height).zip(rows.chunks_exact(row_bytes)) {
        let old = picture.row_mut(rect.x, row, rect.width);
        if old != new {
            old.copy_from_slice(new);
            let (from, to) = changed.unwrap_or((row, row));
            *changed = Some((from.min(row), to.max(row)));
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
        put_rows(&mut picture, rect, 0, &rows, &mut changed);
        assert_eq!(changed, Some((2, 2)));
        assert_eq!(picture.pixels()[2 * 16 + 4], 7);

        changed = None;
        put_rows(&mut picture, rect, 0, &rows, &mut changed);
        assert_eq!(changed, None);
    }
}
