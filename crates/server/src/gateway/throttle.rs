//! Slows down who tries tokens.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use crate::connections::ClientNetwork;

/// Counts failed attempts by address.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<ClientNetwork, Failures>);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Duration,
}

impl Throttle {
    /// How long this address has to wait before its next attempt; zero if it may try.
    pub fn wait(&self, now: Duration, address: IpAddr) -> Duration {
        match self.0.get(&address.into()) {
            Some(failures) if failures.count >= MAX_FAILURES => {
                (failures.last + FORGET_AFTER).saturating_sub(now)
            }
            Some(_) | None => Duration::ZERO,
        }
    }

    /// An attempt from this address failed.
    pub fn failed(&mut self, now: Duration, address: IpAddr) {
        if self.0.len() >= MAX_ADDRESSES {
            self.0
                .retain(|_, failures| now.saturating_sub(failures.last) < FORGET_AFTER);
        }
        if self.0.len() >= MAX_ADDRESSES {
            // Under attack from everywhere: begin anew rather than grow.
            self.0.clear();
        }
        let failures = self
            .0
            .entry(ClientNetwork::from(address))
            .or_insert(Failures {
                count: 0,
                last: now,
            });
        if now.saturating_sub(failures.last) >= FORGET_AFTER {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }
}

const MAX_FAILURES: u32 = 10;
const FORGET_AFTER: Duration = Duration::from_secs(60);
const MAX_ADDRESSES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_ten_failures_an_address_waits_and_others_do_not() {
        let mut throttle = Throttle::default();
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        for second in 0..10 {
            let now = Duration::from_secs(second);
            assert_eq!(throttle.wait(now, one), Duration::ZERO);
            throttle.failed(now, one);
        }
        let now = Duration::from_secs(19);
        assert_eq!(throttle.wait(now, one), Duration::from_secs(50));
        assert_eq!(throttle.wait(now, other), Duration::ZERO);
        assert_eq!(throttle.wait(Duration::from_secs(69), one), Duration::ZERO);
    }

    #[test]
    fn many_addresses_do_not_grow_it_without_bound() {
        let mut throttle = Throttle::default();
        for number in 0..5_000_u32 {
            throttle.failed(Duration::ZERO, IpAddr::from(number.to_be_bytes()));
        }
        assert!(throttle.0.len() <= MAX_ADDRESSES);
    }
}
