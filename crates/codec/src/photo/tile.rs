//! One tile, told with less detail.

use super::colours::Planes;
#[cfg(feature = "encode")]
use super::transform::forward;
use super::transform::{Block, ZIGZAG, inverse};
use crate::entropy::{Bit, Coder, Number, Tree};
use crate::picture::Tile;

/// What is known about coefficients.
#[derive(Debug, Clone)]
pub(crate) struct Lossy {
    quantiser: Tree<QUANTISERS>,
    /// Whether a tile is told from what it shows.
    is_over: [Bit; 2],
    planes: [Plane; 4],
    last_was_over: usize,
}

#[derive(Debug, Clone)]
struct Plane {
    count: Tree<128>,
    is_zero: [[Bit; 2]; 16],
    is_one: [Bit; 16],
    is_two: [Bit; 16],
    more: Number,
}

impl Lossy {
    pub(crate) const NEW: Self = Self {
        quantiser: Tree::NEW,
        is_over: [Bit::NEW; 2],
        planes: [const { Plane::NEW }; 4],
        last_was_over: 0,
    };

    /// How coarse the tiles of a run are: below [`QUANTISERS`].
    pub(crate) fn quantiser<C: Coder>(&mut self, coder: &mut C, quantiser: usize) -> usize {
        self.quantiser.code(coder, quantiser)
    }

    /// Decodes a tile in place of the one that is shown.
    pub(crate) fn decode<C: Coder>(&mut self, coder: &mut C, quantiser: usize, shown: &mut Tile) {
        let is_over = coder.bit(&mut self.is_over[self.last_was_over], false);
        self.last_was_over = usize::from(is_over);
        let mut levels = [[0; 64]; 6];
        let mut any = false;
        for (index, levels) in levels.iter_mut().enumerate() {
            any |= self.plane(index, is_over).code(coder, levels);
        }
        if is_over && !any {
            return;
        }
        let before = if is_over {
            Planes::of(shown)
        } else {
            Planes::GREY
        };
        *shown = restore(&before, &levels, quantiser);
    }

    /// Encodes a tile and makes `shown` what a decoder makes of it.
    #[cfg(feature = "encode")]
    pub(crate) fn encode<C: Coder>(
        &mut self,
        coder: &mut C,
        quantiser: usize,
        shown: &mut Tile,
        actual: &Tile,
    ) {
        let target = Planes::of(actual);
        let alone = levels_of(&target, &Planes::GREY, quantiser);
        let over_before = Planes::of(shown);
        let over = levels_of(&target, &over_before, quantiser);
        let is_over = weight(&over) <= weight(&alone);
        let (mut levels, before) = if is_over {
            (over, over_before)
        } else {
            (alone, Planes::GREY)
        };
        coder.bit(&mut self.is_over[self.last_was_over], is_over);
        self.last_was_over = usize::from(is_over);
        let mut any = false;
        for (index, levels) in levels.iter_mut().enumerate() {
            any |= self.plane(index, is_over).code(coder, levels);
        }
        if any || !is_over {
            *shown = restore(&before, &levels, quantiser);
        }
    }

    fn plane(&mut self, block: usize, is_over: bool) -> &mut Plane {
        &mut self.planes[usize::from(block >= 4) << 1 | usize::from(is_over)]
    }
}

impl Plane {
    const NEW: Self = Self {
        count: Tree::NEW,
        is_zero: [[Bit::NEW; 2]; 16],
        is_one: [Bit::NEW; 16],
        is_two: [Bit::NEW; 16],
        more: Number::NEW,
    };

    /// Codes the levels of a block in zigzag order, and says whether there are any.
    fn code<C: Coder>(&mut self, coder: &mut C, levels: &mut Block) -> bool {
        let at = |index: usize| usize::from(ZIGZAG[index]);
        let count = (0..64).rev().find(|&index| levels[at(index)] != 0);
        let count = self
            .count
            .code(coder, count.map_or(0, |last| last + 1))
            .min(64);
        let mut last_was_zero = false;
        for index in 0..count {
            let level = levels[at(index)];
            let band = BANDS[index];
            let is_last = index + 1 == count;
            // The last one is not zero, or it would not be the last.
            let is_zero = !is_last
                && coder.bit(
                    &mut self.is_zero[band][usize::from(last_was_zero)],
                    level == 0,
                );
            last_was_zero = is_zero;
            levels[at(index)] = if is_zero {
                0
            } else {
                self.code_level(coder, band, level)
            };
        }
        count > 0
    }

