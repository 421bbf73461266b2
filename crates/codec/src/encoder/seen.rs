//! Finds a tile in the cache by its pixels.

use alloc::vec;
use alloc::vec::Vec;

use crate::cache::TileCache;
use crate::picture::Tile;

/// From a tile's hash to the two slots that last held such a tile; a guess that the caller's
/// cache confirms, so stale entries do no harm.
#[derive(Debug)]
pub(super) struct SeenTiles {
    buckets: Vec<[u32; 2]>,
    shift: u32,
}

impl SeenTiles {
    pub(super) fn new(cache_slots: u16) -> Self {
        let log2 = usize::from(cache_slots).next_power_of_two().ilog2() + 1;
        Self {
            buckets: vec![[EMPTY; 2]; 1 << log2],
            shift: 64 - log2,
        }
    }

    pub(super) fn clear(&mut self) {
        self.buckets.fill([EMPTY; 2]);
    }

    /// The slot of an equal tile in `cache`, if it is found.
    pub(super) fn find(&self, hash: u64, tile: &Tile, cache: &TileCache) -> Option<usize> {
        self.buckets[self.bucket(hash)]
            .into_iter()
            .map(|slot| slot as usize)
            .find(|&slot| cache.tile(slot) == Some(tile))
    }

    pub(super) fn insert(&mut self, hash: u64, slot: usize) {
        let bucket = self.bucket(hash);
        let [newest, _] = self.buckets[bucket];
        self.buckets[bucket] = [slot as u32, newest];
    }

    fn bucket(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize
    }
}

/// A hash of a tile's pixels whose top bits are good.
pub(super) fn tile_hash(tile: &Tile) -> u64 {
    // Four lanes, so that the multiplications overlap.
    let mut lanes = [1u64, 2, 3, 4];
    for eight in tile.as_chunks::<8>().0 {
        for (lane, pair) in lanes.iter_mut().zip(eight.as_chunks::<2>().0) {
            let word = u64::from(pair[0]) << 32 | u64::from(pair[1]);
            *lane = (*lane ^ word).wrapping_mul(MULTIPLIER).rotate_left(31);
        }
    }
    lanes.into_iter().fold(0, |hash, lane| {
        (hash ^ lane).wrapping_mul(MULTIPLIER).rotate_left(31)
    })
}

const EMPTY: u32 = u32::MAX;
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
