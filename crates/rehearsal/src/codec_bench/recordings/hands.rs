//! Keyboard and pointer of the scripted person.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};

use super::{look::Look, stage::Stage};
use crate::until::until;

/// Hands on one desktop. Places are those of a 1920x1080 screen, whatever its size is.
pub struct Hands<'a> {
    stage: &'a Stage,
    scale: u32,
}

/// A place on the screen.
pub type Place = (u32, u32);

/// Where the wheel is turned to.
#[derive(Clone, Copy)]
pub enum Turn {
    Up,
    Down,
}

impl<'a> Hands<'a> {
    /// Hands on this desktop.
    pub fn on(stage: &'a Stage) -> Self {
        Self {
            stage,
            scale: Look::scale(stage.look()),
        }
    }

    /// Waits for a visible window whose title has this in it.
    pub fn find(&self, title: &str) -> Result<Window> {
        let id = until("a window is there", Duration::from_secs(60), || {
            let output = self
                .xdotool()
                .args(["search", "--onlyvisible", "--name", title])
                .stdout(Stdio::piped())
                .output()
                .context("failed to start xdotool (Debian package xdotool)")?;
            let found = String::from_utf8_lossy(&output.stdout);
            Ok(found.lines().next_back().map(str::to_owned))
        });
        let id = id.with_context(|| format!("no window with the title {title:?}"))?;
        Ok(Window(id))
    }

    /// Puts a window in its place, with this size.
    pub fn place(&self, window: &Window, (x, y): Place, (width, height): Place) -> Result<()> {
        let [x, y, width, height] = [x, y, width, height].map(|number| self.pixels(number));
        let mut xdotool = self.xdotool();
        xdotool.args(["windowsize", &window.0, &width, &height]);
        xdotool.args(["windowmove", &window.0, &x, &y]);
        run(xdotool)
    }

    /// Brings a window to the front.
    pub fn activate(&self, window: &Window) -> Result<()> {
        let mut xdotool = self.xdotool();
        xdotool.args(["windowactivate", &window.0]);
        run(xdotool)
    }

    /// Types at this pace.
    pub fn write(&self, text: &str, pace: Duration) -> Result<()> {
        let millis = pace.as_millis().to_string();
        for line in text.split_inclusive('\n') {
            let words = line.trim_end_matches('\n');
            if !words.is_empty() {
                let mut xdotool = self.xdotool();
                xdotool.args(["type", "--delay", &millis, "--", words]);
                run(xdotool)?;
            }
            // It would type a line feed, which is not the key that people press.
            if words.len() < line.len() {
                self.press(&["Return"])?;
            }
        }
        Ok(())
    }

    /// Presses keys one after the other, such as `ctrl+s`.
    pub fn press(&self, keys: &[&str]) -> Result<()> {
        let mut xdotool = self.xdotool();
        xdotool.args(["key", "--delay", "60"]).args(keys);
        run(xdotool)
    }

    /// Moves the pointer to a place, as a hand does.
    pub fn point(&self, to: Place) -> Result<()> {
        let mut xdotool = self.xdotool();
        self.glide(&mut xdotool, to);
        run(xdotool)
    }

    /// Clicks.
    pub fn click(&self, at: Place) -> Result<()> {
        let mut xdotool = self.xdotool();
        self.glide(&mut xdotool, at);
        xdotool.args(["click", "1"]);
        run(xdotool)
    }

    /// Turns the wheel by so many notches.
    pub fn wheel(&self, at: Place, turn: Turn, notches: u32, pace: Duration) -> Result<()> {
        let button = match turn {
            Turn::Up => "4",
            Turn::Down => "5",
        };
        let mut xdotool = self.xdotool();
        self.glide(&mut xdotool, at);
        let (notches, millis) = (notches.to_string(), pace.as_millis().to_string());
        xdotool.args(["click", "--repeat", &notches, "--delay", &millis, button]);
        run(xdotool)
    }

    /// Drags from one place to another, over this many small steps.
    pub fn drag(&self, from: Place, to: Place, steps: u32) -> Result<()> {
        let mut xdotool = self.xdotool();
        self.glide(&mut xdotool, from);
        xdotool.args(["mousedown", "1"]);
        for step in 1..=steps {
            let between =
                |from: u32, to: u32| self.pixels((from * (steps - step) + to * step) / steps);
            let (x, y) = (between(from.0, to.0), between(from.1, to.1));
            xdotool.args(["mousemove", &x, &y, "sleep", "0.03"]);
        }
        xdotool.args(["mouseup", "1"]);
        run(xdotool)
    }

    fn glide(&self, xdotool: &mut Command, (x, y): Place) {
        // The last bit of the way is slower.
        for (dx, dy) in [(40, 25), (12, 6), (0, 0)] {
            let (x, y) = (self.pixels(x + dx), self.pixels(y + dy));
            xdotool.args(["mousemove", &x, &y, "sleep", "0.05"]);
        }
    }

    fn pixels(&self, number: u32) -> String {
        (number * self.scale).to_string()
    }

    fn xdotool(&self) -> Command {
        self.stage.display().command("xdotool")
    }
}

/// A window, by the number that the display gave it.
pub struct Window(String);

fn run(mut xdotool: Command) -> Result<()> {
    let status = xdotool
        .status()
        .context("failed to start xdotool (Debian package xdotool)")?;
    ensure!(status.success(), "xdotool ended with {status}: {xdotool:?}");
    Ok(())
}
