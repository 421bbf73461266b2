//! The sequences section of a compressed block (RFC 8878, section 3.1.1.3.2).

use alloc::vec::Vec;

use super::ZstdError;
use super::bits::BackwardBits;
use super::fse::{FseState, FseTable};

/// The tables and recent offsets that one block hands on to the next.
#[derive(Debug)]
pub(super) struct SequenceState {
    literal_lengths: Option<FseTable>,
    offsets: Option<FseTable>,
    match_lengths: Option<FseTable>,
    recent: [usize; 3],
}

impl SequenceState {
    pub(super) fn new() -> Self {
        Self {
            literal_lengths: None,
            offsets: None,
            match_lengths: None,
            recent: [1, 4, 8],
        }
    }

    /// Decodes the section `bytes` and writes the block's content to `out`.
    pub(super) fn execute(
        &mut self,
        bytes: &[u8],
        literals: &[u8],
        out: &mut Output<'_>,
    ) -> Result<(), ZstdError> {
        let (count, bytes) = read_count(bytes)?;
        if count == 0 {
            if !bytes.is_empty() {
                return Err(ZstdError::Corrupt("sequences"));
            }
            return out.literals(literals);
        }
        let (&modes, bytes) = bytes.split_first().ok_or(ZstdError::Truncated)?;
        if modes & 3 != 0 {
            return Err(ZstdError::Corrupt("sequence modes"));
        }
        let bytes = LITERAL_LENGTHS.update(&mut self.literal_lengths, modes >> 6, bytes)?;
        let bytes = OFFSETS.update(&mut self.offsets, (modes >> 4) & 3, bytes)?;
        let bytes = MATCH_LENGTHS.update(&mut self.match_lengths, (modes >> 2) & 3, bytes)?;
        let (Some(literal_lengths), Some(offsets), Some(match_lengths)) =
            (&self.literal_lengths, &self.offsets, &self.match_lengths)
        else {
            return Err(ZstdError::Corrupt("reuse of a missing table"));
        };

        let mut bits = BackwardBits::new(bytes)?;
        let mut literal_length_state = FseState::new(literal_lengths, &mut bits);
        let mut offset_state = FseState::new(offsets, &mut bits);
        let mut match_length_state = FseState::new(match_lengths, &mut bits);
        let mut literals = literals;
        for index in 0..count {
            let offset_code = u32::from(offset_state.symbol());
            let offset_value = (1usize << offset_code) + bits.take(offset_code) as usize;
            let (base, extra) = MATCH_LENGTH_CODES[usize::from(match_length_state.symbol())];
            let match_length = (base + bits.take(u32::from(extra))) as usize;
            let (base, extra) = LITERAL_LENGTH_CODES[usize::from(literal_length_state.symbol())];
            let literal_length = (base + bits.take(u32::from(extra))) as usize;
            if index + 1 < count {
                literal_length_state.advance(&mut bits);
                match_length_state.advance(&mut bits);
                offset_state.advance(&mut bits);
            }
            if bits.left() < 0 {
                return Err(ZstdError::Corrupt("sequences"));
            }
            let (run, rest) = literals
                .split_at_checked(literal_length)
                .ok_or(ZstdError::Corrupt("literal length"))?;
            literals = rest;
            out.literals(run)?;
            let offset = resolve_offset(&mut self.recent, offset_value, literal_length == 0)?;
            out.repeat(offset, match_length)?;
        }
        if bits.left() != 0 {
            return Err(ZstdError::Corrupt("sequences"));
        }
        out.literals(literals)
    }
}

/// Where a block's content goes, with its two limits.
pub(super) struct Output<'a> {
    pub(super) history: &'a mut Vec<u8>,
    /// How far back a match may reach.
    pub(super) window: usize,
    /// The length that the history must not exceed.
    pub(super) limit: usize,
}

impl Output<'_> {
    pub(super) fn literals(&mut self, bytes: &[u8]) -> Result<(), ZstdError> {
        self.check(bytes.len())?;
        self.history.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn fill(&mut self, byte: u8, count: usize) -> Result<(), ZstdError> {
        self.check(count)?;
        self.history.resize(self.history.len() + count, byte);
        Ok(())
    }

    fn repeat(&mut self, offset: usize, mut count: usize) -> Result<(), ZstdError> {
        self.check(count)?;
        if offset > self.window || offset > self.history.len() {
            return Err(ZstdError::Corrupt("match offset"));
        }
        let start = self.history.len() - offset;
        while count > 0 {
            // The copied part repeats with the period `offset`, so each step may double it.
            let step = count.min(self.history.len() - start);
            self.history.extend_from_within(start..start + step);
            count -= step;
        }
        Ok(())
    }

    fn check(&self, more: usize) -> Result<(), ZstdError> {
        if more > self.limit - self.history.len() {
            return Err(ZstdError::ContentTooLong { limit: self.limit });
        }
        Ok(())
    }
}

