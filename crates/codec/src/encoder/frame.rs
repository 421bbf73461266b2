//! One frame of a packet.

use alloc::vec::Vec;

use super::classify::{is_better_over, is_photograph, may_be_film, only_colour};
use super::film::{Film, Treatment};
use super::seen::{SeenTiles, tile_hash};
use super::source::Source;
use crate::entropy::{BitWriter, RangeEncoder};
use crate::media_time::MediaTime;
use crate::picture::{Picture, TILE_PIXELS, Tile};
use crate::pixels::{Reach, code_block, code_plain_block};
use crate::state::State;
use crate::syntax::{Mode, Move};

/// Encodes frames and brings the picture up to them.
pub(super) struct FrameEncoder<'a, 'b> {
    pub(super) coder: &'a mut RangeEncoder,
    pub(super) bits: &'a mut BitWriter,
    pub(super) state: &'a mut State,
    pub(super) seen: &'a mut SeenTiles,
    pub(super) picture: &'a mut Picture,
    pub(super) source: &'a mut Source<'b>,
    /// Slots of the tiles in the open run, if they are cached.
    pub(super) slots: &'a mut Vec<usize>,
    pub(super) film: &'a mut Film,
    /// When the frame was taken.
    pub(super) time: MediaTime,
    pub(super) cost: Cost,
}

/// What a frame took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// What decoding its tiles will take, in about nanoseconds.
    pub(super) work: u64,
    /// Bytes of tiles that are told with less detail.
    pub(super) film_bytes: usize,
    /// How many of these there are.
    pub(super) film_tiles: u32,
}

/// Whether the picture before counts for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// It is black, since this is a key frame.
    Nothing,
    Picture,
}

/// Tiles one after the other that are told alike.
#[derive(Debug, Clone, Copy)]
struct Run {
    mode: Mode,
    first: u32,
    count: u32,
    /// The colour of solid tiles.
    colour: u32,
}

impl FrameEncoder<'_, '_> {
    /// A frame that takes the one before back.
    pub(super) fn step_back(&mut self) {
        self.state.syntax.is_step_back(self.coder, true);
        self.state.step_back.apply(self.picture);
        // The frame shows the same, or it would not be a step back.
        for (index, _) in self.state.step_back.tiles() {
            self.film.set_exact(*index);
        }
    }

    /// A frame with moves, which the picture has taken over already, and the tiles that differ
    /// from the picture, in raster order.
    pub(super) fn encode(
        &mut self,
        moves: &[Move],
        changed: impl Iterator<Item = u32>,
        before: Before,
    ) {
        self.moves(moves);
        let mut expected = self.state.cache.next_slot();
        let mut open: Option<Run> = None;
        let mut done = 0;
        for index in changed {
            let Some((mut run, mut slot)) = self.choose(index, before) else {
                continue;
            };
            open = match open {
                Some(run_before) if run_before.goes_on_with(&run) => Some(Run {
                    count: run_before.count + 1,
                    ..run_before
                }),
                Some(run_before) => {
                    done = self.write(run_before, done, &mut expected);
                    // What was written may have taken the slot.
                    if slot.is_some() {
                        let Some(again) = self.choose(index, before) else {
                            open = None;
                            continue;
                        };
                        (run, slot) = again;
                    }
                    Some(run)
                }
                None => Some(run),
            };
            self.slots.extend(slot);
        }
        if let Some(run) = open {
            done = self.write(run, done, &mut expected);
        }
        let left = self.picture.size().tiles() - done;
        if left > 0 {
            self.state.syntax.run(self.coder, (Mode::Rest, left), left);
        }
    }

    fn moves(&mut self, moves: &[Move]) {
        let state = &mut *self.state;
        state.syntax.is_step_back(self.coder, false);
        state.step_back.forget();
        state.syntax.moves(self.coder, moves.len());
        if !moves.is_empty() {
            state.step_back.give_up();
        }
        for &one in moves {
            state.syntax.one_move(self.coder, self.picture.size(), one);
        }
    }

