//! Both ends of the connection, a spool and a store, over a link that fails: at the end all is
//! stored exactly once.

mod agent;
mod random;
mod server;

use std::{collections::VecDeque, time::Duration};

use agent::Agent;
use random::Random;
use server::Server;

#[test]
fn over_any_link_everything_is_stored_exactly_once() {
    for seed in 0..300 {
        let on_panic = SaySeed(seed);
        Simulation::new(seed).run();
        drop(on_panic);
    }
}

struct SaySeed(u64);

impl Drop for SaySeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed is {}", self.0);
        }
    }
}

struct Simulation {
    random: Random,
    now: Duration,
    agent: Agent,
    server: Server,
    wires: Option<Wires>,
    faults: Faults,
}

/// A connection: what is under way, as bytes.
#[derive(Default)]
pub(super) struct Wires {
    pub up: VecDeque<Vec<u8>>,
    pub down: VecDeque<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Faults {
    On,
    Off,
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        Self {
            now: Duration::ZERO,
            agent: Agent::new(),
            server: Server::new(&mut random),
            wires: None,
            faults: Faults::On,
            random,
        }
    }

    fn run(mut self) {
        for _ in 0..1_500 {
            self.step();
            if self.random.one_in(3) {
                self.agent
                    .record(self.now, &mut self.random, self.wires.as_mut());
            }
        }
        self.agent.stop_recording(self.now, self.wires.as_mut());
        self.faults = Faults::Off;
        for _ in 0..100_000 {
            if self.agent.spool.is_empty() {
                break;
            }
            self.step();
        }
        assert!(self.agent.spool.is_empty(), "the spool is not emptied");
        self.server.check(&self.agent.spool);
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(self.random.below(20));
        let Some(wires) = &mut self.wires else {
            let mut wires = Wires::default();
            self.server.connected(self.now);
            self.agent.connected(self.now, &mut wires);
            self.wires = Some(wires);
            return;
        };
        self.agent.tick(self.now, wires);
        self.server.tick(self.now, wires);
        match self.random.below(4) {
            0 => {
                if let Some(bytes) = wires.up.pop_front() {
                    self.server.receive(self.now, &bytes, wires);
                }
            }
            1 => {
                if let Some(bytes) = wires.down.pop_front() {
                    self.agent.receive(self.now, &bytes, wires);
                }
            }
            2 => {
                let faults = self.faults == Faults::On;
                self.server.work(self.now, &mut self.random, faults, wires);
            }
            _ => self.agent.load(self.now, wires),
        }
        if self.faults == Faults::On {
            self.fail();
        }
    }

    fn fail(&mut self) {
        if self.random.one_in(150) {
            self.wires = None;
            self.agent.disconnected(self.now);
            self.server.disconnected(&mut self.random);
        } else if self.random.one_in(400) {
            self.wires = None;
            self.agent.restart(&mut self.random);
            self.server.disconnected(&mut self.random);
        }
    }
}