    fn code_level<C: Coder>(&mut self, coder: &mut C, band: usize, level: i32) -> i32 {
        let size = level.unsigned_abs();
        let size = if coder.bit(&mut self.is_one[band], size == 1) {
            1
        } else if coder.bit(&mut self.is_two[band], size == 2) {
            2
        } else {
            let more = self.more.code(coder, u64::from(size.wrapping_sub(3)));
            more.min(MAX_LEVEL - 3) as u32 + 3
        };
        let is_negative = coder.direct(1, u32::from(level < 0)) != 0;
        if is_negative {
            -(size as i32)
        } else {
            size as i32
        }
    }
}

/// The tile that the levels make of what was there before.
fn restore(before: &Planes, levels: &[Block; 6], quantiser: usize) -> Tile {
    let mut planes = Planes::GREY;
    for ((block, before), levels) in planes.blocks.iter_mut().zip(&before.blocks).zip(levels) {
        let mut coefficients = [0; 64];
        for (index, (coefficient, level)) in coefficients.iter_mut().zip(levels).enumerate() {
            let product = i64::from(*level) * i64::from(step(quantiser, index));
            *coefficient = product.clamp(-32_767, 32_767) as i32;
        }
        let change = inverse(&coefficients);
        for ((pixel, before), change) in block.iter_mut().zip(before).zip(change) {
            *pixel = before + change;
        }
    }
    planes.to_tile()
}

/// The quantised coefficients of what is to be added to `before`.
#[cfg(feature = "encode")]
fn levels_of(target: &Planes, before: &Planes, quantiser: usize) -> [Block; 6] {
    let mut levels = [[0; 64]; 6];
    for ((levels, target), before) in levels.iter_mut().zip(&target.blocks).zip(&before.blocks) {
        let mut change = [0; 64];
        for ((change, target), before) in change.iter_mut().zip(target).zip(before) {
            *change = target - before;
        }
        let coefficients = forward(&change);
        for (index, (level, coefficient)) in levels.iter_mut().zip(coefficients).enumerate() {
            let step = step(quantiser, index);
            // Rounded towards zero by a sixth, which costs little and saves much.
            let size = (coefficient.abs() + step / 3) / step;
            *level = size.min(MAX_LEVEL as i32) * coefficient.signum();
        }
    }
    levels
}

/// About how much levels take.
#[cfg(feature = "encode")]
fn weight(levels: &[Block; 6]) -> u32 {
    let of = |level: &i32| match level.unsigned_abs() {
        0 => 0,
        size => 3 + size.ilog2() * 2,
    };
    levels.iter().flatten().map(of).sum()
}

/// The distance between two values of a coefficient: doubled every four quantisers, and larger
/// for finer detail.
fn step(quantiser: usize, index: usize) -> i32 {
    let flat = BASES[quantiser & 3] << (quantiser >> 2);
    let fineness = (index / 8 + index % 8) as i32;
    (flat * (8 + fineness)) >> 3
}

/// How many degrees of coarseness there are.
pub(crate) const QUANTISERS: usize = 32;
const BASES: [i32; 4] = [8, 10, 11, 13];
const MAX_LEVEL: u64 = 4096;

/// Coefficients that are alike in how large they are, by their place in the zigzag.
const BANDS: [usize; 64] = {
    let mut bands = [0; 64];
    let mut index = 0;
    while index < 64 {
        bands[index] = match index {
            0..=5 => index,
            6..=9 => 6,
            10..=14 => 7,
            15..=20 => 8,
            21..=27 => 9,
            28..=35 => 10,
            36..=43 => 11,
            44..=51 => 12,
            52..=57 => 13,
            58..=61 => 14,
            _ => 15,
        };
        index += 1;
    }
    bands
};
