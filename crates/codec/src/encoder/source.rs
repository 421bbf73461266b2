//! The caller's frame as colours.

use alloc::vec;
use alloc::vec::Vec;

use super::{Damage, FrameRef};
use crate::geometry::{PictureSize, Rect, TILE_SIDE};
use crate::picture::{COLOUR_MASK, Picture, Tile, word};
use crate::pixels::Pixels;

/// A frame in grey: what the encoder is to be given instead of the caller's.
#[derive(Debug)]
pub(super) struct GreyFrame {
    bytes: Vec<u8>,
    size: PictureSize,
}

impl GreyFrame {
    pub(super) fn new(size: PictureSize) -> Self {
        Self {
            bytes: vec![0; size.bytes()],
            size,
        }
    }

    /// Takes over the parts of a frame that may have changed.
    pub(super) fn update(&mut self, frame: FrameRef<'_>, damage: Damage<'_>) {
        let size = self.size;
        let whole = [Rect {
            x: 0,
            y: 0,
            width: size.width(),
            height: size.height(),
        }];
        let rects = match damage {
            Damage::Unknown => &whole[..],
            Damage::Rects(rects) => rects,
        };
        for rect in rects {
            let width = rect.width.min(size.width().saturating_sub(rect.x));
            let height = rect.height.min(size.height().saturating_sub(rect.y));
            if width == 0 {
                continue;
            }
            for y in rect.y..rect.y + height {
                let start = y as usize * size.row_bytes() + rect.x as usize * 4;
                let row = &mut self.bytes[start..start + width as usize * 4];
                let pixels = frame.row(rect.x, y, width).as_chunks::<4>().0;
                for (grey_pixel, pixel) in row.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
                    *grey_pixel = grey(u32::from_le_bytes(*pixel)).to_le_bytes();
                }
            }
        }
    }

    pub(super) fn frame(&self) -> FrameRef<'_> {
        FrameRef {
            data: &self.bytes,
            stride: self.size.row_bytes(),
        }
    }
}

/// The grey of a colour's brightness: the weights of ITU-R BT.601 in parts of 256.
pub(crate) fn grey(colour: u32) -> u32 {
    let channel = |shift: u32| colour >> shift & 0xFF;
    let luma = (77 * channel(16) + 150 * channel(8) + 29 * channel(0) + 128) >> 8;
    luma << 16 | luma << 8 | luma
}

/// Reads rows of a frame as colours, into a line of its own.
pub(super) struct Source<'a> {
    pub(super) frame: FrameRef<'a>,
    line: &'a mut Vec<u32>,
}

impl<'a> Source<'a> {
    /// `line` is kept between frames so as not to allocate.
    pub(super) fn new(frame: FrameRef<'a>, size: PictureSize, line: &'a mut Vec<u32>) -> Self {
        if line.len() < size.width() as usize {
            *line = vec![0; size.width() as usize];
        }
        Self { frame, line }
    }

    /// Reads a tile's colours; what lies outside of the picture is left as it is.
    #[inline]
    pub(super) fn read_tile(&self, rect: Rect, tile: &mut Tile) {
        let lines = tile.as_chunks_mut::<{ TILE_SIDE as usize }>().0;
        for (row, line) in (0..rect.height).zip(lines) {
            let bytes = self.frame.row(rect.x, rect.y + row, rect.width);
            for (colour, bytes) in line.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *colour = word(bytes) & COLOUR_MASK;
            }
        }
    }

    /// Whether the picture shows the frame's pixels of `rect` at `(from_x, from_y)`.
    pub(super) fn shows(&self, picture: &Picture, rect: Rect, from_x: u32, from_y: u32) -> bool {
        (0..rect.height).all(|row| {
            let new = self.frame.row(rect.x, rect.y + row, rect.width);
            let old = picture.row(from_x, from_y + row, rect.width);
            !super::compare::colours_differ(new, old)
        })
    }
}

impl Pixels for Source<'_> {
    fn row(&mut self, x: u32, y: u32, width: u32) -> &[u32] {
        let line = &mut self.line[..width as usize];
        let bytes = self.frame.row(x, y, width);
        for (colour, bytes) in line.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *colour = word(bytes) & COLOUR_MASK;
        }
        line
    }
}
