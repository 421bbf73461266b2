//! The desktop of an X display, behind the seam.

use std::{collections::VecDeque, time::Duration};

use eidetic_model::{Captured, RunAs};
use x11rb::{
    connection::{Connection as _, SequenceNumber},
    cookie::{Cookie, VoidCookie},
    errors::ReplyError,
    protocol::{
        Event,
        screensaver::{self, ConnectionExt as _},
        xproto::{AtomEnum, PropertyNotifyEvent, Window},
    },
};

use super::{
    front::{self, Authority},
    window::{Server, WindowFacts},
};
use crate::{
    ActiveWindow, CaptureError, Desktop, DesktopEvent,
    deadline::Deadline,
    linux::{
        connection::{XConnection, pause},
        process::ProcessInspector,
    },
};

/// The windows, the screensaver and the input of an X display.
pub struct X11Desktop {
    x: XConnection,
    server: Server,
    processes: ProcessInspector,
    authority: Authority,
    authority_is_stale: bool,
    front: Option<Front>,
    front_is_stale: bool,
    /// The window that went away last, until it is known what is in front after it.
    destroyed: Option<Window>,
    /// Until then a title that changed is not asked for.
    titles_rest: Deadline,
    /// Set while no window is in front after one was: when that will be told.
    emptiness: Option<Deadline>,
    told: Option<(Window, Captured)>,
    has_screensaver: bool,
    screensaver_is_on: bool,
    ready: VecDeque<DesktopEvent>,
}

impl X11Desktop {
    /// Opens the desktop of `display`, such as `:0`, whose user has the number `session_user_id`:
    /// programs of other accounts are told apart from that user's. The key is in the file that the
    /// environment variable `XAUTHORITY` names.
    ///
    /// # Errors
    ///
    /// [`CaptureError::Gone`] if there is no such display or it refuses.
    pub fn open(display: &str, session_user_id: u32) -> Result<Self, CaptureError> {
        let x = XConnection::open(display)?;
        let server = Server::ask(&x)?;
        let has_screensaver = x.has(screensaver::X11_EXTENSION_NAME)?;
        let screensaver_is_on = has_screensaver && {
            let watched = watch_screensaver(&x);
            x.explain("watch the screensaver", watched)?
        };
        let authority = Authority::find(&x, &server.atoms);
        Ok(Self {
            authority: x.explain("find the window manager", authority)?,
            x,
            server,
            processes: ProcessInspector::new(session_user_id),
            authority_is_stale: false,
            front: None,
            front_is_stale: true,
            destroyed: None,
            titles_rest: Deadline::after(Duration::ZERO),
            emptiness: None,
            told: None,
            has_screensaver,
            screensaver_is_on,
            ready: screensaver_is_on
                .then_some(DesktopEvent::ScreensaverOn)
                .into_iter()
                .collect(),
        })
    }

    /// Takes in what the server has told.
    fn take_events(&mut self) -> Result<(), ReplyError> {
        while self.ready.len() < MOST_READY
            && let Some((event, after)) = self.x.raw().poll_for_event_with_sequence()?
        {
            self.take(&event, after)?;
        }
        Ok(())
    }

