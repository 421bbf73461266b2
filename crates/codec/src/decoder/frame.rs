//! One frame of a packet.

use super::changes::ChangedTiles;
use super::error::DecodeError;
use crate::entropy::{BitReader, Coder, RangeDecoder};
use crate::geometry::Rect;
use crate::picture::Picture;
use crate::pixels::{Reach, Unknown, code_block, code_plain_block};
use crate::state::State;
use crate::syntax::{MAX_MOVES, Mode, Move};

/// What a packet may still ask for, so that few bytes cannot keep a decoder busy for long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Pixels to write.
    pixels: u64,
}

impl Allowance {
    /// For one packet: every pixel twice, and some for many small frames.
    pub(super) fn of(picture: &Picture) -> Self {
        Self {
            pixels: 2 * picture.size().pixels() + EXTRA_PIXELS,
        }
    }

    fn take(&mut self, pixels: u64) -> Result<(), DecodeError> {
        self.pixels = self
            .pixels
            .checked_sub(pixels)
            .ok_or(DecodeError::BadContent("amount of work"))?;
        Ok(())
    }
}

/// Decodes frames into a picture.
pub(super) struct FrameDecoder<'a, 'b> {
    pub(super) coder: &'a mut RangeDecoder<'b>,
    pub(super) bits: &'a mut BitReader<'b>,
    pub(super) state: &'a mut State,
    pub(super) picture: &'a mut Picture,
    pub(super) changes: &'a mut ChangedTiles,
    pub(super) allowance: &'a mut Allowance,
}

impl FrameDecoder<'_, '_> {
    /// Decodes a frame.
    pub(super) fn decode(&mut self) -> Result<(), DecodeError> {
        self.allowance.take(FRAME_PIXELS)?;
        let state = &mut *self.state;
        if state.syntax.is_step_back(self.coder, false) {
            let tiles = state.step_back.tiles();
            self.allowance.take(tiles.len() as u64 * TILE_PIXELS)?;
            for (index, _) in tiles {
                self.changes.mark(*index, 1);
            }
            state.step_back.apply(self.picture);
            return self.check();
        }
        state.step_back.forget();
        self.moves()?;
        self.tiles()?;
        self.check()
    }

    fn moves(&mut self) -> Result<(), DecodeError> {
        let count = self.state.syntax.moves(self.coder, 0);
        if count > MAX_MOVES {
            return Err(DecodeError::BadContent("number of moves"));
        }
        if count > 0 {
            self.state.step_back.give_up();
        }
        for _ in 0..count {
            let nowhere = Move {
                to: Rect {
                    x: 0,
                    y: 0,
                    width: 0,
                    height: 0,
                },
                from_x: 0,
                from_y: 0,
            };
            let size = self.picture.size();
            let Move { to, from_x, from_y } = self
                .state
                .syntax
                .one_move(self.coder, size, nowhere)
                .ok_or(DecodeError::BadContent("move"))?;
            self.allowance
                .take(u64::from(to.width) * u64::from(to.height))?;
            self.picture.copy_within(to, from_x, from_y);
            self.changes.mark_rect(to);
        }
        Ok(())
    }

    fn tiles(&mut self) -> Result<(), DecodeError> {
        let tiles = self.picture.size().tiles();
        let mut expected = self.state.cache.next_slot();
        let mut index = 0;
        while index < tiles {
            let (mode, count) = self
                .state
                .syntax
                .run(self.coder, (Mode::Rest, 0), tiles - index)
                .ok_or(DecodeError::BadContent("run of tiles"))?;
            self.allowance.take(RUN_PIXELS)?;
            match mode {
                Mode::Rest => break,
                Mode::Kept => {}
                _ => {
                    self.allowance.take(u64::from(count) * TILE_PIXELS)?;
                    self.state.step_back.remember(self.picture, index, count);
                    self.changes.mark(index, count);
                    self.run(mode, index, count, &mut expected)?;
                    self.check()?;
                }
            }
            index += count;
        }
        Ok(())
    }

    fn run(
        &mut self,
        mode: Mode,
        first: u32,
        count: u32,
        expected: &mut usize,
    ) -> Result<(), DecodeError> {
        let state = &mut *self.state;
        let size = self.picture.size();
        match mode {
            Mode::Kept | Mode::Rest => {}
            Mode::Cached => {
                for index in first..first + count {
                    let capacity = state.cache.capacity();
                    let slot = state.syntax.slot(self.coder, *expected, 0, capacity);
                    let tile = state
                        .cache
                        .tile(slot)
                        .ok_or(DecodeError::BadContent("cache slot"))?;
                    self.picture.write_tile(size.tile_rect(index), tile);
                    *expected = (slot + 1) % capacity;
                }
            }
            Mode::Solid => {
                let rect = size.tile_rect(first);
                let colour = state.solids.code(self.coder, self.picture, rect, 0);
                let pixel = self.picture.layout().pack(colour);
                for index in first..first + count {
                    self.picture.fill(size.tile_rect(index), pixel);
                }
            }
            Mode::Fresh | Mode::Over | Mode::Raw => {
                let reach = if mode == Mode::Over {
                    Reach::Over
                } else {
                    Reach::Fresh
                };
                for (block, tiles) in size.blocks(first, count) {
                    let State {
                        contexts,
                        lines,
                        plain,
                        cache,
                        ..
                    } = &mut *state;
                    if mode == Mode::Raw {
                        code_plain_block(
                            self.bits,
                            plain,
                            lines,
                            self.picture,
                            block,
                            &mut Unknown,
                        );
                    } else {
                        code_block(
                            self.coder,
                            contexts,
                            lines,
                            self.picture,
                            block,
                            reach,
                            &mut Unknown,
                        );
                    }
                    for index in tiles {
                        cache.take_in(self.picture, index);
                    }
                }
            }
            Mode::Lossy => {
                let quantiser = state.lossy.quantiser(self.coder, 0);
                for index in first..first + count {
                    let rect = size.tile_rect(index);
                    let mut tile = [0; _];
                    self.picture.read_tile(rect, &mut tile);
                    state.lossy.decode(self.coder, quantiser, &mut tile);
                    self.picture.write_tile(rect, &tile);
                }
            }
        }
        Ok(())
    }

    /// An error if more was read than the packet has.
    fn check(&self) -> Result<(), DecodeError> {
        if self.coder.is_exhausted() || self.bits.is_exhausted() {
            return Err(DecodeError::BadContent("length"));
        }
        Ok(())
    }
}

pub(crate) const TILE_PIXELS: u64 = 256;
/// What a frame costs besides its pixels.
pub(crate) const FRAME_PIXELS: u64 = 64;
/// What a run of tiles costs, also if they stay as they are.
const RUN_PIXELS: u64 = 16;
/// What a packet may ask for besides its picture twice.
pub(crate) const EXTRA_PIXELS: u64 = 1 << 20;
