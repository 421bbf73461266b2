//! When which picture is shown in the video.
//!
//! A [`Clock`] turns times of the recording into times of the video: faster, and without most of
//! the time in which nothing changed. A [`Pacer`] then says at which of these times a picture is
//! coded: when it changed, but not more often than the frame rate allows; and again after some
//! seconds without a change, since some players show nothing until a picture comes.

use std::time::Duration;

use eidetic_model::Timestamp;

/// Times of the recording to times of the video.
#[derive(Debug)]
pub struct Clock {
    speed: f64,
    skip_idle: bool,
    /// The changes told so far, and when they are in the video before the speed is applied. From
    /// one to the next time goes evenly. Never empty.
    changes: Vec<(Timestamp, Duration)>,
}

impl Clock {
    /// A clock that is 0 at `start`.
    pub fn new(start: Timestamp, speed: f64, skip_idle: bool) -> Self {
        Self {
            speed,
            skip_idle,
            changes: vec![(start, Duration::ZERO)],
        }
    }

    /// Takes note that something changes at `moment`, which is not before the change told last,
    /// and that nothing did since; gives when that is in the video.
    pub fn change(&mut self, moment: Timestamp) -> VideoTime {
        let &(last, at) = self.last();
        let mut length = moment.saturating_since(last);
        if self.skip_idle && length > IDLE_FROM {
            length = IDLE_SHOWN;
        }
        self.changes.push((moment, at + length));
        self.video_time(at + length)
    }

    /// When a moment up to the last change is in the video.
    pub fn at(&self, moment: Timestamp) -> VideoTime {
        let after = self
            .changes
            .partition_point(|&(change, _)| change <= moment);
        let (Some(&(from, start)), Some(&(until, end))) = (
            self.changes.get(after.wrapping_sub(1)),
            self.changes.get(after),
        ) else {
            let nearest = if after == 0 {
                self.changes[0]
            } else {
                *self.last()
            };
            return self.video_time(nearest.1);
        };
        let whole = until.saturating_since(from).as_secs_f64();
        let part = moment.saturating_since(from).as_secs_f64();
        self.video_time(start + (end - start).mul_f64(part / whole))
    }

    fn last(&self) -> &(Timestamp, Duration) {
        self.changes.last().expect("there is always the first one")
    }

    fn video_time(&self, unhurried: Duration) -> VideoTime {
        let millis = unhurried.as_secs_f64() * 1000.0 / self.speed;
        VideoTime(millis.round() as u64)
    }
}

/// A time of the video in milliseconds, which is what its containers count in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct VideoTime(pub u64);

/// When pictures are coded.
#[derive(Debug)]
pub struct Pacer {
    /// The least time from one picture to the next.
    interval: u64,
    /// The most.
    repeat: u64,
    /// When a picture was coded last.
    coded: Option<u64>,
    /// When the picture that changed since is to be coded.
    due: Option<u64>,
}

/// A picture is to be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// When it is shown from.
    pub at: VideoTime,
    /// Whether it is another one than the one before.
    pub is_new: bool,
}

impl Pacer {
    /// A pacer for at most so many pictures a second.
    pub fn new(frames_per_second: f64, repeat: Duration) -> Self {
        let interval = (1000.0 / frames_per_second).ceil() as u64;
        Self {
            interval,
            repeat: u64::try_from(repeat.as_millis())
                .unwrap_or(u64::MAX)
                .max(interval),
            coded: None,
            due: None,
        }
    }

    /// The picture changes at `at`, which is not before the change told last. Before it is
    /// replaced, [`Self::shot_before`] this time has to be asked.
    pub fn change(&mut self, at: VideoTime) {
        let earliest = self.coded.map_or(0, |coded| coded + self.interval);
        self.due.get_or_insert(at.0.max(earliest));
    }

