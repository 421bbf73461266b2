//! What the pictures that come back owe to those that went in.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Result, ensure};
use eidetic_codec::{PictureSize, Rect, TILE_SIDE};
use serde::Serialize;

use crate::codec_bench::setting::Fidelity;

/// What was lost, over all pictures that were compared.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Losses {
    /// Tiles outside of the film's window that were not exact, as a part of all of them.
    pub inexact_share: f64,
    /// How much the film resembles itself, if it lost anything.
    pub film: Option<Resemblance>,
}

/// Peak signal to noise ratio of a film, in decibels, over all its pictures.
///
/// A film is told at a bounded rate: what a tile shows is late.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Resemblance {
    /// Each tile beside the same place of that picture of the last five seconds which it resembles
    /// most: how much of the detail is there.
    pub detail_psnr_db: f64,
    /// Each picture beside the one that was recorded at its time.
    pub psnr_db: f64,
}

/// Compares pictures one after the other.
pub struct Judge {
    size: PictureSize,
    fidelity: Fidelity,
    window: Option<Rect>,
    /// The recorded pictures, the newest one last; more than one only where there is a film.
    recent: VecDeque<Vec<u8>>,
    compared: u64,
    tiles: u64,
    inexact: u64,
    film_error: SquaredError,
    detail_error: SquaredError,
}

/// Squared differences of channels.
#[derive(Clone, Copy, Debug, Default)]
struct SquaredError {
    sum: u64,
    count: u64,
}

impl Judge {
    /// For a recording with a film in this window, if it has one.
    pub fn new(size: PictureSize, fidelity: Fidelity, window: Option<Rect>) -> Self {
        Self {
            size,
            fidelity,
            window,
            recent: VecDeque::new(),
            compared: 0,
            tiles: 0,
            inexact: 0,
            film_error: SquaredError::default(),
            detail_error: SquaredError::default(),
        }
    }

    /// The recording's next picture.
    pub fn recorded(&mut self, pixels: &[u8]) {
        let kept = if self.window.is_some() { RECENT } else { 1 };
        let mut picture = if self.recent.len() < kept {
            Vec::new()
        } else {
            self.recent.pop_front().unwrap_or_default()
        };
        picture.clear();
        picture.extend_from_slice(pixels);
        self.recent.push_back(picture);
    }

    /// What is shown for it.
    pub fn shown(&mut self, shown: &[u8]) -> Result<()> {
        let Some(wanted) = self.recent.back() else {
            return Ok(());
        };
        self.compared += 1;
        self.tiles += tiles(self.size).count() as u64;
        if look_the_same(shown, wanted) {
            let film = self.window.map_or(0, |window| 3 * area(window));
            self.film_error.count += film;
            self.detail_error.count += film;
            return Ok(());
        }
        ensure!(
            self.fidelity != Fidelity::Lossless,
            "it is not the one that was recorded"
        );
        for tile in tiles(self.size) {
            if self.is_same_outside_of_film(tile, shown, wanted) {
                continue;
            }
            // A tile at the film's edge is told with the film, and thus later.
            let is_at_edge = self.window.is_some_and(|window| touches(window, tile));
            let was_so = |old: &Vec<u8>| self.is_same_outside_of_film(tile, shown, old);
            if !is_at_edge || !self.recent.iter().rev().take(RECENT_AT_EDGE).any(was_so) {
                self.inexact += 1;
            }
        }
        if let Some(window) = self.window {
            let parts = tiles(self.size).filter_map(|tile| intersection(tile, window));
            for part in parts {
                let error = |recorded: &Vec<u8>| squared_error(self.size, part, shown, recorded);
                let least = self.recent.iter().map(error).min().unwrap_or(0);
                self.detail_error.add(least, part);
                self.film_error.add(error(wanted), part);
            }
        }
        Ok(())
    }

    /// The recorded picture stood so long, and this is shown at its end.
    pub fn stood_still(&self, shown: &[u8], time: Duration) -> Result<()> {
        let Fidelity::ExactAfter(after) = self.fidelity else {
            return Ok(());
        };
        if let Some(wanted) = self.recent.back()
            && time > after + SETTLES
        {
            ensure!(
                look_the_same(shown, wanted),
                "it stood still for {time:?} and did not become exact"
            );
        }
        Ok(())
    }

