//! CPU time of this thread.

/// Microseconds of CPU time that this thread has used; `None` where the system does not say.
pub fn thread_cpu_micros() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanos = u64::try_from(time.tv_nsec).ok()?;
        Some(seconds * 1_000_000 + nanos / 1000)
    }
    #[cfg(not(unix))]
    None
}
