//! Finite-state entropy tables (RFC 8878, section 4.1).

use super::ZstdError;
use super::bits::{BackwardBits, ForwardBits};

/// A decoding table for symbols up to 52 and at most 9 bits of accuracy.
#[derive(Debug, Clone)]
pub(super) struct FseTable {
    accuracy: u32,
    entries: [Entry; MAX_ENTRIES],
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    baseline: u16,
    bits: u8,
    symbol: u8,
}

impl FseTable {
    /// A table that always gives `symbol` and takes no bits.
    pub(super) fn constant(symbol: u8) -> Self {
        let mut table = Self::empty();
        table.entries[0].symbol = symbol;
        table
    }

    pub(super) const fn empty() -> Self {
        const NOTHING: Entry = Entry {
            baseline: 0,
            bits: 0,
            symbol: 0,
        };
        Self {
            accuracy: 0,
            entries: [NOTHING; MAX_ENTRIES],
        }
    }

    /// Reads a table description and returns the table and the bytes it took.
    pub(super) fn read(
        bytes: &[u8],
        max_accuracy: u32,
        max_symbol: usize,
    ) -> Result<(Self, usize), ZstdError> {
        let mut reader = ForwardBits::new(bytes);
        let accuracy = reader.take(4) + 5;
        if accuracy > max_accuracy {
            return Err(ZstdError::Corrupt("table accuracy"));
        }
        let mut probabilities = [0i16; MAX_SYMBOLS];
        let mut symbol = 0;
        let mut remaining = 1i32 << accuracy;
        while remaining > 0 {
            if symbol > max_symbol {
                return Err(ZstdError::Corrupt("table symbols"));
            }
            let probability = read_probability(&mut reader, remaining);
            remaining -= probability.abs();
            probabilities[symbol] = probability as i16;
            symbol += 1;
            if probability == 0 {
                loop {
                    let zeros = reader.take(2) as usize;
                    symbol += zeros;
                    if zeros != 3 || symbol > max_symbol {
                        break;
                    }
                }
            }
        }
        if remaining != 0 || symbol > max_symbol + 1 {
            return Err(ZstdError::Corrupt("table probabilities"));
        }
        let used = reader.bytes_used()?;
        Ok((Self::build(&probabilities[..symbol], accuracy)?, used))
    }

    /// Builds a table from probabilities that sum to `1 << accuracy`, -1 counting as 1.
    pub(super) fn build(probabilities: &[i16], accuracy: u32) -> Result<Self, ZstdError> {
        let mut table = Self::empty();
        table.accuracy = accuracy;
        let size = 1usize << accuracy;
        let mut next = [0u32; MAX_SYMBOLS];
        let mut top = size;
        for (symbol, &probability) in probabilities.iter().enumerate() {
            if probability == -1 {
                top -= 1;
                table.entries[top].symbol = symbol as u8;
                next[symbol] = 1;
            }
        }
        let step = (size >> 1) + (size >> 3) + 3;
        let mut position = 0;
        for (symbol, &probability) in probabilities.iter().enumerate() {
            if probability <= 0 {
                continue;
            }
            next[symbol] = probability as u32;
            for _ in 0..probability {
                table.entries[position].symbol = symbol as u8;
                position = (position + step) & (size - 1);
                while position >= top {
                    position = (position + step) & (size - 1);
                }
            }
        }
        if position != 0 {
            return Err(ZstdError::Corrupt("table probabilities"));
        }
        for entry in &mut table.entries[..size] {
            let state = &mut next[usize::from(entry.symbol)];
            let bits = accuracy - state.ilog2();
            entry.bits = bits as u8;
            entry.baseline = ((*state << bits) - size as u32) as u16;
            *state += 1;
        }
        Ok(table)
    }
}

/// A state walking through a table.
pub(super) struct FseState<'a> {
    table: &'a FseTable,
    entry: Entry,
}

impl<'a> FseState<'a> {
    pub(super) fn new(table: &'a FseTable, bits: &mut BackwardBits<'_>) -> Self {
        let entry = table.entries[bits.take(table.accuracy) as usize];
        Self { table, entry }
    }

    #[inline(always)]
    pub(super) fn symbol(&self) -> u8 {
        self.entry.symbol
    }

    #[inline(always)]
    pub(super) fn advance(&mut self, bits: &mut BackwardBits<'_>) {
        let next = u32::from(self.entry.baseline) + bits.take(u32::from(self.entry.bits));
        self.entry = self.table.entries[next as usize & (MAX_ENTRIES - 1)];
    }
}

/// Reads one probability, a number of at most `remaining + 1` in as few bits as possible.
fn read_probability(reader: &mut ForwardBits<'_>, remaining: i32) -> i32 {
    let largest = remaining as u32 + 1;
    let bits = largest.ilog2() + 1;
    let value = reader.take(bits);
    let low_mask = (1 << (bits - 1)) - 1;
    let short_values = (1 << bits) - 1 - largest;
    let value = if value & low_mask < short_values {
        reader.give_back_one();
        value & low_mask
    } else if value > low_mask {
        value - short_values
    } else {
        value
    };
    value as i32 - 1
}

const MAX_ENTRIES: usize = 512;
const MAX_SYMBOLS: usize = 64;
