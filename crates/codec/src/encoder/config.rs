//! Settings of the encoder.

use crate::geometry::PictureSize;

/// What may be lost so that recordings stay small.
///
/// Text, lines and areas are exact whatever the quality is. Photographs are where it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quality {
    /// Nothing, whatever it takes: every frame comes back pixel by pixel.
    Lossless,
    /// Photographs that move (film) are told with less detail and at about 5 KB a second, and
    /// become exact once they stand still for a second.
    #[default]
    High,
    /// The same at about 3.5 KB a second, exact after half a minute.
    Medium,
    /// Photographs are told with less detail, at about 2 KB a second, and stay so.
    Low,
}

/// How an encoder works; [`EncoderConfig::new`] has the defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Size of every frame.
    pub size: PictureSize,
    /// What may be lost.
    pub quality: Quality,
    /// Whether pictures are made grey, which makes them smaller.
    pub grayscale: bool,
    /// Slots of the tile cache, of one kilobyte each; not 0.
    pub cache_slots: u16,
    /// When key frames come by themselves.
    pub key_frames: KeyFramePolicy,
    /// A packet carries the picture's hash at least this often, and so does the one after
    /// a key frame.
    pub packets_between_hashes: u32,
    /// Whether each frame's time comes back to the microsecond. If not, those of frames that only
    /// alternate, as a blinking cursor does, are told up to a hundredth of a second early.
    pub exact_times: bool,
    /// The fourth byte of every pixel when decoded as BGRX; the frames' own is ignored.
    pub fourth_byte: u8,
}

/// When key frames come by themselves: seeking is fast where they are near, files are small
/// where they are rare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyFramePolicy {
    /// The work of decoding that may lie between a key frame and the next, in about microseconds
    /// of one core of a computer of 2024.
    pub max_work_micros: u64,
    /// At most so many packets lie between a key frame and the next.
    pub max_packets: u32,
}

impl EncoderConfig {
    /// The defaults for a picture size.
    pub const fn new(size: PictureSize) -> Self {
        Self {
            size,
            quality: Quality::High,
            grayscale: false,
            cache_slots: 11_264,
            key_frames: KeyFramePolicy {
                max_work_micros: 50_000,
                max_packets: 8192,
            },
            packets_between_hashes: 64,
            exact_times: false,
            fourth_byte: 0,
        }
    }

    /// The first setting that is out of range.
    pub(super) fn first_bad(&self) -> Option<&'static str> {
        let checks = [
            (self.cache_slots > 0, "cache_slots"),
            (self.packets_between_hashes > 0, "packets_between_hashes"),
            (self.key_frames.max_packets > 0, "max_packets"),
        ];
        checks
            .into_iter()
            .find_map(|(good, name)| (!good).then_some(name))
    }
}
