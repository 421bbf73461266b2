//! Which colours followed which neighbours.

use alloc::boxed::Box;

use super::lines::Lines;
use super::literal::Literals;
use super::row::{Around, Row};
use super::slot::{COLOUR, CONFIDENCES, Slot, slots};
use crate::entropy::{Bit, Coder};

/// Whether a block's pixels are told from their neighbours alone, or also from what they showed
/// before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The block shows something new.
    Fresh,
    /// Much of the block stays as it is.
    Over,
}

/// What is known about pixels, learnt from all that were coded since the key frame.
#[derive(Debug, Clone)]
pub(crate) struct Contexts {
    /// By six neighbours.
    wide: Box<[Slot; WIDE_SLOTS]>,
    /// By three.
    narrow: Box<[Slot; NARROW_SLOTS]>,
    decisions: Box<Decisions>,
}

#[derive(Debug, Clone)]
struct Decisions {
    wide_first: [[Bit; 4]; CONFIDENCES],
    wide_second: [[Bit; 2]; CONFIDENCES],
    narrow_first: [[Bit; 4]; CONFIDENCES],
    narrow_second: [[Bit; 2]; CONFIDENCES],
    neighbour: [[Bit; 4]; 4],
    run_is_whole: [[Bit; 8]; MAX_RUN_ORDER as usize + 1],
    run_position: [[Bit; 32]; MAX_RUN_ORDER as usize + 1],
    kept: [Bit; 64],
    literals: Literals,
    run_history: usize,
    /// log2 of the next run's length.
    run_order: u32,
}

/// What a pixel most probably looks like.
enum Expected {
    Nothing,
    /// The colour of all its neighbours.
    Flat,
    /// A colour that came often, with the slot that says so.
    Known(u32, usize),
}

impl Contexts {
    pub(crate) const MEMORY_BYTES: usize =
        (WIDE_SLOTS + NARROW_SLOTS) * size_of::<Slot>() + size_of::<Decisions>();

    pub(crate) fn new() -> Self {
        Self {
            wide: slots(),
            narrow: slots(),
            decisions: Box::new(Decisions::NEW),
        }
    }

    /// Forgets everything.
    pub(crate) fn reset(&mut self) {
        self.wide.fill(Slot::default());
        self.narrow.fill(Slot::default());
        *self.decisions = Decisions::NEW;
    }

    /// Codes the current row of `lines`, which an encoder has filled with `actual`.
    #[inline]
    pub(crate) fn code_row<C: Coder>(
        &mut self,
        coder: &mut C,
        lines: &mut Lines,
        width: usize,
        reach: Reach,
        actual: &[u32],
    ) {
        match reach {
            Reach::Fresh => self.code_fresh(coder, lines, width, actual),
            Reach::Over => self.code_over(coder, lines, width, actual),
        }
    }

    fn code_fresh<C: Coder>(
        &mut self,
        coder: &mut C,
        lines: &mut Lines,
        width: usize,
        actual: &[u32],
    ) {
        let mut row = Row::new(lines, width);
        while row.x < width {
            let not = match self.expect(&row.around) {
                Expected::Nothing => NO_COLOUR,
                _ => match self.code_run(coder, &mut row, actual) {
                    Some(expected) => expected,
                    None => continue,
                },
            };
            let actual = actual.get(row.x).copied().unwrap_or(0);
            let colour = self.code_pixel(coder, &row.around, actual, not);
            row.push(colour);
        }
    }

    /// Codes how far the pixels are as expected, and takes these over. Gives the colour that the
    /// next pixel does not have, if a pixel that is not as expected comes next.
    #[inline(always)]
    fn code_run<C: Coder>(
        &mut self,
        coder: &mut C,
        row: &mut Row<'_>,
        actual: &[u32],
    ) -> Option<u32> {
        let order = self.decisions.run_order;
        let most = 1 << order;
        let starts_flat = row.around.is_flat();
        let (mut is_whole, mut run) = (true, most);
        if C::ENCODES {
            (run, is_whole) = self.follow(row, most, Some(actual));
        }
        let history = self.decisions.run_history | usize::from(starts_flat) << 2;
        is_whole = coder.bit(
            &mut self.decisions.run_is_whole[order as usize][history],
            is_whole,
        );
        self.decisions.run_history = (history << 1 | usize::from(is_whole)) & 3;
        if is_whole {
            if !C::ENCODES {
                self.follow(row, most, None);
            }
            self.decisions.run_order = (order + 1).min(MAX_RUN_ORDER);
            return None;
        }
        run = self.decisions.code_position(coder, order, run);
        if !C::ENCODES {
            self.follow(row, run, None);
        }
        self.decisions.run_order = order.saturating_sub(1);
        match self.expect(&row.around) {
            // Only a damaged stream ends here: there the run ended by itself.
            _ if row.x >= row.width => None,
            Expected::Nothing => Some(NO_COLOUR),
            Expected::Flat => Some(row.around.left),
            Expected::Known(colour, _) => Some(colour),
        }
    }

