//! Finds how far a window was dragged.

use alloc::vec::Vec;

use super::motion::Vector;
use super::source::Source;
use crate::geometry::{Rect, TILE_SIDE};
use crate::picture::{Picture, TILE_PIXELS};

/// Looks for small pieces of the new frame anywhere in the old picture's changed part.
#[derive(Debug, Default)]
pub(super) struct DragFinder {
    pieces: Vec<Piece>,
    /// Which hashes of two pixels a piece begins with.
    beginnings: Vec<u64>,
    votes: Vec<(Vector, u32)>,
    line: Vec<u32>,
    /// How often nothing was found in a row, and how many frames are left out therefore.
    failures: u32,
    left_out: u32,
}

/// Some pixels beside each other.
#[derive(Debug, Clone, Copy)]
struct Piece {
    hash: u64,
    x: u32,
    y: u32,
}

impl DragFinder {
    /// The distance from where pieces of the frame are to where they were, if many agree.
    pub(super) fn find(
        &mut self,
        source: &Source<'_>,
        picture: &Picture,
        changed: &[u32],
    ) -> Option<Vector> {
        if changed.len() < MIN_TILES {
            return None;
        }
        if self.left_out < self.failures.min(MAX_LEFT_OUT) {
            self.left_out += 1;
            return None;
        }
        self.left_out = 0;
        let vector = self.look(source, picture, changed);
        self.failures = vector.map_or(self.failures.saturating_add(1), |_| 0);
        vector
    }

    fn look(&mut self, source: &Source<'_>, picture: &Picture, changed: &[u32]) -> Option<Vector> {
        self.collect(source, picture, changed);
        if self.pieces.len() < MIN_PIECES {
            return None;
        }
        self.search(picture, bounds(picture, changed)?);
        let &(vector, votes) = self.votes.iter().max_by_key(|(_, votes)| votes)?;
        let is_still = vector == Vector { dx: 0, dy: 0 };
        (!is_still && votes as usize * 8 * SEARCHED_ROW >= self.pieces.len()).then_some(vector)
    }

    /// Takes pieces out of some of the changed tiles, where there is much to see.
    fn collect(&mut self, source: &Source<'_>, picture: &Picture, changed: &[u32]) {
        self.pieces.clear();
        self.beginnings.clear();
        self.beginnings.resize(BEGINNINGS / 64, 0);
        let size = picture.size();
        for &index in changed.iter().step_by(changed.len().div_ceil(MAX_PIECES)) {
            let rect = size.tile_rect(index);
            if !rect.is_whole_tile() {
                continue;
            }
            let mut tile = [0; TILE_PIXELS];
            source.read_tile(rect, &mut tile);
            let lines = tile.as_chunks::<{ TILE_SIDE as usize }>().0;
            // As many rows as are left out between those that are searched: one of them is there.
            let found = lines
                .iter()
                .zip(rect.y..)
                .filter_map(|(line, y)| Some((line, busy_part(line)?, y)));
            for (line, start, y) in found.take(SEARCHED_ROW) {
                let pixels = &line[start..start + PIECE];
                let beginning = beginning(pixels[0], pixels[1]);
                self.beginnings[beginning / 64] |= 1 << (beginning % 64);
                let x = rect.x + start as u32;
                let hash = piece_hash(pixels);
                self.pieces.push(Piece { hash, x, y });
            }
        }
        self.pieces.sort_unstable_by_key(|piece| piece.hash);
    }

    fn search(&mut self, picture: &Picture, area: Rect) {
        self.votes.clear();
        let mut line = core::mem::take(&mut self.line);
        line.resize(area.width as usize, 0);
        for y in (area.y..area.y + area.height).step_by(SEARCHED_ROW) {
            picture.read_row(area.x, y, &mut line);
            for (pixels, x) in line.windows(PIECE).zip(area.x..) {
                let beginning = beginning(pixels[0], pixels[1]);
                if self.beginnings[beginning / 64] >> (beginning % 64) & 1 == 0 {
                    continue;
                }
                let hash = piece_hash(pixels);
                let first = self.pieces.partition_point(|piece| piece.hash < hash);
                let alike = self.pieces[first..]
                    .iter()
                    .take_while(|piece| piece.hash == hash);
                for piece in alike.take(MAX_ALIKE) {
                    let vector = Vector {
                        dx: x as i32 - piece.x as i32,
                        dy: y as i32 - piece.y as i32,
                    };
                    match self.votes.iter().position(|(voted, _)| *voted == vector) {
                        Some(place) => self.votes[place].1 += 1,
                        None if self.votes.len() < MAX_VECTORS => self.votes.push((vector, 1)),
                        None => {}
                    }
                }
            }
        }
        self.line = line;
    }
}

/// The smallest rectangle with all changed tiles.
fn bounds(picture: &Picture, changed: &[u32]) -> Option<Rect> {
    let size = picture.size();
    let (first, last) = (*changed.first()?, *changed.last()?);
    let columns = || changed.iter().map(|index| index % size.columns());
    let (top, bottom) = (size.tile_rect(first), size.tile_rect(last));
    let left = columns().min()? * TILE_SIDE;
    let right = ((columns().max()? + 1) * TILE_SIDE).min(size.width());
    Some(Rect {
        x: left,
        y: top.y,
        width: right - left,
        height: bottom.y + bottom.height - top.y,
    })
}

/// Where a row of a tile has much to see.
fn busy_part(line: &[u32; TILE_SIDE as usize]) -> Option<usize> {
    (0..=line.len() - PIECE).find(|&x| {
        let steps = line[x..x + PIECE]
            .windows(2)
            .filter(|pair| pair[0] != pair[1]);
        line[x] != line[x + 1] && steps.count() >= MIN_STEPS
    })
}

#[inline(always)]
fn beginning(first: u32, second: u32) -> usize {
    let mixed = first.wrapping_mul(0x9E37_79B1) ^ second.wrapping_mul(0x85EB_CA6B);
    (mixed >> 20) as usize & (BEGINNINGS - 1)
}

fn piece_hash(pixels: &[u32]) -> u64 {
    pixels.iter().fold(0, |hash: u64, &pixel| {
        (hash ^ u64::from(pixel))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
    })
}

/// Each so-manieth row of the old picture is searched.
const SEARCHED_ROW: usize = 4;
/// Pixels of a piece.
const PIECE: usize = 8;
/// A piece has so many changes of colour.
const MIN_STEPS: usize = 4;
/// Of more tiles some are left out.
const MAX_PIECES: usize = 96;
/// Fewer pieces prove nothing.
const MIN_PIECES: usize = 8;
/// A smaller change is not worth the search.
const MIN_TILES: usize = 48;
const BEGINNINGS: usize = 1 << 12;
/// Dragging takes several frames; while nothing is dragged at most so many are left out between
/// two that are searched.
const MAX_LEFT_OUT: u32 = 4;
/// Of pieces that look alike no more vote.
const MAX_ALIKE: usize = 4;
/// More distances are not counted.
const MAX_VECTORS: usize = 256;
