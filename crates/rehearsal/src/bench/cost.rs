//! What the agent takes from the recorded user: CPU and memory of its service and recorders.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

use crate::until::pause;

/// CPU and memory of a process and its children over a while.
pub struct Cost {
    /// Share of one core, 0 to 1 and above.
    pub cpu: f64,
    /// Resident memory of all of them, pages that they share counted once for each, in bytes.
    pub resident: u64,
    /// Proportional memory of all of them: shared pages divided among their users, in bytes.
    pub proportional: u64,
}

impl Cost {
    /// Measures for this long.
    pub fn over(service: u32, length: Duration) -> Result<Self> {
        let before = cpu_ticks(service)?;
        pause(length);
        let ticks = cpu_ticks(service)? - before;
        let processes = family(service)?;
        let sum = |key: &str, file: &str| -> u64 {
            processes
                .iter()
                .filter_map(|id| kibibytes(*id, file, key))
                .sum::<u64>()
                * 1024
        };
        let ticks_per_second = rustix::param::clock_ticks_per_second();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let cpu = ticks as f64 / ticks_per_second as f64 / length.as_secs_f64();
        Ok(Self {
            cpu,
            resident: sum("VmRSS:", "status"),
            proportional: sum("Pss:", "smaps_rollup"),
        })
    }
}

/// CPU time so far of a process, its living children, and those that ended.
fn cpu_ticks(service: u32) -> Result<u64> {
    let mut ticks = 0;
    for id in family(service)? {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))
            .with_context(|| format!("process {id} ended while it was measured"))?;
        // proc(5): utime, stime, cutime and cstime are fields 14 to 17; the name in field 2 may
        // hold spaces, so counting begins after its closing bracket.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        ticks += after_name
            .split_whitespace()
            .skip(11)
            .take(4)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum::<u64>();
    }
    Ok(ticks)
}

/// A process and its children.
fn family(service: u32) -> Result<Vec<u32>> {
    let mut ids = vec![service];
    for task in fs::read_dir(format!("/proc/{service}/task")).context("the agent has ended")? {
        let children = fs::read_to_string(task?.path().join("children")).unwrap_or_default();
        ids.extend(
            children
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
    }
    Ok(ids)
}

fn kibibytes(id: u32, file: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/{file}")).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
