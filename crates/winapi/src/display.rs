//! The monitors.

use windows::{
    Win32::{
        Foundation::{LPARAM, RECT},
        Graphics::Gdi::{
            EnumDisplayMonitors, GetMonitorInfoW, HDC, HMONITOR, MONITORINFO, MONITORINFOEXW,
        },
        UI::HiDpi::{
            DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE, DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2,
            SetProcessDpiAwarenessContext,
        },
    },
    core::BOOL,
};

use crate::{CallFailed, Result, text::narrow};

/// A monitor and its place on the desktop, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    /// Its name, such as `\\.\DISPLAY1`.
    pub name: String,
    /// Its left edge; negative for one that stands left of the first.
    pub left: i32,
    /// Its upper edge.
    pub top: i32,
    /// Its right edge, which is outside.
    pub right: i32,
    /// Its lower edge, which is outside.
    pub bottom: i32,
}

/// The monitors of this session's desktop.
///
/// # Errors
///
/// What Windows says.
pub fn monitors() -> Result<Vec<Monitor>> {
    let mut found: Vec<HMONITOR> = Vec::new();
    let context = LPARAM(std::ptr::from_mut(&mut found) as isize);
    // SAFETY: `take` gets `context`, the address of `found`, which outlives the call.
    let listed = unsafe { EnumDisplayMonitors(None, None, Some(take), context) };
    if !listed.as_bool() {
        return Err(CallFailed::last("EnumDisplayMonitors"));
    }
    Ok(found.into_iter().filter_map(describe).collect())
}

/// Makes Windows tell this process real pixels, whatever the scale of each monitor. Once, before
/// anything is asked. On systems that lack it nothing changes.
pub fn use_real_pixels() {
    for awareness in [
        DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2,
        DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE,
    ] {
        // SAFETY: takes no address.
        if unsafe { SetProcessDpiAwarenessContext(awareness) }.is_ok() {
            return;
        }
    }
}

/// # Safety
///
/// `context` is the address of a list.
unsafe extern "system" fn take(
    monitor: HMONITOR,
    _device: HDC,
    _place: *mut RECT,
    context: LPARAM,
) -> BOOL {
    // SAFETY: as `monitors` says; nobody else has the list during the call.
    let found = unsafe { &mut *(context.0 as *mut Vec<HMONITOR>) };
    found.push(monitor);
    true.into()
}

/// A monitor; `None` if it is gone.
fn describe(monitor: HMONITOR) -> Option<Monitor> {
    let mut info = MONITORINFOEXW::default();
    info.monitorInfo.cbSize = size_of::<MONITORINFOEXW>() as u32;
    // SAFETY: `info` is as long as it says, and begins with the smaller structure.
    let known = unsafe { GetMonitorInfoW(monitor, (&raw mut info).cast::<MONITORINFO>()) };
    let place = info.monitorInfo.rcMonitor;
    known.as_bool().then(|| Monitor {
        name: narrow(&info.szDevice),
        left: place.left,
        top: place.top,
        right: place.right,
        bottom: place.bottom,
    })
}
