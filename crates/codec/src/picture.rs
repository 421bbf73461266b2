//! Pictures in memory, the tiles in them, and the hash that proves them right.

use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hasher;

use crate::geometry::{PictureSize, Rect, TILE_SIDE};

/// How a decoder lays out the four bytes of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelOrder {
    /// Blue, green, red, and the fourth byte that the segment's header states.
    Bgrx,
    /// Red, green, blue, 255: what a browser's canvas takes.
    Rgba,
}

/// A picture of four bytes a pixel, rows without padding.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    size: PictureSize,
    layout: Layout,
    bytes: Vec<u8>,
}

/// The colours of a tile as `0x00RRGGBB`, sixteen to a row also where the picture cuts the tile;
/// 0 there.
pub(crate) type Tile = [u32; TILE_PIXELS];

pub(crate) const TILE_PIXELS: usize = (TILE_SIDE * TILE_SIDE) as usize;

const SIDE: usize = TILE_SIDE as usize;

/// The bits of a pixel that carry colour.
pub(crate) const COLOUR_MASK: u32 = 0x00FF_FFFF;

/// Where the channels are in a pixel's little-endian word; green is always the second byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) red_shift: u32,
    pub(crate) blue_shift: u32,
    /// The fourth byte, in place.
    pub(crate) fill: u32,
}

impl Layout {
    pub(crate) fn new(order: PixelOrder, fourth_byte: u8) -> Self {
        match order {
            PixelOrder::Bgrx => Self {
                red_shift: 16,
                blue_shift: 0,
                fill: u32::from(fourth_byte) << 24,
            },
            PixelOrder::Rgba => Self {
                red_shift: 0,
                blue_shift: 16,
                fill: 0xFF00_0000,
            },
        }
    }

    fn is_bgrx(self) -> bool {
        self.blue_shift == 0
    }

    /// A stored pixel as `0x00RRGGBB`.
    #[inline(always)]
    pub(crate) fn unpack(self, pixel: u32) -> u32 {
        if self.is_bgrx() {
            pixel & COLOUR_MASK
        } else {
            swap(pixel)
        }
    }

    /// A colour given as `0x00RRGGBB`, as this layout stores it.
    #[inline(always)]
    pub(crate) fn pack(self, colour: u32) -> u32 {
        let pixel = if self.is_bgrx() { colour } else { swap(colour) };
        self.fill | pixel
    }
}

impl Picture {
    /// A black picture.
    pub(crate) fn new(size: PictureSize, layout: Layout) -> Self {
        let mut picture = Self {
            size,
            layout,
            bytes: vec![0; size.bytes()],
        };
        picture.clear();
        picture
    }

    pub(crate) fn size(&self) -> PictureSize {
        self.size
    }

