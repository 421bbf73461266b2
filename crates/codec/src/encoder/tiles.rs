//! Chooses how to code each changed tile.

use super::colours::TileColours;
use super::seen::{SeenTiles, tile_hash};
use crate::cache::TileCache;
use crate::content::{Mode, MotionVector, SectionWriter, colour_bytes};
use crate::geometry::{Rect, TILE_SIDE};
use crate::palette::{RecentPalettes, index_bits};
use crate::picture::{Picture, TILE_PIXELS};
use crate::residual;

/// The mirror of the decoder's state, and the packet being written.
#[derive(Debug)]
pub(super) struct TileEncoder {
    cache: TileCache,
    seen: SeenTiles,
    palettes: RecentPalettes,
    max_palette: usize,
    pub(super) sections: SectionWriter,
}

/// A changed tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChangedTile {
    pub(super) index: u32,
    /// The number of the vector at which the old picture has the same pixels.
    pub(super) copied_by: Option<u8>,
}

impl TileEncoder {
    pub(super) fn new(cache_log2: u8, max_palette: usize) -> Self {
        Self {
            cache: TileCache::new(cache_log2),
            seen: SeenTiles::new(cache_log2),
            palettes: RecentPalettes::default(),
            max_palette,
            sections: SectionWriter::default(),
        }
    }

    /// Forgets everything, for a key frame.
    pub(super) fn reset(&mut self) {
        self.cache.clear();
        self.seen.clear();
        self.palettes.clear();
    }

    /// Writes the sections for a picture in which exactly these tiles changed.
    pub(super) fn encode(
        &mut self,
        picture: &Picture,
        vectors: &[MotionVector],
        changed: impl Iterator<Item = ChangedTile>,
    ) {
        self.sections.begin(vectors);
        let mut next = 0;
        let mut slot = self.cache.next_slot();
        for tile in changed {
            if tile.index > next {
                self.sections
                    .tiles(Mode::Skip, 0, u64::from(tile.index - next));
            }
            next = tile.index + 1;
            match tile.copied_by {
                Some(number) => self.sections.tiles(Mode::Copy, u32::from(number), 1),
                None => self.encode_pixels(picture, tile.index, &mut slot),
            }
        }
    }

    fn encode_pixels(&mut self, picture: &Picture, index: u32, slot: &mut usize) {
        let rect = picture.size().tile_rect(index);
        let mut tile = [0; TILE_PIXELS];
        picture.read_tile(rect, &mut tile);

        let mut colours = TileColours::collect(&tile, rect, self.max_palette);
        if let Some([colour]) = colours.as_ref().map(TileColours::colours) {
            self.sections.tiles(Mode::Solid, *colour, 1);
            return;
        }
        if rect.is_whole_tile() {
            let hash = tile_hash(&tile);
            if let Some(found) = self.seen.find(hash, &tile, &self.cache) {
                self.sections.tiles(Mode::Cached, 0, 1);
                let distance = self.cache.distance(*slot, found);
                self.sections
                    .references
                    .extend_from_slice(&distance.to_le_bytes());
                *slot = found;
                return;
            }
            let inserted = self.cache.insert(&tile);
            self.seen.insert(hash, inserted);
        }
        match &mut colours {
            Some(colours) => self.encode_palette(colours, rect),
            None => {
                self.sections.tiles(Mode::Raw, 0, 1);
                residual::encode(picture, rect, &mut self.sections.raw);
            }
        }
    }

    fn encode_palette(&mut self, colours: &mut TileColours, rect: Rect) {
        self.sections.tiles(Mode::Palette, 0, 1);
        let bits = index_bits(colours.colours().len());
        let shared = self
            .palettes
            .iter()
            .take(PALETTES_TRIED)
            .position(|palette| index_bits(palette.len()) == bits && colours.adopt(palette));
        match shared {
            Some(age) => self.sections.palettes.push(age as u8),
            None => {
                let new = colours.colours();
                self.sections
                    .palettes
                    .push(NEW_PALETTE | (new.len() - 1) as u8);
                for &colour in new {
                    self.sections
                        .palettes
                        .extend_from_slice(&colour_bytes(colour));
                }
                self.palettes.push(new);
            }
        }
        let per_byte = 8 / bits as usize;
        for line in colours
            .indices()
            .chunks_exact(TILE_SIDE as usize)
            .take(rect.height as usize)
        {
            let packed = line[..rect.width as usize].chunks(per_byte).map(|group| {
                group
                    .iter()
                    .rev()
                    .fold(0u16, |byte, &index| (byte << bits) | u16::from(index))
                    as u8
            });
            self.sections.indices.extend(packed);
        }
    }
}

/// See the decoder's constant of this name.
const NEW_PALETTE: u8 = 0x80;
/// Older palettes than this are rarely worth the search.
const PALETTES_TRIED: usize = 16;
