//! The recorder's own budget: what it may cost the user, measured and kept by itself.
//!
//! Processor time is an account. It is paid in at the policy's ceiling, holds at most what ten
//! seconds pay in, and every frame is paid from it. While something is left, frames come as fast
//! as the policy allows, so that a whole new screen or a window that is dragged costs no frame.
//! Once it is overdrawn, the next frame waits until it is not: the rate is then exactly what the
//! ceiling pays for, and full again as soon as frames are cheap. Only the rate is lowered, never
//! what a frame shows.

use std::time::Duration;

use crate::channel::Pace;

/// Watches the recorder's own processor time and lowers the frame rate while it costs too much.
#[derive(Debug)]
pub(crate) struct Budget {
    /// The share of one core that is paid in.
    ceiling: f64,
    /// Seconds of processor time; less than none while overdrawn.
    balance: f64,
    /// Up to when it was paid in.
    at: Duration,
    /// The processor time that was paid for.
    cpu: Duration,
    window: Window,
    pace: Pace,
    times_slowed: u64,
}

/// What happened since the pace was judged last.
#[derive(Debug)]
struct Window {
    since: Duration,
    cpu_since: Duration,
    frames: u32,
    /// The pauses after them together, as the policy would have them and as they were.
    allowed: Duration,
    taken: Duration,
}

/// Frames come at another pace than before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PaceChange {
    /// The pace now.
    pub(crate) pace: Pace,
    /// The share of one core that was used meanwhile.
    pub(crate) share: f64,
    /// How often the rate was lowered since the recorder started.
    pub(crate) times_slowed: u64,
}

impl Budget {
    /// Starts with a full account, and with the processor time that was used until now.
    pub(crate) fn new(ceiling_percent: u8, monotonic: Duration, cpu: Duration) -> Self {
        let ceiling = share_of(ceiling_percent);
        Self {
            ceiling,
            balance: ceiling * HELD.as_secs_f64(),
            at: monotonic,
            cpu,
            window: Window::from(monotonic, cpu),
            pace: Pace::Full,
            times_slowed: 0,
        }
    }

    /// The ceiling is now this.
    pub(crate) fn set_ceiling(&mut self, ceiling_percent: u8) {
        self.ceiling = share_of(ceiling_percent);
        self.keep_within_bounds();
    }

    /// Takes in the processor time used until now. To be called after each frame, and sometimes
    /// where there is none. Says so when the pace became another one, every ten seconds at most.
    pub(crate) fn observed(&mut self, monotonic: Duration, cpu: Duration) -> Option<PaceChange> {
        let passed = monotonic.saturating_sub(self.at).as_secs_f64();
        let used = cpu.saturating_sub(self.cpu).as_secs_f64();
        (self.at, self.cpu) = (monotonic, cpu);
        self.balance += passed * self.ceiling - used;
        self.keep_within_bounds();
        if monotonic.saturating_sub(self.window.since) < WINDOW {
            return None;
        }
        let next = Window::from(monotonic, cpu);
        let window = std::mem::replace(&mut self.window, next);
        self.judge(window.pace(), window.share(monotonic, cpu))
    }

    /// How long to wait after a frame, under a policy that asks for `interval` at least: until
    /// the account is not overdrawn, but no longer than [`LONGEST_PAUSE`].
    pub(crate) fn pause(&mut self, interval: Duration) -> Duration {
        let debt = (-self.balance / self.ceiling).clamp(0.0, LONGEST_PAUSE.as_secs_f64());
        let pause = interval.max(Duration::from_secs_f64(debt));
        self.window.frames += 1;
        self.window.allowed += interval;
        self.window.taken += pause;
        pause
    }

    fn judge(&mut self, pace: Pace, share: f64) -> Option<PaceChange> {
        let before = self.pace;
        if !differ(before, pace) {
            return None;
        }
        self.pace = pace;
        if before == Pace::Full {
            self.times_slowed += 1;
        }
        Some(PaceChange {
            pace,
            share,
            times_slowed: self.times_slowed,
        })
    }

