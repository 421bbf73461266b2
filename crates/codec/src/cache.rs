//! The ring of recent tiles that encoder and decoder keep alike.

use alloc::vec::Vec;

use crate::picture::{Picture, TILE_PIXELS, Tile};

/// The newest tiles, by slot.
#[derive(Debug)]
pub(crate) struct TileCache {
    /// Tiles by slot, in pieces: what is there is not copied as the cache grows.
    pieces: Vec<Vec<Tile>>,
    capacity: usize,
    next: usize,
}

impl TileCache {
    pub(crate) fn new(slots: u16) -> Self {
        Self {
            pieces: Vec::new(),
            capacity: usize::from(slots),
            next: 0,
        }
    }

    /// The most memory that a cache of this size holds.
    pub(crate) const fn memory_bound(slots: u16) -> usize {
        size_of::<Tile>() * (slots as usize).next_multiple_of(PIECE_TILES)
    }

    pub(crate) fn clear(&mut self) {
        // The memory will be needed again.
        for piece in &mut self.pieces {
            piece.clear();
        }
        self.next = 0;
    }

    /// Stores a tile over the oldest one and returns its slot.
    pub(crate) fn insert(&mut self, tile: &Tile) -> usize {
        let slot = self.next;
        let (piece, place) = (slot / PIECE_TILES, slot % PIECE_TILES);
        if piece == self.pieces.len() {
            self.pieces.push(Vec::with_capacity(PIECE_TILES));
        }
        let piece = &mut self.pieces[piece];
        match piece.get_mut(place) {
            Some(old) => *old = *tile,
            None => piece.push(*tile),
        }
        self.next = (slot + 1) % self.capacity;
        slot
    }

    pub(crate) fn tile(&self, slot: usize) -> Option<&Tile> {
        self.pieces.get(slot / PIECE_TILES)?.get(slot % PIECE_TILES)
    }

    /// The slot that the next tile will take: where references of a frame start from.
    pub(crate) fn next_slot(&self) -> usize {
        self.next
    }

    /// How many tiles there is room for; not 0.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Stores a tile of the picture, if it is a whole one, and returns its slot.
    pub(crate) fn take_in(&mut self, picture: &Picture, index: u32) -> Option<usize> {
        let rect = picture.size().tile_rect(index);
        if !rect.is_whole_tile() {
            return None;
        }
        let mut tile = [0; TILE_PIXELS];
        picture.read_tile(rect, &mut tile);
        Some(self.insert(&tile))
    }
}

const PIECE_TILES: usize = 256;