    /// How to tell a tile, and its slot if it is in the cache; `None` if it stays as it is.
    fn choose(&mut self, index: u32, before: Before) -> Option<(Run, Option<usize>)> {
        let mut tile = [0; TILE_PIXELS];
        let rect = self.picture.size().tile_rect(index);
        self.source.read_tile(rect, &mut tile);
        let run = |mode| Run {
            mode,
            first: index,
            count: 1,
            colour: 0,
        };
        if let Some(colour) = only_colour(&tile, rect) {
            self.film.set_exact(index);
            let run = Run {
                colour,
                ..run(Mode::Solid)
            };
            return Some((run, None));
        }
        let hash = tile_hash(&tile);
        if rect.is_whole_tile()
            && let Some(slot) = self.seen.find(hash, &tile, &self.state.cache)
        {
            self.film.set_exact(index);
            return Some((run(Mode::Cached), Some(slot)));
        }
        if before == Before::Picture && !self.film.is_inexact(index) {
            let mut shown: Tile = [0; TILE_PIXELS];
            self.picture.read_tile(rect, &mut shown);
            if is_better_over(&tile, &shown) {
                self.cost.film_bytes += self.film.edge_bytes(index);
                return Some((run(Mode::Over), None));
            }
        }
        let is_photograph = is_photograph(&tile);
        let is_film = is_photograph || self.film.is_near_film(index) && may_be_film(&tile);
        if is_film && rect.is_whole_tile() {
            match self.film.treat(index, hash, self.time) {
                Treatment::Later if before == Before::Picture => return None,
                Treatment::Later | Treatment::Lossy => return Some((run(Mode::Lossy), None)),
                Treatment::Exact => {}
            }
        }
        self.cost.film_bytes += self.film.edge_bytes(index);
        self.film.set_exact(index);
        let mode = if is_photograph {
            Mode::Raw
        } else {
            Mode::Fresh
        };
        Some((run(mode), None))
    }

    /// Writes a run after the first `done` tiles, and says how many are done then.
    fn write(&mut self, run: Run, done: u32, expected: &mut usize) -> u32 {
        let size = self.picture.size();
        self.cost.work += u64::from(run.count) * tile_work(run.mode);
        let state = &mut *self.state;
        let left = size.tiles() - done;
        if run.first > done {
            let kept = (Mode::Kept, run.first - done);
            state.syntax.run(self.coder, kept, left);
        }
        let end = run.first + run.count;
        state
            .syntax
            .run(self.coder, (run.mode, run.count), size.tiles() - run.first);
        state.step_back.remember(self.picture, run.first, run.count);
        match run.mode {
            Mode::Kept | Mode::Rest => {}
            Mode::Lossy => self.write_lossy(run),
            Mode::Cached => {
                for (index, slot) in (run.first..end).zip(self.slots.drain(..)) {
                    let capacity = state.cache.capacity();
                    state.syntax.slot(self.coder, *expected, slot, capacity);
                    if let Some(tile) = state.cache.tile(slot) {
                        self.picture.write_tile(size.tile_rect(index), tile);
                    }
                    *expected = (slot + 1) % capacity;
                }
            }
            Mode::Solid => {
                let rect = size.tile_rect(run.first);
                state
                    .solids
                    .code(self.coder, self.picture, rect, run.colour);
                let pixel = self.picture.layout().pack(run.colour);
                for index in run.first..end {
                    self.picture.fill(size.tile_rect(index), pixel);
                }
            }
            Mode::Fresh | Mode::Over | Mode::Raw => self.write_pixels(run),
        }
        end
    }

    fn write_lossy(&mut self, run: Run) {
        let size = self.picture.size();
        let quantiser = self.film.quantiser();
        let before = self.coder.bytes();
        self.state.lossy.quantiser(self.coder, quantiser);
        for index in run.first..run.first + run.count {
            let rect = size.tile_rect(index);
            let (mut actual, mut shown) = ([0; TILE_PIXELS], [0; TILE_PIXELS]);
            self.source.read_tile(rect, &mut actual);
            self.picture.read_tile(rect, &mut shown);
            self.state
                .lossy
                .encode(self.coder, quantiser, &mut shown, &actual);
            self.picture.write_tile(rect, &shown);
        }
        self.cost.film_bytes += self.coder.bytes() - before;
        self.cost.film_tiles += run.count;
    }

    fn write_pixels(&mut self, run: Run) {
        let reach = if run.mode == Mode::Over {
            Reach::Over
        } else {
            Reach::Fresh
        };
        for (block, tiles) in self.picture.size().blocks(run.first, run.count) {
            let State {
                contexts,
                lines,
                plain,
                cache,
                ..
            } = &mut *self.state;
            if run.mode == Mode::Raw {
                code_plain_block(self.bits, plain, lines, self.picture, block, self.source);
            } else {
                code_block(
                    self.coder,
                    contexts,
                    lines,
                    self.picture,
                    block,
                    reach,
                    self.source,
                );
            }
            for index in tiles {
                if let Some(slot) = cache.take_in(self.picture, index)
                    && let Some(tile) = cache.tile(slot)
                {
                    self.seen.insert(tile_hash(tile), slot);
                }
            }
        }
    }
}

/// What decoding a tile takes besides its bytes, in about nanoseconds.
fn tile_work(mode: Mode) -> u64 {
    match mode {
        Mode::Kept | Mode::Rest => 0,
        Mode::Solid => 80,
        Mode::Cached => 150,
        Mode::Fresh | Mode::Over => 2_500,
        Mode::Raw => 5_000,
        Mode::Lossy => 3_000,
    }
}

impl Run {
    fn goes_on_with(&self, next: &Self) -> bool {
        self.mode == next.mode
            && self.first + self.count == next.first
            && self.colour == next.colour
    }
}
