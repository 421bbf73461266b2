//! Windows of the desktop. Nothing here waits for the program that a window belongs to.

use windows::{
    Win32::{
        Foundation::{HWND, LPARAM, RECT},
        Graphics::{
            Dwm::{
                DWMWA_CLOAKED, DWMWA_EXTENDED_FRAME_BOUNDS, DWMWINDOWATTRIBUTE,
                DwmGetWindowAttribute,
            },
            Gdi::{GetWindowRgnBox, RGN_ERROR},
        },
        UI::WindowsAndMessaging::{
            EnumWindows, GW_OWNER, GWL_EXSTYLE, GWL_STYLE, GetForegroundWindow, GetWindow,
            GetWindowDisplayAffinity, GetWindowLongW, GetWindowRect, GetWindowThreadProcessId,
            InternalGetWindowText, IsIconic, IsWindowVisible, WDA_NONE, WS_CAPTION, WS_EX_LAYERED,
            WS_EX_NOREDIRECTIONBITMAP, WS_EX_TRANSPARENT, WS_POPUP,
        },
    },
    core::BOOL,
};

use crate::{CallFailed, Result};

/// A rectangle of the desktop: its first column and row, and the first that are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The first column.
    pub left: i32,
    /// The first row.
    pub top: i32,
    /// The first column to the right of it.
    pub right: i32,
    /// The first row below it.
    pub bottom: i32,
}

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

    /// All windows that stand on the desktop, the uppermost first.
    ///
    /// # Errors
    ///
    /// If Windows does not tell.
    pub fn all() -> Result<Vec<Self>> {
        let mut found: Vec<Self> = Vec::new();
        let place = LPARAM(&raw mut found as isize);
        // SAFETY: the callback adds to `found`, which outlives the call, on this thread.
        unsafe { EnumWindows(Some(add_to), place) }.map_err(CallFailed::of("EnumWindows"))?;
        Ok(found)
    }

    /// Whether it is shown, as far as its program and the system want it: it may be covered.
    pub fn can_be_seen(self) -> bool {
        // SAFETY: these take no address; a handle that is no more is refused.
        let is_shown = unsafe {
            IsWindowVisible(self.handle()).as_bool() && !IsIconic(self.handle()).as_bool()
        };
        is_shown && !self.is_cloaked()
    }

    /// The rectangle that it has, with an invisible edge for some.
    pub fn bounds(self) -> Option<Bounds> {
        let mut place = RECT::default();
        // SAFETY: the place for the answer outlives the call.
        unsafe { GetWindowRect(self.handle(), &raw mut place) }.ok()?;
        Some(bounds(place))
    }

    /// The rectangle that it fills, so that nothing behind it is seen; `None` if that is not sure.
    pub fn opaque_frame(self) -> Option<Bounds> {
        // SAFETY: takes no address; a handle that is no more is refused.
        let style = unsafe { GetWindowLongW(self.handle(), GWL_EXSTYLE) }.cast_unsigned();
        if style & (WS_EX_LAYERED.0 | WS_EX_TRANSPARENT.0 | WS_EX_NOREDIRECTIONBITMAP.0) != 0 {
            return None;
        }
        let mut region = RECT::default();
        // SAFETY: the place for the answer outlives the call.
        let kind = unsafe { GetWindowRgnBox(self.handle(), &raw mut region) };
        if kind != RGN_ERROR {
            // It has another shape than a rectangle.
            return None;
        }
        let mut frame = RECT::default();
        let asked = self.attribute(DWMWA_EXTENDED_FRAME_BOUNDS, &mut frame);
        let whole = self.bounds()?;
        Some(if asked { bounds(frame) } else { whole })
    }

    /// Whether it is a menu, a dialog, or anything else that belongs to another window.
    pub fn is_auxiliary(self) -> bool {
        // SAFETY: takes no address; a handle that is no more is refused.
        let owner = unsafe { GetWindow(self.handle(), GW_OWNER) };
        let is_owned = owner.is_ok_and(|owner| !owner.is_invalid());
        // SAFETY: as above.
        let style = unsafe { GetWindowLongW(self.handle(), GWL_STYLE) }.cast_unsigned();
        is_owned || (style & WS_POPUP.0 != 0 && style & WS_CAPTION.0 != WS_CAPTION.0)
    }

    /// Whether the system does not show it, such as one of another virtual desktop.
    fn is_cloaked(self) -> bool {
        let mut cloaked = 0_u32;
        self.attribute(DWMWA_CLOAKED, &mut cloaked) && cloaked != 0
    }

    /// Asks for a value that the window manager has; whether it told. `T` is what it gives.
    fn attribute<T: Copy>(self, which: DWMWINDOWATTRIBUTE, value: &mut T) -> bool {
        let size = u32::try_from(size_of::<T>()).unwrap_or_default();
        let place = std::ptr::from_mut(value).cast();
        // SAFETY: the place is as long as it says, and both kinds of value have any bits.
        unsafe { DwmGetWindowAttribute(self.handle(), which, place, size) }.is_ok()
    }

    fn handle(self) -> HWND {
        HWND(self.0 as *mut _)
    }
}

const fn bounds(rect: RECT) -> Bounds {
    Bounds {
        left: rect.left,
        top: rect.top,
        right: rect.right,
        bottom: rect.bottom,
    }
}

/// Adds a window to those that were found.
unsafe extern "system" fn add_to(window: HWND, place: LPARAM) -> BOOL {
    // SAFETY: `place` is the address that `Window::all` gives, of a list that lives.
    let found = unsafe { &mut *(place.0 as *mut Vec<Window>) };
    found.extend(Window::from_handle(window));
    BOOL::from(true)
}

/// Titles longer than this are cut, in units of UTF-16.
const LONGEST_TITLE: usize = 32 << 10;