    /// The account holds no more, and no debt lasts longer, than [`HELD`].
    fn keep_within_bounds(&mut self) {
        let bound = self.ceiling * HELD.as_secs_f64();
        self.balance = self.balance.clamp(-bound, bound);
    }
}

impl Window {
    fn from(monotonic: Duration, cpu: Duration) -> Self {
        Self {
            since: monotonic,
            cpu_since: cpu,
            frames: 0,
            allowed: Duration::ZERO,
            taken: Duration::ZERO,
        }
    }

    fn pace(&self) -> Pace {
        if self.taken.as_secs_f64() > self.allowed.as_secs_f64() * NOTABLE {
            Pace::Slowed {
                interval: self.taken / self.frames.max(1),
            }
        } else {
            Pace::Full
        }
    }

    fn share(&self, monotonic: Duration, cpu: Duration) -> f64 {
        let used = cpu.saturating_sub(self.cpu_since).as_secs_f64();
        used / monotonic.saturating_sub(self.since).as_secs_f64()
    }
}

fn share_of(percent: u8) -> f64 {
    f64::from(percent.max(1)) / 100.0
}

/// Whether somebody would want to know of the change.
fn differ(before: Pace, now: Pace) -> bool {
    match (before, now) {
        (Pace::Slowed { interval: before }, Pace::Slowed { interval: now }) => {
            let ratio = now.as_secs_f64() / before.as_secs_f64();
            !(1.0 / NOTABLE..=NOTABLE).contains(&ratio)
        }
        _ => before != now,
    }
}

/// What so long pays in may be used at once, and a debt of so long is the largest.
const HELD: Duration = Duration::from_secs(10);

/// The rate never falls under a frame in so long, whatever a frame costs: what somebody does can
/// still be followed. Five percent are kept by it where a frame takes up to a tenth of a second,
/// one percent where it takes a fiftieth. Beyond that the ceiling gives way, not the recording.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The time over which the pace is judged.
const WINDOW: Duration = Duration::from_secs(10);

