//! Rows of tiles that are coded together.

use super::{Contexts, Lines, Plain, Reach, plain::RiceCoder};
use crate::entropy::Coder;
use crate::geometry::Rect;
use crate::picture::Picture;

/// Where an encoder's pixels come from; a decoder has none.
pub(crate) trait Pixels {
    /// The colours of a row of a block: none for a decoder.
    fn row(&mut self, x: u32, y: u32, width: u32) -> &[u32];
}

/// A decoder's source of pixels.
pub(crate) struct Unknown;

impl Pixels for Unknown {
    fn row(&mut self, _: u32, _: u32, _: u32) -> &[u32] {
        &[]
    }
}

/// Codes a block by its neighbours and places it in the picture.
pub(crate) fn code_block<C: Coder>(
    coder: &mut C,
    contexts: &mut Contexts,
    lines: &mut Lines,
    picture: &mut Picture,
    block: Rect,
    reach: Reach,
    pixels: &mut impl Pixels,
) {
    lines.begin(picture, block);
    for y in block.y..block.y + block.height {
        lines.begin_row(picture, block, y, reach);
        let actual = pixels.row(block.x, y, block.width);
        contexts.code_row(coder, lines, block.width as usize, reach, actual);
        lines.end_row(picture, block, y);
    }
}

/// Codes a block of photographs and places it in the picture.
pub(crate) fn code_plain_block<B: RiceCoder>(
    coder: &mut B,
    plain: &mut Plain,
    lines: &mut Lines,
    picture: &mut Picture,
    block: Rect,
    pixels: &mut impl Pixels,
) {
    lines.begin(picture, block);
    for y in block.y..block.y + block.height {
        lines.begin_row(picture, block, y, Reach::Fresh);
        let actual = pixels.row(block.x, y, block.width);
        plain.code_row(coder, lines, block.width as usize, actual);
        lines.end_row(picture, block, y);
    }
}
