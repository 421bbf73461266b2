//! Waiting for other processes.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

/// Asks until `probe` gives a value, for at most `limit`.
#[expect(
    clippy::disallowed_methods,
    reason = "other processes are waited for by asking"
)]
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = probe()? {
            return Ok(value);
        }
        if start.elapsed() > limit {
            bail!("still not after {} s: {what}", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Lets time pass, as a person at the desktop does.
#[expect(clippy::disallowed_methods, reason = "the pace of the scripted person")]
pub fn pause(length: Duration) {
    thread::sleep(length);
}
