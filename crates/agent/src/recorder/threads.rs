//! The threads that wait for the display, and what they share.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use eidetic_capture::{
    Capture, CaptureError, Desktop, Notice, NoticeEnding, NoticeWatcher, Screen, blackout::Judge,
};
use eidetic_model::Notification;
use tracing::debug;

use super::{
    notices::NoticeWish,
    recorder::{Recorder, ScreenTurn, ScreenWish},
};
use crate::channel::FramingError;

/// The recorder, for all threads.
pub(super) struct Shared {
    recorder: Mutex<Recorder>,
    /// Something changed that a pausing thread may have to know: the policy, what is in front, or
    /// the end.
    changed: Condvar,
}

/// Why a thread ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum ThreadEnd {
    /// It was told to.
    #[error("finished")]
    Finished,
    /// The display cannot be captured any more.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// The service is gone.
    #[error(transparent)]
    Service(#[from] FramingError),
}

impl Shared {
    /// Shares the recorder.
    pub(super) fn new(recorder: Recorder) -> Self {
        Self {
            recorder: Mutex::new(recorder),
            changed: Condvar::new(),
        }
    }

    /// Tells the recorder something that pausing threads may have to know.
    pub(super) fn tell<T>(&self, what: impl FnOnce(&mut Recorder) -> T) -> T {
        let value = what(&mut self.lock());
        self.changed.notify_all();
        value
    }

    /// Captures the screen for as long as it is wanted.
    pub(super) fn run_screen(
        &self,
        open: impl Fn(Option<Judge>) -> Result<Box<dyn Screen>, CaptureError>,
    ) -> ThreadEnd {
        loop {
            let generation = match self.wait_for_wish() {
                ScreenWish::Open(generation) => generation,
                ScreenWish::Finished => return ThreadEnd::Finished,
                ScreenWish::Closed => continue,
            };
            // Of a later policy than the wish, it is closed with its first frame.
            let judge = self.lock().judge();
            let captured = open(judge)
                .map_err(ThreadEnd::from)
                .and_then(|mut screen| self.capture(generation, &mut *screen));
            if let Err(end) = captured {
                return end;
            }
        }
    }

    /// Follows the desktop until the end.
    pub(super) fn run_desktop(&self, desktop: &mut dyn Desktop) -> ThreadEnd {
        let mut failures = Failures::default();
        loop {
            if let Err(end) = self.desktop_turn(desktop, &mut failures) {
                return end;
            }
        }
    }

    /// Shows the plan's messages to the user until the end. That one cannot be shown ends nothing.
    pub(super) fn run_notices(
        &self,
        show: impl Fn(&Notice, &mut dyn NoticeWatcher) -> Result<NoticeEnding, CaptureError>,
    ) -> ThreadEnd {
        loop {
            let message = {
                let mut recorder = self.lock();
                loop {
                    match recorder.notice_wish() {
                        NoticeWish::Show(message) => break message,
                        NoticeWish::Finished => return ThreadEnd::Finished,
                        NoticeWish::Nothing => {
                            recorder = self
                                .changed
                                .wait(recorder)
                                .unwrap_or_else(PoisonError::into_inner);
                        }
                    }
                }
            };
            let notice = Notice {
                title: NOTICE_TITLE.to_owned(),
                text: message.text().to_owned(),
                closes_after: message.closes_after(),
            };
            if let Err(error) = self.show_notice(message, &notice, &show) {
                return error.into();
            }
        }
    }

    fn show_notice(
        &self,
        message: Notification,
        notice: &Notice,
        show: impl Fn(&Notice, &mut dyn NoticeWatcher) -> Result<NoticeEnding, CaptureError>,
    ) -> Result<(), FramingError> {
        let number = self.lock().notice_begins(message)?;
        let mut watcher = Watcher {
            shared: self,
            number,
            failure: None,
        };
        let ended = show(notice, &mut watcher);
        watcher.failure.map_or(Ok(()), Err)?;
        self.lock().notice_ended(number, &ended)
    }

