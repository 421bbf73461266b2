//! What the agent costs the computer: processor time and memory of the service and its recorders.
//!
//! The recorders keep the policy's ceiling by themselves; this measures from outside whether they
//! do, for the server's list of computers.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use eidetic_model::Clock;
use eidetic_wire::agent_link::Usage;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::{sync::watch, task::spawn_blocking, time::interval};
use tracing::warn;

/// The recorders' processes that run now. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecorderNumbers(Arc<Mutex<BTreeSet<u32>>>);

/// A process is counted as long as this is kept.
#[derive(Debug)]
pub(crate) struct Counted {
    numbers: RecorderNumbers,
    number: u32,
}

impl RecorderNumbers {
    /// Counts a process.
    pub(crate) fn count(&self, number: u32) -> Counted {
        self.lock().insert(number);
        Counted {
            numbers: self.clone(),
            number,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.numbers.lock().remove(&self.number);
    }
}

/// Measures for ever.
pub(super) async fn watch_usage(
    clock: Arc<dyn Clock>,
    recorders: RecorderNumbers,
    usage: watch::Sender<Usage>,
) {
    let mut meter = Meter {
        clock,
        recorders,
        system: System::new(),
        samples: Samples::default(),
    };
    let mut ticks = interval(INTERVAL);
    loop {
        ticks.tick().await;
        let measured = spawn_blocking(move || {
            let usage = meter.measure();
            (meter, usage)
        });
        let Ok((same, now)) = measured.await else {
            warn!("what the agent costs cannot be measured any more");
            return;
        };
        meter = same;
        usage.send_replace(now);
    }
}

struct Meter {
    clock: Arc<dyn Clock>,
    recorders: RecorderNumbers,
    system: System,
    samples: Samples,
}

impl Meter {
    fn measure(&mut self) -> Usage {
        let own = std::process::id();
        let recorders = self.recorders.lock().clone();
        let numbers: Vec<_> = std::iter::once(own).chain(recorders).collect();
        let pids: Vec<_> = numbers
            .iter()
            .map(|number| Pid::from_u32(*number))
            .collect();
        let wanted = ProcessRefreshKind::nothing().with_cpu().with_memory();
        self.system
            .refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, wanted);
        let mut processes = Vec::new();
        let mut memory_bytes = None;
        for (number, pid) in numbers.into_iter().zip(&pids) {
            if let Some(process) = self.system.process(*pid) {
                let cpu = Duration::from_millis(process.accumulated_cpu_time());
                processes.push((number, cpu));
                *memory_bytes.get_or_insert(0) += process.memory();
            }
        }
        self.samples.add(self.clock.monotonic(), &processes);
        Usage {
            cpu_permille: self.samples.all(),
            busiest_recorder_permille: self.samples.busiest_but(own),
            memory_bytes,
            disk_free_bytes: None,
        }
    }
}

/// The processor time that each process had used, over the last minute.
#[derive(Debug, Default)]
struct Samples(HashMap<u32, VecDeque<(Duration, Duration)>>);

impl Samples {
    /// Adds what the processes have used by now. Those that are not among them are forgotten.
    fn add(&mut self, now: Duration, processes: &[(u32, Duration)]) {
        self.0
            .retain(|number, _| processes.iter().any(|(there, _)| there == number));
        for (number, cpu) in processes {
            let samples = self.0.entry(*number).or_default();
            if samples.back().is_some_and(|(_, last)| last > cpu) {
                // Another process has the number now.
                samples.clear();
            }
            samples.push_back((now, *cpu));
            while samples.get(1).is_some_and(|(at, _)| *at + WINDOW <= now) {
                samples.pop_front();
            }
        }
    }

    /// The share of all processes, as far as they have been measured twice.
    fn all(&self) -> Option<u32> {
        let shares = self
            .0
            .values()
            .filter_map(|samples| share(samples, Duration::ZERO));
        shares.reduce(u32::saturating_add)
    }

    /// The largest share of a process but this one. One that has run for less than the window is
    /// left out: a recorder may spend in advance what the window pays in.
    fn busiest_but(&self, own: u32) -> Option<u32> {
        let recorders = self.0.iter().filter(|(number, _)| **number != own);
        recorders
            .filter_map(|(_, samples)| share(samples, WINDOW))
            .max()
    }
}

/// The share of one core, in thousandths.
fn share(samples: &VecDeque<(Duration, Duration)>, at_least: Duration) -> Option<u32> {
    let ((from, before), (until, after)) = (samples.front()?, samples.back()?);
    let time = until.saturating_sub(*from);
    if time.is_zero() || time < at_least {
        return None;
    }
    let permille = after.saturating_sub(*before).as_micros() * 1000 / time.as_micros();
    u32::try_from(permille).ok()
}

const INTERVAL: Duration = Duration::from_secs(5);

const WINDOW: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use eidetic_model::Timestamp;
    use eidetic_testkit::SimulatedClock;

    use super::*;

    #[test]
    fn shares_are_of_the_last_minute_and_of_processes_that_live() {
        let mut samples = Samples::default();
        let secs = Duration::from_secs;
        assert_eq!(samples.all(), None);
        for second in 0..=60 {
            let cpu = |percent: u64| Duration::from_millis(second * percent * 10);
            samples.add(secs(second), &[(1, cpu(1)), (2, cpu(4)), (3, cpu(8))]);
        }
        assert_eq!(
            (samples.all(), samples.busiest_but(1)),
            (Some(130), Some(80))
        );
        for second in 61..=130 {
            let cpu = Duration::from_millis(600 + (second - 60) * 20);
            samples.add(secs(second), &[(1, cpu), (2, Duration::from_millis(2400))]);
        }
        assert_eq!((samples.all(), samples.busiest_but(1)), (Some(20), Some(0)));
    }

    #[test]
    fn a_recorder_is_not_judged_by_its_first_seconds_and_a_number_may_come_again() {
        let mut samples = Samples::default();
        samples.add(Duration::ZERO, &[(2, Duration::ZERO)]);
        samples.add(Duration::from_secs(5), &[(2, Duration::from_secs(5))]);
        assert_eq!((samples.all(), samples.busiest_but(1)), (Some(1000), None));
        samples.add(Duration::from_secs(10), &[(2, Duration::from_secs(1))]);
        assert_eq!(samples.all(), None);
    }

    #[test]
    fn this_process_is_measured_and_a_recorder_only_while_it_runs() {
        let clock = SimulatedClock::at(Timestamp::default());
        let recorders = RecorderNumbers::default();
        let counted = recorders.count(u32::MAX);
        let mut meter = Meter {
            clock: Arc::new(clock.clone()),
            recorders: recorders.clone(),
            system: System::new(),
            samples: Samples::default(),
        };
        assert!(
            meter
                .measure()
                .memory_bytes
                .is_some_and(|bytes| bytes > 1 << 20)
        );
        clock.advance(Duration::from_secs(1));
        let usage = meter.measure();
        assert!(usage.cpu_permille.is_some());
        assert_eq!(
            usage.busiest_recorder_permille, None,
            "there is no such process"
        );
        drop(counted);
        assert!(recorders.lock().is_empty());
    }
}
