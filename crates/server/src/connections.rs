//! How many connections there are, in all and from each client.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds how many connections there are, in all and from each client, so that one client cannot
/// keep the others out. A client is told by its address, or by what else it is known by.
#[derive(Clone, Debug)]
pub struct Connections<Client: Eq + Hash = ClientNetwork> {
    all: Arc<Semaphore>,
    by_client: Arc<Mutex<HashMap<Client, usize>>>,
    max_by_client: usize,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub struct Place<Client: Eq + Hash = ClientNetwork> {
    connections: Connections<Client>,
    client: Client,
    _one_of_all: OwnedSemaphorePermit,
}

/// The address of a client. Whoever has one address of IPv6 has the whole network of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(network))
            }
            address => address,
        })
    }
}

impl<Client: Clone + Eq + Hash> Connections<Client> {
    /// At most so many in all, and so many from one client.
    pub fn new(max: usize, max_by_client: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(max)),
            by_client: Arc::default(),
            max_by_client,
        }
    }

    /// Waits until there is room for one more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses only its turn.
    pub async fn room(&self) -> OwnedSemaphorePermit {
        let permit = Arc::clone(&self.all).acquire_owned().await;
        permit.expect("this semaphore is never closed")
    }

    /// A place for a connection from this client; `None` if it has too many.
    pub fn place(
        &self,
        room: OwnedSemaphorePermit,
        client: impl Into<Client>,
    ) -> Option<Place<Client>> {
        let client = client.into();
        let mut by_client = self.lock();
        let count = by_client.entry(client.clone()).or_default();
        if *count >= self.max_by_client {
            return None;
        }
        *count += 1;
        Some(Place {
            connections: self.clone(),
            client,
            _one_of_all: room,
        })
    }

    /// A place for a connection from this client, if there is room now.
    pub fn place_now(&self, client: impl Into<Client>) -> Option<Place<Client>> {
        let room = Arc::clone(&self.all).try_acquire_owned().ok()?;
        self.place(room, client)
    }
}

impl<Client: Eq + Hash> Connections<Client> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Client, usize>> {
        self.by_client
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl<Client: Eq + Hash> Drop for Place<Client> {
    fn drop(&mut self) {
        let mut by_client = self.connections.lock();
        if let Some(count) = by_client.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                by_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_cannot_take_all_places_and_gives_them_back() {
        let connections = Connections::<ClientNetwork>::new(10, 2);
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(address);
        let place = async |client: IpAddr| connections.place(connections.room().await, client);
        let first = place(one).await.unwrap();
        let _second = place(one).await.unwrap();
        assert!(place(one).await.is_none());
        let _third = place(other).await.unwrap();
        assert_eq!(connections.all.available_permits(), 7);
        drop(first);
        assert!(place(one).await.is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_client_and_all_places_are_bounded() {
        let connections = Connections::<ClientNetwork>::new(2, 1);
        let _first = connections.place_now(address("2001:db8::1")).unwrap();
        assert!(connections.place_now(address("2001:db8::2")).is_none());
        let _second = connections.place_now(address("2001:db8:0:1::1")).unwrap();
        assert!(connections.place_now(address("192.0.2.1")).is_none());
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }
}
