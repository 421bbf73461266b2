//! What the scripted person does, again and again, at a brisk person's pace.

use std::{
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use eidetic_testkit::VirtualDisplay;

use super::applications::Applications;
use crate::until::pause;

/// Uses the applications until told to leave. Gives the number of actions.
pub fn play(display: &VirtualDisplay, applications: &Applications, leave: &AtomicBool) -> u64 {
    let mut actions = 0;
    loop {
        for step in STEPS {
            if leave.load(Ordering::Relaxed) {
                return actions;
            }
            step.perform(display, applications);
            actions += 1;
            pause(BETWEEN);
        }
    }
}

/// One thing that the person does.
enum Step {
    Terminal,
    Editor,
    Browser,
    Type(&'static str),
    Key(&'static str),
    Wheel(u8),
}

impl Step {
    fn perform(&self, display: &VirtualDisplay, applications: &Applications) {
        let mut xdotool = display.command("xdotool");
        match self {
            Self::Terminal => activate(&mut xdotool, &applications.terminal),
            Self::Editor => activate(&mut xdotool, &applications.editor),
            Self::Browser => activate(&mut xdotool, &applications.browser),
            Self::Type(text) => xdotool.args(["type", "--delay", "60", text]),
            Self::Key(key) => xdotool.args(["key", key]),
            Self::Wheel(turns) => xdotool
                .args(["mousemove", "1300", "600", "click", "--repeat"])
                .args([&turns.to_string(), "--delay", "80", "5"]),
        };
        // A step that fails (a window was closed) is a step that did nothing.
        let _status = xdotool.status();
    }
}

fn activate<'a>(xdotool: &'a mut Command, window: &str) -> &'a mut Command {
    xdotool.args(["windowactivate", window])
}

const BETWEEN: Duration = Duration::from_millis(1_200);

const STEPS: &[Step] = &[
    Step::Terminal,
    Step::Type("ls -la /usr/share | head -40"),
    Step::Key("Return"),
    Step::Type("printf '\\033]0;%s\\007' 'Monthly report'; ls -l /usr/share/doc | head -30"),
    Step::Key("Return"),
    Step::Browser,
    Step::Wheel(5),
    Step::Wheel(3),
    Step::Key("Page_Down"),
    Step::Key("Page_Down"),
    Step::Editor,
    Step::Key("ctrl+End"),
    Step::Type("Anna 4.310, Bruno 3.990, check overtime of March"),
    Step::Key("Return"),
    Step::Key("ctrl+s"),
    Step::Browser,
    Step::Wheel(8),
    Step::Key("Home"),
    Step::Terminal,
    Step::Type("cat /etc/os-release; cal -y 2026 || date"),
    Step::Key("Return"),
];
