//! A clock that goes when the test says.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use eidetic_model::{Clock, Timestamp};

/// A clock that a test moves. Clones share the time.
#[derive(Clone, Debug)]
pub struct SimulatedClock(Arc<Mutex<(Timestamp, Duration)>>);

impl SimulatedClock {
    /// A clock that stands at `wall`.
    pub fn at(wall: Timestamp) -> Self {
        Self(Arc::new(Mutex::new((wall, Duration::ZERO))))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut now = self
            .0
            .lock()
            .expect("no test panics while it moves the clock");
        now.0 = now.0.saturating_add(by);
        now.1 += by;
    }

    /// Moves the wall clock to `wall`, as an administrator or a time server would.
    pub fn jump_to(&self, wall: Timestamp) {
        self.0
            .lock()
            .expect("no test panics while it moves the clock")
            .0 = wall;
    }
}

impl Clock for SimulatedClock {
    fn wall(&self) -> Timestamp {
        self.0
            .lock()
            .expect("no test panics while it moves the clock")
            .0
    }

    fn monotonic(&self) -> Duration {
        self.0
            .lock()
            .expect("no test panics while it moves the clock")
            .1
    }
}
