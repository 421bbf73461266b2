//! Shows pictures to an encoder at the right times.

use eidetic_model::Timestamp;

use super::canvas::Canvas;
use super::container::Track;
use super::encoder::Encoder;
use super::i420::I420;
use super::pace::{Clock, Pacer, VideoTime};

/// Takes what a screen showed and when, and has it coded.
pub struct Projector {
    clock: Clock,
    pacer: Pacer,
    canvas: Canvas,
    /// The canvas as it was coded last.
    picture: I420,
    encoder: Box<dyn Encoder>,
    track: Track,
    keys: KeyFrames,
}

/// Places key frames: from one a player can begin.
#[derive(Debug, Default)]
struct KeyFrames {
    /// When the last one was; `None` before the first.
    last: Option<VideoTime>,
    /// Pictures since.
    pictures: u32,
    /// Whether any of them was another one.
    changed: bool,
}

impl Projector {
    /// A projector onto this canvas.
    pub fn new(
        clock: Clock,
        pacer: Pacer,
        canvas: Canvas,
        encoder: Box<dyn Encoder>,
        track: Track,
    ) -> Self {
        Self {
            clock,
            pacer,
            picture: I420::of_size(&canvas),
            canvas,
            encoder,
            track,
            keys: KeyFrames::default(),
        }
    }

    /// From `moment` on, which is not before the one told last, the canvas is as `draw` makes it.
    pub fn show(
        &mut self,
        moment: Timestamp,
        draw: impl FnOnce(&mut Canvas),
    ) -> anyhow::Result<()> {
        let at = self.clock.change(moment);
        self.code_before(at)?;
        draw(&mut self.canvas);
        self.pacer.change(at);
        Ok(())
    }

    /// The video ends at `moment`. Gives what was coded, when everything is shown, and the end.
    pub fn end(mut self, moment: Timestamp) -> anyhow::Result<Shown> {
        let VideoTime(end) = self.clock.change(moment);
        // However short it is, it has one picture.
        let end = VideoTime(end.max(1));
        self.code_before(end)?;
        let rest = self.encoder.finish()?;
        self.track.push(rest)?;
        Ok(Shown {
            track: self.track,
            setup: self.encoder.setup()?,
            clock: self.clock,
            width: self.canvas.width(),
            height: self.canvas.height(),
            end,
        })
    }

    fn code_before(&mut self, end: VideoTime) -> anyhow::Result<()> {
        while let Some(shot) = self.pacer.shot_before(end) {
            if shot.is_new {
                self.picture.take(&self.canvas)?;
            }
            let key = self.keys.is_next(shot.at, shot.is_new);
            self.track.expect(shot.at);
            let coded = self.encoder.encode(&self.picture, key)?;
            self.track.push(coded)?;
        }
        Ok(())
    }
}

/// A whole video that was coded.
pub struct Shown {
    /// Its pictures.
    pub track: Track,
    /// What decoders need to know first.
    pub setup: super::encoder::Setup,
    /// Which moment is when in it.
    pub clock: Clock,
    /// Its width in pixels.
    pub width: usize,
    /// Its height in pixels.
    pub height: usize,
    /// How long it is.
    pub end: VideoTime,
}

impl KeyFrames {
    /// Whether the picture at `at` is to be one.
    fn is_next(&mut self, at: VideoTime, is_new: bool) -> bool {
        let is_key = self.last.is_none_or(|last| {
            let since = at.0 - last.0;
            let is_far = since >= KEY_EVERY || self.pictures >= KEY_EVERY_PICTURES;
            // Of a still screen the one before is as good.
            is_far && (self.changed || is_new) || since >= KEY_EVERY_OF_STILL
        });
        if is_key {
            *self = Self {
                last: Some(at),
                pictures: 0,
                changed: false,
            };
        } else {
            self.pictures += 1;
            self.changed |= is_new;
        }
        is_key
    }
}

/// In milliseconds.
const KEY_EVERY: u64 = 20_000;
const KEY_EVERY_OF_STILL: u64 = 300_000;
const KEY_EVERY_PICTURES: u32 = 150;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_never_far_where_something_changes() {
        let mut keys = KeyFrames::default();
        let at: Vec<u64> = (0..100)
            .map(|second| second * 1000)
            .filter(|&at| keys.is_next(VideoTime(at), true))
            .collect();
        assert_eq!(at, [0, 20_000, 40_000, 60_000, 80_000]);
    }

    #[test]
    fn many_changes_bring_key_frames_sooner_and_a_still_screen_rarely() {
        let mut keys = KeyFrames::default();
        let fast = (0..400).filter(|&at| keys.is_next(VideoTime(at * 100), true));
        assert_eq!(fast.collect::<Vec<_>>(), [0, 151, 302]);
        let mut keys = KeyFrames::default();
        let still = (0..400).filter(|&at| keys.is_next(VideoTime(at * 2000), at == 0));
        assert_eq!(still.collect::<Vec<_>>(), [0, 150, 300]);
    }
}
