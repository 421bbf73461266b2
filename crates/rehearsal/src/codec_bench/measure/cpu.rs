//! The processor's time of this thread.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Does something and tells how long the processor was busy with it.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let before = spent();
    let value = work();
    (value, spent().saturating_sub(before))
}

/// CPU time of this thread so far.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let secs = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(secs, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time_and_nothing_takes_hardly_any() {
        let ((), nothing) = timed(|| {});
        let (sum, work) = timed(|| (0..3_000_000_u64).fold(0_u64, |sum, n| sum ^ (n * n)));
        assert!(work > nothing, "{work:?} for {sum}");
    }
}
