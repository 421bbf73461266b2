//! Starting a program in a user's session.

use std::{
    ffi::c_void,
    os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle},
    path::Path,
    ptr::null_mut,
};

use windows::{
    Win32::{
        Foundation::{HANDLE, WAIT_OBJECT_0},
        System::{
            Environment::{CreateEnvironmentBlock, DestroyEnvironmentBlock},
            Threading::{
                CREATE_NO_WINDOW, CREATE_UNICODE_ENVIRONMENT, CreateProcessAsUserW,
                GetExitCodeProcess, INFINITE, PROCESS_INFORMATION, STARTUPINFOW, TerminateProcess,
                WaitForSingleObject,
            },
        },
    },
    core::{PCWSTR, PWSTR},
};

use crate::{CallFailed, Result, process::Token, text::wide};

/// A program that was started.
#[derive(Debug)]
pub struct Child {
    process: OwnedHandle,
    number: u32,
}

/// Starts a program with the rights of a user, on the desktop of the session that the token is
/// of, and with that user's environment. Of this process it gets neither handles nor environment.
/// `arguments` hold no blanks and no quotation marks.
///
/// # Errors
///
/// What Windows says.
pub fn start_as(token: &Token, program: &Path, arguments: &[&str]) -> Result<Child> {
    let program = program.to_string_lossy();
    let mut line = wide(&format!("\"{program}\" {}", arguments.join(" ")));
    let program = wide(&program);
    let environment = Environment::of(token)?;
    let mut desktop = wide("WinSta0\\Default");
    let startup = STARTUPINFOW {
        cb: size_of::<STARTUPINFOW>() as u32,
        lpDesktop: PWSTR(desktop.as_mut_ptr()),
        ..STARTUPINFOW::default()
    };
    let mut started = PROCESS_INFORMATION::default();
    // SAFETY: all texts end with a zero and, with the environment and the place for the answer,
    // outlive the call.
    unsafe {
        CreateProcessAsUserW(
            Some(token.handle()),
            PCWSTR(program.as_ptr()),
            Some(PWSTR(line.as_mut_ptr())),
            None,
            None,
            false,
            CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW,
            Some(environment.0),
            PCWSTR::null(),
            &raw const startup,
            &raw mut started,
        )
    }
    .map_err(CallFailed::of("CreateProcessAsUser"))?;
    // SAFETY: Windows has just made both for us.
    let (process, _thread) = unsafe {
        (
            OwnedHandle::from_raw_handle(started.hProcess.0),
            OwnedHandle::from_raw_handle(started.hThread.0),
        )
    };
    Ok(Child {
        process,
        number: started.dwProcessId,
    })
}

impl Child {
    /// Its number.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Waits until it has ended, and gives its exit code. Blocks the thread.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn wait(&self) -> Result<u32> {
        // SAFETY: the handle is open.
        if unsafe { WaitForSingleObject(self.handle(), INFINITE) } != WAIT_OBJECT_0 {
            return Err(CallFailed::last("WaitForSingleObject"));
        }
        let mut code = 0;
        // SAFETY: the handle is open, and the place for the answer outlives the call.
        unsafe { GetExitCodeProcess(self.handle(), &raw mut code) }
            .map_err(CallFailed::of("GetExitCodeProcess"))?;
        Ok(code)
    }

    /// Ends it at once.
    ///
    /// # Errors
    ///
    /// What Windows says: that it has ended.
    pub fn kill(&self) -> Result<()> {
        // SAFETY: the handle is open.
        unsafe { TerminateProcess(self.handle(), KILLED) }
            .map_err(CallFailed::of("TerminateProcess"))
    }

    fn handle(&self) -> HANDLE {
        HANDLE(self.process.as_raw_handle())
    }
}

/// A user's environment.
struct Environment(*const c_void);

impl Environment {
    fn of(token: &Token) -> Result<Self> {
        let mut block: *mut c_void = null_mut();
        // SAFETY: the place for the answer outlives the call.
        unsafe { CreateEnvironmentBlock(&raw mut block, Some(token.handle()), false) }
            .map_err(CallFailed::of("CreateEnvironmentBlock"))?;
        Ok(Self(block))
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: Windows made it for us, and nobody else has it.
        let _is_gone = unsafe { DestroyEnvironmentBlock(self.0) };
    }
}

/// The exit code of what was ended.
const KILLED: u32 = 1;
