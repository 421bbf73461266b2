//! A quiet desktop with two monitors, and windows whose titles are in many scripts.

use std::time::Duration;

use anyhow::{Result, ensure};
use eidetic_testkit::VirtualDisplay;

use super::applications::window;
use crate::until::pause;

/// The titles that its windows get, one after the other. One has no characters at all.
pub const TITLES: &[&str] = &[
    "Приказ о зарплате",
    "給与計算システム 2026年11月分",
    "🧾 receipts 🚀 of Zoë",
    "مستند جديد 2026",
    "",
];

/// Two monitors side by side, of 960x1080 each, with a window on each.
pub struct TwoMonitors {
    display: VirtualDisplay,
    /// The window on the left and the one on the right.
    windows: [String; 2],
}

impl TwoMonitors {
    /// Starts the display with its windows: a red one on the left, a green one on the right.
    pub fn start() -> Result<Self> {
        let mut display = VirtualDisplay::start(1920, 1080)?;
        for [name, place, outputs] in [
            ["L", "960/254x1080/285+0+0", "screen"],
            ["R", "960/254x1080/285+960+0", "none"],
        ] {
            run(&display, "xrandr", &["--setmonitor", name, place, outputs])?;
        }
        run(&display, "xsetroot", &["-solid", "#32506b"])?;
        display.start_window_manager()?;
        let mut open = |title, colour, geometry| {
            let arguments = ["-T", title, "-bg", colour, "-geometry", geometry];
            let sleep = ["-e", "sleep", "infinity"];
            display.spawn("xterm", arguments.into_iter().chain(sleep))?;
            window(&display, &["--name", title])
        };
        let windows = [
            open("Left monitor", "#a02020", "110x60+100+100")?,
            open("Right monitor", "#20a020", "110x60+1060+100")?,
        ];
        Ok(Self { display, windows })
    }

    /// The display's name.
    pub fn display(&self) -> &str {
        self.display.name()
    }

    /// Gives the windows all the [`TITLES`], in turn, and lets them come to the front.
    pub fn show_titles(&self) -> Result<()> {
        for (title, window) in TITLES.iter().zip(self.windows.iter().cycle()) {
            run(
                &self.display,
                "xdotool",
                &["set_window", "--name", title, window],
            )?;
            run(&self.display, "xdotool", &["windowactivate", window])?;
            pause(BETWEEN);
        }
        Ok(())
    }
}

fn run(display: &VirtualDisplay, program: &str, arguments: &[&str]) -> Result<()> {
    let status = display.command(program).args(arguments).status()?;
    ensure!(status.success(), "{program} ended with {status}");
    Ok(())
}

/// Long enough that no title is taken for a part of a burst.
const BETWEEN: Duration = Duration::from_millis(800);