    fn desktop_turn(
        &self,
        desktop: &mut dyn Desktop,
        failures: &mut Failures,
    ) -> Result<(), ThreadEnd> {
        let wait = {
            let mut recorder = self.lock();
            if recorder.screen_wish() == ScreenWish::Finished {
                return Err(ThreadEnd::Finished);
            }
            recorder.desktop_wait()
        };
        let event = failures.forgive(desktop.next(wait))?.flatten();
        let woken = event.is_some();
        if let Some(event) = event {
            self.tell(|recorder| recorder.desktop_event(event))?;
        }
        if self.lock().asks_for_idle(woken)
            && let Some(idle) = failures.forgive(desktop.idle())?
        {
            self.tell(|recorder| recorder.idle_observed(idle))?;
        }
        self.tell(Recorder::tick)?;
        if woken || failures.in_a_row > 0 {
            // Titles that spin are asked for this often at most; none goes uncounted meanwhile.
            self.pause(EVENT_INTERVAL, None);
        }
        Ok(())
    }

    /// Takes frames until the screen is to be closed.
    fn capture(&self, generation: u64, screen: &mut dyn Screen) -> Result<(), ThreadEnd> {
        let mut failures = Failures::default();
        // Displays that changed together are taken together: how many may still be waiting.
        let mut together = 0;
        let mut pause_after = Duration::ZERO;
        loop {
            let wait = if together > 0 {
                Duration::ZERO
            } else {
                self.lock().screen_wait()
            };
            let Some(capture) = failures.forgive(screen.next(wait))? else {
                self.pause(EVENT_INTERVAL, Some(generation));
                continue;
            };
            match self.lock().captured(generation, capture)? {
                ScreenTurn::Close => return Ok(()),
                ScreenTurn::Wait => together = together.min(1),
                ScreenTurn::Go { pause, displays } => {
                    pause_after = pause;
                    if together == 0 {
                        together = displays;
                    }
                }
            }
            let wanted = self.lock().display_to_settle();
            if let Some(frame) = wanted.and_then(|display| screen.shown(display)) {
                self.lock().captured(generation, Capture::Frame(frame))?;
            }
            if together > 0 {
                together -= 1;
                if together == 0 {
                    self.pause(pause_after, Some(generation));
                }
            }
        }
    }

    fn wait_for_wish(&self) -> ScreenWish {
        let mut recorder = self.lock();
        loop {
            match recorder.screen_wish() {
                ScreenWish::Closed => {
                    recorder = self
                        .changed
                        .wait(recorder)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                wish => return wish,
            }
        }
    }

    /// Waits, unless the end comes, or the screen is not wanted under this generation any more.
    fn pause(&self, pause: Duration, generation: Option<u64>) {
        let _recorder = self
            .changed
            .wait_timeout_while(self.lock(), pause, |recorder| {
                match recorder.screen_wish() {
                    ScreenWish::Finished => false,
                    ScreenWish::Closed => generation.is_none(),
                    ScreenWish::Open(current) => generation.is_none_or(|mine| mine == current),
                }
            })
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// A thread that panicked ends the process, so that poison is never seen by others.
    fn lock(&self) -> MutexGuard<'_, Recorder> {
        self.recorder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows a message for the recorder.
struct Watcher<'a> {
    shared: &'a Shared,
    number: u64,
    failure: Option<FramingError>,
}

impl NoticeWatcher for Watcher<'_> {
    fn shown(&mut self) {
        self.failure = self.shared.lock().notice_shown(self.number).err();
    }

    fn is_wanted(&self) -> bool {
        self.failure.is_none() && self.shared.lock().is_notice_wanted(self.number)
    }
}

/// Failures that are worth another try.
#[derive(Debug, Default)]
struct Failures {
    in_a_row: u32,
}

impl Failures {
    /// The value; `None` if it failed and shall be tried again; the error if that makes no sense.
    fn forgive<T>(&mut self, result: Result<T, CaptureError>) -> Result<Option<T>, CaptureError> {
        match result {
            Ok(value) => {
                self.in_a_row = 0;
                Ok(Some(value))
            }
            Err(error @ CaptureError::Failed { .. }) if self.in_a_row < MAX_FAILURES_IN_A_ROW => {
                debug!(%error, "capture failed, trying again");
                self.in_a_row += 1;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The title of the window in which users are told that they are monitored.
const NOTICE_TITLE: &str = "Activity monitoring";

/// The least time between two looks at the desktop, and between two tries after a failure.
const EVENT_INTERVAL: Duration = Duration::from_millis(20);

/// A display that fails so often without a success between is taken for gone.
const MAX_FAILURES_IN_A_ROW: u32 = 50;
