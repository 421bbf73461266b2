//! The wizard, used as a person does: with the mouse and the keyboard, on a virtual display.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use super::computer::Computer;
use crate::until::{pause, until};

/// A wizard that is open.
pub struct Wizard {
    process: Child,
    pictures: PathBuf,
    /// The pages that were seen already: each is a window of its own.
    seen: HashSet<String>,
    page: Window,
}

#[derive(Clone, Debug)]
struct Window {
    id: String,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    left: i32,
    top: i32,
    width: i32,
    height: i32,
}

impl Wizard {
    /// Opens the one that Windows Installer shows for these arguments.
    pub fn open(computer: &Computer, arguments: &[&str], pictures: &Path) -> Result<Self> {
        fs::create_dir_all(pictures)?;
        let process = computer
            .logged_installer(arguments)?
            .spawn()
            .context("failed to start Windows Installer")?;
        let mut wizard = Self {
            process,
            pictures: pictures.to_owned(),
            seen: HashSet::new(),
            page: until("the wizard is open", LONG, newest)?,
        };
        wizard.settle()?;
        Ok(wizard)
    }

    /// Clicks on a place of the page, in the units of dialogs, and waits until the page looks
    /// different.
    pub fn click(&mut self, place: [i32; 2]) -> Result<()> {
        let before = self.picture()?;
        self.press(place)?;
        until("a click has an effect", LONG, || {
            Ok((self.picture()? != before).then_some(()))
        })?;
        self.settle()
    }

    /// Clicks on a place of the page, and waits for the page that comes then.
    pub fn turn(&mut self, place: [i32; 2]) -> Result<()> {
        self.press(place)?;
        self.next_page()
    }

    /// Clicks on a place of the page, and waits for the last page, which comes without a click.
    pub fn turn_to_end(&mut self, computer: &Computer, place: [i32; 2]) -> Result<()> {
        self.turn(place)?;
        until("the wizard is at its end", LONG, || {
            let log = computer.log()?;
            let is_shown = log.lines().any(|line| line.ends_with(": ExitDlg."));
            Ok(is_shown.then_some(()))
        })?;
        // The page that shows how it goes may be there for a moment still, or was too short to be
        // seen at all.
        let passing = self.page.id.clone();
        let last = until("the last page is there", Duration::from_secs(5), || {
            Ok(newest()?.filter(|page| page.id != passing))
        });
        if let Ok(last) = last {
            self.page = last;
        }
        self.settle()
    }

    fn next_page(&mut self) -> Result<()> {
        self.seen.insert(self.page.id.clone());
        self.page = until("the next page is there", LONG, || {
            Ok(newest()?.filter(|page| !self.seen.contains(&page.id)))
        })?;
        self.settle()
    }

    /// Clicks on a place of a dialog in front of the page, and waits until the page is in front
    /// again.
    pub fn close(&mut self, place: [i32; 2]) -> Result<()> {
        let closed = self.page.id.clone();
        self.press(place)?;
        self.page = until("the dialog is closed", LONG, || {
            Ok(newest()?.filter(|page| page.id != closed))
        })?;
        self.seen.remove(&self.page.id);
        self.settle()
    }

    /// Writes into the field at a place, in place of what is there.
    pub fn fill(&mut self, place: [i32; 2], text: &str) -> Result<()> {
        self.press(place)?;
        xdotool(&["key", "ctrl+a"])?;
        xdotool(&["type", "--delay", "2", text])?;
        self.settle()
    }

    /// Keeps a picture of the page.
    pub fn keep_picture(&self, name: &str) -> Result<()> {
        // The pointer would be in it, over the button that was clicked.
        xdotool(&["mousemove", "0", "0"])?;
        let picture = self.still()?;
        let file = self.pictures.join(name).with_extension("png");
        fs::write(&file, picture).with_context(|| format!("failed to write {}", file.display()))
    }

