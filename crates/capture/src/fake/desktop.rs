//! A desktop on which happens what the test says.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use eidetic_model::{Application, Captured, RunAs};

use super::script::Script;
use crate::{ActiveWindow, CaptureError, DesktopEvent, ProcessId};

/// A desktop on which happens what its script says.
#[derive(Debug)]
pub struct Desktop {
    script: Script<Result<DesktopEvent, CaptureError>>,
    idle_millis: Arc<AtomicU64>,
}

/// What happens on a [`Desktop`].
#[derive(Clone, Debug)]
pub struct DesktopScript {
    script: Script<Result<DesktopEvent, CaptureError>>,
    idle_millis: Arc<AtomicU64>,
}

/// A window of this title: a text editor's, with the rights of the session's user.
pub fn window(handle: u64, title: &str) -> ActiveWindow {
    ActiveWindow {
        handle,
        title: Captured::new(title),
        process: Some(ProcessId(4_711)),
        application: Some(Application {
            path: "/usr/bin/editor".to_owned(),
            description: "Text Editor".to_owned(),
        }),
        run_as: RunAs::SessionUser,
        is_kept_out: false,
        middle: (100, 100),
        changes: 1,
    }
}

impl Desktop {
    /// A desktop and its script.
    pub fn new() -> (Self, DesktopScript) {
        let script = Script::new();
        let idle_millis = Arc::new(AtomicU64::new(0));
        let desktop = Self {
            script: script.clone(),
            idle_millis: Arc::clone(&idle_millis),
        };
        let script = DesktopScript {
            script,
            idle_millis,
        };
        (desktop, script)
    }
}

impl crate::Desktop for Desktop {
    fn next(&mut self, wait: Duration) -> Result<Option<DesktopEvent>, CaptureError> {
        self.script.next(wait).transpose()
    }

    fn idle(&mut self) -> Result<Duration, CaptureError> {
        Ok(Duration::from_millis(
            self.idle_millis.load(Ordering::SeqCst),
        ))
    }
}

impl DesktopScript {
    /// Makes something happen.
    pub fn happen(&self, event: DesktopEvent) {
        self.script.add(Ok(event));
    }

    /// Brings a window to the front.
    pub fn activate(&self, window: ActiveWindow) {
        self.happen(DesktopEvent::Activated(window));
    }

    /// Says how long nobody has touched keyboard or pointer.
    pub fn set_idle(&self, idle: Duration) {
        let millis = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        self.idle_millis.store(millis, Ordering::SeqCst);
    }

    /// Makes the desktop fail once.
    pub fn fail(&self, error: CaptureError) {
        self.script.add(Err(error));
    }
}
