//! The literals section of a compressed block (RFC 8878, section 3.1.1.3.1).

use alloc::vec::Vec;

use super::ZstdError;
use super::block::MAX_BLOCK_BYTES;
use super::huffman::HuffmanTable;

/// Decodes the section at the head of `block` into `out` and returns the rest of the block.
pub(super) fn decode<'a>(
    block: &'a [u8],
    tree: &mut HuffmanTable,
    out: &mut Vec<u8>,
) -> Result<&'a [u8], ZstdError> {
    out.clear();
    let first = *block.first().ok_or(ZstdError::Truncated)?;
    match first & 3 {
        0 => {
            let (size, body) = plain_header(block)?;
            let (literals, rest) = body.split_at_checked(size).ok_or(ZstdError::Truncated)?;
            out.extend_from_slice(literals);
            Ok(rest)
        }
        1 => {
            let (size, body) = plain_header(block)?;
            let (&byte, rest) = body.split_first().ok_or(ZstdError::Truncated)?;
            out.resize(size, byte);
            Ok(rest)
        }
        kind => {
            let header = CompressedHeader::read(block)?;
            let (mut body, rest) = block[header.header_bytes..]
                .split_at_checked(header.compressed)
                .ok_or(ZstdError::Truncated)?;
            if kind == 2 {
                let used = tree.read(body)?;
                body = &body[used..];
            } else if tree.is_empty() {
                return Err(ZstdError::Corrupt("reuse of a missing tree"));
            }
            if header.four_streams {
                decode_four(body, header.size, tree, out)?;
            } else {
                tree.decode(body, header.size, out)?;
            }
            Ok(rest)
        }
    }
}

/// The size and the body of raw or run-length literals.
fn plain_header(block: &[u8]) -> Result<(usize, &[u8]), ZstdError> {
    let header_bytes = match (block[0] >> 2) & 3 {
        1 => 2,
        3 => 3,
        _ => 1,
    };
    let (header, body) = block
        .split_at_checked(header_bytes)
        .ok_or(ZstdError::Truncated)?;
    let word = little_endian(header);
    let size = (if header_bytes == 1 {
        word >> 3
    } else {
        word >> 4
    }) as usize;
    check_size(size)?;
    Ok((size, body))
}

struct CompressedHeader {
    size: usize,
    compressed: usize,
    header_bytes: usize,
    four_streams: bool,
}

impl CompressedHeader {
    fn read(block: &[u8]) -> Result<Self, ZstdError> {
        let format = (block[0] >> 2) & 3;
        let (header_bytes, bits) = match format {
            0 | 1 => (3, 10),
            2 => (4, 14),
            _ => (5, 18),
        };
        let word = little_endian(block.get(..header_bytes).ok_or(ZstdError::Truncated)?) >> 4;
        let mask = (1 << bits) - 1;
        let size = (word & mask) as usize;
        check_size(size)?;
        Ok(Self {
            size,
            compressed: ((word >> bits) & mask) as usize,
            header_bytes,
            four_streams: format != 0,
        })
    }
}

/// Decodes four streams behind their jump table.
fn decode_four(
    body: &[u8],
    size: usize,
    tree: &HuffmanTable,
    out: &mut Vec<u8>,
) -> Result<(), ZstdError> {
    let (jumps, mut streams) = body.split_first_chunk::<6>().ok_or(ZstdError::Truncated)?;
    let quarter = size.div_ceil(4);
    for jump in jumps.chunks_exact(2) {
        let (stream, rest) = streams
            .split_at_checked(little_endian(jump) as usize)
            .ok_or(ZstdError::Truncated)?;
        tree.decode(stream, quarter, out)?;
        streams = rest;
    }
    let last = size
        .checked_sub(3 * quarter)
        .ok_or(ZstdError::Corrupt("literal stream sizes"))?;
    tree.decode(streams, last, out)
}

fn check_size(size: usize) -> Result<(), ZstdError> {
    if size > MAX_BLOCK_BYTES {
        return Err(ZstdError::BadBlock);
    }
    Ok(())
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| (word << 8) | u64::from(byte))
}
