//! What a plan asks of a session on a real X server: that its user is notified, and that only the
//! windows of listed applications are to be seen in the recording.

mod message;
mod only_windows;

use anyhow::Result;

/// Rehearses both, each time with a server and an agent of its own.
pub fn run() -> Result<()> {
    only_windows::recorded()?;
    message::acknowledged_and_not_shown_again()?;
    message::closes_by_itself()
}