    /// How many pictures were compared.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// What was lost; an error if that is more than may be.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn losses(&self) -> Result<Losses> {
        let inexact_share = self.inexact as f64 / self.tiles.max(1) as f64;
        ensure!(
            inexact_share <= MOST_INEXACT,
            "{:.3} % of the tiles are not exact",
            inexact_share * 100.0
        );
        let film = (self.film_error.sum > 0).then(|| Resemblance {
            detail_psnr_db: self.detail_error.psnr_db(),
            psnr_db: self.film_error.psnr_db(),
        });
        Ok(Losses {
            inexact_share,
            film,
        })
    }

    /// Whether two pictures look the same in a tile, what lies in the film's window aside.
    fn is_same_outside_of_film(&self, tile: Rect, one: &[u8], other: &[u8]) -> bool {
        let right = tile.x + tile.width;
        (tile.y..tile.y + tile.height).all(|y| {
            let (from, to) = match self.window {
                Some(window) if (window.y..window.y + window.height).contains(&y) => (
                    window.x.clamp(tile.x, right),
                    (window.x + window.width).clamp(tile.x, right),
                ),
                _ => (right, right),
            };
            [tile.x..from, to..right].into_iter().all(|columns| {
                let bytes = bytes(self.size, y, columns);
                look_the_same(&one[bytes.clone()], &other[bytes])
            })
        })
    }
}

impl SquaredError {
    fn add(&mut self, sum: u64, rect: Rect) {
        self.sum += sum;
        self.count += 3 * area(rect);
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    fn mean(self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }

    /// Without end where there is no error.
    fn psnr_db(self) -> f64 {
        10.0 * (255.0 * 255.0 / self.mean()).log10()
    }
}

fn squared_error(size: PictureSize, rect: Rect, one: &[u8], other: &[u8]) -> u64 {
    let mut error = 0;
    for y in rect.y..rect.y + rect.height {
        let row = bytes(size, y, rect.x..rect.x + rect.width);
        for (one, other) in one[row.clone()]
            .chunks_exact(4)
            .zip(other[row].chunks_exact(4))
        {
            for (one, other) in one.iter().zip(other).take(3) {
                error += u64::from(one.abs_diff(*other)).pow(2);
            }
        }
    }
    error
}

/// What two rectangles have in common, if they have anything.
fn intersection(one: Rect, other: Rect) -> Option<Rect> {
    let (x, y) = (one.x.max(other.x), one.y.max(other.y));
    let right = (one.x + one.width).min(other.x + other.width);
    let bottom = (one.y + one.height).min(other.y + other.height);
    (x < right && y < bottom).then(|| Rect {
        x,
        y,
        width: right - x,
        height: bottom - y,
    })
}

/// The codec's tiles.
fn tiles(size: PictureSize) -> impl Iterator<Item = Rect> {
    let side = TILE_SIDE as usize;
    (0..size.height()).step_by(side).flat_map(move |y| {
        (0..size.width()).step_by(side).map(move |x| Rect {
            x,
            y,
            width: TILE_SIDE.min(size.width() - x),
            height: TILE_SIDE.min(size.height() - y),
        })
    })
}

/// Whether a tile lies across the window's edge or beside it.
fn touches(window: Rect, tile: Rect) -> bool {
    tile.x <= window.x + window.width
        && window.x <= tile.x + tile.width
        && tile.y <= window.y + window.height
        && window.y <= tile.y + tile.height
}

fn bytes(size: PictureSize, y: u32, columns: std::ops::Range<u32>) -> std::ops::Range<usize> {
    let place = |x: u32| (y as usize * size.width() as usize + x as usize) * 4;
    place(columns.start)..place(columns.end)
}

fn area(rect: Rect) -> u64 {
    u64::from(rect.width) * u64::from(rect.height)
}

/// Whether two pictures have the same colours.
fn look_the_same(one: &[u8], other: &[u8]) -> bool {
    let colours = |pixel: &[u8]| pixel.first_chunk::<3>().copied();
    let equal = |(one, other): (&[u8], &[u8])| {
        one == other
            || one
                .chunks_exact(4)
                .map(colours)
                .eq(other.chunks_exact(4).map(colours))
    };
    one.len() == other.len() && one.chunks(4096).zip(other.chunks(4096)).all(equal)
}

/// A tile of the film may show one of so many pictures: five seconds at four a second ...
const RECENT: usize = 20;
/// ... and one at its edge, outside of the film, one of so many.
const RECENT_AT_EDGE: usize = 8;
/// At most this part of the tiles outside of the film's window may be inexact.
const MOST_INEXACT: f64 = 0.01;
/// Very many tiles become exact one after the other.
const SETTLES: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    fn size() -> PictureSize {
        PictureSize::new(64, 48).unwrap()
    }

