//! The one zstd stream of an encoder, flushed after each packet.

use alloc::vec::Vec;

use zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer, ResetDirective, get_error_name};

/// zstd refused; its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("zstd: {0}")]
pub struct ZstdFailure(&'static str);

/// Compresses the content of packets with a window over those before.
pub(crate) struct ZstdWriter {
    context: CCtx<'static>,
}

impl ZstdWriter {
    pub(crate) fn new(level: i32, window_log2: u8) -> Result<Self, ZstdFailure> {
        let mut context = CCtx::try_create().ok_or(ZstdFailure("out of memory"))?;
        for parameter in [
            CParameter::CompressionLevel(level),
            CParameter::WindowLog(u32::from(window_log2)),
            CParameter::ContentSizeFlag(false),
            CParameter::ChecksumFlag(false),
            CParameter::DictIdFlag(false),
        ] {
            context.set_parameter(parameter).map_err(failure)?;
        }
        Ok(Self { context })
    }

    /// Forgets everything before, for a key frame.
    pub(crate) fn begin_frame(&mut self) -> Result<(), ZstdFailure> {
        self.context
            .reset(ResetDirective::SessionOnly)
            .map_err(failure)?;
        Ok(())
    }

    /// Compresses `parts` to the end of `out`, each large one in blocks of its own so that it
    /// has its own statistics, and flushes.
    pub(crate) fn write(&mut self, parts: &[&[u8]], out: &mut Vec<u8>) -> Result<(), ZstdFailure> {
        for (index, part) in parts.iter().enumerate() {
            let last = index + 1 == parts.len();
            let next_is_large = parts
                .get(index + 1)
                .is_some_and(|next| next.len() >= OWN_BLOCK_BYTES);
            let end = if last || next_is_large {
                ZSTD_EndDirective::ZSTD_e_flush
            } else {
                ZSTD_EndDirective::ZSTD_e_continue
            };
            self.compress(part, end, out)?;
        }
        Ok(())
    }

    /// Memory that zstd holds.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.context.sizeof()
    }

    fn compress(
        &mut self,
        part: &[u8],
        end: ZSTD_EndDirective,
        out: &mut Vec<u8>,
    ) -> Result<(), ZstdFailure> {
        let mut input = InBuffer::around(part);
        loop {
            out.reserve(part.len() / 4 + 256);
            let position = out.len();
            let mut output = OutBuffer::around_pos(out, position);
            let pending = self
                .context
                .compress_stream2(&mut output, &mut input, end)
                .map_err(failure)?;
            let flushed = end == ZSTD_EndDirective::ZSTD_e_continue || pending == 0;
            if input.pos() == part.len() && flushed {
                return Ok(());
            }
        }
    }
}

impl core::fmt::Debug for ZstdWriter {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("ZstdWriter").finish_non_exhaustive()
    }
}

fn failure(code: usize) -> ZstdFailure {
    ZstdFailure(get_error_name(code))
}

/// A smaller part is not worth a block header and tables of its own.
const OWN_BLOCK_BYTES: usize = 512;
