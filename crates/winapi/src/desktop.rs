//! What happens on the desktop: windows that come to the front, titles, input.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    marker::PhantomData,
    time::Duration,
};

use windows::{
    Win32::{
        Foundation::{HANDLE, HWND, LPARAM, LRESULT, WAIT_FAILED, WPARAM},
        System::{
            RemoteDesktop::{
                NOTIFY_FOR_THIS_SESSION, WTSRegisterSessionNotification,
                WTSUnRegisterSessionNotification,
            },
            StationsAndDesktops::{
                CloseDesktop, DESKTOP_CONTROL_FLAGS, DESKTOP_CREATEMENU, DESKTOP_CREATEWINDOW,
                DESKTOP_ENUMERATE, DESKTOP_HOOKCONTROL, DESKTOP_READOBJECTS, DESKTOP_WRITEOBJECTS,
                GetUserObjectInformationW, OpenDesktopW, OpenInputDesktop, SetThreadDesktop,
                UOI_NAME,
            },
            SystemInformation::GetTickCount,
        },
        UI::{
            Accessibility::{HWINEVENTHOOK, SetWinEventHook, UnhookWinEvent},
            Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO},
            WindowsAndMessaging::{
                CHILDID_SELF, CreateWindowExW, DefWindowProcW, DestroyWindow, DispatchMessageW,
                EVENT_OBJECT_NAMECHANGE, EVENT_SYSTEM_DESKTOPSWITCH, EVENT_SYSTEM_FOREGROUND,
                HWND_MESSAGE, MSG, MWMO_INPUTAVAILABLE, MsgWaitForMultipleObjectsEx, OBJID_WINDOW,
                PM_REMOVE, PeekMessageW, QS_ALLINPUT, RegisterClassW, SPI_GETSCREENSAVERRUNNING,
                SystemParametersInfoW, WINDOW_EX_STYLE, WINDOW_STYLE, WINEVENT_OUTOFCONTEXT,
                WM_WTSSESSION_CHANGE, WNDCLASSW,
            },
        },
    },
    core::{BOOL, PCWSTR, w},
};

use crate::{
    CallFailed, Result,
    text::{narrow, wide},
    window::Window,
};

/// Something that a program or the system told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// A window came to the front.
    Foreground,
    /// A window has another title.
    Title(Window),
    /// Another desktop is shown, such as the lock screen.
    DesktopSwitch,
    /// Something happened to the session: the code of `WM_WTSSESSION_CHANGE`. Other programs of the
    /// session can say so too.
    Session(u32),
}

/// Hears what the programs of this session tell. Belongs to the thread that made it.
#[derive(Debug)]
pub struct Listener {
    hooks: Vec<HWINEVENTHOOK>,
    /// Is told what happens to the session.
    window: HWND,
    _not_send: PhantomData<*mut ()>,
}

impl Listener {
    /// Begins to hear.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn new() -> Result<Self> {
        use_users_desktop();
        let mut listener = Self {
            hooks: Vec::new(),
            window: make_session_window()?,
            _not_send: PhantomData,
        };
        for event in [
            EVENT_SYSTEM_FOREGROUND,
            EVENT_OBJECT_NAMECHANGE,
            EVENT_SYSTEM_DESKTOPSWITCH,
        ] {
            // SAFETY: `hear` is a function of this program. Out of context: it is called on this
            // thread, within `DispatchMessage` and its like.
            let hook = unsafe {
                SetWinEventHook(event, event, None, Some(hear), 0, 0, WINEVENT_OUTOFCONTEXT)
            };
            if hook.is_invalid() {
                return Err(CallFailed::last("SetWinEventHook"));
            }
            listener.hooks.push(hook);
        }
        Ok(listener)
    }

    /// Has Windows tell what happens to the session, too. Takes a while if its service is not there
    /// yet.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn hear_the_session(&mut self) -> Result<()> {
        // SAFETY: takes no address; the window is this thread's.
        unsafe { WTSRegisterSessionNotification(self.window, NOTIFY_FOR_THIS_SESSION) }
            .map_err(CallFailed::of("WTSRegisterSessionNotification"))
    }

    /// The next thing told that is not heard yet, for which it waits up to `wait`.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn next(&mut self, wait: Duration) -> Result<Option<Told>> {
        if let Some(told) = take_heard() {
            return Ok(Some(told));
        }
        pump();
        if let Some(told) = take_heard() {
            return Ok(Some(told));
        }
        let millis = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX - 1);
        // SAFETY: waits for no handle.
        let woken =
            unsafe { MsgWaitForMultipleObjectsEx(None, millis, QS_ALLINPUT, MWMO_INPUTAVAILABLE) };
        if woken == WAIT_FAILED {
            return Err(CallFailed::last("MsgWaitForMultipleObjectsEx"));
        }
        pump();
        Ok(take_heard())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        for hook in self.hooks.drain(..) {
            // SAFETY: it was set by this thread.
            let _is_gone = unsafe { UnhookWinEvent(hook) };
        }
        // SAFETY: it was made by this thread.
        unsafe {
            let _was_not_registered = WTSUnRegisterSessionNotification(self.window);
            let _is_gone = DestroyWindow(self.window);
        }
        HEARD.with_borrow_mut(VecDeque::clear);
    }
}

