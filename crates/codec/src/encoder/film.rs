//! Photographs that move, and what they may cost.
//!
//! A tile of a photograph is told with less detail while it changes, and at a bounded rate: a
//! budget of bytes fills with time, and while it is empty such tiles stay as they are. Once a tile
//! stands still it becomes exact. Tiles with text are never among them: see `classify`.

use alloc::vec;
use alloc::vec::Vec;

use super::config::Quality;
use crate::geometry::PictureSize;
use crate::media_time::MediaTime;

/// Which tiles do not show what the frame shows, and what may be spent on them.
#[derive(Debug)]
pub(super) struct Film {
    limits: Option<FilmLimits>,
    size: PictureSize,
    tiles: Vec<FilmTile>,
    inexact: u32,
    /// Bytes that may be spent; below 0 after a costly frame.
    budget: i64,
    filled: MediaTime,
    quantiser: usize,
}

/// What a quality allows.
#[derive(Debug, Clone, Copy)]
struct FilmLimits {
    bytes_per_second: i64,
    finest: usize,
    /// How long a tile stands still before it becomes exact; `None` if it never does.
    exact_after_micros: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct FilmTile {
    /// Hash of what the frame shows, if the picture does not show the same.
    source: Option<core::num::NonZeroU64>,
    /// When that changed.
    changed: MediaTime,
    /// When the tile was among the changed ones.
    seen: MediaTime,
    /// How often it changed in a row, each time shortly after the time before.
    streak: u8,
}

/// What to do with a tile of a photograph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Tell it as it is.
    Exact,
    /// Tell it with less detail.
    Lossy,
    /// Leave it as it is: it stands still, and is not due to become exact.
    Later,
}

impl Film {
    pub(super) fn new(size: PictureSize, quality: Quality) -> Self {
        let limits = |bytes_per_second, finest, exact_after_micros| {
            Some(FilmLimits {
                bytes_per_second,
                finest,
                exact_after_micros,
            })
        };
        let limits = match quality {
            Quality::Lossless => None,
            Quality::High => limits(5_000, 8, Some(1_000_000)),
            Quality::Medium => limits(3_500, 14, Some(30_000_000)),
            Quality::Low => limits(2_900, 14, None),
        };
        let tiles = match limits {
            Some(_) => vec![FilmTile::default(); size.tiles() as usize],
            None => Vec::new(),
        };
        Self {
            limits,
            size,
            tiles,
            inexact: 0,
            budget: 0,
            filled: MediaTime::ZERO,
            quantiser: START_QUANTISER,
        }
    }

    /// How coarse the next tiles are told.
    pub(super) fn quantiser(&self) -> usize {
        self.quantiser
    }

    /// Whether the picture may not show what the frame shows in a tile.
    pub(super) fn is_inexact(&self, index: u32) -> bool {
        self.inexact > 0 && self.tiles[index as usize].source.is_some()
    }

    /// Whether a tile is next to one that is told with less detail, or is one itself.
    pub(super) fn is_near_film(&self, index: u32) -> bool {
        if self.inexact == 0 {
            return false;
        }
        let columns = self.size.columns();
        let (x, y) = (index % columns, index / columns);
        self.is_inexact(index)
            || x > 0 && self.is_inexact(index - 1)
            || x + 1 < columns && self.is_inexact(index + 1)
            || y > 0 && self.is_inexact(index - columns)
            || y + 1 < self.size.tile_rows() && self.is_inexact(index + columns)
    }

    /// Lets the budget fill up to now.
    pub(super) fn fill(&mut self, now: MediaTime) {
        let Some(limits) = self.limits else {
            return;
        };
        if now < self.filled {
            // A new segment counts from its own beginning.
            for tile in &mut self.tiles {
                tile.changed = MediaTime::ZERO;
                tile.seen = MediaTime::ZERO;
            }
        }
        let micros = now
            .micros_since(self.filled)
            .unwrap_or(0)
            .min(MAX_FILL_MICROS);
        self.filled = now;
        let most = limits.bytes_per_second * 2;
        let more = limits.bytes_per_second * micros as i64 / 1_000_000;
        self.budget = (self.budget + more).min(most);
    }

    /// Takes what a frame spent on `tiles` tiles, and makes the next ones coarser or finer, so
    /// that each can be told about twice a second.
    pub(super) fn spend(&mut self, bytes: usize, tiles: u32) {
        let Some(limits) = self.limits else {
            return;
        };
        self.budget -= bytes as i64;
        let wanted = limits.bytes_per_second / UPDATES_PER_SECOND;
        if bytes as i64 > wanted * 5 / 4 {
            let steps = if bytes as i64 > wanted * 2 { 3 } else { 1 };
            self.quantiser = (self.quantiser + steps).min(COARSEST);
        } else if (bytes as i64) < wanted * 3 / 4 && tiles > 0 {
            self.quantiser = self.quantiser.saturating_sub(1).max(limits.finest);
        }
    }