    /// Takes an event that happened after the request of that number, and before the next.
    fn take(&mut self, event: &Event, after: SequenceNumber) -> Result<(), ReplyError> {
        match event {
            Event::PropertyNotify(event) => self.take_property(*event, after),
            Event::DestroyNotify(event) => {
                self.authority_is_stale |= self.authority == Authority::WindowManager(event.window);
                self.destroyed = Some(event.window);
                self.front_is_stale = true;
            }
            Event::MapNotify(event) if self.authority == Authority::Focus => {
                front::watch_focus(&self.x, event.window)?;
                self.front_is_stale = true;
            }
            Event::FocusIn(_) | Event::FocusOut(_) | Event::UnmapNotify(_) => {
                self.front_is_stale = true;
            }
            Event::ScreensaverNotify(event) => {
                let is_on = match event.state {
                    screensaver::State::ON => true,
                    screensaver::State::OFF | screensaver::State::DISABLED => false,
                    _ => self.screensaver_is_on,
                };
                if is_on != self.screensaver_is_on {
                    self.screensaver_is_on = is_on;
                    self.ready.push_back(if is_on {
                        DesktopEvent::ScreensaverOn
                    } else {
                        DesktopEvent::ScreensaverOff
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn take_property(&mut self, event: PropertyNotifyEvent, after: SequenceNumber) {
        let atoms = &self.server.atoms;
        if event.window == self.x.root() {
            self.front_is_stale |= event.atom == atoms._NET_ACTIVE_WINDOW;
            self.authority_is_stale |=
                event.atom == atoms._NET_SUPPORTING_WM_CHECK || event.atom == atoms._NET_SUPPORTED;
        } else if let Some(front) = &mut self.front
            && front.window == event.window
        {
            let is_title = event.atom == atoms._NET_WM_NAME
                || (event.atom == u32::from(AtomEnum::WM_NAME) && !front.title_is_ewmh);
            if is_title {
                let changes = if after < front.asked {
                    &mut front.untold_changes
                } else {
                    &mut front.changes_since
                };
                *changes = changes.saturating_add(1);
            }
        }
    }

    /// Asks who is in front, if that may have changed.
    fn follow_front(&mut self) -> Result<Option<ActiveWindow>, ReplyError> {
        if std::mem::take(&mut self.authority_is_stale) {
            self.authority = Authority::find(&self.x, &self.server.atoms)?;
            self.front_is_stale = true;
        }
        if !std::mem::take(&mut self.front_is_stale) {
            return Ok(None);
        }
        let destroyed = self.destroyed.take();
        let window = self
            .authority
            .front(&self.x, &self.server.atoms)?
            // Window managers may go on naming a window that is no more.
            .filter(|window| destroyed != Some(*window));
        if window == self.front.as_ref().map(|front| front.window) {
            return Ok(None);
        }
        if let Some(former) = self.front.take() {
            front::leave_front(&self.x, former.window, self.authority)?;
            self.emptiness = Some(Deadline::after(EMPTY_AFTER));
        }
        let Some(window) = window else {
            return Ok(None);
        };
        front::watch_front(&self.x, window)?;
        self.look_at(window)
    }

    /// Asks for the title of the window in front again, if it changed.
    fn follow_title(&mut self) -> Result<Option<ActiveWindow>, ReplyError> {
        match &self.front {
            Some(front) if front.changes_since > 0 && self.titles_rest.is_over() => {
                let found = self.look_at(front.window)?;
                if found.is_some() {
                    self.titles_rest = Deadline::after(TITLES_REST);
                }
                Ok(found)
            }
            _ => Ok(None),
        }
    }

    /// Asks a window for all that is to be told of it. `None` if it is gone, or all was told.
    fn look_at(&mut self, window: Window) -> Result<Option<ActiveWindow>, ReplyError> {
        let Some(facts) = WindowFacts::ask(&self.x, &self.server, window)? else {
            // It went away between event and question: whatever is next in front will be told.
            self.front = None;
            self.emptiness
                .get_or_insert_with(|| Deadline::after(EMPTY_AFTER));
            return Ok(None);
        };
        self.emptiness = None;
        let former = self.front.take();
        self.front = Some(Front {
            window,
            title_is_ewmh: facts.title_is_ewmh,
            asked: facts.asked,
            untold_changes: former.as_ref().map_or(0, |front| {
                front.untold_changes.saturating_add(front.changes_since)
            }),
            changes_since: 0,
        });
        // The changes that the answer tells of already came before it.
        self.take_events()?;
        let Some(front) = &mut self.front else {
            return Ok(None);
        };
        let told = (window, Captured::new(facts.title));
        if self.told.as_ref() == Some(&told) {
            // Several may have been to and fro: the next event stands for them too.
            if front.untold_changes == 1 {
                front.untold_changes = 0;
            }
            return Ok(None);
        }
        let changes = std::mem::take(&mut front.untold_changes);
        let title = told.1.clone();
        self.told = Some(told);
        let program = self.processes.inspect(facts.process, &facts.class);
        Ok(Some(ActiveWindow {
            handle: window.into(),
            title,
            process: program.process,
            application: program.application,
            run_as: program.run_as,
            is_kept_out: false,
            middle: facts.middle,
            changes: if former.is_some() { changes } else { 1 },
        }))
    }

    /// Tells that no window is in front, once that has lasted.
    fn follow_emptiness(&mut self) -> Option<ActiveWindow> {
        if !self.emptiness?.is_over() {
            return None;
        }
        self.emptiness = None;
        self.told = None;
        Some(ActiveWindow {
            handle: 0,
            title: Captured::default(),
            process: None,
            application: None,
            run_as: RunAs::SessionUser,
            is_kept_out: false,
            middle: (0, 0),
            changes: 1,
        })
    }

    /// The next event that can be told now.
    fn find(&mut self) -> Result<Option<DesktopEvent>, CaptureError> {
        let taken = self.take_events();
        self.x.explain("take in events", taken)?;
        if let Some(event) = self.ready.pop_front() {
            return Ok(Some(event));
        }
        let mut found = self.follow_front();
        if let Ok(None) = found {
            found = self.follow_title();
        }
        let found = self.x.explain("ask for the active window", found)?;
        Ok(found
            .or_else(|| self.follow_emptiness())
            .map(DesktopEvent::Activated))
    }
}

impl Desktop for X11Desktop {
    fn next(&mut self, wait: Duration) -> Result<Option<DesktopEvent>, CaptureError> {
        let deadline = Deadline::after(wait);
        loop {
            if let Some(event) = self.find()? {
                return Ok(Some(event));
            }
            let title_changed = self
                .front
                .as_ref()
                .is_some_and(|front| front.changes_since > 0);
            if title_changed && !self.titles_rest.is_over() {
                // Not even awake meanwhile: a title that spins may do so a thousand times a second.
                pause(deadline.or_earlier(self.titles_rest));
            } else {
                let until = self
                    .emptiness
                    .map_or(deadline, |emptiness| deadline.or_earlier(emptiness));
                self.x.wait(until)?;
            }
            if deadline.is_over() {
                return self.find();
            }
        }
    }

    fn idle(&mut self) -> Result<Duration, CaptureError> {
        if !self.has_screensaver {
            return Err(self.x.lacks("the MIT-SCREEN-SAVER extension"));
        }
        let reply = self
            .x
            .raw()
            .screensaver_query_info(self.x.root())
            .map_err(ReplyError::from)
            .and_then(Cookie::reply);
        let reply = self.x.explain("ask for the last input", reply)?;
        Ok(Duration::from_millis(reply.ms_since_user_input.into()))
    }
}

/// The window in front, which this connection is told of.
struct Front {
    window: Window,
    title_is_ewmh: bool,
    /// The request that its title was last asked by.
    asked: SequenceNumber,
    /// Changes of the title before that which no event has told of.
    untold_changes: u32,
    /// Changes of the title since.
    changes_since: u32,
}

/// Asks the server to tell of the screensaver. Whether it is on.
fn watch_screensaver(x: &XConnection) -> Result<bool, ReplyError> {
    let raw = x.raw();
    raw.screensaver_query_version(1, 1)
        .map_err(ReplyError::from)
        .and_then(Cookie::reply)?;
    raw.screensaver_select_input(x.root(), screensaver::Event::NOTIFY_MASK)
        .map_err(ReplyError::from)
        .and_then(VoidCookie::check)?;
    let state = raw.screensaver_query_info(x.root())?.reply()?.state;
    Ok(state == u8::from(screensaver::State::ON))
}

/// The least time between two titles of one window. What comes in between is counted.
const TITLES_REST: Duration = Duration::from_millis(50);

/// How long no window must be in front before that is told: between two windows there often is
/// none for a moment.
const EMPTY_AFTER: Duration = Duration::from_millis(250);

/// How many events may wait to be asked for; more stay with the server.
const MOST_READY: usize = 64;