/// How long nobody has touched keyboard or pointer in this session; `None` if nobody has since it
/// began.
///
/// # Errors
///
/// What Windows says.
pub fn idle() -> Result<Option<Duration>> {
    let last = ask_for_last_input()?;
    // SAFETY: takes no address.
    let now = unsafe { GetTickCount() };
    let idle = Duration::from_millis(now.wrapping_sub(last).into());
    Ok((last != 0).then_some(idle))
}

/// When somebody last touched keyboard or pointer in this session, on a clock that turns over; 0 if
/// it is not known.
pub fn last_input() -> u32 {
    ask_for_last_input().unwrap_or_default()
}

fn ask_for_last_input() -> Result<u32> {
    let mut info = LASTINPUTINFO {
        cbSize: size_of::<LASTINPUTINFO>() as u32,
        dwTime: 0,
    };
    // SAFETY: `info` is as long as it says.
    if !unsafe { GetLastInputInfo(&raw mut info) }.as_bool() {
        return Err(CallFailed::last("GetLastInputInfo"));
    }
    Ok(info.dwTime)
}

/// Whether the screensaver is on.
///
/// # Errors
///
/// What Windows says.
pub fn screensaver_is_on() -> Result<bool> {
    let mut is_on = BOOL(0);
    let place = (&raw mut is_on).cast();
    // SAFETY: the place for the answer is as large as this question needs.
    unsafe {
        SystemParametersInfoW(
            SPI_GETSCREENSAVERRUNNING,
            0,
            Some(place),
            Default::default(),
        )
    }
    .map_err(CallFailed::of("SystemParametersInfo"))?;
    Ok(is_on.as_bool())
}

/// Puts this thread on the desktop that the user works on, once. Where a process is started in a
/// session from outside, as by a service, not all systems put its later threads there.
pub fn use_users_desktop() {
    if IS_ON_USERS_DESKTOP.replace(true) {
        return;
    }
    let name = wide("Default");
    let flags = DESKTOP_CONTROL_FLAGS(0);
    // SAFETY: the name ends with a zero.
    let desktop = unsafe { OpenDesktopW(PCWSTR(name.as_ptr()), flags, false, RIGHTS) };
    if let Ok(desktop) = desktop {
        // SAFETY: it was opened above. The thread keeps it for as long as it lives.
        if unsafe { SetThreadDesktop(desktop) }.is_err() {
            // SAFETY: nobody uses it.
            let _is_closed = unsafe { CloseDesktop(desktop) };
        }
    }
}

/// The name of the desktop that has the input: `Default` is the user's. `None` if this process may
/// not see it, as it may not see the one on which passwords are asked for.
pub fn input_desktop() -> Option<String> {
    // SAFETY: takes no address.
    let desktop =
        unsafe { OpenInputDesktop(DESKTOP_CONTROL_FLAGS(0), false, DESKTOP_READOBJECTS) }.ok()?;
    let mut units = [0_u16; 128];
    let place = units.as_mut_ptr().cast();
    let bytes = size_of_val(&units) as u32;
    // SAFETY: the place for the name is that long.
    let named =
        unsafe { GetUserObjectInformationW(HANDLE(desktop.0), UOI_NAME, Some(place), bytes, None) };
    // SAFETY: it was opened above.
    let _is_closed = unsafe { CloseDesktop(desktop) };
    named.ok().map(|()| narrow(&units))
}

