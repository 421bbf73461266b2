//! Finds the vertical shift that explains most of a frame's changes.

use alloc::vec;
use alloc::vec::Vec;

use super::FrameRef;
use crate::geometry::{PictureSize, TILE_SIDE};
use crate::picture::{COLOUR_MASK, Picture};

/// Looks for rows of the new frame among those of the old picture, in columns 64 pixels wide.
#[derive(Debug)]
pub(super) struct ScrollFinder {
    size: PictureSize,
    /// Old rows by hash, open addressing; a power of two of slots.
    rows: Vec<OldRow>,
    /// Votes by shift, from `1 - height` on.
    votes: Vec<u32>,
    /// Changed tiles in each column.
    weights: Vec<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct OldRow {
    hash: u64,
    y: u32,
    /// How many rows look like this; 0 where the slot is free.
    count: u32,
}

impl ScrollFinder {
    pub(super) fn new(size: PictureSize) -> Self {
        let height = size.height() as usize;
        Self {
            size,
            rows: vec![OldRow::default(); (2 * height).next_power_of_two()],
            votes: vec![0; 2 * height],
            weights: vec![0; size.columns().div_ceil(COLUMN_TILES) as usize],
        }
    }

    /// The distance from a new row to the same row in the old picture, if many rows have it.
    pub(super) fn find(
        &mut self,
        frame: FrameRef<'_>,
        last: &Picture,
        changed: &[u32],
    ) -> Option<i16> {
        let columns = self.size.columns();
        let (first, last_tile) = (*changed.first()?, *changed.last()?);
        let top = first / columns * TILE_SIDE;
        let bottom = ((last_tile / columns + 1) * TILE_SIDE).min(self.size.height());
        if changed.len() < MIN_TILES || bottom - top < MIN_ROWS {
            return None;
        }
        self.weights.fill(0);
        for index in changed {
            self.weights[(index % columns / COLUMN_TILES) as usize] += 1;
        }
        self.votes.fill(0);
        for _ in 0..MAX_COLUMNS {
            let (column, &weight) = self
                .weights
                .iter()
                .enumerate()
                .max_by_key(|&(_, weight)| weight)?;
            if weight < MIN_TILES as u32 {
                break;
            }
            self.weights[column] = 0;
            let voters = self.vote(frame, last, column as u32, top..bottom);
            // What a column says clearly the others need not confirm.
            let most = self.votes.iter().max().copied().unwrap_or(0);
            if most >= CLEAR_VOTES && most * 4 >= voters * 3 {
                break;
            }
        }
        let (index, &most) = self
            .votes
            .iter()
            .enumerate()
            .max_by_key(|&(_, votes)| votes)?;
        let shift = index as i32 - self.size.height() as i32;
        if most < MIN_VOTES || shift == 0 {
            return None;
        }
        i16::try_from(shift).ok()
    }

    /// Lets the rows of a column vote; says how many did.
    fn vote(
        &mut self,
        frame: FrameRef<'_>,
        last: &Picture,
        column: u32,
        rows: core::ops::Range<u32>,
    ) -> u32 {
        let mut voters = 0;
        let x = column * COLUMN_TILES * TILE_SIDE;
        let width = (COLUMN_TILES * TILE_SIDE).min(self.size.width() - x);
        let mask = self.rows.len() - 1;
        self.rows.fill(OldRow::default());
        for y in rows.clone() {
            let Some(hash) = row_hash(last.row(x, y, width)) else {
                continue;
            };
            let mut slot = hash as usize & mask;
            while self.rows[slot].count > 0 && self.rows[slot].hash != hash {
                slot = (slot + 1) & mask;
            }
            let row = &mut self.rows[slot];
            *row = OldRow {
                hash,
                y,
                count: row.count + 1,
            };
        }
        let step = if rows.len() > MANY_ROWS { 2 } else { 1 };
        for y in rows.step_by(step) {
            let Some(hash) = row_hash(frame.row(x, y, width)) else {
                continue;
            };
            let mut slot = hash as usize & mask;
            while self.rows[slot].count > 0 && self.rows[slot].hash != hash {
                slot = (slot + 1) & mask;
            }
            let row = self.rows[slot];
            // A row that occurs twice does not say which way things went.
            if row.count == 1 {
                voters += 1;
                self.votes[(row.y + self.size.height() - y) as usize] += 1;
            }
        }
        voters
    }
}

/// A hash of a row's colours; `None` if it has only one.
fn row_hash(row: &[u8]) -> Option<u64> {
    let mask = u64::from(COLOUR_MASK) << 32 | u64::from(COLOUR_MASK);
    let (blocks, rest) = row.as_chunks::<32>();
    let pairs = |block: &[u8; 32]| {
        let pairs = block.as_chunks::<8>().0;
        [0, 1, 2, 3].map(|index| u64::from_le_bytes(pairs[index]) & mask)
    };
    let first = blocks.first().map_or(0, |block| pairs(block)[0]);
    let mut variety = (first ^ first.rotate_left(32)) & mask;
    // Four lanes, so that the multiplications overlap.
    let mut lanes = [1u64, 2, 3, 4];
    for block in blocks {
        for (lane, pair) in lanes.iter_mut().zip(pairs(block)) {
            variety |= pair ^ first;
            *lane = (*lane ^ pair).wrapping_mul(MULTIPLIER).rotate_left(29);
        }
    }
    let mut hash = 0u64;
    for word in lanes
        .into_iter()
        .chain(rest.iter().map(|&byte| u64::from(byte)))
    {
        hash = (hash ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    }
    (variety != 0).then_some(hash ^ (hash >> 32))
}

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
/// A column of rows is this many tiles wide.
const COLUMN_TILES: u32 = 4;
/// At most this many columns vote, those with the most changes.
const MAX_COLUMNS: usize = 3;
/// Fewer changed tiles are not worth the search.
const MIN_TILES: usize = 6;
/// Of more rows every second one votes.
const MANY_ROWS: usize = 160;
/// A lower change is not worth the search.
const MIN_ROWS: u32 = 24;
/// So many that agree are clear, if most do.
const CLEAR_VOTES: u32 = 32;
/// Fewer rows that agree may be chance.
const MIN_VOTES: u32 = 8;
