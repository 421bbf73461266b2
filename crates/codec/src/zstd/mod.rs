//! Decodes the one long zstd stream of a segment, packet by packet (RFC 8878).
//!
//! A packet carries whole blocks of a zstd frame that goes on in the next packet, so its
//! content must be handed over while it is still inside the window. Published pure-Rust
//! decoders hold back the last window of output until the frame ends, which for us is never;
//! hence this one. It keeps the window as one contiguous buffer and gives out the tail of it.
//!
//! The profile is what the encoder makes: no dictionary, no content checksum, no single-segment
//! frames. Everything else of the block format is here, in safe code, with every length checked.

mod bits;
mod block;
mod fse;
mod huffman;
mod literals;
mod sequences;

use alloc::vec::Vec;

pub(crate) use block::BlockDecoder;

/// What is wrong with the compressed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZstdError {
    /// The bytes end inside a header or a block.
    #[error("compressed bytes end early")]
    Truncated,
    /// The frame does not start with zstd's magic number.
    #[error("no zstd frame where a key frame must start one")]
    BadMagic,
    /// The frame uses a feature outside of the profile.
    #[error("zstd frame uses a feature that this format does not allow")]
    UnsupportedFrame,
    /// The frame declares a larger window than the segment's header allows.
    #[error("zstd window of {window} bytes exceeds the limit of {limit}")]
    WindowTooLarge {
        /// What the frame declares.
        window: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A packet continues a frame although none has begun.
    #[error("compressed bytes continue a zstd frame that has not begun")]
    NoFrame,
    /// A block is larger than zstd allows or of the reserved type.
    #[error("bad zstd block header")]
    BadBlock,
    /// A table description or a bit stream is inconsistent.
    #[error("corrupt zstd {0}")]
    Corrupt(&'static str),
    /// The content is larger than the packet declares.
    #[error("compressed bytes expand to more than the declared {limit} bytes")]
    ContentTooLong {
        /// The declared size.
        limit: usize,
    },
    /// The content is smaller than the packet declares.
    #[error("compressed bytes expand to {actual} bytes instead of {declared}")]
    ContentTooShort {
        /// What came out.
        actual: usize,
        /// The declared size.
        declared: usize,
    },
}

/// The decoder's state between the packets of one zstd frame.
#[derive(Debug)]
pub(crate) struct ZstdStream {
    window_limit: usize,
    max_content: usize,
    /// The window of the current frame; 0 before the first.
    window: usize,
    /// INVARIANT: holds at least the last `window` bytes of output of the current frame,
    /// or all of it, and at most `window` plus `SLACK_BYTES` plus one packet's content.
    history: Vec<u8>,
    blocks: BlockDecoder,
}

impl ZstdStream {
    /// A stream whose packets hold at most `max_content` bytes each.
    pub(crate) fn new(window_limit: usize, max_content: usize) -> Self {
        Self {
            window_limit,
            max_content,
            window: 0,
            history: Vec::new(),
            blocks: BlockDecoder::new(),
        }
    }

    /// The most memory that a stream with these limits holds, in bytes.
    pub(crate) const fn memory_bound(window_limit: usize, max_content: usize) -> usize {
        // Growing the history briefly needs the old buffer beside the new one.
        2 * (window_limit + SLACK_BYTES + max_content) + BlockDecoder::MEMORY_BYTES
    }

    /// Starts a new frame from the head of `packet` and returns the bytes after its header.
    pub(crate) fn begin_frame<'a>(&mut self, packet: &'a [u8]) -> Result<&'a [u8], ZstdError> {
        let (magic, rest) = packet
            .split_first_chunk::<4>()
            .ok_or(ZstdError::Truncated)?;
        if u32::from_le_bytes(*magic) != FRAME_MAGIC {
            return Err(ZstdError::BadMagic);
        }
        let (&[descriptor, window], rest) =
            rest.split_first_chunk::<2>().ok_or(ZstdError::Truncated)?;
        // Content size, single segment, reserved bit, checksum and dictionary: all absent.
        if descriptor & !UNUSED_DESCRIPTOR_BIT != 0 {
            return Err(ZstdError::UnsupportedFrame);
        }
        let base = 1u64 << (10 + u32::from(window >> 3));
        let window = base + (base / 8) * u64::from(window & 7);
        let limit = self.window_limit as u64;
        if window > limit {
            return Err(ZstdError::WindowTooLarge { window, limit });
        }
        self.window = usize::try_from(window).map_err(|_| ZstdError::UnsupportedFrame)?;
        self.history.clear();
        self.blocks.reset();
        Ok(rest)
    }

    /// Decodes the blocks in `packet`, which must expand to exactly `content_len` bytes.
    pub(crate) fn decode(
        &mut self,
        mut packet: &[u8],
        content_len: usize,
    ) -> Result<&[u8], ZstdError> {
        if self.window == 0 {
            return Err(ZstdError::NoFrame);
        }
        if content_len > self.max_content {
            let limit = self.max_content;
            return Err(ZstdError::ContentTooLong { limit });
        }
        self.make_room(content_len);
        let start = self.history.len();
        let limit = start + content_len;
        while !packet.is_empty() {
            packet = self
                .blocks
                .decode(packet, &mut self.history, self.window, limit)
                .map_err(|error| match error {
                    ZstdError::ContentTooLong { .. } => {
                        ZstdError::ContentTooLong { limit: content_len }
                    }
                    other => other,
                })?;
        }
        let actual = self.history.len() - start;
        if actual != content_len {
            return Err(ZstdError::ContentTooShort {
                actual,
                declared: content_len,
            });
        }
        Ok(&self.history[start..])
    }

    /// Drops what lies before the window once enough has gathered to be worth the move, and
    /// grows the history by halves up to its bound, never beyond.
    fn make_room(&mut self, content_len: usize) {
        if self.history.len() > self.window + SLACK_BYTES {
            let surplus = self.history.len() - self.window;
            self.history.drain(..surplus);
        }
        let needed = self.history.len() + content_len;
        if needed > self.history.capacity() {
            let most = self.window + SLACK_BYTES + self.max_content;
            let grown = (self.history.capacity() + self.history.capacity() / 2).min(most);
            self.history
                .reserve_exact(grown.max(needed) - self.history.len());
        }
    }
}

const FRAME_MAGIC: u32 = 0xFD2F_B528;
const UNUSED_DESCRIPTOR_BIT: u8 = 0x10;
/// How far the history may outgrow the window before it is moved down: moving costs as much
/// as the window, so it must be rare.
const SLACK_BYTES: usize = 2 << 20;

#[cfg(test)]
mod tests;