    /// Takes over pixels as expected: at most `most`, up to the row's end and as long as
    /// something is expected. An encoder stops where they are not `actual`, and is told so.
    #[inline(always)]
    fn follow(&mut self, row: &mut Row<'_>, most: usize, actual: Option<&[u32]>) -> (usize, bool) {
        let end = row.width.min(row.x + most);
        let start = row.x;
        while row.x < end {
            match self.expect(&row.around) {
                Expected::Nothing => return (row.x - start, true),
                Expected::Flat => {
                    let colour = row.around.left;
                    let flat = leading(&row.above[row.x + 2..end + 2], colour);
                    let run = match actual {
                        Some(actual) => leading(&actual[row.x..row.x + flat], colour),
                        None => flat,
                    };
                    row.fill(run, colour);
                    if run < flat {
                        return (row.x - start, false);
                    }
                }
                Expected::Known(colour, index) => {
                    if actual.is_some_and(|actual| actual[row.x] != colour) {
                        return (row.x - start, false);
                    }
                    self.wide[index & (WIDE_SLOTS - 1)].hit();
                    row.push(colour);
                }
            }
        }
        (row.x - start, true)
    }

    /// What colour a pixel most probably has, if that is probable enough to be coded in runs.
    #[inline(always)]
    fn expect(&self, around: &Around) -> Expected {
        if around.is_flat() {
            return Expected::Flat;
        }
        let hash = around.wide_hash();
        let index = (hash >> (64 - WIDE_LOG2)) as usize & (WIDE_SLOTS - 1);
        let slot = self.wide[index];
        if slot.is_known((hash >> 32) as u8) && slot.confidence() >= SURE {
            Expected::Known(slot.first & COLOUR, index)
        } else {
            Expected::Nothing
        }
    }

    fn code_over<C: Coder>(
        &mut self,
        coder: &mut C,
        lines: &mut Lines,
        width: usize,
        actual: &[u32],
    ) {
        let above = &lines.above[..width + 3];
        let two_above = &lines.two_above[..width + 3];
        let old = &lines.old[..width + 3];
        let kept_above = &lines.kept_above[..width + 3];
        let kept = &mut lines.kept[..width + 3];
        let current = &mut lines.current[..width + 3];
        for x in 0..width {
            let at = x + 2;
            let actual = actual.get(x).copied().unwrap_or(0);
            let old = old[at];
            let pattern = usize::from(kept[at - 1])
                | usize::from(kept_above[at - 1]) << 1
                | usize::from(kept_above[at]) << 2
                | usize::from(kept_above[at + 1]) << 3
                | usize::from(old == current[at - 1]) << 4
                | usize::from(old == above[at]) << 5;
            kept[at] = coder.bit(&mut self.decisions.kept[pattern], actual == old);
            current[at] = if kept[at] {
                old
            } else {
                let around = Around {
                    left: current[at - 1],
                    two_left: current[at - 2],
                    corner: above[at - 1],
                    above: above[at],
                    above_right: above[at + 1],
                    two_above: two_above[at],
                };
                self.code_pixel(coder, &around, actual, old)
            };
        }
    }

