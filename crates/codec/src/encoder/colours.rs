//! Collects the colours of a tile.

use crate::geometry::{Rect, TILE_SIDE};
use crate::palette::MAX_COLOURS;
use crate::picture::{TILE_PIXELS, Tile};

/// The distinct colours of a tile in ascending order, and every pixel's place among them.
pub(super) struct TileColours {
    colours: [u32; MAX_COLOURS],
    count: usize,
    indices: [u8; TILE_PIXELS],
}

impl TileColours {
    /// Collects them; `None` if there are more than `most`.
    pub(super) fn collect(tile: &Tile, rect: Rect, most: usize) -> Option<Self> {
        let mut found = Self {
            colours: [0; MAX_COLOURS],
            count: 0,
            indices: [0; TILE_PIXELS],
        };
        // Places plus one by hash, open addressing; at most half full.
        let mut places = [0u8; PLACES];
        let mut previous = (!0, 0);
        let side = TILE_SIDE as usize;
        for row in 0..rect.height as usize {
            let line = row * side..row * side + rect.width as usize;
            for (&colour, index) in tile[line.clone()].iter().zip(line) {
                if colour != previous.0 {
                    previous = (colour, found.place(colour, most, &mut places)?);
                }
                found.indices[index] = previous.1;
            }
        }
        found.sort();
        Some(found)
    }

    pub(super) fn colours(&self) -> &[u32] {
        &self.colours[..self.count]
    }

    pub(super) fn indices(&self) -> &[u8; TILE_PIXELS] {
        &self.indices
    }

    /// Makes the indices refer to `palette` instead, if it has all the colours.
    pub(super) fn adopt(&mut self, palette: &[u32]) -> bool {
        let mut map = [0u8; MAX_COLOURS];
        let mut candidates = palette.iter().zip(0u8..);
        for (place, &colour) in map.iter_mut().zip(self.colours()) {
            match candidates.find(|&(&candidate, _)| candidate >= colour) {
                Some((&candidate, index)) if candidate == colour => *place = index,
                _ => return false,
            }
        }
        self.remap(&map);
        true
    }

    fn place(&mut self, colour: u32, most: usize, places: &mut [u8; PLACES]) -> Option<u8> {
        let mut slot = (colour.wrapping_mul(0x9E37_79B1) >> PLACE_SHIFT) as usize;
        loop {
            let place = places[slot];
            if place == 0 {
                break;
            }
            if self.colours[usize::from(place) - 1] == colour {
                return Some(place - 1);
            }
            slot = (slot + 1) % PLACES;
        }
        if self.count == most {
            return None;
        }
        self.colours[self.count] = colour;
        self.count += 1;
        places[slot] = self.count as u8;
        Some(self.count as u8 - 1)
    }

    /// In order of value equal sets of colours give equal bytes, wherever the tile begins.
    fn sort(&mut self) {
        let mut order = [0u8; MAX_COLOURS];
        for (place, index) in order.iter_mut().zip(0..) {
            *place = index;
        }
        let order = &mut order[..self.count];
        order.sort_unstable_by_key(|&place| self.colours[usize::from(place)]);
        let mut map = [0u8; MAX_COLOURS];
        for (rank, &place) in (0u8..).zip(order.iter()) {
            map[usize::from(place)] = rank;
        }
        self.remap(&map);
        self.colours[..self.count].sort_unstable();
    }

    fn remap(&mut self, map: &[u8; MAX_COLOURS]) {
        for index in &mut self.indices {
            *index = map[usize::from(*index)];
        }
    }
}

const PLACES: usize = 2 * MAX_COLOURS;
const PLACE_SHIFT: u32 = 32 - PLACES.ilog2();
