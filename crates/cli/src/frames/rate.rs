//! Frame rates, and which frame belongs to which time.

use std::num::NonZeroU32;
use std::str::FromStr;

use eidetic_codec::{FrameInterval, MediaTime};

/// Frames in a second, as a whole number or a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameRate {
    frames: NonZeroU32,
    seconds: NonZeroU32,
}

impl FrameRate {
    /// The rate of a segment; `None` if its frames come when they come.
    pub fn of(interval: FrameInterval) -> Option<Self> {
        match interval {
            FrameInterval::Variable => None,
            FrameInterval::Fixed {
                numerator,
                denominator,
            } => Some(Self {
                frames: NonZeroU32::new(denominator)?,
                seconds: NonZeroU32::new(numerator)?,
            }),
        }
    }

    /// For a segment's header.
    pub fn interval(self) -> FrameInterval {
        FrameInterval::Fixed {
            numerator: self.seconds.get(),
            denominator: self.frames.get(),
        }
    }

    /// Frames in a second.
    pub fn per_second(self) -> f64 {
        f64::from(self.frames.get()) / f64::from(self.seconds.get())
    }

    /// When a frame is shown; the last possible time for frames that no counter reaches.
    pub fn time_of(self, frame: u64) -> MediaTime {
        let micros = u128::from(frame) * 1_000_000 * u128::from(self.seconds.get())
            / u128::from(self.frames.get());
        MediaTime::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    /// The frame whose time is nearest.
    pub fn frame_at(self, time: MediaTime) -> u64 {
        let unit = 1_000_000 * u128::from(self.seconds.get());
        let scaled = u128::from(time.as_micros()) * u128::from(self.frames.get());
        u64::try_from((scaled + unit / 2) / unit).unwrap_or(u64::MAX)
    }
}

impl FromStr for FrameRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = |_| "write it as a number or a fraction, as in 4 or 30000/1001".to_owned();
        let (frames, seconds) = text.split_once('/').unwrap_or((text, "1"));
        let rate = Self {
            frames: frames.parse().map_err(shape)?,
            seconds: seconds.parse().map_err(shape)?,
        };
        if rate.per_second() > MAX_PER_SECOND {
            return Err(format!("at most {MAX_PER_SECOND} frames a second"));
        }
        Ok(rate)
    }
}

/// Above this the microseconds of two frames come too close to be told apart with certainty.
const MAX_PER_SECOND: f64 = 100_000.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_found_again_by_its_time() {
        for text in ["1", "4", "30000/1001", "1/7", "100000"] {
            let rate: FrameRate = text.parse().unwrap();
            for frame in (0..2000).chain([86_400_000]) {
                assert_eq!(rate.frame_at(rate.time_of(frame)), frame, "{text}");
            }
        }
    }

    #[test]
    fn impossible_rates_are_refused() {
        for text in ["0", "1/0", "", "x", "100001", "-1"] {
            assert!(text.parse::<FrameRate>().is_err(), "{text}");
        }
    }
}
