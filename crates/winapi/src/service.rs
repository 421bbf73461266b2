//! Services of Windows: how they are, and having them run.

use windows::{
    Win32::{
        Foundation::{ERROR_SERVICE_ALREADY_RUNNING, ERROR_SERVICE_DOES_NOT_EXIST},
        System::Services::{
            ChangeServiceConfigW, CloseServiceHandle, ENUM_SERVICE_TYPE, OpenSCManagerW,
            OpenServiceW, QUERY_SERVICE_CONFIGW, QueryServiceConfigW, QueryServiceStatus,
            SC_HANDLE, SC_MANAGER_CONNECT, SERVICE_AUTO_START, SERVICE_CHANGE_CONFIG,
            SERVICE_ERROR, SERVICE_NO_CHANGE, SERVICE_QUERY_CONFIG, SERVICE_QUERY_STATUS,
            SERVICE_RUNNING, SERVICE_START, SERVICE_START_PENDING, SERVICE_STATUS, StartServiceW,
        },
    },
    core::PCWSTR,
};

use crate::{CallFailed, Result, text::wide};

/// How a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Whether it runs, or is starting.
    pub runs: bool,
    /// Whether it starts with the computer.
    pub is_automatic: bool,
    /// Windows' number for its state.
    pub state: u32,
    /// Windows' number for its start type.
    pub start_type: u32,
}

/// A service; `None` if it is not installed.
///
/// # Errors
///
/// What Windows says.
pub fn service(name: &str) -> Result<Option<Service>> {
    let manager = manager()?;
    let Some(service) = open(&manager, name, SERVICE_QUERY_STATUS | SERVICE_QUERY_CONFIG)? else {
        return Ok(None);
    };
    let mut status = SERVICE_STATUS::default();
    // SAFETY: the handle is open, and the place for the answer outlives the call.
    unsafe { QueryServiceStatus(service.0, &raw mut status) }
        .map_err(CallFailed::of("QueryServiceStatus"))?;
    let start_type = start_type(&service)?;
    Ok(Some(Service {
        runs: [SERVICE_RUNNING, SERVICE_START_PENDING].contains(&status.dwCurrentState),
        is_automatic: start_type == SERVICE_AUTO_START.0,
        state: status.dwCurrentState.0,
        start_type,
    }))
}

/// Has a service start with the computer, and starts it. Nothing else of it changes.
///
/// # Errors
///
/// What Windows says.
pub fn run_always(name: &str) -> Result<()> {
    let manager = manager()?;
    let rights = SERVICE_CHANGE_CONFIG | SERVICE_START;
    let Some(service) = open(&manager, name, rights)? else {
        return Err(CallFailed::of("OpenService")(
            ERROR_SERVICE_DOES_NOT_EXIST.to_hresult().into(),
        ));
    };
    // SAFETY: the handle is open; what is null stays as it is.
    unsafe {
        ChangeServiceConfigW(
            service.0,
            ENUM_SERVICE_TYPE(SERVICE_NO_CHANGE),
            SERVICE_AUTO_START,
            SERVICE_ERROR(SERVICE_NO_CHANGE),
            PCWSTR::null(),
            PCWSTR::null(),
            None,
            PCWSTR::null(),
            PCWSTR::null(),
            PCWSTR::null(),
            PCWSTR::null(),
        )
    }
    .map_err(CallFailed::of("ChangeServiceConfig"))?;
    // SAFETY: the handle is open, and there are no arguments.
    match unsafe { StartServiceW(service.0, None) } {
        Err(error) if error.code() == ERROR_SERVICE_ALREADY_RUNNING.to_hresult() => Ok(()),
        started => started.map_err(CallFailed::of("StartService")),
    }
}

/// A handle, which is closed with it.
struct Handle(SC_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody else has it.
        let _closed = unsafe { CloseServiceHandle(self.0) };
    }
}

fn manager() -> Result<Handle> {
    // SAFETY: without names it is this computer's.
    unsafe { OpenSCManagerW(PCWSTR::null(), PCWSTR::null(), SC_MANAGER_CONNECT) }
        .map(Handle)
        .map_err(CallFailed::of("OpenSCManager"))
}

fn open(manager: &Handle, name: &str, rights: u32) -> Result<Option<Handle>> {
    let name = wide(name);
    // SAFETY: the manager is open, and the name ends with a zero.
    match unsafe { OpenServiceW(manager.0, PCWSTR(name.as_ptr()), rights) } {
        Ok(service) => Ok(Some(Handle(service))),
        Err(error) if error.code() == ERROR_SERVICE_DOES_NOT_EXIST.to_hresult() => Ok(None),
        Err(error) => Err(CallFailed::of("OpenService")(error)),
    }
}

fn start_type(service: &Handle) -> Result<u32> {
    // Aligned as what is put there; Windows never needs more than 8 KiB for it.
    let mut place = [0_u64; 1024];
    let config = place.as_mut_ptr().cast::<QUERY_SERVICE_CONFIGW>();
    let mut needed = 0;
    // SAFETY: the place is aligned and as long as is said.
    unsafe {
        QueryServiceConfigW(
            service.0,
            Some(config),
            size_of_val(&place) as u32,
            &raw mut needed,
        )
    }
    .map_err(CallFailed::of("QueryServiceConfig"))?;
    // SAFETY: Windows has written it there.
    Ok(unsafe { (*config).dwStartType.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_found_and_one_that_is_not_there_is_not() {
        assert_eq!(service("EideticNoSuchService").unwrap(), None);
        assert!(run_always("EideticNoSuchService").is_err());
        // Every Windows has it, and so has Wine.
        assert!(service("RpcSs").unwrap().is_some());
    }
}
