//! Palettes of tiles with few colours, and the recent ones that a tile may share.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// The most colours that the format allows in a palette.
pub(crate) const MAX_COLOURS: usize = 128;

/// How many palettes are remembered.
pub(crate) const REMEMBERED: usize = 32;

/// The palettes introduced last, newest first.
#[derive(Debug, Default)]
pub(crate) struct RecentPalettes {
    palettes: VecDeque<Vec<u32>>,
}

impl RecentPalettes {
    pub(crate) const MEMORY_BYTES: usize = REMEMBERED * (MAX_COLOURS * 4 + 64);

    pub(crate) fn clear(&mut self) {
        self.palettes.clear();
    }

    /// Remembers a new palette and gives it back.
    pub(crate) fn push(&mut self, colours: &[u32]) -> &[u32] {
        let mut entry = if self.palettes.len() == REMEMBERED {
            self.palettes.pop_back().unwrap_or_default()
        } else {
            Vec::new()
        };
        entry.clear();
        entry.extend_from_slice(colours);
        self.palettes.push_front(entry);
        self.palettes.front().map_or(&[], Vec::as_slice)
    }

    /// The palette that was introduced `age` palettes ago.
    pub(crate) fn at(&self, age: usize) -> Option<&[u32]> {
        self.palettes.get(age).map(Vec::as_slice)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.palettes.iter().map(Vec::as_slice)
    }
}

/// How many bits an index takes in a palette of so many colours.
pub(crate) const fn index_bits(colours: usize) -> u32 {
    match colours {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}

/// Bytes of one row of indices; a row starts at a byte.
pub(crate) const fn index_row_bytes(width: u32, bits: u32) -> usize {
    (width * bits).div_ceil(8) as usize
}