    const WINDOW: Rect = Rect {
        x: 20,
        y: 20,
        width: 16,
        height: 16,
    };

    /// Judges a picture that differs from the recorded one at one pixel.
    fn judge(fidelity: Fidelity, window: Option<Rect>, at: (u32, u32)) -> Result<Judge> {
        let mut judge = Judge::new(size(), fidelity, window);
        let recorded = vec![9; size().bytes()];
        let mut shown = recorded.clone();
        shown[bytes(size(), at.1, at.0..at.0 + 1)].copy_from_slice(&[19, 9, 9, 9]);
        judge.recorded(&recorded);
        judge.shown(&shown)?;
        Ok(judge)
    }

    #[test]
    fn pictures_are_compared_by_their_colours_alone() {
        let picture: Vec<u8> = (0..=255).cycle().take(8192).collect();
        let mut other = picture.clone();
        other[4099] = 7;
        assert!(look_the_same(&picture, &other));
        other[4098] ^= 1;
        assert!(!look_the_same(&picture, &other));
        assert!(!look_the_same(&picture, &picture[..4096]));
    }

    #[test]
    fn where_nothing_may_be_lost_a_single_pixel_is_an_error() {
        assert!(judge(Fidelity::Lossless, None, (63, 47)).is_err());
        assert!(judge(Fidelity::NeverExact, None, (63, 47)).is_ok());
    }

    #[test]
    fn tiles_outside_of_the_film_count_and_pixels_of_the_film_do_not() {
        for (at, inexact) in [((3, 3), 1), ((19, 20), 1), ((20, 20), 0), ((35, 35), 0)] {
            let judge = judge(Fidelity::NeverExact, Some(WINDOW), at).unwrap();
            assert_eq!(judge.inexact, inexact, "{at:?}");
            assert_eq!(judge.losses().is_err(), inexact > 0, "{at:?}");
        }
    }

    #[test]
    fn only_a_tile_at_the_films_edge_may_be_late() {
        for (x, inexact) in [(17, 0), (60, 1)] {
            let mut judge = Judge::new(size(), Fidelity::NeverExact, Some(WINDOW));
            let old = vec![9; size().bytes()];
            let mut new = old.clone();
            new[bytes(size(), 17, x..x + 1)].fill(1);
            judge.recorded(&old);
            judge.recorded(&new);
            judge.shown(&old).unwrap();
            assert_eq!(judge.inexact, inexact, "{x}");
        }
    }

    #[test]
    fn what_stands_still_must_become_exact() {
        let second = Duration::from_secs(1);
        let judge = judge(Fidelity::ExactAfter(second), None, (0, 0)).unwrap();
        let other = vec![0; size().bytes()];
        judge.stood_still(&other, second).unwrap();
        assert!(judge.stood_still(&other, 2 * second).is_err());
        judge
            .stood_still(&vec![9; size().bytes()], 2 * second)
            .unwrap();
    }

    #[test]
    fn resemblance_is_the_peak_signal_to_noise_ratio_inside_of_the_window() {
        let judge = judge(Fidelity::NeverExact, Some(WINDOW), (20, 20)).unwrap();
        // 10 at one of 768 channels: 10 log10(255² · 768 / 100).
        let film = judge.losses().unwrap().film.unwrap();
        assert!((film.psnr_db - 56.98).abs() < 0.01, "{film:?}");
    }
}
