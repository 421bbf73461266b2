//! What a frame consists of, as arithmetic-coded decisions: the shared half of both sides.
//!
//! ```text
//! time since the frame before    not for the first frame of a packet
//! is it a step back?             then the tiles of the frame before show again what they showed
//! moves                          rectangles that are copied from elsewhere, one after the other
//! runs of tiles                  mode and count, then what the mode takes, until mode "rest"
//! does another frame follow?
//! ```

use crate::entropy::{Bit, Coder, Number, Signed, Tree};
use crate::geometry::{PictureSize, Rect};

/// How a run of tiles is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They stay as they are.
    Kept,
    /// Each is in the tile cache.
    Cached,
    /// All have the same single colour.
    Solid,
    /// Pixels that are predicted from their neighbours.
    Fresh,
    /// The same, also from what the tiles show.
    Over,
    /// Predicted pixels whose differences are stored plainly: photographs.
    Raw,
    /// Transformed and quantised: photographs that move.
    Lossy,
    /// All tiles from here on stay as they are.
    Rest,
}

impl Mode {
    const ALL: [Self; 8] = [
        Self::Kept,
        Self::Cached,
        Self::Solid,
        Self::Fresh,
        Self::Over,
        Self::Raw,
        Self::Lossy,
        Self::Rest,
    ];
}

/// A rectangle that shows what stood at another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Move {
    /// Where it goes.
    pub(crate) to: Rect,
    /// Where it comes from: the upper left corner.
    pub(crate) from_x: u32,
    pub(crate) from_y: u32,
}

/// The learnt probabilities of everything but pixels.
#[derive(Debug, Clone)]
pub(crate) struct Syntax {
    time: Signed,
    coarse_time: Signed,
    time_is_coarse: Bit,
    intervals: [u64; 2],
    follows: Bit,
    is_step_back: [Bit; 2],
    moves: Number,
    move_numbers: [Number; 4],
    move_distances: [Signed; 2],
    mode: [Tree<8>; 8],
    count: [Number; 8],
    is_next_slot: [Bit; 2],
    slot: Number,
    last_mode: usize,
    last_was_next: usize,
    last_was_step_back: usize,
    previous_move: (i32, i32),
}

impl Syntax {
    /// Nothing is known.
    pub(crate) const NEW: Self = Self {
        time: Signed::NEW,
        coarse_time: Signed::NEW,
        time_is_coarse: Bit::NEW,
        intervals: [0; 2],
        follows: Bit::NEW,
        is_step_back: [Bit::NEW; 2],
        moves: Number::NEW,
        move_numbers: [const { Number::NEW }; 4],
        move_distances: [const { Signed::NEW }; 2],
        mode: [const { Tree::NEW }; 8],
        count: [const { Number::NEW }; 8],
        is_next_slot: [Bit::NEW; 2],
        slot: Number::NEW,
        last_mode: 0,
        last_was_next: 0,
        last_was_step_back: 0,
        previous_move: (0, 0),
    };

    /// Microseconds since the frame before, told by how much they differ from those before the
    /// frame before: what blinks does so in two beats.
    pub(crate) fn time<C: Coder>(&mut self, coder: &mut C, micros: u64) -> u64 {
        let [last, expected] = self.intervals;
        let difference = micros.wrapping_sub(expected) as i64;
        let is_coarse = difference % COARSE_MICROS == 0;
        let difference = if coder.bit(&mut self.time_is_coarse, is_coarse) {
            let steps = self.coarse_time.code(coder, difference / COARSE_MICROS);
            steps.wrapping_mul(COARSE_MICROS)
        } else {
            self.time.code(coder, difference)
        };
        let micros = expected.wrapping_add(difference as u64);
        self.intervals = [micros, last];
        micros
    }

    /// Whether another frame follows in the packet.
    pub(crate) fn follows<C: Coder>(&mut self, coder: &mut C, value: bool) -> bool {
        coder.bit(&mut self.follows, value)
    }

    /// Whether the frame takes the one before back.
    pub(crate) fn is_step_back<C: Coder>(&mut self, coder: &mut C, value: bool) -> bool {
        let value = coder.bit(&mut self.is_step_back[self.last_was_step_back], value);
        self.last_was_step_back = usize::from(value);
        value
    }

    /// How many moves there are.
    pub(crate) fn moves<C: Coder>(&mut self, coder: &mut C, count: usize) -> usize {
        self.moves.code(coder, count as u64).min(1 << 16) as usize
    }

    /// A move; `None` if it leaves the picture.
    pub(crate) fn one_move<C: Coder>(
        &mut self,
        coder: &mut C,
        size: PictureSize,
        given: Move,
    ) -> Option<Move> {
        let to = given.to;
        let mut number = |index: usize, value: u32| {
            self.move_numbers[index]
                .code(coder, u64::from(value))
                .min(1 << 16) as u32
        };
        let to = Rect {
            x: number(0, to.x),
            y: number(1, to.y),
            width: number(2, to.width),
            height: number(3, to.height),
        };
        let (last_x, last_y) = self.previous_move;
        let given_x = given.from_x.wrapping_sub(given.to.x) as i32;
        let given_y = given.from_y.wrapping_sub(given.to.y) as i32;
        let mut distance = |index: usize, value: i32, last: i32| {
            let difference = i64::from(value) - i64::from(last);
            let coded = self.move_distances[index].code(coder, difference);
            last.wrapping_add(coded as i32)
        };
        let dx = distance(0, given_x, last_x);
        let dy = distance(1, given_y, last_y);
        self.previous_move = (dx, dy);
        let from_x = to.x.checked_add_signed(dx)?;
        let from_y = to.y.checked_add_signed(dy)?;
        let inside = |start: u32, length: u32, end: u32| {
            length > 0 && start.checked_add(length).is_some_and(|last| last <= end)
        };
        (inside(to.x, to.width, size.width())
            && inside(from_x, to.width, size.width())
            && inside(to.y, to.height, size.height())
            && inside(from_y, to.height, size.height()))
        .then_some(Move { to, from_x, from_y })
    }

    /// A run: its mode, and how many of the `left` tiles it covers; at least 1.
    pub(crate) fn run<C: Coder>(
        &mut self,
        coder: &mut C,
        (mode, count): (Mode, u32),
        left: u32,
    ) -> Option<(Mode, u32)> {
        let mode = self.mode[self.last_mode].code(coder, mode as usize);
        self.last_mode = mode;
        let mode = Mode::ALL[mode];
        if mode == Mode::Rest {
            return Some((mode, left));
        }
        let count = self.count[mode as usize].code(coder, u64::from(count).wrapping_sub(1));
        (count < u64::from(left)).then(|| (mode, count as u32 + 1))
    }

    /// A slot of the cache with a capacity, near the one `expected`.
    pub(crate) fn slot<C: Coder>(
        &mut self,
        coder: &mut C,
        expected: usize,
        slot: usize,
        capacity: usize,
    ) -> usize {
        let is_next = coder.bit(&mut self.is_next_slot[self.last_was_next], slot == expected);
        self.last_was_next = usize::from(is_next);
        if is_next {
            return expected;
        }
        let distance = (slot + capacity - expected) % capacity;
        let distance = self.slot.code(coder, distance as u64) % capacity as u64;
        (expected + distance as usize) % capacity
    }
}

/// Differences of time that are a multiple of this are told by how many times it.
pub(crate) const COARSE_MICROS: i64 = 10_000;

/// More moves in a frame are refused.
pub(crate) const MAX_MOVES: usize = 64;
