//! Windows Installer, as what it calls while it installs sees it.

use windows::{
    Win32::{
        Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS, WIN32_ERROR},
        System::ApplicationInstallationAndServicing::{
            INSTALLMESSAGE, INSTALLMESSAGE_ERROR, INSTALLMESSAGE_INFO, MSIHANDLE, MsiCloseHandle,
            MsiCreateRecord, MsiGetPropertyW, MsiProcessMessage, MsiRecordSetStringW,
            MsiSetPropertyW,
        },
    },
    core::{PCWSTR, PWSTR, w},
};

use crate::{
    CallFailed, Result,
    text::{narrow, wide},
};

/// An installation under way.
#[derive(Clone, Copy, Debug)]
pub struct Installation(MSIHANDLE);

impl Installation {
    /// The one that Windows Installer named when it called.
    pub fn of(handle: u32) -> Self {
        Self(MSIHANDLE(handle))
    }

    /// What a property says; empty if it is not set.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn property(self, name: &str) -> Result<String> {
        let name = wide(name);
        let mut units = vec![0_u16; 256];
        loop {
            let mut length = units.len() as u32;
            let buffer = PWSTR(units.as_mut_ptr());
            // SAFETY: the name ends with a zero, and the buffer has as many units as it says.
            let code = unsafe {
                MsiGetPropertyW(
                    self.0,
                    PCWSTR(name.as_ptr()),
                    Some(buffer),
                    Some(&raw mut length),
                )
            };
            match WIN32_ERROR(code) {
                ERROR_SUCCESS => return Ok(narrow(&units)),
                // The length is without the zero.
                ERROR_MORE_DATA if length as usize >= units.len() => {
                    units.resize(length as usize + 1, 0);
                }
                code => return Err(failed("MsiGetProperty", code)),
            }
        }
    }

    /// Sets a property.
    ///
    /// # Errors
    ///
    /// What Windows says.
    pub fn set_property(self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (wide(name), wide(value));
        // SAFETY: both texts end with a zero.
        let code =
            unsafe { MsiSetPropertyW(self.0, PCWSTR(name.as_ptr()), PCWSTR(value.as_ptr())) };
        match WIN32_ERROR(code) {
            ERROR_SUCCESS => Ok(()),
            code => Err(failed("MsiSetProperty", code)),
        }
    }

    /// Writes a line into the installation's log.
    pub fn log(self, text: &str) {
        self.say(INSTALLMESSAGE_INFO, text);
    }

    /// Shows an error, where errors are shown, and writes it into the log.
    pub fn show_error(self, text: &str) {
        self.say(INSTALLMESSAGE_ERROR, text);
    }

    fn say(self, kind: INSTALLMESSAGE, text: &str) {
        let text = wide(text);
        // SAFETY: the texts end with a zero, and the record is closed once and not used after.
        unsafe {
            let record = MsiCreateRecord(1);
            // The text is a field of its own, since brackets mean something in a template.
            MsiRecordSetStringW(record, 0, w!("[1]"));
            MsiRecordSetStringW(record, 1, PCWSTR(text.as_ptr()));
            MsiProcessMessage(self.0, kind, record);
            MsiCloseHandle(record);
        }
    }
}

fn failed(function: &'static str, code: WIN32_ERROR) -> CallFailed {
    CallFailed::of(function)(code.to_hresult().into())
}