/// Turns an offset value into a distance and remembers it (RFC 8878, section 3.1.1.5).
fn resolve_offset(
    recent: &mut [usize; 3],
    value: usize,
    no_literals: bool,
) -> Result<usize, ZstdError> {
    if value > 3 {
        *recent = [value - 3, recent[0], recent[1]];
        return Ok(recent[0]);
    }
    match value - 1 + usize::from(no_literals) {
        0 => {}
        1 => recent.swap(0, 1),
        2 => *recent = [recent[2], recent[0], recent[1]],
        _ => {
            if recent[0] <= 1 {
                return Err(ZstdError::Corrupt("match offset"));
            }
            *recent = [recent[0] - 1, recent[0], recent[1]];
        }
    }
    Ok(recent[0])
}

fn read_count(bytes: &[u8]) -> Result<(usize, &[u8]), ZstdError> {
    match *bytes {
        [first, ref rest @ ..] if first < 128 => Ok((usize::from(first), rest)),
        [255, low, high, ref rest @ ..] => {
            Ok((usize::from(u16::from_le_bytes([low, high])) + 0x7F00, rest))
        }
        [first, low, ref rest @ ..] if first < 255 => {
            Ok((((usize::from(first) - 128) << 8) + usize::from(low), rest))
        }
        _ => Err(ZstdError::Truncated),
    }
}

/// One of the three kinds of symbol: its limits and its predefined table.
struct SymbolKind {
    max_accuracy: u32,
    max_symbol: u8,
    default_accuracy: u32,
    default: &'static [i16],
}

impl SymbolKind {
    /// Applies a table mode and returns the bytes after the table's description.
    fn update<'a>(
        &self,
        table: &mut Option<FseTable>,
        mode: u8,
        bytes: &'a [u8],
    ) -> Result<&'a [u8], ZstdError> {
        match mode & 3 {
            0 => {
                *table = Some(FseTable::build(self.default, self.default_accuracy)?);
                Ok(bytes)
            }
            1 => {
                let (&symbol, rest) = bytes.split_first().ok_or(ZstdError::Truncated)?;
                if symbol > self.max_symbol {
                    return Err(ZstdError::Corrupt("symbol"));
                }
                *table = Some(FseTable::constant(symbol));
                Ok(rest)
            }
            2 => {
                let (read, used) =
                    FseTable::read(bytes, self.max_accuracy, usize::from(self.max_symbol))?;
                *table = Some(read);
                Ok(&bytes[used..])
            }
            _ => Ok(bytes),
        }
    }
}

const LITERAL_LENGTHS: SymbolKind = SymbolKind {
    max_accuracy: 9,
    max_symbol: 35,
    default_accuracy: 6,
    default: &[
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1,
        1, 1, -1, -1, -1, -1,
    ],
};

const OFFSETS: SymbolKind = SymbolKind {
    max_accuracy: 8,
    max_symbol: 31,
    default_accuracy: 5,
    default: &[
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
    ],
};

const MATCH_LENGTHS: SymbolKind = SymbolKind {
    max_accuracy: 9,
    max_symbol: 52,
    default_accuracy: 6,
    default: &[
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
};

/// Base and extra bits of each literal length code.
const LITERAL_LENGTH_CODES: [(u32, u8); 36] = [
    (0, 0),
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 0),
    (12, 0),
    (13, 0),
    (14, 0),
    (15, 0),
    (16, 1),
    (18, 1),
    (20, 1),
    (22, 1),
    (24, 2),
    (28, 2),
    (32, 3),
    (40, 3),
    (48, 4),
    (64, 6),
    (128, 7),
    (256, 8),
    (512, 9),
    (1024, 10),
    (2048, 11),
    (4096, 12),
    (8192, 13),
    (16384, 14),
    (32768, 15),
    (65536, 16),
];

/// Base and extra bits of each match length code.
const MATCH_LENGTH_CODES: [(u32, u8); 53] = {
    let mut codes = [(0, 0); 53];
    let mut code = 0;
    while code < 32 {
        codes[code] = (code as u32 + 3, 0);
        code += 1;
    }
    let extra = [
        1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ];
    let mut base = 35;
    while code < 53 {
        let bits = extra[code - 32];
        codes[code] = (base, bits);
        base += 1 << bits;
        code += 1;
    }
    codes
};
