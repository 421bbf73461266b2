//! Settings of the encoder.

use crate::geometry::PictureSize;
use crate::palette::MAX_COLOURS;
use crate::segment::{MAX_CACHE_LOG2, MAX_WINDOW_LOG2, MIN_WINDOW_LOG2};

/// How an encoder works; [`EncoderConfig::new`] has the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Size of every frame.
    pub size: PictureSize,
    /// zstd's level, 1 (fast) to 19 (small).
    pub level: i32,
    /// log2 of zstd's window: how far back it finds repeats. The encoder takes this much memory.
    pub window_log2: u8,
    /// log2 of the tile cache's slots, of one kilobyte each.
    pub cache_log2: u8,
    /// Tiles of more colours are coded as predicted pixels; 2 to 128.
    pub max_palette: usize,
    /// When key frames come by themselves.
    pub key_frames: KeyFramePolicy,
    /// A packet carries the picture's hash at least this often; key frames always do.
    pub packets_between_hashes: u32,
    /// The fourth byte of every pixel when decoded as BGRX; the frames' own is ignored.
    pub fourth_byte: u8,
    /// What may be lost for the sake of size.
    pub quality: Quality,
    /// Whether only the brightness of frames is kept.
    pub grayscale: bool,
}

/// What may be lost for the sake of size: nothing of text at any step, detail of photographic
/// areas (film, pictures) the more, the further down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quality {
    /// Every frame comes back exactly, whatever it takes.
    Exact,
    /// Everything comes back exactly, except that photographic areas are coded at a bounded rate
    /// while they move; they become exact once they stand still.
    #[default]
    Lossless,
    /// As [`Self::Lossless`], with photographic areas at a smaller rate.
    High,
    /// As [`Self::High`], smaller still.
    Medium,
    /// The smallest rate for photographic areas, which never become exact. Text stays legible.
    Low,
}

/// When key frames come by themselves: seeking is fast where they are near, files are small
/// where they are rare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFramePolicy {
    /// Once the packets since the last key frame are this many times its size ...
    pub size_ratio: u32,
    /// ... and at least this many bytes,
    pub min_bytes: usize,
    /// or are this many.
    pub max_packets: u32,
}

impl EncoderConfig {
    /// The defaults for a picture size.
    pub const fn new(size: PictureSize) -> Self {
        Self {
            size,
            level: 3,
            window_log2: 23,
            cache_log2: 12,
            max_palette: 8,
            key_frames: KeyFramePolicy {
                size_ratio: 3,
                min_bytes: 64 << 10,
                max_packets: 8192,
            },
            packets_between_hashes: 64,
            fourth_byte: 0,
            quality: Quality::Lossless,
            grayscale: false,
        }
    }

    /// The first setting that is out of range.
    pub(super) fn first_bad(&self) -> Option<&'static str> {
        let checks = [
            ((1..=19).contains(&self.level), "level"),
            (
                (MIN_WINDOW_LOG2..=MAX_WINDOW_LOG2).contains(&self.window_log2),
                "window_log2",
            ),
            (self.cache_log2 <= MAX_CACHE_LOG2, "cache_log2"),
            ((2..=MAX_COLOURS).contains(&self.max_palette), "max_palette"),
            (self.packets_between_hashes > 0, "packets_between_hashes"),
            (self.key_frames.max_packets > 0, "max_packets"),
        ];
        checks
            .into_iter()
            .find_map(|(good, name)| (!good).then_some(name))
    }
}
