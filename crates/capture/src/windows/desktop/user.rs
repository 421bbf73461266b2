//! The desktop of the session that this process runs in, behind the seam.

use std::{collections::VecDeque, time::Duration};

use eidetic_model::{Captured, RunAs};
use eidetic_winapi::{
    desktop::{idle, screensaver_is_on, use_users_desktop},
    window::Window,
};

use super::{
    front::{Front, News},
    heard::Heard,
};
use crate::{
    ActiveWindow, CaptureError, Desktop, DesktopEvent,
    deadline::{Deadline, Since},
    windows::{failed, process::ProcessInspector},
};

/// The windows, the screensaver and the input of this session.
pub struct WindowsDesktop {
    heard: Heard,
    processes: ProcessInspector,
    opened: Since,
    front: Front,
    screensaver_is_on: bool,
    ready: VecDeque<DesktopEvent>,
}

impl WindowsDesktop {
    /// Opens the desktop of this session. Programs of other accounts than the one that runs this
    /// are told apart from it.
    ///
    /// # Errors
    ///
    /// See [`CaptureError`].
    pub fn open() -> Result<Self, CaptureError> {
        Ok(Self {
            heard: Heard::listen()?,
            processes: ProcessInspector::new()?,
            opened: Since::now(),
            front: Front::default(),
            screensaver_is_on: false,
            ready: VecDeque::new(),
        })
    }

    /// The next event that can be told now.
    fn find(&mut self) -> Result<Option<DesktopEvent>, CaptureError> {
        let is_on = screensaver_is_on().map_err(failed("ask for the screensaver"))?;
        if is_on != std::mem::replace(&mut self.screensaver_is_on, is_on) {
            self.ready.push_back(if is_on {
                DesktopEvent::ScreensaverOn
            } else {
                DesktopEvent::ScreensaverOff
            });
        }
        if let Some(event) = self.ready.pop_front() {
            return Ok(Some(event));
        }
        let now = self.opened.lasted();
        // One that is gone by the time that it is asked for is not in front.
        let window = Window::in_front().filter(|window| window.process().is_some());
        let seen = window.map(|window| (window, Captured::new(window.title())));
        let told = seen
            .as_ref()
            .map(|(window, title)| (window.number(), title));
        let news = self.front.seen(now, told);
        Ok(match (news, seen) {
            (Some(News::Window { changes }), Some((window, title))) => Some(
                DesktopEvent::Activated(self.look_at(window, title, changes)),
            ),
            (Some(News::Nothing), _) => Some(DesktopEvent::Activated(nothing_in_front())),
            _ => None,
        })
    }

    fn look_at(&mut self, window: Window, title: Captured, changes: u32) -> ActiveWindow {
        let program = self.processes.inspect(window.process());
        ActiveWindow {
            handle: window.number(),
            title,
            process: program.process,
            application: program.application,
            run_as: program.run_as,
            is_kept_out: window.is_kept_out_of_capture(),
            middle: window.middle().unwrap_or_default(),
            changes,
        }
    }

    /// How long to wait for something to be told, at most.
    fn longest_wait(&self) -> Duration {
        match self.front.ask_again_at() {
            Some(at) => at.saturating_sub(self.opened.lasted()).min(ASK_EVERY),
            None => ASK_EVERY,
        }
    }
}

impl Desktop for WindowsDesktop {
    fn next(&mut self, wait: Duration) -> Result<Option<DesktopEvent>, CaptureError> {
        use_users_desktop();
        let deadline = Deadline::after(wait);
        let mut pause = Duration::ZERO;
        loop {
            let left = deadline.left().unwrap_or(Duration::MAX);
            let news = self.heard.take(pause.min(left));
            for (window, times) in news.titles {
                self.front.titles_changed(window, times);
            }
            let session = news.session.into_iter();
            self.ready
                .extend(session.map(|code| DesktopEvent::SessionNoticed { code }));
            if let Some(event) = self.find()? {
                return Ok(Some(event));
            }
            if deadline.is_over() {
                return Ok(None);
            }
            pause = self.longest_wait();
        }
    }

    fn idle(&mut self) -> Result<Duration, CaptureError> {
        let idle = idle().map_err(failed("ask for the last input"))?;
        // Nobody has touched anything since the session began, which was before this.
        Ok(idle.unwrap_or_else(|| self.opened.lasted()))
    }
}

fn nothing_in_front() -> ActiveWindow {
    ActiveWindow {
        handle: 0,
        title: Captured::default(),
        process: None,
        application: None,
        run_as: RunAs::SessionUser,
        is_kept_out: false,
        middle: (0, 0),
        changes: 1,
    }
}

/// How often Windows is asked what is in front, in case it did not tell.
const ASK_EVERY: Duration = Duration::from_secs(1);