    /// Clicks on a place of the last page, and waits until the wizard has ended. Gives its exit
    /// code.
    pub fn finish(mut self, place: [i32; 2]) -> Result<i32> {
        self.press(place)?;
        let status = until("the wizard has ended", LONG, || {
            Ok(self.process.try_wait()?)
        })?;
        status.code().context("the wizard was ended by a signal")
    }

    fn press(&self, [x, y]: [i32; 2]) -> Result<()> {
        let Place {
            left,
            top,
            width,
            height,
        } = self.page.place;
        let [units_wide, units_high] = if width > height * 2 { SMALL } else { FULL };
        let x = left + x * width / units_wide;
        let y = top + y * height / units_high;
        xdotool(&["mousemove", &x.to_string(), &y.to_string()])?;
        // A person's finger is not faster.
        pause(Duration::from_millis(100));
        xdotool(&["mousedown", "1"])?;
        pause(Duration::from_millis(50));
        xdotool(&["mouseup", "1"])
    }

    /// Waits until the page does not change any more.
    fn settle(&mut self) -> Result<()> {
        self.still()?;
        // It may have been moved or have got its size meanwhile.
        if let Some(page) = newest()?.filter(|page| page.id == self.page.id) {
            self.page = page;
        }
        Ok(())
    }

    fn still(&self) -> Result<Vec<u8>> {
        let mut before = Vec::new();
        until("the page stands still", LONG, || {
            let now = self.picture()?;
            if now == before {
                return Ok(Some(now));
            }
            before = now;
            pause(Duration::from_millis(150));
            Ok(None)
        })
    }

    /// PNG, without the pointer.
    fn picture(&self) -> Result<Vec<u8>> {
        let output = Command::new("maim")
            .args(["--hidecursor", "--window", &self.page.id])
            .stderr(Stdio::null())
            .output()
            .context("failed to start maim")?;
        // None is there when the window has just gone.
        Ok(output.stdout)
    }
}

impl Drop for Wizard {
    fn drop(&mut self) {
        let _has_ended = self.process.kill();
        let _has_ended = self.process.wait();
    }
}

/// The window of the wizard that is in front.
fn newest() -> Result<Option<Window>> {
    let found = Command::new("xdotool")
        .args(["search", "--onlyvisible", "--name", "Eidetic Agent Setup"])
        .stderr(Stdio::null())
        .output()
        .context("failed to start xdotool")?;
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    let newest = found
        .split_whitespace()
        .max_by_key(|id| id.parse::<u64>().unwrap_or(0));
    let Some(id) = newest else {
        return Ok(None);
    };
    let told = Command::new("xdotool")
        .args(["getwindowgeometry", "--shell", id])
        .stderr(Stdio::null())
        .output()?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let number = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.parse().ok())
    };
    let place = || {
        Some(Place {
            left: number("X=")?,
            top: number("Y=")?,
            width: number("WIDTH=")?,
            height: number("HEIGHT=")?,
        })
    };
    // It may have gone since.
    Ok(place().map(|place| Window {
        id: id.to_owned(),
        place,
    }))
}

fn xdotool(arguments: &[&str]) -> Result<()> {
    let status = Command::new("xdotool")
        .args(arguments)
        .status()
        .context("failed to start xdotool")?;
    if !status.success() {
        // Not what was typed: it may be a token.
        bail!("xdotool {} ended with {status}", arguments[0]);
    }
    Ok(())
}

/// The size of a page in the units of dialogs.
const FULL: [i32; 2] = [370, 270];

/// The size of a message in front of a page.
const SMALL: [i32; 2] = [260, 100];

/// Wine starts slowly on a computer that has much to do.
const LONG: Duration = Duration::from_secs(90);

/// Fails if two pictures of pages are the same, or a page is missing among them.
pub fn pictures_differ(folder: &Path, names: &[&str]) -> Result<()> {
    let mut pictures = HashSet::new();
    for name in names {
        let file = folder.join(name).with_extension("png");
        let bytes = fs::read(&file).with_context(|| format!("no picture {}", file.display()))?;
        ensure!(
            pictures.insert(bytes),
            "the page {name} looks like one before it"
        );
    }
    Ok(())
}
