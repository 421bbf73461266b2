//! What the agent takes from the recorded user: CPU and memory of its service and recorders.

use std::time::Duration;

use anyhow::{Context, Result};
use procfs::process::Process;

use crate::until::pause;

/// CPU and memory of processes over a while.
pub struct Cost {
    /// Share of one core, 0 to 1 and above.
    pub cpu: f64,
    /// The most resident memory, pages that processes share counted once for each, in bytes.
    pub resident: u64,
    /// The most proportional memory, shared pages divided among their users, in bytes.
    pub proportional: u64,
}

impl Cost {
    /// Measures a process and its children for this long, memory each second.
    pub fn over(service: u32, length: Duration) -> Result<Self> {
        Self::of(|| family(service), length)
    }

    /// Measures these processes for this long, memory each second.
    pub fn of(processes: impl Fn() -> Result<Vec<Process>>, length: Duration) -> Result<Self> {
        let before = cpu_ticks(&processes()?)?;
        let mut resident = 0;
        let mut proportional = 0;
        for _ in 0..length.as_secs() {
            pause(Duration::from_secs(1));
            let (resident_now, proportional_now) = memory(&processes()?)?;
            resident = resident.max(resident_now);
            proportional = proportional.max(proportional_now);
        }
        let ticks = cpu_ticks(&processes()?)? - before;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let cpu = ticks as f64 / procfs::ticks_per_second() as f64 / length.as_secs_f64();
        Ok(Self {
            cpu,
            resident,
            proportional,
        })
    }
}

/// CPU time so far of processes, and of their children that ended.
fn cpu_ticks(processes: &[Process]) -> Result<u64> {
    processes.iter().try_fold(0, |sum, process| {
        let stat = process
            .stat()
            .context("a process ended while it was measured")?;
        let ended = u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
        Ok(sum + stat.utime + stat.stime + ended)
    })
}

/// Resident and proportional bytes of processes.
fn memory(processes: &[Process]) -> Result<(u64, u64)> {
    let mut resident = 0;
    let mut proportional = 0;
    for process in processes {
        let rollup = process.smaps_rollup()?.memory_map_rollup;
        let sum = |key: &str| -> u64 {
            let values = rollup.iter().filter_map(|map| map.extension.map.get(key));
            values.sum()
        };
        resident += sum("Rss");
        proportional += sum("Pss");
    }
    Ok((resident, proportional))
}

/// A process and its children.
fn family(service: u32) -> Result<Vec<Process>> {
    let service = Process::new(i32::try_from(service)?).context("the agent has ended")?;
    let mut all = Vec::new();
    for task in service.tasks()? {
        for child in task?.children()? {
            all.push(Process::new(i32::try_from(child)?)?);
        }
    }
    all.push(service);
    Ok(all)
}
