//! The service's log: a file that stays small and the full ones before it, in the agent's folder.
//! That it started, stopped or failed is in Windows' own log too.

use std::path::Path;

use anyhow::Context as _;
use eidetic_winapi::event_log::{Severity, report};
use tracing::warn;
use windows_registry::LOCAL_MACHINE;

/// Sends the log to `logs` in the agent's folder from now on.
pub(super) fn init(state_folder: &Path) -> anyhow::Result<()> {
    eidetic_runtime::init_logging_to_files(&state_folder.join("logs"), "agent.log")
        .context("failed to open the log")
}

/// Tells Windows' own log.
pub(super) fn tell_windows(severity: Severity, text: &str) {
    if let Err(error) = report(SOURCE, severity, text) {
        warn!(%error, "Windows' own log takes nothing");
    }
}

/// Has Windows show what is told under this program's name as it is.
pub(super) fn register_source() -> anyhow::Result<()> {
    let key = LOCAL_MACHINE
        .create(SOURCE_KEY)
        .context("failed to register with Windows' own log")?;
    // Comes with Windows, and has messages that are nothing but their text.
    key.set_expand_string("EventMessageFile", r"%SystemRoot%\System32\EventCreate.exe")
        .and_then(|()| key.set_u32("TypesSupported", ALL_TYPES))
        .context("failed to register with Windows' own log")
}

/// Forgets that it was registered.
pub(super) fn forget_source() {
    let _was_not_registered = LOCAL_MACHINE.remove_tree(SOURCE_KEY);
}

const SOURCE: &str = "EideticAgent";

const SOURCE_KEY: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\EideticAgent";

/// Errors, warnings and information.
const ALL_TYPES: u32 = 7;
