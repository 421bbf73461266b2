//! A virtual desktop as people have one: a window manager, a panel with a clock, fonts that are
//! smoothed, and nothing left over from other runs.

use std::{
    fs::{self, OpenOptions},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use eidetic_codec::PictureSize;
use eidetic_testkit::VirtualDisplay;
use rustix::fs::Mode;
use tempfile::TempDir;

use super::{look::Look, recorder::MinuteHand};
use crate::stack::fresh_folder;

/// The desktop. All programs on it end with this value.
pub struct Stage {
    display: VirtualDisplay,
    look: Look,
    clock: PathBuf,
    // Deleted after the programs have ended.
    folder: TempDir,
}

impl Stage {
    /// Starts the desktop.
    pub fn start(look: Look) -> Result<Self> {
        let folder = fresh_folder()?;
        let home = folder.path();
        let clock = home.join("clock");
        look.write_settings(home, &clock)?;
        make_pipe(&clock)?;
        let (width, height) = look.size();
        let mut display = VirtualDisplay::start(width, height)?;
        for (name, value) in look.environment(home) {
            display.set_environment(name, value);
        }
        look.set_resources(&display, home)?;
        display.spawn("xsetroot", ["-solid", "#32506b"])?;
        display.start_window_manager()?;
        let panel = home.join("config/tint2/tint2rc");
        display.spawn("tint2", ["-c".as_ref(), panel.as_os_str()])?;
        Ok(Self {
            display,
            look,
            clock,
            folder,
        })
    }

    /// The display.
    pub fn display(&self) -> &VirtualDisplay {
        &self.display
    }

    /// The display, to start programs on.
    pub fn display_mut(&mut self) -> &mut VirtualDisplay {
        &mut self.display
    }

    /// How it looks.
    pub fn look(&self) -> Look {
        self.look
    }

    /// The size of its screen.
    pub fn size(&self) -> Result<PictureSize> {
        let (width, height) = self.look.size();
        Ok(PictureSize::new(width, height)?)
    }

    /// The user's folder.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// The clock in the panel, to be told the time.
    pub fn minute_hand(&self) -> Result<MinuteHand> {
        // Opened for both directions, so that it does not wait for the panel.
        let file = OpenOptions::new().read(true).write(true).open(&self.clock);
        file.map(MinuteHand).context("failed to open the clock")
    }

    /// Writes a file into the user's folder.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.home().join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

fn make_pipe(path: &Path) -> Result<()> {
    rustix::fs::mkfifoat(rustix::fs::CWD, path, Mode::RUSR | Mode::WUSR)
        .context("failed to make a pipe for the clock")?;
    Ok(())
}
