//! Slowing down those who guess passwords.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use eidetic_search::fold;

/// Counts failed sign-ins by user and address, and by address, and makes those wait who fail
/// often. An attempt counts as failed until it is known to have succeeded, so that many at once
/// do not slip through together.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<Key, Failures>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    UserAt(String, IpAddr),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Duration,
}

impl Throttle {
    /// Lets an attempt through at the time `now`, which never goes back.
    ///
    /// # Errors
    ///
    /// How long to wait, if there were too many.
    pub fn admit(&mut self, user: &str, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let keys = keys(user, address);
        let longest_wait = keys.iter().filter_map(|key| self.wait(key, now)).max();
        if let Some(wait) = longest_wait {
            return Err(wait);
        }
        for key in keys {
            self.make_room(now);
            let known = self.0.get(&key).filter(|known| known.counts_at(now));
            let count = known.map_or(0, |known| known.count).saturating_add(1);
            self.0.insert(key, Failures { count, last: now });
        }
        Ok(())
    }

    /// An attempt that was let through was right.
    pub fn succeeded(&mut self, user: &str, address: IpAddr) {
        let [user_at, address] = keys(user, address);
        self.0.remove(&user_at);
        // One right password does not pardon the wrong ones for other users.
        if let Some(failures) = self.0.get_mut(&address) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn wait(&self, key: &Key, now: Duration) -> Option<Duration> {
        let failures = self.0.get(key).filter(|known| known.counts_at(now))?;
        let over = failures.count.checked_sub(key.free_attempts())?;
        let pause = FIRST_PAUSE
            .saturating_mul(1 << over.min(16))
            .min(LONGEST_PAUSE);
        (failures.last + pause)
            .checked_sub(now)
            .filter(|wait| !wait.is_zero())
    }

    fn make_room(&mut self, now: Duration) {
        if self.0.len() < MAX_KEYS {
            return;
        }
        self.0.retain(|_, failures| failures.counts_at(now));
        if self.0.len() < MAX_KEYS {
            return;
        }
        // Many at once, so that a flood of names does not make each attempt costly.
        let mut times: Vec<_> = self.0.values().map(|failures| failures.last).collect();
        let (_, newest_to_go, _) = times.select_nth_unstable(FORGOTTEN_AT_ONCE - 1);
        let mut room = FORGOTTEN_AT_ONCE;
        self.0.retain(|_, failures| {
            let stays = failures.last > *newest_to_go || room == 0;
            room -= usize::from(!stays);
            stays
        });
    }
}

impl Key {
    const fn free_attempts(&self) -> u32 {
        match self {
            Self::UserAt(..) => 5,
            Self::Address(_) => 30,
        }
    }
}

impl Failures {
    fn counts_at(&self, now: Duration) -> bool {
        now.saturating_sub(self.last) < FORGOTTEN_AFTER
    }
}

fn keys(user: &str, address: IpAddr) -> [Key; 2] {
    let network = network(address);
    [Key::UserAt(fold(user), network), Key::Address(network)]
}

/// The address, or of IPv6 its first 64 bits: the rest is the guesser's to choose.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(30);

const LONGEST_PAUSE: Duration = Duration::from_secs(15 * 60);

const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// When there are more, those that failed longest ago are forgotten.
const MAX_KEYS: usize = 10_000;

const FORGOTTEN_AT_ONCE: usize = MAX_KEYS / 4;

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn after_five_failures_the_pauses_double_up_to_a_quarter_of_an_hour() {
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            assert_eq!(throttle.admit("Anna", HERE, secs(0)), Ok(()));
        }
        assert_eq!(throttle.admit("anna", HERE, secs(0)), Err(secs(30)));
        assert_eq!(throttle.admit("anna", HERE, secs(29)), Err(secs(1)));
        assert_eq!(throttle.admit("anna", HERE, secs(30)), Ok(()));
        assert_eq!(throttle.admit("ANNA", HERE, secs(30)), Err(secs(60)));
        let mut now = secs(30);
        for _ in 0..12 {
            now += throttle.admit("anna", HERE, now).unwrap_err();
            assert_eq!(throttle.admit("anna", HERE, now), Ok(()));
        }
        assert_eq!(throttle.admit("anna", HERE, now), Err(LONGEST_PAUSE));
    }

    #[test]
    fn another_user_and_another_address_do_not_wait() {
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            throttle.admit("anna", HERE, secs(0)).unwrap();
        }
        assert_eq!(throttle.admit("bob", HERE, secs(0)), Ok(()));
        let elsewhere = "192.0.2.7".parse().unwrap();
        assert_eq!(throttle.admit("anna", elsewhere, secs(0)), Ok(()));
    }

    #[test]
    fn success_clears_and_time_forgets() {
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.admit("anna", HERE, secs(0)).unwrap();
            throttle.succeeded("anna", HERE);
        }
        for _ in 0..5 {
            throttle.admit("anna", HERE, secs(0)).unwrap();
        }
        assert!(throttle.admit("anna", HERE, secs(0)).is_err());
        for _ in 0..5 {
            assert_eq!(throttle.admit("anna", HERE, secs(3600)), Ok(()));
        }
    }

    #[test]
    fn many_names_from_one_network_wait_too() {
        let mut throttle = Throttle::default();
        for n in 0..30_u16 {
            let address = format!("2001:db8::{n:x}").parse().unwrap();
            throttle
                .admit(&format!("user{n}"), address, secs(0))
                .unwrap();
        }
        let address = "2001:db8::ffff".parse().unwrap();
        assert!(throttle.admit("anna", address, secs(0)).is_err());
    }

    #[test]
    fn the_table_does_not_grow_without_bound() {
        let mut throttle = Throttle::default();
        for n in 0..12_000_u32 {
            let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
            throttle.admit("anna", address, secs(0)).unwrap();
        }
        assert!(throttle.0.len() <= MAX_KEYS);
    }
}
