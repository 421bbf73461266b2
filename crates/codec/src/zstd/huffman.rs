//! Huffman trees and streams of literals (RFC 8878, section 4.2).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::ZstdError;
use super::bits::BackwardBits;
use super::fse::{FseState, FseTable};

/// A decoding table: `max_bits` bits of look-ahead give a symbol and its length.
#[derive(Debug)]
pub(super) struct HuffmanTable {
    max_bits: u32,
    /// Low byte the symbol, high byte its bits.
    entries: Box<[u16; 1 << MAX_BITS]>,
}

impl HuffmanTable {
    pub(super) fn new() -> Self {
        Self {
            max_bits: 0,
            entries: Box::new([0; 1 << MAX_BITS]),
        }
    }

    /// Forgets the tree, so that a block which wants to reuse it is refused.
    pub(super) fn clear(&mut self) {
        self.max_bits = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.max_bits == 0
    }

    /// Reads a tree description and returns the bytes that it took.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<usize, ZstdError> {
        self.clear();
        let (&head, rest) = bytes.split_first().ok_or(ZstdError::Truncated)?;
        let mut weights = [0u8; 256];
        let (count, used) = if head >= 128 {
            let count = usize::from(head) - 127;
            let packed = rest.get(..count.div_ceil(2)).ok_or(ZstdError::Truncated)?;
            for (index, weight) in weights[..count].iter_mut().enumerate() {
                let byte = packed[index / 2];
                *weight = if index % 2 == 0 { byte >> 4 } else { byte & 15 };
            }
            (count, packed.len())
        } else {
            let packed = rest.get(..usize::from(head)).ok_or(ZstdError::Truncated)?;
            (read_weights(packed, &mut weights)?, packed.len())
        };
        self.build(&mut weights, count)?;
        Ok(1 + used)
    }

    /// Decodes one stream of `count` symbols to the end of `out`.
    pub(super) fn decode(
        &self,
        bytes: &[u8],
        count: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ZstdError> {
        let mut bits = BackwardBits::new(bytes)?;
        let end = out.len() + count;
        // Five symbols of at most eleven bits fit into one look of 56 bits.
        while out.len() + 5 <= end {
            let Some(mut word) = bits.peek_56() else {
                break;
            };
            let mut symbols = [0; 5];
            let mut used = 0;
            for symbol in &mut symbols {
                let entry = self.entries[(word >> (64 - self.max_bits)) as usize];
                *symbol = entry as u8;
                word <<= entry >> 8;
                used += u32::from(entry >> 8);
            }
            bits.skip(used);
            out.extend_from_slice(&symbols);
        }
        while out.len() < end {
            let entry = self.entries[bits.take(self.max_bits) as usize];
            out.push(entry as u8);
            bits.give_back(self.max_bits - u32::from(entry >> 8));
        }
        if bits.left() != 0 {
            return Err(ZstdError::Corrupt("literal stream"));
        }
        Ok(())
    }

    fn build(&mut self, weights: &mut [u8; 256], count: usize) -> Result<(), ZstdError> {
        let corrupt = ZstdError::Corrupt("tree");
        if count == 0 || count > 255 {
            return Err(corrupt);
        }
        let mut total = 0u32;
        for &weight in &weights[..count] {
            if u32::from(weight) > MAX_BITS {
                return Err(corrupt);
            }
            if weight > 0 {
                total += 1 << (weight - 1);
            }
        }
        if total == 0 {
            return Err(corrupt);
        }
        // The last symbol's weight is not written: it fills the total up to a power of two.
        let max_bits = total.ilog2() + 1;
        let left = (1 << max_bits) - total;
        if max_bits > MAX_BITS || !left.is_power_of_two() {
            return Err(corrupt);
        }
        weights[count] = left.ilog2() as u8 + 1;
        let mut position = 0;
        for weight in 1..=max_bits as u8 {
            for (symbol, _) in weights[..=count]
                .iter()
                .enumerate()
                .filter(|&(_, &other)| other == weight)
            {
                let bits = max_bits as u16 + 1 - u16::from(weight);
                let next = position + (1 << (weight - 1));
                self.entries
                    .get_mut(position..next)
                    .ok_or(corrupt)?
                    .fill(symbol as u16 | (bits << 8));
                position = next;
            }
        }
        if position != 1 << max_bits {
            return Err(corrupt);
        }
        self.max_bits = max_bits;
        Ok(())
    }
}

/// Reads weights that are themselves coded with two interleaved finite-state streams.
fn read_weights(packed: &[u8], weights: &mut [u8; 256]) -> Result<usize, ZstdError> {
    let (table, used) = FseTable::read(packed, WEIGHT_ACCURACY, MAX_BITS as usize + 1)?;
    let mut bits = BackwardBits::new(&packed[used..])?;
    let mut first = FseState::new(&table, &mut bits);
    let mut second = FseState::new(&table, &mut bits);
    let mut count = 0;
    let mut push = |symbol: u8| -> Result<(), ZstdError> {
        // The 256th symbol is never written.
        if count >= 255 {
            return Err(ZstdError::Corrupt("tree weights"));
        }
        weights[count] = symbol;
        count += 1;
        Ok(())
    };
    loop {
        push(first.symbol())?;
        first.advance(&mut bits);
        if bits.left() < 0 {
            push(second.symbol())?;
            return Ok(count);
        }
        core::mem::swap(&mut first, &mut second);
    }
}

const MAX_BITS: u32 = 11;
const WEIGHT_ACCURACY: u32 = 6;
