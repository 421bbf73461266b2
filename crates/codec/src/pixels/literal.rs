//! Colours that nothing predicts.

use crate::entropy::{Bit, Coder, Tree};

/// Codes a colour as one of those that came like this before, or channel by channel.
#[derive(Debug, Clone)]
pub(super) struct Literals {
    is_recent: [Bit; 4],
    recent_index: Tree<RECENT>,
    recent: [u32; RECENT],
    green: [Tree<256>; 2],
    coarse_green: [Tree<32>; 2],
    is_between: [Bit; 4],
    red: Tree<256>,
    blue: [Tree<256>; 2],
    /// By a background: the last colour that text on it had.
    partners: [u32; PARTNERS],
    last_was_recent: usize,
    last_was_between: usize,
}

impl Literals {
    pub(super) const NEW: Self = Self {
        is_recent: [Bit::NEW; 4],
        recent_index: Tree::NEW,
        recent: [0; RECENT],
        green: [const { Tree::NEW }; 2],
        coarse_green: [const { Tree::NEW }; 2],
        is_between: [Bit::NEW; 4],
        red: Tree::NEW,
        blue: [const { Tree::NEW }; 2],
        partners: [0; PARTNERS],
        last_was_recent: 0,
        last_was_between: 0,
    };

    /// Codes `actual`, near which the colours to the left, above and above left are.
    pub(super) fn code<C: Coder>(
        &mut self,
        coder: &mut C,
        actual: u32,
        left: u32,
        above: u32,
        corner: u32,
    ) -> u32 {
        let place = self.recent.iter().position(|&recent| recent == actual);
        let is_recent = coder.bit(&mut self.is_recent[self.last_was_recent], place.is_some());
        self.last_was_recent = (self.last_was_recent << 1 | usize::from(is_recent)) & 3;
        if is_recent {
            let place = self.recent_index.code(coder, place.unwrap_or(0));
            let colour = self.recent[place];
            self.recent.copy_within(..place, 1);
            self.recent[0] = colour;
            return colour;
        }
        let predicted = median_colour(left, above, corner);
        let activity = activity(left, above, corner);
        let difference =
            |shift: u32, from: u32| ((actual >> shift) as u8).wrapping_sub((from >> shift) as u8);
        let wanted = usize::from(difference(8, predicted));
        let step = match self.green.get_mut(activity) {
            Some(tree) => tree.code(coder, wanted),
            // At edges every step is about as likely as those beside it.
            None => {
                let high = self.coarse_green[activity & 1].code(coder, wanted >> 3);
                high << 3 | coder.direct(3, (wanted & 7) as u32) as usize
            }
        } as u8;
        let green = ((predicted >> 8) as u8).wrapping_add(step);
        // Soft edges lie between the colours on their sides, on a straight line.
        let partner = self.partners[partner_of(above)];
        let likely = between(green, above, left)
            .or_else(|| between(green, above, partner))
            .unwrap_or_else(|| shifted(predicted, step));
        let (red, blue) = (difference(16, likely), difference(0, likely));
        let history = self.last_was_between;
        let is_between = coder.bit(&mut self.is_between[history], red == 0 && blue == 0);
        self.last_was_between = (history << 1 | usize::from(is_between)) & 3;
        let (red, blue) = if is_between {
            (0, 0)
        } else {
            let red = self.red.code(coder, usize::from(red)) as u8;
            let tree = &mut self.blue[usize::from(red == 0)];
            (red, tree.code(coder, usize::from(blue)) as u8)
        };
        let channel = |shift: u32, difference: u8| {
            u32::from(((likely >> shift) as u8).wrapping_add(difference)) << shift
        };
        let colour = channel(16, red) | u32::from(green) << 8 | channel(0, blue);
        self.recent.copy_within(..RECENT - 1, 1);
        self.recent[0] = colour;
        let known = &mut self.partners[partner_of(above)];
        if contrast(colour, above) >= contrast(*known, above) || !is_between {
            *known = colour;
        }
        colour
    }
}

/// The colour on the line from one to another whose green is this, if that lies between them.
fn between(green: u8, one: u32, other: u32) -> Option<u32> {
    let channel = |colour: u32, shift: u32| (colour >> shift & 0xFF) as i32;
    let (from, to, green) = (channel(one, 8), channel(other, 8), i32::from(green));
    if from == to || green < from.min(to) || green > from.max(to) {
        return None;
    }
    let mixed = |shift: u32| {
        let (start, end) = (channel(one, shift), channel(other, shift));
        start + (end - start) * (green - from) / (to - from)
    };
    Some((mixed(16) << 16 | green << 8 | mixed(0)) as u32)
}

/// A colour with the same amount added to each channel.
fn shifted(colour: u32, step: u8) -> u32 {
    let channel = |shift: u32| u32::from(((colour >> shift) as u8).wrapping_add(step)) << shift;
    channel(16) | channel(8) | channel(0)
}

fn contrast(one: u32, other: u32) -> u32 {
    let channel = |colour: u32, shift: u32| (colour >> shift & 0xFF) as i32;
    [0, 8, 16]
        .into_iter()
        .map(|shift| (channel(one, shift) - channel(other, shift)).unsigned_abs())
        .sum()
}

fn partner_of(background: u32) -> usize {
    (background.wrapping_mul(0x9E37_79B1) >> 26) as usize & (PARTNERS - 1)
}

/// Each channel's median of left, above and left + above - corner: the predictor of LOCO-I
/// (ISO/IEC 14495-1, "MED").
#[inline]
pub(super) fn median_colour(left: u32, above: u32, corner: u32) -> u32 {
    let channel = |shift: u32| {
        let of = |colour: u32| (colour >> shift & 0xFF) as i32;
        median(of(left), of(above), of(corner)) << shift
    };
    (channel(0) | channel(8) | channel(16)) as u32
}

#[inline]
fn median(left: i32, above: i32, corner: i32) -> i32 {
    (left + above - corner).clamp(left.min(above), left.max(above))
}

/// How much the neighbours differ, in four steps.
#[inline]
pub(super) fn activity(left: u32, above: u32, corner: u32) -> usize {
    let green = |colour: u32| (colour >> 8 & 0xFF) as i32;
    let sum = (green(left) - green(corner)).abs() + (green(above) - green(corner)).abs();
    match sum {
        0 => 0,
        1..16 => 1,
        16..96 => 2,
        _ => 3,
    }
}

const RECENT: usize = 64;
const PARTNERS: usize = 64;
