//! A box with a message and a button.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use windows::{
    Win32::{
        Foundation::{HWND, LPARAM, WPARAM},
        System::Threading::GetCurrentThreadId,
        UI::WindowsAndMessaging::{
            EnumThreadWindows, IDOK, IsWindowVisible, MB_ICONINFORMATION, MB_OK, MB_SETFOREGROUND,
            MB_TOPMOST, MESSAGEBOX_RESULT, MessageBoxW, PostMessageW, WM_COMMAND,
        },
    },
    core::{BOOL, PCWSTR},
};

use crate::{CallFailed, Result, text::wide};

/// A box above all other windows. It stays until it is closed, also without this value.
pub struct MessageBox {
    thread: u32,
    closed: Receiver<Result<()>>,
}

impl MessageBox {
    /// Shows one, on a thread of its own. `None` if there is no thread for it.
    pub fn show(title: &str, text: &str) -> Option<Self> {
        let (title, text) = (wide(title), wide(text));
        let (say_thread, thread) = channel();
        let (say_closed, closed) = channel();
        let run = move || {
            // SAFETY: takes nothing.
            let _nobody_waits = say_thread.send(unsafe { GetCurrentThreadId() });
            let style = MB_OK | MB_ICONINFORMATION | MB_TOPMOST | MB_SETFOREGROUND;
            let (text, title) = (PCWSTR(text.as_ptr()), PCWSTR(title.as_ptr()));
            // SAFETY: both texts end with a zero and outlive the call.
            let answer = unsafe { MessageBoxW(None, text, title, style) };
            let result = match answer {
                MESSAGEBOX_RESULT(0) => Err(CallFailed::last("MessageBoxW")),
                _ => Ok(()),
            };
            let _nobody_waits = say_closed.send(result);
        };
        thread::Builder::new()
            .name("message".to_owned())
            .spawn(run)
            .ok()?;
        Some(Self {
            thread: thread.recv().ok()?,
            closed,
        })
    }

    /// Whether it is on the screen.
    pub fn is_shown(&self) -> bool {
        self.window().is_some()
    }

    /// Waits for so long until it is closed. `None` if it is not.
    ///
    /// # Errors
    ///
    /// If it could not be shown.
    pub fn wait(&self, wait: Duration) -> Option<Result<()>> {
        match self.closed.recv_timeout(wait) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            // The thread said so before it ended.
            Err(RecvTimeoutError::Disconnected) => Some(Ok(())),
        }
    }

    /// Closes it as its button does, if it is on the screen.
    pub fn close(&self) {
        if let Some(window) = self.window() {
            let button = WPARAM(IDOK.0.unsigned_abs() as usize);
            // SAFETY: takes no address; a window that is no more is refused.
            let _gone_already =
                unsafe { PostMessageW(Some(window), WM_COMMAND, button, LPARAM(0)) };
        }
    }

    /// The thread has no other window that can be seen.
    fn window(&self) -> Option<HWND> {
        let mut found = HWND::default();
        let place = LPARAM(&raw mut found as isize);
        // SAFETY: the callback writes to `found`, which outlives the call, on this thread.
        let _all_seen = unsafe { EnumThreadWindows(self.thread, Some(keep_visible), place) };
        (!found.is_invalid()).then_some(found)
    }
}

/// Keeps the first window that can be seen, and ends the search with it.
unsafe extern "system" fn keep_visible(window: HWND, place: LPARAM) -> BOOL {
    // SAFETY: takes no address.
    let is_visible = unsafe { IsWindowVisible(window) }.as_bool();
    if is_visible {
        // SAFETY: `place` is the address that `MessageBox::window` gives, of a value that lives.
        unsafe { *(place.0 as *mut HWND) = window };
    }
    BOOL::from(!is_visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_shown_until_it_is_closed() {
        let shown = MessageBox::show("Activity monitoring", "You are recorded. 記録").unwrap();
        let mut looks = 0;
        while !shown.is_shown() {
            assert!(shown.wait(Duration::from_millis(50)).is_none());
            looks += 1;
            assert!(looks < 600, "it does not come");
        }
        shown.close();
        shown.wait(Duration::from_secs(30)).unwrap().unwrap();
        assert!(!shown.is_shown());
    }
}
