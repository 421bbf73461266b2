//! Windows' own log, where administrators look first.

use windows::{
    Win32::{
        Foundation::HANDLE,
        System::EventLog::{
            DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE,
            RegisterEventSourceW, ReportEventW,
        },
    },
    core::PCWSTR,
};

use crate::{CallFailed, Result, text::wide};

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// All is well.
    Information,
    /// Somebody has to do something.
    Error,
}

/// Writes a line to the Application log, under the name of this source.
///
/// # Errors
///
/// What Windows says.
pub fn report(source: &str, severity: Severity, text: &str) -> Result<()> {
    let source = Source::open(source)?;
    let text = wide(text);
    let kind = match severity {
        Severity::Information => EVENTLOG_INFORMATION_TYPE,
        Severity::Error => EVENTLOG_ERROR_TYPE,
    };
    let texts = [PCWSTR(text.as_ptr())];
    // SAFETY: the text ends with a zero and outlives the call.
    unsafe { ReportEventW(source.0, kind, 0, PLAIN_TEXT, None, 0, Some(&texts), None) }
        .map_err(CallFailed::of("ReportEvent"))
}

struct Source(HANDLE);

impl Source {
    fn open(name: &str) -> Result<Self> {
        let name = wide(name);
        // SAFETY: the name ends with a zero.
        unsafe { RegisterEventSourceW(PCWSTR::null(), PCWSTR(name.as_ptr())) }
            .map(Self)
            .map_err(CallFailed::of("RegisterEventSource"))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: it was opened by this value.
        let _is_closed = unsafe { DeregisterEventSource(self.0) };
    }
}

/// The message of `EventCreate.exe` that is nothing but the text itself.
const PLAIN_TEXT: u32 = 1;
