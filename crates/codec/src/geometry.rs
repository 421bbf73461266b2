//! Sizes, rectangles and the tile grid.

/// The side of a tile in pixels.
pub const TILE_SIDE: u32 = 16;

/// The largest width and height of a picture.
pub const MAX_SIDE: u32 = 8192;

/// The size of a picture in pixels; each side is from 1 to [`MAX_SIDE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureSize {
    width: u32,
    height: u32,
}

/// A picture cannot have this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("picture size {width}x{height} is outside of 1x1 to {MAX_SIDE}x{MAX_SIDE}")]
pub struct SizeError {
    /// The refused width.
    pub width: u32,
    /// The refused height.
    pub height: u32,
}

impl PictureSize {
    /// Checks both sides.
    pub fn new(width: u32, height: u32) -> Result<Self, SizeError> {
        if (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height) {
            Ok(Self { width, height })
        } else {
            Err(SizeError { width, height })
        }
    }

    /// Pixels in a row.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Rows.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Bytes of a picture at four bytes a pixel without padding.
    pub const fn bytes(self) -> usize {
        self.row_bytes() * self.height as usize
    }

    /// Pixels of a picture.
    pub(crate) const fn pixels(self) -> u64 {
        self.width as u64 * self.height as u64
    }

    pub(crate) const fn row_bytes(self) -> usize {
        self.width as usize * 4
    }

    pub(crate) const fn columns(self) -> u32 {
        self.width.div_ceil(TILE_SIDE)
    }

    pub(crate) const fn tile_rows(self) -> u32 {
        self.height.div_ceil(TILE_SIDE)
    }

    pub(crate) const fn tiles(self) -> u32 {
        self.columns() * self.tile_rows()
    }

    /// The pixels of the tile with this index in raster order.
    pub(crate) const fn tile_rect(self, index: u32) -> Rect {
        let x = index % self.columns() * TILE_SIDE;
        let y = index / self.columns() * TILE_SIDE;
        Rect {
            x,
            y,
            width: min(TILE_SIDE, self.width - x),
            height: min(TILE_SIDE, self.height - y),
        }
    }
}

impl PictureSize {
    /// The rows of tiles that a run covers, as rectangles with the tiles in each.
    pub(crate) fn blocks(
        self,
        first: u32,
        count: u32,
    ) -> impl Iterator<Item = (Rect, core::ops::Range<u32>)> {
        let columns = self.columns();
        let end = first + count;
        let mut next = first;
        core::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let last = (next - next % columns + columns).min(end) - 1;
            let (left, right) = (self.tile_rect(next), self.tile_rect(last));
            let tiles = next..last + 1;
            next = last + 1;
            Some((
                Rect {
                    width: right.x + right.width - left.x,
                    ..left
                },
                tiles,
            ))
        })
    }
}

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

impl Rect {
    /// Whether the two have a pixel in common.
    #[cfg(feature = "encode")]
    pub(crate) const fn overlaps(&self, other: Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Whether this is a whole tile, not one cut by the picture's edge.
    pub(crate) const fn is_whole_tile(self) -> bool {
        self.width == TILE_SIDE && self.height == TILE_SIDE
    }
}

const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}