    /// Codes a pixel that is known not to have the colour `not`.
    #[inline(always)]
    fn code_pixel<C: Coder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        actual: u32,
        not: u32,
    ) -> u32 {
        let hash = around.wide_hash();
        let slot = &mut self.wide[(hash >> (64 - WIDE_LOG2)) as usize & (WIDE_SLOTS - 1)];
        let first = slot.first & COLOUR;
        let known = slot.is_known((hash >> 32) as u8);
        let tried = known && first != not;
        if tried {
            let bit = &mut self.decisions.wide_first[slot.confidence()][around.kind(first)];
            if coder.bit(bit, actual == first) {
                slot.hit();
                return first;
            }
        }
        self.code_surprise(coder, around, actual, not, hash, known)
    }

    /// Codes a pixel that does not have the first colour of its wide slot.
    #[inline(never)]
    fn code_surprise<C: Coder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        actual: u32,
        not: u32,
        wide_hash: u64,
        known: bool,
    ) -> u32 {
        let decisions = &mut *self.decisions;
        let wide = &mut self.wide[(wide_hash >> (64 - WIDE_LOG2)) as usize & (WIDE_SLOTS - 1)];
        let check = (wide_hash >> 32) as u8;
        let mut refused = Refused::new(not);
        if known {
            refused.add(wide.first & COLOUR);
            let second = wide.second & COLOUR;
            if !refused.has(second) {
                let near = second == around.left || second == around.above;
                let bit = &mut decisions.wide_second[wide.confidence()][usize::from(near)];
                if coder.bit(bit, actual == second) {
                    wide.swap();
                    return second;
                }
                refused.add(second);
            }
        }
        let narrow_hash = around.narrow_hash();
        let narrow =
            &mut self.narrow[(narrow_hash >> (64 - NARROW_LOG2)) as usize & (NARROW_SLOTS - 1)];
        let narrow_check = (narrow_hash >> 32) as u8;
        if narrow.is_known(narrow_check) {
            let confidence = narrow.confidence();
            let first = narrow.first & COLOUR;
            if !refused.has(first) {
                let kind = around.kind(first);
                if coder.bit(
                    &mut decisions.narrow_first[confidence][kind],
                    actual == first,
                ) {
                    narrow.hit();
                    wide.miss(check, first);
                    return first;
                }
                refused.add(first);
            }
            let second = narrow.second & COLOUR;
            if !refused.has(second) {
                let near = second == around.left || second == around.above;
                let bit = &mut decisions.narrow_second[confidence][usize::from(near)];
                if coder.bit(bit, actual == second) {
                    narrow.swap();
                    wide.miss(check, second);
                    return second;
                }
                refused.add(second);
            }
        }
        let colour = decisions.code_unknown(coder, around, actual, &mut refused);
        wide.miss(check, colour);
        narrow.miss(narrow_check, colour);
        colour
    }
}

impl Decisions {
    const NEW: Self = Self {
        wide_first: [[Bit::NEW; 4]; CONFIDENCES],
        wide_second: [[Bit::NEW; 2]; CONFIDENCES],
        narrow_first: [[Bit::NEW; 4]; CONFIDENCES],
        narrow_second: [[Bit::NEW; 2]; CONFIDENCES],
        neighbour: [[Bit::NEW; 4]; 4],
        run_is_whole: [[Bit::NEW; 8]; MAX_RUN_ORDER as usize + 1],
        run_position: [[Bit::NEW; 32]; MAX_RUN_ORDER as usize + 1],
        kept: [Bit::NEW; 64],
        literals: Literals::NEW,
        run_history: 0,
        run_order: 3,
    };

    /// Codes where a run of `1 << order` pixels broke.
    #[inline]
    fn code_position<C: Coder>(&mut self, coder: &mut C, order: u32, position: usize) -> usize {
        let tree = &mut self.run_position[order as usize];
        let mut node = 1;
        for level in (0..order).rev() {
            let bit = match tree.get_mut(node) {
                Some(bit) => coder.bit(bit, position >> level & 1 != 0),
                None => coder.direct(1, (position >> level & 1) as u32) != 0,
            };
            node = node << 1 | usize::from(bit);
        }
        node - (1 << order)
    }

    /// Codes a pixel that the contexts did not predict.
    fn code_unknown<C: Coder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        actual: u32,
        refused: &mut Refused,
    ) -> u32 {
        let neighbours = [around.left, around.above, around.above_right, around.corner];
        for (bits, colour) in self.neighbour.iter_mut().zip(neighbours) {
            if refused.has(colour) {
                continue;
            }
            if coder.bit(&mut bits[refused.count.min(3)], actual == colour) {
                return colour;
            }
            refused.add(colour);
        }
        self.literals
            .code(coder, actual, around.left, around.above, around.corner)
    }
}

/// How many pixels at the beginning have a colour.
#[inline(always)]
fn leading(pixels: &[u32], colour: u32) -> usize {
    let other = pixels.iter().position(|&pixel| pixel != colour);
    other.unwrap_or(pixels.len())
}

/// Colours that a pixel is known not to have.
struct Refused {
    colours: [u32; 10],
    count: usize,
}

impl Refused {
    #[inline(always)]
    fn new(not: u32) -> Self {
        let mut refused = Self {
            colours: [NO_COLOUR; 10],
            count: 0,
        };
        if not != NO_COLOUR {
            refused.add(not);
        }
        refused
    }

    #[inline(always)]
    fn has(&self, colour: u32) -> bool {
        self.colours[..self.count].contains(&colour)
    }

    #[inline(always)]
    fn add(&mut self, colour: u32) {
        if let Some(place) = self.colours.get_mut(self.count) {
            *place = colour;
            self.count += 1;
        }
    }
}

const NO_COLOUR: u32 = u32::MAX;
/// Slots of this confidence are expected to be right.
const SURE: usize = 2;
const MAX_RUN_ORDER: u32 = 8;
const WIDE_LOG2: u32 = 16;
const WIDE_SLOTS: usize = 1 << WIDE_LOG2;
const NARROW_LOG2: u32 = 14;
const NARROW_SLOTS: usize = 1 << NARROW_LOG2;
