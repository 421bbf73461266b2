//! How many connections there are, in all and from each address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds how many connections there are, in all and from each address, so that one client
/// cannot keep the others out.
#[derive(Clone, Debug)]
pub struct Connections {
    all: Arc<Semaphore>,
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    max_by_address: usize,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Connections,
    address: IpAddr,
    _one_of_all: OwnedSemaphorePermit,
}

impl Connections {
    /// At most so many in all, and so many from one address.
    pub fn new(max: usize, max_by_address: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(max)),
            by_address: Arc::default(),
            max_by_address,
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

    /// A place for a connection from this address; `None` if it has too many.
    pub fn place(&self, room: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let mut by_address = self.lock();
        let count = by_address.entry(address).or_default();
        if *count >= self.max_by_address {
            return None;
        }
        *count += 1;
        Some(Place {
            connections: self.clone(),
            address,
            _one_of_all: room,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address
            .lock()
            .expect("nothing panics while it holds this lock")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut by_address = self.connections.lock();
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_cannot_take_all_places_and_gives_them_back() {
        let connections = Connections::new(10, 2);
        let [one, other] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse().unwrap());
        let place = async |address| connections.place(connections.room().await, address);
        let first = place(one).await.unwrap();
        let _second = place(one).await.unwrap();
        assert!(place(one).await.is_none());
        let _third = place(other).await.unwrap();
        assert_eq!(connections.all.available_permits(), 7);
        drop(first);
        assert!(place(one).await.is_some());
    }
}