/// Pauses that are longer by less than this factor are not worth a word.
const NOTABLE: f64 = 1.25;

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: Duration = Duration::from_millis(250);

    /// A recorder whose every frame costs something, on a screen that always changes.
    struct Simulated {
        budget: Budget,
        now: Duration,
        cpu: Duration,
        frames: u32,
        changes: Vec<PaceChange>,
    }

    impl Simulated {
        fn new(ceiling_percent: u8) -> Self {
            Self {
                budget: Budget::new(ceiling_percent, Duration::ZERO, Duration::ZERO),
                now: Duration::ZERO,
                cpu: Duration::ZERO,
                frames: 0,
                changes: Vec::new(),
            }
        }

        /// Takes one frame; gives the pause after it.
        fn frame(&mut self, cost: Duration) -> Duration {
            self.now += cost;
            self.cpu += cost;
            self.frames += 1;
            let change = self.budget.observed(self.now, self.cpu);
            self.changes.extend(change);
            let pause = self.budget.pause(QUARTER);
            self.now += pause;
            pause
        }

        /// Runs for so long; gives the share of one core that it took.
        fn run(&mut self, secs: u64, cost: impl Fn(u32) -> Duration) -> f64 {
            let (from, cpu_from) = (self.now, self.cpu);
            while self.now < from + Duration::from_secs(secs) {
                self.frame(cost(self.frames));
            }
            (self.cpu - cpu_from).as_secs_f64() / (self.now - from).as_secs_f64()
        }
    }

    /// The cost of a frame that takes `share` of a core at four frames a second.
    fn cost_of(share: f64) -> Duration {
        QUARTER.mul_f64(share / (1.0 - share))
    }

    #[test]
    fn a_steady_load_of_three_times_the_budget_keeps_the_ceiling_within_a_fifth() {
        for percent in [1, 2, 5, 10, 20] {
            let ceiling = share_of(percent);
            let mut recorder = Simulated::new(percent);
            let steady = cost_of(ceiling * 3.0);
            let near = ceiling * 0.8..=ceiling * 1.2;
            let first_minute = recorder.run(60, |_| steady);
            assert!(near.contains(&first_minute), "{percent} %: {first_minute}");
            let later = recorder.run(300, |_| steady);
            assert!(near.contains(&later), "{percent} %: {later}");
        }
    }

    #[test]
    fn a_load_in_fits_and_starts_keeps_the_ceiling_too() {
        let mut recorder = Simulated::new(5);
        let fits = |frame: u32| match frame % 20 {
            0..4 => cost_of(0.40),
            _ => cost_of(0.0875),
        };
        recorder.run(60, fits);
        let share = recorder.run(300, fits);
        assert!((0.04..=0.06).contains(&share), "{share}");
    }

    #[test]
    fn under_a_steady_load_the_pauses_are_even() {
        let mut recorder = Simulated::new(5);
        let steady = cost_of(0.15);
        recorder.run(30, |_| steady);
        let pauses: Vec<_> = (0..100).map(|_| recorder.frame(steady)).collect();
        let (shortest, longest) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!(*longest - *shortest < Duration::from_millis(10));
    }

    #[test]
    fn the_full_rate_is_back_within_20_seconds_of_the_end_of_any_load() {
        for share in [0.15, 0.5, 0.9] {
            for percent in [1, 5, 50] {
                let mut recorder = Simulated::new(percent);
                recorder.run(120, |_| cost_of(share));
                let end = recorder.now;
                let cheap = cost_of(share_of(percent) / 10.0);
                while recorder.frame(cheap) > QUARTER {}
                let took = recorder.now - end;
                assert!(took <= Duration::from_secs(20), "{percent} %: {took:?}");
                recorder.run(30, |_| cheap);
                assert_eq!(recorder.budget.pace, Pace::Full);
            }
        }
    }

    #[test]
    fn the_rate_never_falls_under_a_frame_in_two_seconds() {
        let mut recorder = Simulated::new(1);
        recorder.run(60, |_| Duration::from_secs(1));
        assert_eq!(recorder.frame(Duration::from_secs(1)), LONGEST_PAUSE);
        let slow = Duration::from_secs(5);
        assert_eq!(
            recorder.budget.pause(slow),
            slow,
            "the policy may be slower"
        );
    }

    #[test]
    fn a_single_expensive_frame_costs_no_other_frame() {
        let mut recorder = Simulated::new(5);
        recorder.run(60, |_| cost_of(0.01));
        assert_eq!(recorder.frame(Duration::from_millis(300)), QUARTER);
        assert_eq!(recorder.frame(cost_of(0.01)), QUARTER);
        assert_eq!(recorder.changes, []);
    }

    #[test]
    fn another_ceiling_counts_at_once() {
        let mut recorder = Simulated::new(100);
        recorder.run(60, |_| cost_of(0.2));
        recorder.budget.set_ceiling(5);
        let share = recorder.run(60, |_| cost_of(0.2));
        assert!((0.04..=0.06).contains(&share), "{share}");
        recorder.budget.set_ceiling(100);
        assert_eq!(recorder.frame(cost_of(0.2)), QUARTER);
    }

    #[test]
    fn a_lower_pace_is_told_once_and_its_end_also_where_the_screen_stands_still() {
        let mut recorder = Simulated::new(5);
        recorder.run(300, |_| cost_of(0.15));
        let Pace::Slowed { interval } = recorder.changes[0].pace else {
            panic!("{:?}", recorder.changes);
        };
        assert!(interval > QUARTER);
        assert_eq!(recorder.changes[0].times_slowed, 1);
        assert!(recorder.changes.len() <= 2, "{:?}", recorder.changes);
        let cpu = recorder.cpu;
        assert_eq!(recorder.budget.observed(recorder.now + WINDOW, cpu), None);
        let change = recorder.budget.observed(recorder.now + WINDOW * 2, cpu);
        assert_eq!(change.unwrap().pace, Pace::Full);
    }
}
