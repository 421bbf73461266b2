//! Coded pictures and subtitles to a file.
//!
//! Coded pictures wait in a [`Track`] on disk until all is known; then [`mp4`] or [`webm`] writes
//! the whole file, what players need first at its beginning.

pub mod mp4;
mod track;
pub mod webm;

pub use track::Track;

use eidetic_model::Timestamp;

use super::encoder::Setup;
use super::pace::VideoTime;
use super::titles::Cue;

/// All that a file is made of, but for the pictures.
pub struct Film<'a> {
    /// What it is called.
    pub name: &'a str,
    /// When its first picture was recorded.
    pub recorded: Timestamp,
    /// Its width in pixels.
    pub width: usize,
    /// Its height in pixels.
    pub height: usize,
    /// How long it is.
    pub end: VideoTime,
    /// What decoders need to know first.
    pub setup: Setup,
    /// Its subtitles.
    pub cues: &'a [Cue],
}

/// What subtitles are called in a player's menu.
const SUBTITLES: &str = "Activity";

/// As in the version that wrote it.
const PROGRAM: &str = concat!("Eidetic ", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests;
