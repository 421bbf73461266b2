//! Applies the tile operations of one packet to the picture.

use alloc::vec::Vec;

use super::changes::ChangedTiles;
use super::error::DecodeError;
use crate::bytes::ByteReader;
use crate::cache::TileCache;
use crate::content::{Mode, MotionVector, Sections};
use crate::geometry::{Rect, TILE_SIDE};
use crate::palette::{MAX_COLOURS, RecentPalettes, index_bits, index_row_bytes};
use crate::picture::{Layout, Picture, TILE_PIXELS, Tile};
use crate::residual;

/// The state between packets besides picture and compression.
#[derive(Debug)]
pub(crate) struct TileDecoder {
    /// Tiles in the picture's layout.
    cache: TileCache,
    /// Palettes in the picture's layout.
    palettes: RecentPalettes,
    copies: Vec<Copy>,
    /// The pixels of copied tiles, one after the other.
    gathered: Vec<u8>,
}

/// A tile and where it comes from.
#[derive(Debug, Clone, Copy)]
struct Copy {
    rect: Rect,
    from_x: u32,
    from_y: u32,
}

impl TileDecoder {
    /// What planning copies takes for each tile, growth of the list included.
    pub(crate) const PLAN_BYTES_PER_TILE: usize = 2 * size_of::<Copy>();

    pub(super) fn new(cache_log2: u8) -> Self {
        Self {
            cache: TileCache::new(cache_log2),
            palettes: RecentPalettes::default(),
            copies: Vec::new(),
            gathered: Vec::new(),
        }
    }

    /// Forgets everything, for a key frame.
    pub(super) fn reset(&mut self) {
        self.cache.clear();
        self.palettes.clear();
    }

    /// Applies a packet's content.
    pub(super) fn apply(
        &mut self,
        content: &[u8],
        picture: &mut Picture,
        changes: &mut ChangedTiles,
    ) -> Result<(), DecodeError> {
        let sections = Sections::read(content).ok_or(DecodeError::BadContent("sections"))?;
        if !sections.vectors.is_empty() {
            self.plan_copies(&sections, picture)?;
            self.copy(&sections.vectors, picture);
        }
        self.place_tiles(sections, picture, changes)
    }

