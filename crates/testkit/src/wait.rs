//! Waiting for what happens elsewhere.

use std::time::{Duration, Instant};

/// Asks until `probe` gives a value, for at most 20 seconds; fails the test with `what` after.
pub fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    eventually_within(Duration::from_secs(20), what, probe)
}

/// Asks until `probe` gives a value, for at most `limit`; fails the test with `what` after.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where tests wait for other threads and processes"
)]
pub fn eventually_within<T>(
    limit: Duration,
    what: &str,
    mut probe: impl FnMut() -> Option<T>,
) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(start.elapsed() < limit, "still not after {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
