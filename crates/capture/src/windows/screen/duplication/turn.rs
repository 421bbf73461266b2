//! Monitors that stand on their side: the picture that is duplicated is not turned, the desktop is.
//!
//! See "Rotating the desktop image" in
//! <https://learn.microsoft.com/windows/win32/direct3ddxgi/desktop-dup-api>.

use crate::{Rect, pixels::Picture};

/// How far the desktop is turned, clockwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Not at all.
    None,
    /// By 90°.
    Quarter,
    /// By 180°.
    Half,
    /// By 270°.
    ThreeQuarters,
}

impl Turn {
    /// What `DXGI_MODE_ROTATION` says; what it does not say is no turn.
    pub(super) const fn from_code(code: u32) -> Self {
        match code {
            2 => Self::Quarter,
            3 => Self::Half,
            4 => Self::ThreeQuarters,
            _ => Self::None,
        }
    }

    /// The size of the desktop that a surface of this size shows.
    pub(super) const fn size(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Self::None | Self::Half => (width, height),
            Self::Quarter | Self::ThreeQuarters => (height, width),
        }
    }

    /// Where on the desktop a rectangle of a surface of this size is shown. It has to lie within.
    pub(super) const fn rect(self, rect: Rect, surface: (u32, u32)) -> Rect {
        let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
        let (x, y) = match self {
            Self::None => (rect.x, rect.y),
            Self::Quarter => (surface.1 - bottom, rect.x),
            Self::Half => (surface.0 - right, surface.1 - bottom),
            Self::ThreeQuarters => (rect.y, surface.0 - right),
        };
        let (width, height) = self.size((rect.width, rect.height));
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    /// Copies a rectangle of a surface into the picture of the desktop. `pixels` is the whole
    /// surface, `stride` bytes from one row to the next.
    pub(super) fn copy(
        self,
        picture: &mut Picture,
        rect: Rect,
        surface: (u32, u32),
        pixels: &[u8],
        stride: usize,
    ) {
        let to = self.rect(rect, surface);
        for row in 0..to.height {
            let into = picture.row_mut(to.x, to.y + row, to.width);
            // Rows of the desktop are rows of the surface, forwards or backwards, or its columns.
            let (first, step) = match self {
                Self::None => ((rect.x, rect.y + row), (1, 0)),
                Self::Quarter => ((rect.x + row, rect.y + rect.height - 1), (0, -1)),
                Self::Half => (
                    (rect.x + rect.width - 1, rect.y + rect.height - 1 - row),
                    (-1, 0),
                ),
                Self::ThreeQuarters => ((rect.x + rect.width - 1 - row, rect.y), (0, 1)),
            };
            let start = first.1 as usize * stride + first.0 as usize * 4;
            if self == Self::None {
                into.copy_from_slice(&pixels[start..start + into.len()]);
                continue;
            }
            let step = step.0 * 4 + step.1 * stride.cast_signed();
            let mut from = start;
            for pixel in into.chunks_exact_mut(4) {
                pixel.copy_from_slice(&pixels[from..from + 4]);
                from = from.wrapping_add_signed(step);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Turn; 4] = [Turn::None, Turn::Quarter, Turn::Half, Turn::ThreeQuarters];

    fn rect(x: u32, y: u32, width: u32, height: u32) -> Rect {
        Rect {
            x,
            y,
            width,
            height,
        }
    }

    #[test]
    fn codes_are_those_of_windows() {
        let turns = [0, 1, 2, 3, 4, 5].map(Turn::from_code);
        let none = Turn::None;
        assert_eq!(
            turns,
            [
                none,
                none,
                Turn::Quarter,
                Turn::Half,
                Turn::ThreeQuarters,
                none
            ]
        );
    }

    /// The numbers are those of Microsoft's own sample, worked out by hand for a surface of 1024 by
    /// 768.
    #[test]
    fn rectangles_are_turned_as_the_desktop_is() {
        let turned = |turn: Turn| turn.rect(rect(10, 20, 300, 100), (1024, 768));
        assert_eq!(turned(Turn::None), rect(10, 20, 300, 100));
        assert_eq!(turned(Turn::Quarter), rect(768 - 120, 10, 100, 300));
        assert_eq!(turned(Turn::Half), rect(1024 - 310, 768 - 120, 300, 100));
        assert_eq!(turned(Turn::ThreeQuarters), rect(20, 1024 - 310, 100, 300));
    }

    #[test]
    fn letters_are_read_as_they_stand_on_the_desktop() {
        // Two rows: a b c, d e f, with a filler at the end of each row.
        let letters = b"abc.def.";
        let pixels: Vec<u8> = letters.iter().flat_map(|letter| [*letter; 4]).collect();
        let read = |turn: Turn| {
            let surface = (3, 2);
            let (width, height) = turn.size(surface);
            let mut picture = Picture::new(width, height);
            turn.copy(&mut picture, rect(0, 0, 3, 2), surface, &pixels, 16);
            let letters = picture.pixels().chunks_exact(4).map(|pixel| pixel[0]);
            String::from_utf8(letters.collect()).unwrap()
        };
        assert_eq!(ALL.map(read), ["abcdef", "daebfc", "fedcba", "cfbead"]);
    }

    #[test]
    fn a_part_lands_where_its_rectangle_is_turned_to() {
        let surface = (7, 5);
        let pixels: Vec<u8> = (0..7 * 5_u8).flat_map(|number| [number; 4]).collect();
        let part = rect(2, 1, 3, 2);
        for turn in ALL {
            let (width, height) = turn.size(surface);
            let mut whole = Picture::new(width, height);
            turn.copy(&mut whole, rect(0, 0, 7, 5), surface, &pixels, 28);
            let mut only_part = Picture::new(width, height);
            turn.copy(&mut only_part, part, surface, &pixels, 28);
            let to = turn.rect(part, surface);
            for y in 0..height {
                let is_in = |x: u32| {
                    (to.x..to.x + to.width).contains(&x) && (to.y..to.y + to.height).contains(&y)
                };
                for x in 0..width {
                    let expected = if is_in(x) {
                        whole.row_mut(x, y, 1).to_vec()
                    } else {
                        vec![0; 4]
                    };
                    assert_eq!(only_part.row_mut(x, y, 1), expected, "{turn:?} at {x}, {y}");
                }
            }
        }
    }
}
