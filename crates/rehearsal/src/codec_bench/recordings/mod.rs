//! Recordings of real applications, made once and kept in files.

mod blink;
mod busy;
mod film;
mod hands;
mod look;
mod office;
mod programs;
mod recorder;
mod stage;
mod still;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use eidetic_codec::Rect;

use self::{
    busy::{Busy, Length},
    hands::Hands,
    look::Look,
    programs::Programs,
    recorder::Recorder,
    stage::Stage,
};

/// What was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Recording {
    /// All applications, used faster than a person can.
    Busy,
    /// A film in a window, and somebody who types.
    Film,
    /// An hour of the same applications, used at a person's pace.
    Office,
    /// The same as busy at 3840x2160 for a minute.
    Remote,
    /// An hour of a desktop on which a cursor blinks and a clock goes.
    Static,
}

impl Recording {
    /// All of them, in the order in which they are made.
    pub const ALL: &[Self] = &[
        Self::Busy,
        Self::Film,
        Self::Office,
        Self::Remote,
        Self::Static,
    ];

    /// Its name in options, tables and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Film => "film",
            Self::Office => "office",
            Self::Remote => "remote",
            Self::Static => "static",
        }
    }

    /// How many frames the peers are given at most, from the beginning: the whole hour would take
    /// the slowest of them hours.
    pub const fn peers_frames(self) -> u64 {
        match self {
            Self::Busy | Self::Film | Self::Remote => u64::MAX,
            Self::Office => 1_500,
            Self::Static => 1_200,
        }
    }

    /// Where it has a film, if it has one.
    pub const fn film_window(self) -> Option<Rect> {
        match self {
            Self::Film => Some(film::WINDOW),
            Self::Busy | Self::Office | Self::Remote | Self::Static => None,
        }
    }

    /// Its file. Makes the recording if it does not exist.
    pub fn ensure(self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(format!("{}.frames", self.name()));
        if !path.exists() {
            println!(
                "recording {} (once, kept in {})",
                self.name(),
                path.display()
            );
            let frames = self
                .make(&path)
                .with_context(|| format!("failed to record {}", self.name()))?;
            println!("  {frames} frames");
        }
        Ok(path)
    }

    fn make(self, path: &Path) -> Result<u64> {
        match self {
            Self::Busy => hurry(Look::Usual, path, Length::Whole),
            Self::Film => film::record(path),
            Self::Office => office::record(path),
            Self::Static => still::record(path),
            Self::Remote => hurry(Look::Fine, path, Length::Brief),
        }
    }
}

fn hurry(look: Look, path: &Path, length: Length) -> Result<u64> {
    let mut stage = Stage::start(look)?;
    programs::write_texts(&stage)?;
    let programs = Programs::start(&mut stage)?;
    crate::until::pause(SETTLE);
    let recorder = start_recorder(&stage, path)?;
    let busy = Busy {
        hands: Hands::on(&stage),
        programs: &programs,
    };
    busy.work(length)?;
    recorder.finish()
}

fn start_recorder(stage: &Stage, path: &Path) -> Result<Recorder> {
    let hand = stage.minute_hand()?;
    Recorder::start(stage.display().name(), stage.size()?, path, Some(hand))
}

/// How long applications that have just started go on drawing.
const SETTLE: std::time::Duration = std::time::Duration::from_secs(4);
