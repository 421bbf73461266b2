//! Windows of the desktop. Nothing here waits for the program that a window belongs to.

use windows::Win32::{
    Foundation::{HWND, RECT},
    UI::WindowsAndMessaging::{
        GetForegroundWindow, GetWindowDisplayAffinity, GetWindowRect, GetWindowThreadProcessId,
        InternalGetWindowText, WDA_NONE,
    },
};

/// A window's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window(isize);

impl Window {
    /// The window in front; `None` while there is none.
    pub fn in_front() -> Option<Self> {
        // SAFETY: takes no address.
        Self::from_handle(unsafe { GetForegroundWindow() })
    }

    pub(crate) fn from_handle(handle: HWND) -> Option<Self> {
        (!handle.is_invalid()).then_some(Self(handle.0 as isize))
    }

    /// The handle as a number.
    pub fn number(self) -> u64 {
        self.0.cast_unsigned() as u64
    }

    /// Its title as the system keeps it, without asking its program. Empty if it has none, or is
    /// no more.
    pub fn title(self) -> String {
        let mut units = vec![0; LONGEST_TITLE];
        // SAFETY: the buffer is as long as it says; a handle that is no more is refused.
        let length = unsafe { InternalGetWindowText(self.handle(), &mut units) };
        let length = usize::try_from(length).unwrap_or_default();
        String::from_utf16_lossy(units.get(..length).unwrap_or_default())
    }

    /// The number of its process; `None` if it is no more.
    pub fn process(self) -> Option<u32> {
        let mut process = 0;
        // SAFETY: the place for the answer outlives the call.
        let thread = unsafe { GetWindowThreadProcessId(self.handle(), Some(&raw mut process)) };
        (thread != 0 && process != 0).then_some(process)
    }

    /// Its middle on the desktop; `None` if it is no more.
    pub fn middle(self) -> Option<(i32, i32)> {
        let mut place = RECT::default();
        // SAFETY: the place for the answer outlives the call.
        unsafe { GetWindowRect(self.handle(), &raw mut place) }.ok()?;
        let between = |one: i32, other: i32| i32::midpoint(one, other);
        Some((
            between(place.left, place.right),
            between(place.top, place.bottom),
        ))
    }

    /// Whether its program keeps it out of what others capture.
    pub fn is_kept_out_of_capture(self) -> bool {
        let mut affinity = WDA_NONE.0;
        // SAFETY: the place for the answer outlives the call.
        let asked = unsafe { GetWindowDisplayAffinity(self.handle(), &raw mut affinity) };
        asked.is_ok() && affinity != WDA_NONE.0
    }

    fn handle(self) -> HWND {
        HWND(self.0 as *mut _)
    }
}

/// Titles longer than this are cut, in units of UTF-16.
const LONGEST_TITLE: usize = 32 << 10;
