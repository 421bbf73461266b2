//! The program, which `xtask` builds.

use std::{
    env,
    ffi::OsString,
    io::Write,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use eidetic_testkit::eventually_within;

/// Where on the desktop a window is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

/// A window of a known colour. It is gone with this value.
pub struct Window {
    program: Child,
}

/// The desktop is there once: tests that look at it wait for each other.
pub fn desktop_for_oneself() -> MutexGuard<'static, ()> {
    static DESKTOP: Mutex<()> = Mutex::new(());
    DESKTOP.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks until `probe` gives a value. Wine starts slowly on a computer that has much to do.
pub fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    eventually_within(Duration::from_secs(90), what, probe)
}

/// Tells who listens in this session what Windows would tell of it. Whether anybody does.
pub fn tell_of_the_session(code: u32) -> bool {
    let status = Command::new(program())
        .args(["notice", &code.to_string()])
        .status();
    status.unwrap().success()
}

fn program() -> OsString {
    env::var_os("EIDETIC_FIXTURE")
        .expect("EIDETIC_FIXTURE names the program: run the tests by `cargo xtask test windows`")
}

impl Window {
    /// Shows a window in front of all others.
    pub fn show(rgb: u32, place: Place, title: &str) -> Self {
        let sizes = [place.left, place.top, place.width, place.height];
        let program = Command::new(program())
            .arg(format!("{rgb:06x}"))
            .args(sizes.map(|size| size.to_string()))
            .arg(title)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Self { program }
    }

    /// Gives it another title.
    pub fn rename(&mut self, title: &str) {
        let input = self.program.stdin.as_mut().unwrap();
        writeln!(input, "{title}").unwrap();
        input.flush().unwrap();
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.program.id()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        drop(self.program.stdin.take());
        let _has_ended = self.program.wait();
    }
}
