//! Windows.
//!
//! [`SessionScreen`] and [`WindowsDesktop`] show the session that this process runs in; [`WtsSessions`]
//! tells of all sessions, for the service. What Windows is asked is in the crate `eidetic-winapi`;
//! what follows from its answers is decided here, in modules that every system compiles and tests.

mod desktop;
#[cfg(windows)]
mod map;
#[cfg(windows)]
mod notice;
mod process;
mod screen;
mod sessions;

#[cfg(windows)]
pub use self::{
    desktop::WindowsDesktop,
    map::DesktopWindows,
    notice::show_notice,
    screen::SessionScreen,
    sessions::{SessionNotices, WtsSessions},
};
pub use sessions::session_number;

/// What is told of a call that failed, and is worth another try.
#[cfg(windows)]
fn failed(attempt: &'static str) -> impl FnOnce(eidetic_winapi::CallFailed) -> crate::CaptureError {
    move |error| crate::CaptureError::Failed {
        attempt,
        reason: error.to_string(),
    }
}
