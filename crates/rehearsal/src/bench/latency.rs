//! The time from an event on the desktop to its search hit.

use std::{process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use eidetic_model::Clock as _;
use eidetic_runtime::SystemClock;

use crate::{api::Api, until::until};

const TRIES: usize = 20;

/// Gives a window a title that nothing had before, and searches until it is found.
pub fn event_to_hit(api: &Api, display: &str) -> Result<Vec<Duration>> {
    (0..TRIES)
        .map(|index| {
            let title = format!(
                "latency probe {index} {}",
                SystemClock.wall().as_unix_micros()
            );
            let start = SystemClock.monotonic();
            let status = Command::new("xdotool")
                .env("DISPLAY", display)
                .args(["getactivewindow", "set_window", "--name", &title])
                .status()
                .context("failed to start xdotool")?;
            ensure!(status.success(), "xdotool found no active window");
            until("the new title is found", Duration::from_secs(20), || {
                Ok((!api.search(&title)?.is_empty()).then_some(()))
            })?;
            Ok(SystemClock.monotonic() - start)
        })
        .collect()
}
