//! Tiles as a plane of brightness and two smaller ones of colour.

use super::transform::Block;
use crate::geometry::TILE_SIDE;
use crate::picture::Tile;

/// Brightness in four blocks, and twice colour in one block of half the resolution: the YCoCg
/// space (Malvar and Sullivan, JVT-I014, 2003), each from -128 to 127.
pub(super) struct Planes {
    pub(super) blocks: [Block; BLOCKS],
}

pub(super) const BLOCKS: usize = 6;

impl Planes {
    pub(super) const GREY: Self = Self {
        blocks: [[0; 64]; BLOCKS],
    };

    pub(super) fn of(tile: &Tile) -> Self {
        let mut planes = Self::GREY;
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (red, green, blue) = channels(tile[y * SIDE + x]);
                let luma = (red + 2 * green + blue + 2) >> 2;
                planes.blocks[y / 8 * 2 + x / 8][y % 8 * 8 + x % 8] = luma - 128;
                let at = y / 2 * 8 + x / 2;
                planes.blocks[4][at] += red - blue;
                planes.blocks[5][at] += 2 * green - red - blue;
            }
        }
        // The sums of four pixels, and the scale of both colours.
        for at in 0..64 {
            planes.blocks[4][at] = (planes.blocks[4][at] + 4) >> 3;
            planes.blocks[5][at] = (planes.blocks[5][at] + 8) >> 4;
        }
        planes
    }

    pub(super) fn to_tile(&self) -> Tile {
        let mut tile = [0; SIDE * SIDE];
        for y in 0..SIDE {
            for x in 0..SIDE {
                let luma = self.blocks[y / 8 * 2 + x / 8][y % 8 * 8 + x % 8] + 128;
                let at = y / 2 * 8 + x / 2;
                let (orange, green_part) = (self.blocks[4][at], self.blocks[5][at]);
                let rest = luma - green_part;
                let channel = |value: i32| value.clamp(0, 255) as u32;
                tile[y * SIDE + x] = channel(rest + orange) << 16
                    | channel(luma + green_part) << 8
                    | channel(rest - orange);
            }
        }
        tile
    }
}

fn channels(colour: u32) -> (i32, i32, i32) {
    let channel = |shift: u32| (colour >> shift & 0xFF) as i32;
    (channel(16), channel(8), channel(0))
}

const SIDE: usize = TILE_SIDE as usize;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_of_one_colour_keep_it_almost() {
        for colour in [0, 0xFF_FFFF, 0x12_3456, 0xFF_0000, 0x00_00FF, 0x80_8080] {
            let back = Planes::of(&[colour; 256]).to_tile();
            let (red, green, blue) = channels(colour);
            for pixel in back {
                let (r, g, b) = channels(pixel);
                let distance = (r - red).abs().max((g - green).abs()).max((b - blue).abs());
                assert!(distance <= 2, "{pixel:06x} instead of {colour:06x}");
            }
        }
    }
}