thread_local! {
    static IS_ON_USERS_DESKTOP: Cell<bool> = const { Cell::new(false) };

    /// What was told to this thread. While it is full, no more is taken in: who reads it looks at
    /// the front window anyway.
    static HEARD: RefCell<VecDeque<Told>> = const { RefCell::new(VecDeque::new()) };
}

/// To see, to listen, and, for programs that are started from here, to have windows. See
/// <https://learn.microsoft.com/windows/win32/winstation/desktop-security-and-access-rights>.
const RIGHTS: u32 = DESKTOP_READOBJECTS.0
    | DESKTOP_WRITEOBJECTS.0
    | DESKTOP_HOOKCONTROL.0
    | DESKTOP_ENUMERATE.0
    | DESKTOP_CREATEWINDOW.0
    | DESKTOP_CREATEMENU.0;

const MOST_HEARD: usize = 256;

fn take_heard() -> Option<Told> {
    HEARD.with_borrow_mut(VecDeque::pop_front)
}

/// Lets Windows call [`hear`].
fn pump() {
    let mut message = MSG::default();
    for _ in 0..MOST_HEARD {
        // SAFETY: the place for the message outlives the calls.
        unsafe {
            if !PeekMessageW(&raw mut message, None, 0, 0, PM_REMOVE).as_bool() {
                return;
            }
            DispatchMessageW(&raw const message);
        }
    }
}

extern "system" fn hear(
    _hook: HWINEVENTHOOK,
    event: u32,
    window: HWND,
    object: i32,
    child: i32,
    _thread: u32,
    _time: u32,
) {
    let is_the_window = object == OBJID_WINDOW.0 && child == CHILDID_SELF as i32;
    let told = match event {
        EVENT_SYSTEM_FOREGROUND => Some(Told::Foreground),
        EVENT_OBJECT_NAMECHANGE if is_the_window => Window::from_handle(window).map(Told::Title),
        EVENT_SYSTEM_DESKTOPSWITCH => Some(Told::DesktopSwitch),
        _ => None,
    };
    if let Some(told) = told {
        keep_heard(told);
    }
}

/// A window for messages alone, which nobody sees. It belongs to this thread.
fn make_session_window() -> Result<HWND> {
    let class = WNDCLASSW {
        lpfnWndProc: Some(hear_message),
        lpszClassName: SESSION_WINDOW,
        ..WNDCLASSW::default()
    };
    // SAFETY: the class and its name outlive the call; `hear_message` is a function of this
    // program. A class that is there already is this one.
    let _is_there = unsafe { RegisterClassW(&raw const class) };
    // SAFETY: the name of the class ends with a zero.
    unsafe {
        CreateWindowExW(
            WINDOW_EX_STYLE(0),
            SESSION_WINDOW,
            PCWSTR::null(),
            WINDOW_STYLE(0),
            0,
            0,
            0,
            0,
            Some(HWND_MESSAGE),
            None,
            None,
            None,
        )
    }
    .map_err(CallFailed::of("CreateWindowEx"))
}

extern "system" fn hear_message(window: HWND, message: u32, w: WPARAM, l: LPARAM) -> LRESULT {
    if message == WM_WTSSESSION_CHANGE {
        if let Ok(code) = u32::try_from(w.0) {
            keep_heard(Told::Session(code));
        }
        return LRESULT(0);
    }
    // SAFETY: these are the arguments that Windows gave.
    unsafe { DefWindowProcW(window, message, w, l) }
}

fn keep_heard(told: Told) {
    HEARD.with_borrow_mut(|heard| {
        if heard.len() < MOST_HEARD {
            heard.push_back(told);
        }
    });
}

/// The class of the window that is told what happens to the session.
const SESSION_WINDOW: PCWSTR = w!("EideticSession");
