//! The row that is being coded, and the neighbours of its next pixel.

use super::lines::Lines;

/// A row that is being coded.
pub(super) struct Row<'a> {
    pub(super) above: &'a [u32],
    pub(super) two_above: &'a [u32],
    pub(super) current: &'a mut [u32],
    pub(super) width: usize,
    pub(super) x: usize,
    pub(super) around: Around,
}

/// The neighbours of a pixel.
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) left: u32,
    pub(super) above: u32,
    pub(super) corner: u32,
    pub(super) above_right: u32,
    pub(super) two_left: u32,
    pub(super) two_above: u32,
}

impl<'a> Row<'a> {
    #[inline(always)]
    pub(super) fn new(lines: &'a mut Lines, width: usize) -> Self {
        // One pixel more on the right, two on the left.
        let above = &lines.above[..width + 3];
        let two_above = &lines.two_above[..width + 3];
        let current = &mut lines.current[..width + 3];
        let around = Around {
            left: current[1],
            two_left: current[0],
            corner: above[1],
            above: above[2],
            above_right: above[3],
            two_above: two_above[2],
        };
        Self {
            above,
            two_above,
            current,
            width,
            x: 0,
            around,
        }
    }

    /// Takes over a pixel.
    #[inline(always)]
    pub(super) fn push(&mut self, colour: u32) {
        self.current[self.x + 2] = colour;
        self.x += 1;
        let right = (self.x + 3).min(self.width + 2);
        self.around = Around {
            left: colour,
            two_left: self.around.left,
            corner: self.around.above,
            above: self.around.above_right,
            above_right: self.above[right],
            two_above: self.two_above[self.x + 2],
        };
    }

    /// Takes over `count` pixels of the colour that is to the left already.
    #[inline(always)]
    pub(super) fn fill(&mut self, count: usize, colour: u32) {
        if count == 0 {
            return;
        }
        self.current[self.x + 2..self.x + 2 + count].fill(colour);
        self.x += count;
        let right = (self.x + 3).min(self.width + 2);
        self.around = Around {
            left: colour,
            two_left: colour,
            corner: self.above[self.x + 1],
            above: self.above[self.x + 2],
            above_right: self.above[right],
            two_above: self.two_above[self.x + 2],
        };
    }
}

impl Around {
    #[inline(always)]
    pub(super) fn is_flat(&self) -> bool {
        let colour = self.left;
        self.above == colour && self.corner == colour && self.above_right == colour
    }

    /// Which of the nearest neighbours have a colour.
    #[inline(always)]
    pub(super) fn kind(&self, colour: u32) -> usize {
        usize::from(colour == self.left) | usize::from(colour == self.above) << 1
    }

    #[inline(always)]
    pub(super) fn wide_hash(&self) -> u64 {
        let near = pair(self.left, self.above).wrapping_mul(MULTIPLIERS[0]);
        let next = pair(self.corner, self.above_right).wrapping_mul(MULTIPLIERS[1]);
        let far = pair(self.two_left, self.two_above).wrapping_mul(MULTIPLIERS[2]);
        near.wrapping_add(next).wrapping_add(far)
    }

    pub(super) fn narrow_hash(&self) -> u64 {
        let near = pair(self.left, self.above).wrapping_mul(MULTIPLIERS[0]);
        near.wrapping_add(u64::from(self.corner).wrapping_mul(MULTIPLIERS[3]))
    }
}

#[inline(always)]
fn pair(a: u32, b: u32) -> u64 {
    u64::from(a) | u64::from(b) << 32
}

/// Odd numbers with bits all over: multiples of the golden ratio and of square roots.
const MULTIPLIERS: [u64; 4] = [
    0x9E37_79B9_7F4A_7C15,
    0xC2B2_AE3D_27D4_EB4F,
    0x1656_67B1_9E37_79F9,
    0xD6E8_FEB8_6659_FD93,
];
