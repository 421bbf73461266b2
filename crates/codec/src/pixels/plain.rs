//! Photographs: predicted pixels whose differences are stored as Golomb-Rice codes.
//!
//! Where every pixel has a colour of its own, remembering colours is of no use, and these codes
//! are several times faster than arithmetic coding.

use super::lines::Lines;
use super::literal::{activity, median_colour};
use crate::entropy::{BitReader, BitWriter};

/// One direction of storing small numbers.
pub(crate) trait RiceCoder {
    /// Codes a number: `value >> parameter` zeros, a one, and the lowest `parameter` bits; or
    /// [`MOST_ZEROS`] zeros and the whole number. A reader ignores `value`.
    fn rice(&mut self, parameter: u32, value: u8) -> u8;
}

impl RiceCoder for BitWriter {
    #[inline(always)]
    fn rice(&mut self, parameter: u32, value: u8) -> u8 {
        let number = u32::from(value);
        let zeros = number >> parameter;
        if zeros < MOST_ZEROS {
            let low = number & ((1 << parameter) - 1);
            self.put(zeros + 1 + parameter, (low << 1 | 1) << zeros);
        } else {
            self.put(MOST_ZEROS + 8, number << MOST_ZEROS);
        }
        value
    }
}

impl RiceCoder for BitReader<'_> {
    #[inline(always)]
    fn rice(&mut self, parameter: u32, _: u8) -> u8 {
        let bits = self.peek();
        let zeros = bits.trailing_zeros();
        if zeros < MOST_ZEROS {
            self.skip(zeros + 1 + parameter);
            let low = (bits >> (zeros + 1)) as u32 & ((1 << parameter) - 1);
            (zeros << parameter | low) as u8
        } else {
            self.skip(MOST_ZEROS + 8);
            (bits >> MOST_ZEROS) as u8
        }
    }
}

/// How large differences were lately, by channel and by how much the neighbours differ.
#[derive(Debug, Clone)]
pub(crate) struct Plain {
    sizes: [[Size; 4]; 3],
}

#[derive(Debug, Clone, Copy)]
struct Size {
    sum: u32,
    count: u32,
}

impl Plain {
    pub(crate) const NEW: Self = Self {
        sizes: [[Size { sum: 16, count: 1 }; 4]; 3],
    };

    /// Codes the current row of `lines`, which an encoder has filled with `actual`.
    pub(crate) fn code_row<B: RiceCoder>(
        &mut self,
        coder: &mut B,
        lines: &mut Lines,
        width: usize,
        actual: &[u32],
    ) {
        let [greens, reds, blues] = &mut self.sizes;
        for x in 0..width {
            let at = Lines::LEFT + x;
            let (left, above, corner) =
                (lines.current[at - 1], lines.above[at], lines.above[at - 1]);
            let predicted = median_colour(left, above, corner);
            let activity = activity(left, above, corner);
            let actual = actual.get(x).copied().unwrap_or(0);
            let channel = |colour: u32, shift: u32| (colour >> shift) as u8;
            let difference =
                |shift: u32| channel(actual, shift).wrapping_sub(channel(predicted, shift));
            let green = greens[activity].code(coder, difference(8));
            let red = reds[activity].code(coder, difference(16).wrapping_sub(green));
            let blue = blues[activity].code(coder, difference(0).wrapping_sub(green));
            let join = |shift: u32, difference: u8| {
                u32::from(channel(predicted, shift).wrapping_add(difference)) << shift
            };
            lines.current[at] = join(8, green)
                | join(16, red.wrapping_add(green))
                | join(0, blue.wrapping_add(green));
        }
    }
}

impl Size {
    /// Codes a difference modulo 256, with the parameter that suits the ones before.
    #[inline(always)]
    fn code<B: RiceCoder>(&mut self, coder: &mut B, difference: u8) -> u8 {
        let mut parameter = 0;
        while self.count << parameter < self.sum && parameter < 7 {
            parameter += 1;
        }
        let folded = difference << 1 ^ ((difference as i8) >> 7) as u8;
        let folded = coder.rice(parameter, folded);
        self.sum += u32::from(folded);
        self.count += 1;
        if self.count == 64 {
            self.sum >>= 1;
            self.count >>= 1;
        }
        folded >> 1 ^ (folded & 1).wrapping_neg()
    }
}

/// More zeros are not written.
const MOST_ZEROS: u32 = 20;
