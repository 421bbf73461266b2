//! How a changed tile is best told.

use crate::geometry::Rect;
use crate::picture::{TILE_PIXELS, Tile};

/// The colour of a tile that has only one; its pixels outside of `rect` are 0.
pub(super) fn only_colour(tile: &Tile, rect: Rect) -> Option<u32> {
    let first = tile[0];
    let is_only = if rect.is_whole_tile() {
        tile.iter().fold(0, |bits, colour| bits | (colour ^ first)) == 0
    } else {
        let lines = tile.as_chunks::<16>().0.iter().take(rect.height as usize);
        let mut colours = lines.flat_map(|line| &line[..rect.width as usize]);
        colours.all(|&colour| colour == first)
    };
    is_only.then_some(first)
}

/// Whether almost every pixel of a tile has a colour of its own.
pub(super) fn is_photograph(tile: &Tile) -> bool {
    has_colours(tile, PHOTOGRAPH_STEPS, PHOTOGRAPH_COLOURS)
}

/// Whether a tile beside a film belongs to it: its dark or blurred parts have fewer colours.
pub(super) fn may_be_film(tile: &Tile) -> bool {
    has_colours(tile, FILM_STEPS, FILM_COLOURS)
}

fn has_colours(tile: &Tile, min_steps: usize, min_colours: u32) -> bool {
    // Text has long runs of one colour; only what changes all the time is worth counting.
    let steps = tile.windows(2).filter(|pair| pair[0] != pair[1]).count();
    steps >= min_steps
        && colours(tile.iter()) >= min_colours
        && quarters(tile).all(|quarter| colours(quarter) >= QUARTER_COLOURS)
}

/// The pixels of each quarter: where a title stands at the edge of a film, one is plainer.
fn quarters(tile: &Tile) -> impl Iterator<Item = impl Iterator<Item = &u32>> {
    [(0, 0), (8, 0), (0, 8), (8, 8)].into_iter().map(|(x, y)| {
        let lines = tile.as_chunks::<16>().0.iter().skip(y).take(8);
        lines.flat_map(move |line| &line[x..x + 8])
    })
}

/// Whether a tile is told better from what is shown in its place than from its own pixels: what
/// costs are the steps from one pixel to the next, and those from kept pixels to others.
pub(super) fn is_better_over(tile: &Tile, shown: &Tile) -> bool {
    let mut alone = 0u32;
    let mut over = 0u32;
    for (new, old) in tile
        .as_chunks::<16>()
        .0
        .iter()
        .zip(shown.as_chunks::<16>().0)
    {
        for x in 1..16 {
            let step = u32::from(new[x] != new[x - 1]);
            let kept = new[x] == old[x];
            let turn = u32::from(kept != (new[x - 1] == old[x - 1]));
            alone += step;
            over += turn + (step & u32::from(!kept));
        }
    }
    over < alone
}

/// How many colours there are, about: two that fall on the same place count once.
fn colours<'a>(pixels: impl Iterator<Item = &'a u32>) -> u32 {
    let mut seen = [0u64; 16];
    for colour in pixels {
        let hash = colour.wrapping_mul(0x9E37_79B1) >> 22;
        seen[(hash >> 6) as usize & 15] |= 1 << (hash & 63);
    }
    seen.iter().map(|bits| bits.count_ones()).sum()
}

const PHOTOGRAPH_STEPS: usize = TILE_PIXELS * 5 / 8;
const PHOTOGRAPH_COLOURS: u32 = 100;
const FILM_STEPS: usize = TILE_PIXELS / 2;
const FILM_COLOURS: u32 = 40;
/// A quarter of a photograph has at least so many, out of 64.
const QUARTER_COLOURS: u32 = 24;
