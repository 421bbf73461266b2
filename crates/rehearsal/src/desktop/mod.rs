//! A virtual desktop with real applications, and a scripted person who uses them.

mod applications;
mod monitors;
mod script;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::Result;
use eidetic_testkit::VirtualDisplay;

pub use self::monitors::{TITLES, TwoMonitors};

use self::applications::Applications;

/// The title that a rehearsal looks for.
pub const WANTED_TITLE: &str = "Payroll 2026";

/// A desktop at 1920x1080 with a window manager and nothing else.
pub struct Desktop {
    display: VirtualDisplay,
}

impl Desktop {
    /// Starts the display and its window manager.
    pub fn start() -> Result<Self> {
        let mut display = VirtualDisplay::start(1920, 1080)?;
        display.spawn("xsetroot", ["-solid", "#32506b"])?;
        display.start_window_manager()?;
        Ok(Self { display })
    }

    /// The display's name.
    pub fn name(&self) -> &str {
        self.display.name()
    }

    /// The display, to start further programs on.
    pub fn display(&mut self) -> &mut VirtualDisplay {
        &mut self.display
    }

    /// Starts applications and somebody who uses them.
    pub fn use_it(mut self, folder: &std::path::Path) -> Result<Person> {
        let applications = Applications::start(&mut self.display, folder)?;
        let name = self.name().to_owned();
        let leave = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&leave);
        let thread = thread::Builder::new()
            .name("person".to_owned())
            .spawn(move || script::play(&self.display, &applications, &told))?;
        Ok(Person {
            display: name,
            leave,
            thread: Some(thread),
        })
    }
}

/// Somebody who uses a desktop, until this value is dropped.
pub struct Person {
    display: String,
    leave: Arc<AtomicBool>,
    thread: Option<JoinHandle<u64>>,
}

impl Person {
    /// The display's name.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// Ends the person's work and the desktop. Gives the number of actions.
    pub fn stop(mut self) -> u64 {
        self.leave.store(true, Ordering::Relaxed);
        self.thread
            .take()
            .and_then(|thread| thread.join().ok())
            .unwrap_or(0)
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.leave.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _actions = thread.join();
        }
    }
}