    /// What to do with a photograph whose pixels have this hash.
    pub(super) fn treat(&mut self, index: u32, source: u64, now: MediaTime) -> Treatment {
        let Some(limits) = self.limits else {
            return Treatment::Exact;
        };
        let tile = &mut self.tiles[index as usize];
        // 0 stands for nothing.
        let source = core::num::NonZeroU64::new(source | 1);
        let stands_still_since = match tile.source {
            known if known == source => tile.changed,
            None => tile.seen,
            Some(_) => now,
        };
        let still = now.micros_since(stands_still_since).unwrap_or(0);
        if limits
            .exact_after_micros
            .is_some_and(|wanted| still >= wanted)
        {
            return Treatment::Exact;
        }
        if tile.source == source {
            return Treatment::Later;
        }
        self.inexact += u32::from(tile.source.is_none());
        tile.source = source;
        tile.changed = now;
        Treatment::Lossy
    }

    /// Takes in which tiles changed, and says whether what goes on is a film: hardly anything
    /// changed but tiles that do so all the time.
    pub(super) fn is_running(&mut self, changed: &[u32], now: MediaTime) -> bool {
        if self.limits.is_none() {
            return false;
        }
        let mut others = 0;
        for &index in changed {
            let tile = &mut self.tiles[index as usize];
            let since = now.micros_since(tile.seen).unwrap_or(0);
            tile.seen = now;
            tile.streak = if since < STREAK_MICROS {
                tile.streak.saturating_add(1)
            } else {
                0
            };
            others += u32::from(tile.streak < FILM_STREAK);
        }
        others <= MAX_OTHERS && !changed.is_empty() && self.inexact > 0
    }

    /// Whether a tile of a running film or at its edge stays as it is for now, because the
    /// budget is empty; or a still one, because it is not due.
    pub(super) fn waits(
        &mut self,
        index: u32,
        source: u64,
        now: MediaTime,
        is_running: bool,
    ) -> bool {
        let is_spent = is_running && self.budget <= 0;
        let tile = &mut self.tiles[index as usize];
        let is_film = tile.streak >= FILM_STREAK;
        let source_now = core::num::NonZeroU64::new(source | 1);
        match tile.source {
            Some(known) if Some(known) == source_now => {
                self.treat(index, source, now) == Treatment::Later
            }
            Some(_) if is_spent && is_film => {
                tile.source = UNTOLD;
                tile.changed = now;
                true
            }
            None if is_spent && is_film => {
                // At the edge a title may stand, which is told exactly, but no more often.
                tile.source = UNTOLD;
                tile.changed = now;
                self.inexact += 1;
                true
            }
            _ => false,
        }
    }

    /// What a tile at a film's edge, which is told exactly, takes of the film's budget: about.
    pub(super) fn edge_bytes(&self, index: u32) -> usize {
        if self.inexact > 0 && self.tiles[index as usize].streak >= FILM_STREAK {
            EDGE_BYTES
        } else {
            0
        }
    }

    /// The tile shows what the frame shows.
    pub(super) fn set_exact(&mut self, index: u32) {
        if self.is_inexact(index) {
            self.tiles[index as usize].source = None;
            self.inexact -= 1;
        }
    }

    /// Adds tiles that are due to `changed`, which is and stays in raster order; of very many only
    /// some.
    pub(super) fn add_due(&self, changed: &mut Vec<u32>, now: MediaTime) {
        if self.inexact == 0 {
            return;
        }
        let before = changed.len();
        let due = self
            .tiles
            .iter()
            .zip(0..)
            .filter(|(tile, _)| self.due(tile).is_some_and(|due| due <= now));
        changed.extend(due.map(|(_, index)| index).take(MAX_DUE));
        if changed.len() > before {
            changed.sort_unstable();
            changed.dedup();
        }
    }

    /// When the first tile is due, if one waits.
    pub(super) fn next_due(&self) -> Option<MediaTime> {
        if self.inexact == 0 {
            return None;
        }
        self.tiles.iter().filter_map(|tile| self.due(tile)).min()
    }

    /// The tiles that may not show what the frame shows.
    pub(super) fn inexact_tiles(&self) -> Vec<u32> {
        if self.inexact == 0 {
            return Vec::new();
        }
        let tiles = self.tiles.iter().zip(0..);
        tiles
            .filter_map(|(tile, index)| tile.source.map(|_| index))
            .collect()
    }

    /// When a tile that stands still is told again: to become exact, or because what it shows was
    /// never told.
    fn due(&self, tile: &FilmTile) -> Option<MediaTime> {
        let wanted = match tile.source? {
            source if Some(source) == UNTOLD => UNTOLD_MICROS,
            _ => self.limits?.exact_after_micros?,
        };
        tile.changed.checked_add_micros(wanted)
    }
}

/// Stands for what a frame shows in a tile that was not told for want of budget: no hash, since
/// these are odd.
const UNTOLD: Option<core::num::NonZeroU64> = core::num::NonZeroU64::new(2);
/// What was not told is told so much later at the latest, if it stands still.
const UNTOLD_MICROS: u64 = 2_000_000;
const START_QUANTISER: usize = 14;
const COARSEST: usize = 24;
/// Changes that follow each other so fast are a streak ...
const STREAK_MICROS: u64 = 800_000;
/// ... and after so many of them it is a film: scrolling is over by then.
const FILM_STREAK: u8 = 6;
/// While more other tiles than this change, it is not a film that makes the picture.
const MAX_OTHERS: u32 = 48;
const EDGE_BYTES: usize = 75;
const UPDATES_PER_SECOND: i64 = 2;
/// The budget fills no further than this after a pause.
const MAX_FILL_MICROS: u64 = 10_000_000;
/// At most so many tiles become exact in a frame, so that none takes long.
const MAX_DUE: usize = 1024;
