//! What encoder and decoder know alike between two frames, besides the picture.

use alloc::vec::Vec;

use crate::cache::TileCache;
use crate::geometry::PictureSize;
use crate::photo::Lossy;
use crate::picture::{Picture, Tile};
use crate::pixels::{Contexts, Lines, Plain, Solids};
use crate::syntax::Syntax;

/// INVARIANT: after each frame it is the same on both sides.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) syntax: Syntax,
    pub(crate) contexts: Contexts,
    pub(crate) plain: Plain,
    pub(crate) solids: Solids,
    pub(crate) lossy: Lossy,
    pub(crate) cache: TileCache,
    pub(crate) step_back: StepBack,
    pub(crate) lines: Lines,
}

impl State {
    pub(crate) fn new(size: PictureSize, cache_slots: u16) -> Self {
        Self {
            syntax: Syntax::NEW,
            contexts: Contexts::new(),
            plain: Plain::NEW,
            solids: Solids::NEW,
            lossy: Lossy::NEW,
            cache: TileCache::new(cache_slots),
            step_back: StepBack::default(),
            lines: Lines::new(size),
        }
    }

    /// Forgets everything, for a key frame.
    pub(crate) fn reset(&mut self) {
        self.syntax = Syntax::NEW;
        self.contexts.reset();
        self.plain = Plain::NEW;
        self.solids = Solids::NEW;
        self.lossy = Lossy::NEW;
        self.cache.clear();
        self.step_back.forget();
    }

    /// The most memory that it takes.
    pub(crate) const fn memory_bound(size: PictureSize, cache_slots: u16) -> usize {
        size_of::<Self>()
            + Contexts::MEMORY_BYTES
            + TileCache::memory_bound(cache_slots)
            + Lines::memory_bytes(size)
            + StepBack::MEMORY_BYTES
    }
}

/// What the tiles of the last frame showed before it: a blinking cursor is two pictures that
/// alternate, and the second time costs nothing.
#[derive(Debug, Default)]
pub(crate) struct StepBack {
    tiles: Vec<(u32, Tile)>,
    /// More tiles changed than are remembered.
    overflowed: bool,
}

impl StepBack {
    const MEMORY_BYTES: usize = Self::MAX_TILES * size_of::<(u32, Tile)>();
    /// A frame with more changed tiles cannot be taken back.
    const MAX_TILES: usize = 64;

    pub(crate) fn forget(&mut self) {
        self.tiles.clear();
        self.overflowed = false;
    }

    /// A frame that cannot be taken back.
    pub(crate) fn give_up(&mut self) {
        self.tiles.clear();
        self.overflowed = true;
    }

    /// Remembers tiles that are about to change.
    pub(crate) fn remember(&mut self, picture: &Picture, first: u32, count: u32) {
        if self.overflowed || self.tiles.len() + count as usize > Self::MAX_TILES {
            return self.give_up();
        }
        for index in first..first + count {
            let mut tile = [0; _];
            picture.read_tile(picture.size().tile_rect(index), &mut tile);
            self.tiles.push((index, tile));
        }
    }

    /// The tiles that changed with what they showed before, in raster order.
    pub(crate) fn tiles(&self) -> &[(u32, Tile)] {
        &self.tiles
    }

    /// Makes the tiles show what they showed before, and remembers what they show now.
    pub(crate) fn apply(&mut self, picture: &mut Picture) {
        for (index, tile) in &mut self.tiles {
            let rect = picture.size().tile_rect(*index);
            let mut shown = [0; _];
            picture.read_tile(rect, &mut shown);
            picture.write_tile(rect, tile);
            *tile = shown;
        }
    }
}