    pub(crate) fn layout(&self) -> Layout {
        self.layout
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes every pixel black.
    pub(crate) fn clear(&mut self) {
        let black = self.layout.fill.to_le_bytes();
        self.bytes.as_chunks_mut().0.fill(black);
    }

    /// `width` pixels of a row as bytes.
    #[inline]
    pub(crate) fn row(&self, x: u32, y: u32, width: u32) -> &[u8] {
        let start = self.offset(x, y);
        &self.bytes[start..start + width as usize * 4]
    }

    #[inline]
    pub(crate) fn row_mut(&mut self, x: u32, y: u32, width: u32) -> &mut [u8] {
        let start = self.offset(x, y);
        &mut self.bytes[start..start + width as usize * 4]
    }

    /// The colour of a pixel as `0x00RRGGBB`, whatever the layout is.
    #[inline]
    pub(crate) fn colour(&self, x: u32, y: u32) -> u32 {
        self.layout.unpack(self.pixel(x, y))
    }

    /// Reads the colours of a row from `(x, y)` on.
    #[inline]
    pub(crate) fn read_row(&self, x: u32, y: u32, colours: &mut [u32]) {
        let bytes = self.row(x, y, colours.len() as u32);
        let pixels = colours.iter_mut().zip(bytes.as_chunks::<4>().0);
        if self.layout.is_bgrx() {
            for (colour, bytes) in pixels {
                *colour = u32::from_le_bytes(*bytes) & COLOUR_MASK;
            }
        } else {
            for (colour, bytes) in pixels {
                *colour = swap(u32::from_le_bytes(*bytes));
            }
        }
    }

    /// Writes the colours of a row from `(x, y)` on.
    #[inline]
    pub(crate) fn write_row(&mut self, x: u32, y: u32, colours: &[u32]) {
        let Layout { fill, .. } = self.layout;
        let is_bgrx = self.layout.is_bgrx();
        let bytes = self.row_mut(x, y, colours.len() as u32);
        let pixels = colours.iter().zip(bytes.as_chunks_mut::<4>().0);
        if is_bgrx {
            for (colour, bytes) in pixels {
                *bytes = (*colour | fill).to_le_bytes();
            }
        } else {
            for (colour, bytes) in pixels {
                *bytes = (swap(*colour) | fill).to_le_bytes();
            }
        }
    }

    #[inline]
    pub(crate) fn pixel(&self, x: u32, y: u32) -> u32 {
        let start = self.offset(x, y);
        word(&self.bytes[start..start + 4])
    }

    /// Reads a tile's colours; what lies outside of the picture is left as it is.
    pub(crate) fn read_tile(&self, rect: Rect, tile: &mut Tile) {
        for (row, line) in (0..rect.height).zip(tile.as_chunks_mut::<SIDE>().0) {
            self.read_row(rect.x, rect.y + row, &mut line[..rect.width as usize]);
        }
    }

    /// Writes a tile's colours.
    pub(crate) fn write_tile(&mut self, rect: Rect, tile: &Tile) {
        for (row, line) in (0..rect.height).zip(tile.as_chunks::<SIDE>().0) {
            self.write_row(rect.x, rect.y + row, &line[..rect.width as usize]);
        }
    }

    /// Fills a rectangle with one pixel value.
    pub(crate) fn fill(&mut self, rect: Rect, value: u32) {
        let value = value.to_le_bytes();
        for row in 0..rect.height {
            for pixel in self
                .row_mut(rect.x, rect.y + row, rect.width)
                .chunks_exact_mut(4)
            {
                pixel.copy_from_slice(&value);
            }
        }
    }

    /// Copies a rectangle from `(from_x, from_y)`; rows are copied so that a source which
    /// overlaps the destination is read before it is written.
    pub(crate) fn copy_within(&mut self, rect: Rect, from_x: u32, from_y: u32) {
        let count = rect.width as usize * 4;
        for step in 0..rect.height {
            let row = if from_y >= rect.y {
                step
            } else {
                rect.height - 1 - step
            };
            let from = self.offset(from_x, from_y + row);
            let to = self.offset(rect.x, rect.y + row);
            self.bytes.copy_within(from..from + count, to);
        }
    }

    /// XXH64 with seed 0 of the pixels as blue, green, red, 0, whatever the layout is.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = twox_hash::XxHash64::with_seed(0);
        if self.layout.is_bgrx() && self.layout.fill == 0 {
            hasher.write(&self.bytes);
            return hasher.finish();
        }
        let mut line = vec![0; self.size.row_bytes()];
        let swap = self.layout.red_shift == 0;
        for row in self.bytes.chunks_exact(self.size.row_bytes()) {
            for (out, pixel) in line.chunks_exact_mut(4).zip(row.chunks_exact(4)) {
                let pixel = word(pixel) & COLOUR_MASK;
                let bgr = if swap { pixel.swap_bytes() >> 8 } else { pixel };
                out.copy_from_slice(&bgr.to_le_bytes());
            }
            hasher.write(&line);
        }
        hasher.finish()
    }

    #[inline]
    fn offset(&self, x: u32, y: u32) -> usize {
        y as usize * self.size.row_bytes() + x as usize * 4
    }
}

/// A colour with red and blue in each other's place.
#[inline(always)]
fn swap(colour: u32) -> u32 {
    colour.swap_bytes() >> 8
}

#[inline(always)]
pub(crate) fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
