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
    /// Distances by their hash, with how many pieces have them.
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
            // Of the rows that are left out between two that are searched each is as likely.
            for first in 0..SEARCHED_ROW {
                let mut rows = lines
                    .windows(2)
                    .zip(rect.y..)
                    .skip(first)
                    .step_by(SEARCHED_ROW);
                let found = rows.find_map(|(rows, y)| Some((rows, busy_part(&rows[0])?, y)));
                let Some((rows, start, y)) = found else {
                    continue;
                };
                let [pixels, below] = [0, 1].map(|row| &rows[row][start..start + PIECE]);
                let beginning = place_of(pixels[0], pixels[1]);
                self.beginnings[beginning / 64] |= 1 << (beginning % 64);
                let x = rect.x + start as u32;
                let hash = piece_hash(pixels, below);
                self.pieces.push(Piece { hash, x, y });
            }
        }
        self.pieces.sort_unstable_by_key(|piece| piece.hash);
    }

    fn search(&mut self, picture: &Picture, area: Rect) {
        self.votes.clear();
        let nothing = (Vector { dx: 0, dy: 0 }, 0);
        self.votes.resize(VOTES + MAX_PROBES, nothing);
        let mut line = core::mem::take(&mut self.line);
        line.resize(area.width as usize, 0);
        for y in (area.y..area.y + area.height - 1).step_by(SEARCHED_ROW) {
            picture.read_row(area.x, y, &mut line);
            for (pixels, x) in line.windows(PIECE).zip(area.x..) {
                let beginning = place_of(pixels[0], pixels[1]);
                if self.beginnings[beginning / 64] >> (beginning % 64) & 1 == 0 {
                    continue;
                }
                let mut below = [0; PIECE];
                picture.read_row(x, y + 1, &mut below);
                let hash = piece_hash(pixels, &below);
                let first = self.pieces.partition_point(|piece| piece.hash < hash);
                let alike = self.pieces[first..]
                    .iter()
                    .take_while(|piece| piece.hash == hash);
                for piece in alike.take(MAX_ALIKE) {
                    let vector = Vector {
                        dx: x as i32 - piece.x as i32,
                        dy: y as i32 - piece.y as i32,
                    };
                    let mixed = place_of(vector.dx as u32, vector.dy as u32) % VOTES;
                    let near = self.votes.iter_mut().skip(mixed).take(MAX_PROBES);
                    let place = { near }.find(|(voted, votes)| *votes == 0 || *voted == vector);
                    if let Some((voted, votes)) = place {
                        *voted = vector;
                        *votes += 1;
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
fn place_of(first: u32, second: u32) -> usize {
    let mixed = first.wrapping_mul(0x9E37_79B1) ^ second.wrapping_mul(0x85EB_CA6B);
    (mixed >> 18) as usize & (BEGINNINGS - 1)
}

/// A hash of a piece and of what is below it, without which lines that are drawn twice would be
/// taken for one another.
fn piece_hash(pixels: &[u32], below: &[u32]) -> u64 {
    pixels.iter().chain(below).fold(0, |hash: u64, &pixel| {
        (hash ^ u64::from(pixel))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
    })
}

/// Of so many rows of the old picture one is searched.
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
const BEGINNINGS: usize = 1 << 14;
/// Dragging takes several frames; while nothing is dragged at most so many are left out between
/// two that are searched.
const MAX_LEFT_OUT: u32 = 4;
/// Of pieces that look alike no more vote.
const MAX_ALIKE: usize = 4;
/// Places for distances to be counted at.
const VOTES: usize = 1 << 12;
/// A distance is counted so far from its place at most.
const MAX_PROBES: usize = 8;
