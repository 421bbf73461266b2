//! The ring of recent tiles that encoder and decoder keep alike.

use alloc::vec::Vec;

use crate::picture::Tile;

/// The newest `1 << log2` tiles, by slot.
#[derive(Debug)]
pub(crate) struct TileCache {
    tiles: Vec<Tile>,
    capacity: usize,
    next: usize,
}

impl TileCache {
    pub(crate) fn new(log2: u8) -> Self {
        Self {
            tiles: Vec::new(),
            capacity: 1 << log2,
            next: 0,
        }
    }

    /// The most memory that a cache of this size holds.
    pub(crate) const fn memory_bound(log2: u8) -> usize {
        size_of::<Tile>() << log2
    }

    pub(crate) fn clear(&mut self) {
        self.tiles.clear();
        self.next = 0;
    }

    /// Stores a tile over the oldest one and returns its slot.
    pub(crate) fn insert(&mut self, tile: &Tile) -> usize {
        let slot = self.next;
        if slot < self.tiles.len() {
            self.tiles[slot] = *tile;
        } else {
            if self.tiles.len() == self.tiles.capacity() {
                let most = self.capacity - self.tiles.len();
                self.tiles
                    .reserve_exact((self.tiles.len() / 2).max(64).min(most));
            }
            self.tiles.push(*tile);
        }
        self.next = (slot + 1) % self.capacity;
        slot
    }

    pub(crate) fn tile(&self, slot: usize) -> Option<&Tile> {
        self.tiles.get(slot)
    }

    /// The slot that the next tile will take: where references of a packet start from.
    pub(crate) fn next_slot(&self) -> usize {
        self.next
    }

    /// How far `slot` is from the one expected after `previous`.
    pub(crate) fn distance(&self, previous: usize, slot: usize) -> u16 {
        (slot.wrapping_sub(previous + 1) & (self.capacity - 1)) as u16
    }

    /// The slot at this distance from the one expected after `previous`.
    pub(crate) fn at_distance(&self, previous: usize, distance: u16) -> usize {
        (previous + 1 + usize::from(distance)) & (self.capacity - 1)
    }
}
