//! Blocks: the unit that a packet holds whole.

use alloc::vec::Vec;

use super::huffman::HuffmanTable;
use super::sequences::{Output, SequenceState};
use super::{ZstdError, literals};

/// The tables that live from block to block, and scratch space.
#[derive(Debug)]
pub(crate) struct BlockDecoder {
    tree: HuffmanTable,
    sequences: SequenceState,
    literals: Vec<u8>,
}

impl BlockDecoder {
    /// An upper bound of what the tables and the scratch space take.
    pub(super) const MEMORY_BYTES: usize = 2 * MAX_BLOCK_BYTES + (32 << 10);

    pub(super) fn new() -> Self {
        Self {
            tree: HuffmanTable::new(),
            sequences: SequenceState::new(),
            literals: Vec::new(),
        }
    }

    /// Forgets everything, for a new frame.
    pub(super) fn reset(&mut self) {
        self.tree.clear();
        self.sequences = SequenceState::new();
    }

    /// Decodes the block at the head of `bytes` to the end of `history`, whose length must not
    /// exceed `limit`, and returns the bytes after the block.
    pub(super) fn decode<'a>(
        &mut self,
        bytes: &'a [u8],
        history: &mut Vec<u8>,
        window: usize,
        limit: usize,
    ) -> Result<&'a [u8], ZstdError> {
        let (&[low, middle, high], rest) =
            bytes.split_first_chunk::<3>().ok_or(ZstdError::Truncated)?;
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let size = (header >> 3) as usize;
        // A last block would end the frame; only a new key frame may do that.
        if header & 1 != 0 || size > MAX_BLOCK_BYTES {
            return Err(ZstdError::BadBlock);
        }
        let block_limit = limit.min(history.len() + MAX_BLOCK_BYTES);
        let mut out = Output {
            history,
            window,
            limit: block_limit,
        };
        match (header >> 1) & 3 {
            0 => {
                let (body, rest) = rest.split_at_checked(size).ok_or(ZstdError::Truncated)?;
                out.literals(body)?;
                Ok(rest)
            }
            1 => {
                let (&byte, rest) = rest.split_first().ok_or(ZstdError::Truncated)?;
                out.fill(byte, size)?;
                Ok(rest)
            }
            2 => {
                let (body, rest) = rest.split_at_checked(size).ok_or(ZstdError::Truncated)?;
                let sequences = literals::decode(body, &mut self.tree, &mut self.literals)?;
                self.sequences
                    .execute(sequences, &self.literals, &mut out)?;
                Ok(rest)
            }
            _ => Err(ZstdError::BadBlock),
        }
    }
}

pub(super) const MAX_BLOCK_BYTES: usize = 128 << 10;
