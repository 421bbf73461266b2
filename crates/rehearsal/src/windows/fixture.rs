//! A window of a known colour.

use std::{
    io::Write as _,
    path::Path,
    process::{Child, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::wine::Wine;

/// Where on the desktop it is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// A window; it is gone with this value.
pub struct Window {
    program: Child,
}

/// Tells the recorders of the session what Windows would tell them of it: the code of
/// `WM_WTSSESSION_CHANGE`.
pub fn tell_recorders(wine: &Wine, program: &Path, code: u32) -> Result<()> {
    let code = code.to_string();
    let status = wine.command(program).args(["notice", &code]).status()?;
    ensure!(status.success(), "no recorder listens: {status}");
    Ok(())
}

impl Place {
    /// Its middle.
    pub fn middle(self) -> (u32, u32) {
        (self.left + self.width / 2, self.top + self.height / 2)
    }

    /// Whether this place of a picture has this colour. `pixels` are rows of so many pixels, four
    /// bytes each: blue, green, red, unused.
    pub fn is_filled(self, rgb: u32, row: u32, pixels: &[u8]) -> bool {
        let [blue, green, red, _] = rgb.to_le_bytes();
        (self.top..self.top + self.height).all(|y| {
            let start = (y * row + self.left) as usize * 4;
            let end = start + self.width as usize * 4;
            pixels.get(start..end).is_some_and(|pixels| {
                let mut pixels = pixels.chunks_exact(4);
                pixels.all(|pixel| pixel[..3] == [blue, green, red])
            })
        })
    }
}

impl Window {
    /// Shows a window in front of all others.
    pub fn show(wine: &Wine, program: &Path, rgb: u32, place: Place, title: &str) -> Result<Self> {
        let sizes = [place.left, place.top, place.width, place.height];
        let program = wine
            .command(program)
            .arg(format!("{rgb:06x}"))
            .args(sizes.map(|size| size.to_string()))
            .arg(title)
            .stdin(Stdio::piped())
            .spawn()
            .context("failed to show a window")?;
        Ok(Self { program })
    }

    /// Gives it another title.
    pub fn rename(&mut self, title: &str) -> Result<()> {
        self.tell(title)
    }

    /// Writes a word into it.
    pub fn write(&mut self, word: &str) -> Result<()> {
        self.tell(&format!("\t{word}"))
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.program.stdin.as_mut().context("it hears nothing")?;
        writeln!(input, "{line}")?;
        input.flush()?;
        Ok(())
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _has_ended = self.program.wait();
    }
}
