//! Tiles of one colour.

use super::literal::Literals;
use crate::entropy::{Bit, Coder};
use crate::geometry::Rect;
use crate::picture::Picture;

/// What is known about the colours of one-coloured tiles.
#[derive(Debug, Clone)]
pub(crate) struct Solids {
    is_left: Bit,
    is_above: Bit,
    literals: Literals,
}

impl Solids {
    pub(crate) const NEW: Self = Self {
        is_left: Bit::NEW,
        is_above: Bit::NEW,
        literals: Literals::NEW,
    };

    /// Codes the colour of tiles of which `first` is the leftmost.
    pub(crate) fn code<C: Coder>(
        &mut self,
        coder: &mut C,
        picture: &Picture,
        first: Rect,
        actual: u32,
    ) -> u32 {
        let left = first.x.checked_sub(1).map(|x| picture.colour(x, first.y));
        let above = first.y.checked_sub(1).map(|y| picture.colour(first.x, y));
        if let Some(left) = left
            && coder.bit(&mut self.is_left, actual == left)
        {
            return left;
        }
        if let Some(above) = above
            && Some(above) != left
            && coder.bit(&mut self.is_above, actual == above)
        {
            return above;
        }
        let left = left.unwrap_or(0);
        self.literals
            .code(coder, actual, left, above.unwrap_or(left), left)
    }
}