    /// When the picture as it is now is to be coded before `end`; to be asked until there is none.
    pub fn shot_before(&mut self, end: VideoTime) -> Option<Shot> {
        let repeat = self.coded.map(|coded| coded + self.repeat);
        let (at, is_new) = match (self.due, repeat) {
            (Some(due), _) => (due, true),
            (None, Some(repeat)) => (repeat, false),
            (None, None) => return None,
        };
        if at >= end.0 {
            return None;
        }
        self.coded = Some(at);
        self.due = None;
        Some(Shot {
            at: VideoTime(at),
            is_new,
        })
    }
}

/// Nothing changes for so long: then only so much of it is shown.
const IDLE_FROM: Duration = Duration::from_secs(10);
const IDLE_SHOWN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: f64) -> Timestamp {
        Timestamp::from_unix_micros((seconds * 1e6) as i64)
    }

    #[test]
    fn time_goes_as_it_went_or_faster() {
        let mut clock = Clock::new(time(100.0), 4.0, false);
        assert_eq!(clock.change(time(100.0)), VideoTime(0));
        assert_eq!(clock.change(time(102.0)), VideoTime(500));
        assert_eq!(clock.change(time(502.0)), VideoTime(100_500));
        assert_eq!(clock.at(time(302.0)), VideoTime(50_500));
    }

    #[test]
    fn idle_time_is_shortened_and_everything_in_it_stays_in_step() {
        let mut clock = Clock::new(time(0.0), 1.0, true);
        assert_eq!(clock.change(time(10.0)), VideoTime(10_000));
        assert_eq!(clock.change(time(110.0)), VideoTime(12_000));
        assert_eq!(clock.change(time(111.0)), VideoTime(13_000));
        assert_eq!(clock.at(time(5.0)), VideoTime(5_000));
        assert_eq!(clock.at(time(60.0)), VideoTime(11_000));
        assert_eq!(clock.at(time(110.5)), VideoTime(12_500));
    }

    #[test]
    fn what_lies_outside_is_at_the_ends() {
        let mut clock = Clock::new(time(10.0), 1.0, false);
        clock.change(time(20.0));
        assert_eq!(clock.at(time(1.0)), VideoTime(0));
        assert_eq!(clock.at(time(99.0)), VideoTime(10_000));
    }

    /// Changes at these milliseconds, then the end: when pictures are coded, repeats in brackets.
    fn shots(frames_per_second: f64, changes: &[u64], end: u64) -> String {
        let mut pacer = Pacer::new(frames_per_second, Duration::from_secs(2));
        let mut told = Vec::new();
        for &at in changes.iter().chain([&end]) {
            while let Some(shot) = pacer.shot_before(VideoTime(at)) {
                let VideoTime(at) = shot.at;
                told.push(match shot.is_new {
                    true => at.to_string(),
                    false => format!("({at})"),
                });
            }
            if at < end {
                pacer.change(VideoTime(at));
            }
        }
        told.join(" ")
    }

    #[test]
    fn pictures_are_shown_at_their_very_time() {
        assert_eq!(shots(10.0, &[0, 250, 777, 1000], 1500), "0 250 777 1000");
    }

    #[test]
    fn of_pictures_that_come_too_fast_the_latest_is_shown_as_soon_as_it_may() {
        // The one at 90 replaces those at 30 and 60 before any of them was due.
        assert_eq!(
            shots(10.0, &[0, 30, 60, 90, 130, 500], 900),
            "0 100 200 500"
        );
    }

    #[test]
    fn a_still_picture_is_repeated_now_and_then() {
        assert_eq!(
            shots(10.0, &[0, 4500], 9000),
            "0 (2000) (4000) 4500 (6500) (8500)"
        );
    }

    #[test]
    fn nothing_is_coded_at_or_after_the_end() {
        assert_eq!(shots(10.0, &[0, 950], 1000), "0 950");
        assert_eq!(shots(10.0, &[0, 50], 100), "0");
        assert_eq!(shots(1.0, &[0], 2000), "0");
    }
}
