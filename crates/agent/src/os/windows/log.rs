//! The service's log: a file of today and those of the days before, in the agent's folder.

use std::path::Path;

use anyhow::Context as _;
use tracing_appender::rolling::{RollingFileAppender, Rotation};

/// Sends the log to `logs` in the agent's folder from now on.
pub(super) fn init(state_folder: &Path) -> anyhow::Result<()> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("agent")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(state_folder.join("logs"))
        .context("failed to open the log")?;
    eidetic_runtime::init_logging_to(file);
    Ok(())
}

const DAYS: usize = 14;