    /// Collects the copied tiles: all of them read the picture as it was before the packet.
    fn plan_copies(
        &mut self,
        sections: &Sections<'_>,
        picture: &Picture,
    ) -> Result<(), DecodeError> {
        self.copies.clear();
        let mut operations = sections.operations.clone();
        let mut references = sections.references.clone();
        let size = picture.size();
        let mut walk = Walk::new(size.tiles());
        while let Some((mode, first, count)) = walk.next(&mut operations)? {
            match mode {
                Mode::Copy => {
                    let vector = vector(&sections.vectors, &mut references)?;
                    for index in first..first + count {
                        let rect = size.tile_rect(index);
                        let (from_x, from_y) = source(rect, vector, picture)
                            .ok_or(DecodeError::BadContent("motion vector"))?;
                        self.copies.push(Copy {
                            rect,
                            from_x,
                            from_y,
                        });
                    }
                }
                Mode::Cached => {
                    references
                        .take(count as usize * 2)
                        .ok_or(DecodeError::BadContent("references"))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn copy(&mut self, vectors: &[MotionVector], picture: &mut Picture) {
        // With one vertical vector an order exists in which no source is overwritten early.
        if let [MotionVector { dx: 0, dy }] = *vectors {
            let place = |copy: &Copy| picture.copy_within(copy.rect, copy.from_x, copy.from_y);
            if dy > 0 {
                self.copies.iter().for_each(place);
            } else {
                self.copies.iter().rev().for_each(place);
            }
            return;
        }
        self.gathered.clear();
        let bytes = |copy: &Copy| (copy.rect.width * copy.rect.height) as usize * 4;
        self.gathered
            .reserve_exact(self.copies.iter().map(bytes).sum());
        for copy in &self.copies {
            for row in 0..copy.rect.height {
                let line = picture.row(copy.from_x, copy.from_y + row, copy.rect.width);
                self.gathered.extend_from_slice(line);
            }
        }
        let mut gathered = self.gathered.as_slice();
        for Copy { rect, .. } in &self.copies {
            for row in 0..rect.height {
                let (line, rest) = gathered.split_at(rect.width as usize * 4);
                picture
                    .row_mut(rect.x, rect.y + row, rect.width)
                    .copy_from_slice(line);
                gathered = rest;
            }
        }
    }

    fn place_tiles(
        &mut self,
        mut sections: Sections<'_>,
        picture: &mut Picture,
        changes: &mut ChangedTiles,
    ) -> Result<(), DecodeError> {
        let size = picture.size();
        let layout = picture.layout();
        let mut operations = sections.operations.clone();
        let mut slot = self.cache.next_slot();
        let mut tile = [0; TILE_PIXELS];
        let mut walk = Walk::new(size.tiles());
        while let Some((mode, first, count)) = walk.next(&mut operations)? {
            if mode != Mode::Skip {
                changes.mark(first, count);
            }
            match mode {
                Mode::Skip => {}
                Mode::Copy => {
                    vector(&sections.vectors, &mut sections.references)?;
                }
                Mode::Solid => {
                    let value = colour(&mut sections.palettes, layout)?;
                    for index in first..first + count {
                        picture.fill(size.tile_rect(index), value);
                    }
                }
                Mode::Cached => {
                    for index in first..first + count {
                        let distance = sections
                            .references
                            .u16()
                            .ok_or(DecodeError::BadContent("references"))?;
                        slot = self.cache.at_distance(slot, distance);
                        let tile = self
                            .cache
                            .tile(slot)
                            .ok_or(DecodeError::BadContent("tile reference"))?;
                        picture.write_tile(size.tile_rect(index), tile);
                    }
                }
                Mode::Palette => {
                    for index in first..first + count {
                        let rect = size.tile_rect(index);
                        self.palette_tile(&mut sections, layout, rect, &mut tile)?;
                        picture.write_tile(rect, &tile);
                        if rect.is_whole_tile() {
                            self.cache.insert(&tile);
                        }
                    }
                }
                Mode::Raw => {
                    for index in first..first + count {
                        let rect = size.tile_rect(index);
                        let planes = sections
                            .raw
                            .take((rect.width * rect.height) as usize * 3)
                            .ok_or(DecodeError::BadContent("pixels"))?;
                        residual::decode(picture, rect, planes)
                            .ok_or(DecodeError::BadContent("pixels"))?;
                        if rect.is_whole_tile() {
                            picture.read_tile(rect, &mut tile);
                            for pixel in &mut tile {
                                *pixel |= layout.fill;
                            }
                            self.cache.insert(&tile);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads a tile of palette indices.
    fn palette_tile(
        &mut self,
        sections: &mut Sections<'_>,
        layout: Layout,
        rect: Rect,
        tile: &mut Tile,
    ) -> Result<(), DecodeError> {
        let bad_palette = DecodeError::BadContent("palette");
        let control = sections.palettes.u8().ok_or(bad_palette)?;
        let palette = if control & NEW_PALETTE == 0 {
            self.palettes.at(usize::from(control)).ok_or(bad_palette)?
        } else {
            let count = usize::from(control & !NEW_PALETTE) + 1;
            let mut colours = [0; MAX_COLOURS];
            for value in &mut colours[..count] {
                *value = colour(&mut sections.palettes, layout)?;
            }
            self.palettes.push(&colours[..count])
        };
        let bits = index_bits(palette.len());
        let mask = (1u32 << bits) - 1;
        let per_byte = 8 / bits as usize;
        for line in tile
            .chunks_exact_mut(TILE_SIDE as usize)
            .take(rect.height as usize)
        {
            let packed = sections
                .indices
                .take(index_row_bytes(rect.width, bits))
                .ok_or(DecodeError::BadContent("indices"))?;
            let line = &mut line[..rect.width as usize];
            for (pixels, &byte) in line.chunks_mut(per_byte).zip(packed) {
                let mut byte = u32::from(byte);
                for pixel in pixels {
                    *pixel = *palette
                        .get((byte & mask) as usize)
                        .ok_or(DecodeError::BadContent("palette index"))?;
                    byte >>= bits;
                }
            }
        }
        Ok(())
    }
}

/// Walks over the runs of operations and keeps them inside of the picture.
struct Walk {
    position: u32,
    tiles: u32,
}

impl Walk {
    fn new(tiles: u32) -> Self {
        Self { position: 0, tiles }
    }

    /// The next run: what it does, its first tile and how many tiles it has.
    fn next(
        &mut self,
        operations: &mut ByteReader<'_>,
    ) -> Result<Option<(Mode, u32, u32)>, DecodeError> {
        let run =
            Sections::next_run(operations).map_err(|_| DecodeError::BadContent("operation"))?;
        let Some((mode, count)) = run else {
            return Ok(None);
        };
        let first = self.position;
        let count = u32::try_from(count)
            .ok()
            .filter(|&count| count <= self.tiles - first)
            .ok_or(DecodeError::BadContent("run of tiles"))?;
        self.position += count;
        Ok(Some((mode, first, count)))
    }
}

/// The vector of a run: the only one, or the one whose number stands among the references.
fn vector(
    vectors: &[MotionVector],
    references: &mut ByteReader<'_>,
) -> Result<MotionVector, DecodeError> {
    let number = match vectors {
        [_] => Some(0),
        _ => references.u8(),
    };
    number
        .and_then(|number| vectors.get(usize::from(number)))
        .copied()
        .ok_or(DecodeError::BadContent("motion vector"))
}

/// Where a tile is copied from, if that is inside of the picture.
fn source(rect: Rect, vector: MotionVector, picture: &Picture) -> Option<(u32, u32)> {
    let size = picture.size();
    let x = rect.x.checked_add_signed(i32::from(vector.dx))?;
    let y = rect.y.checked_add_signed(i32::from(vector.dy))?;
    (x + rect.width <= size.width() && y + rect.height <= size.height()).then_some((x, y))
}

fn colour(palettes: &mut ByteReader<'_>, layout: Layout) -> Result<u32, DecodeError> {
    let [blue, green, red] = palettes.array().ok_or(DecodeError::BadContent("colour"))?;
    Ok(layout.pack(u32::from_le_bytes([blue, green, red, 0])))
}

/// In a palette's first byte: new colours follow; else the number is the palette's age.
const NEW_PALETTE: u8 = 0x80;
